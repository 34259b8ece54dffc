"""What clients report of what was looked at."""

from typing import Annotated

from litestar import post
from litestar.di import NamedDependency
from litestar.params import JSONBody
from msgspec import Meta, Struct

from calotype.accounts.account import Identity
from calotype.engagement.impressions import MAX_DWELL_MS, MOST, Impression
from calotype.kernel.ids import parse_id
from calotype.web.problems import refusals
from calotype.web.services import Services


class ImpressionReport(Struct, rename="camel", forbid_unknown_fields=True):
    post_id: str
    dwell_ms: Annotated[int, Meta(ge=0, le=MAX_DWELL_MS)]
    """How long the post was in view, in milliseconds; an hour at most."""
    position: Annotated[int, Meta(ge=-1, le=1_000_000)] = -1
    """Its place in the feed, from 0; -1 if it was seen elsewhere."""


class ImpressionReports(Struct, rename="camel", forbid_unknown_fields=True):
    impressions: Annotated[list[ImpressionReport], Meta(max_length=MOST)]
    """200 at most."""


@post("/impressions", status_code=204, responses=refusals(401), operation_id="reportImpressions")
async def report_impressions(
    data: JSONBody[ImpressionReports],
    me: NamedDependency[Identity],
    services: NamedDependency[Services],
) -> None:
    """Report what one has looked at, many at once; it helps to rank feeds."""
    now_ms = services.clock.now_ms()
    services.impressions.append(
        [
            Impression(
                reader=me.user_id,
                post=parse_id(each.post_id, "postId"),
                at_ms=now_ms,
                dwell_ms=each.dwell_ms,
                position=each.position,
            )
            for each in data.impressions
        ]
    )


HANDLERS = [report_impressions]
