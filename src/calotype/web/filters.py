"""The filters, as data and ready for a browser."""

from functools import lru_cache
from typing import Annotated

from litestar import get
from litestar.params import QueryParameter
from litestar.response import Response
from msgspec import Struct

from calotype.media.filters import Filter
from calotype.media.palette import FILTERS
from calotype.media.svg import svg
from calotype.web.problems import refusals

# Making the views of all filters anew takes 8 ms; the strength is mostly the same.
_KEPT = 8 * len(FILTERS)
# They change only with the program.
_CACHED = {"Cache-Control": "public, max-age=3600"}


class CurvesView(Struct, rename="camel"):
    """33 outputs for inputs from 0 to 1 at equal distances; straight lines between them."""

    red: list[float]
    green: list[float]
    blue: list[float]


class StopView(Struct, rename="camel"):
    """How dark the picture is made (0 to 1) at a distance from its middle (0) to a corner (1)."""

    distance: float
    darkness: float


class FilterView(Struct, rename="camel"):
    """One filter at full strength, channels counted from 0 to 1."""

    name: str
    label: str
    matrix: list[list[float]]
    """Rows for red, green and blue; columns for red, green, blue and an offset."""
    curves: CurvesView
    vignette: list[StopView]
    """In order of distance; nothing before the first; empty: the filter has none."""
    svg: str
    """A <filter> element with the id "calotype-" + name, at the strength that was asked for."""


class FiltersView(Struct, rename="camel"):
    filters: list[FilterView]


@get("/filters", responses=refusals(), operation_id="listFilters")
async def list_filters(
    strength: Annotated[
        float, QueryParameter(ge=0, le=1, description="Of the svg; 0 does nothing, 1 is in full.")
    ] = 1.0,
) -> Response[FiltersView]:
    """The filters for photos, and all that a preview needs to show the server's pixels.

    At strength s, every number of the matrix and the curves is without + s * (full - without),
    where without is 1 on the matrix's diagonal, 0 beside it, and a straight curve; every darkness
    of the vignette is s times itself. First the matrix, then the curves, then each channel times
    1 - darkness, all in sRGB; alpha stays. `svg` is that rule carried out: feColorMatrix,
    feComponentTransfer, and for the vignette black of varying opacity composed atop: a radial
    gradient from the middle through the corners, stretched to the picture, whose opacity is
    multiplied by s. Over an opaque picture, an element with the CSS background
    radial-gradient(farthest-corner, rgb(0 0 0 / darkness) distance, ...) and opacity s is the same.
    """
    return Response(FiltersView([show_filter(each, strength) for each in FILTERS]), headers=_CACHED)


@lru_cache(maxsize=_KEPT)
def show_filter(filter_: Filter, strength: float) -> FilterView:
    full = filter_.at(1)
    red, green, blue = map(list, full.tables)
    return FilterView(
        name=filter_.name,
        label=filter_.label,
        matrix=[list(row) for row in full.matrix],
        curves=CurvesView(red, green, blue),
        vignette=[StopView(*stop) for stop in full.shade],
        svg=svg(filter_, strength),
    )


HANDLERS = [list_filters]
