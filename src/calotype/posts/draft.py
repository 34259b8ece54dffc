"""What an author says about a new post, read from the text fields of a form."""

from collections.abc import Sequence
from typing import TypeVar

import msgspec

from calotype.kernel.errors import Invalid
from calotype.posts.caption import checked_caption, mentions_of, tags_of
from calotype.posts.post import Audience, Place

T = TypeVar("T")

TEXT_FIELDS = frozenset({"caption", "location", "tags", "tags[]", "audience", "media"})
MAX_ALT_TEXT = 1_500
MAX_PLACE_NAME = 200


class MediumWish(
    msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True, omit_defaults=True
):
    """What the author says about one photo."""

    alt_text: str = ""


class Draft(msgspec.Struct, frozen=True):
    """A post as its author wants it; `wishes` are by the photos' order and may be fewer."""

    caption: str = ""
    tags: tuple[str, ...] = ()
    mentions: tuple[str, ...] = ()
    place: Place | None = None
    audience: Audience = Audience.EVERYONE
    wishes: tuple[MediumWish, ...] = ()


def read_draft(fields: Sequence[tuple[str, str]], photos: int) -> Draft:
    """Read and check the text fields of a form with `photos` photos in it.

    Raises:
        Invalid: a field breaks its rule; `details["field"]` names it.
    """
    once = _single(fields)
    caption = checked_caption(once.get("caption", ""))
    wishes = _read("media", once.get("media", ""), tuple[MediumWish, ...], ())
    if len(wishes) > photos:
        raise Invalid(f"media describes {len(wishes)} photos, but {photos} came", field="media")
    return Draft(
        caption=caption,
        tags=tags_of(caption, [value for name, value in fields if name in {"tags", "tags[]"}]),
        mentions=mentions_of(caption),
        place=checked_place(_read("location", once.get("location", ""), Place, None)),
        audience=_audience(once.get("audience", "")),
        wishes=tuple(MediumWish(checked_alt_text(wish.alt_text)) for wish in wishes),
    )


def checked_alt_text(text: str) -> str:
    """The alternative text, trimmed. Raises Invalid if it is longer than 1,500 characters."""
    if len(text) > MAX_ALT_TEXT:
        raise Invalid(f"an altText has more than {MAX_ALT_TEXT:,} characters", field="media")
    return text.strip()


def checked_place(place: Place | None) -> Place | None:
    """The place if its numbers are on Earth and it says anything at all.

    Raises:
        Invalid: half a position, or one outside WGS 84's bounds, or too long a name.
    """
    if place is None or place == Place():
        return None
    if len(place.name) > MAX_PLACE_NAME:
        raise Invalid(
            f"the location's name has more than {MAX_PLACE_NAME} characters", field="location"
        )
    latitude, longitude = place.latitude, place.longitude
    if latitude is None and longitude is None:
        return place
    if latitude is None or longitude is None:
        raise Invalid("a location has both latitude and longitude, or neither", field="location")
    # NaN fails both comparisons.
    if not (-90 <= latitude <= 90 and -180 <= longitude <= 180):
        raise Invalid(
            "latitude lies in -90 to 90 and longitude in -180 to 180 degrees", field="location"
        )
    return place


def _single(fields: Sequence[tuple[str, str]]) -> dict[str, str]:
    once: dict[str, str] = {}
    for name, value in fields:
        if name in {"tags", "tags[]"}:
            continue
        if name in once:
            raise Invalid(f"the field {name} came twice; send it once", field=name)
        once[name] = value
    return once


def _read(field: str, text: str, kind: type[T], default: T | None) -> T:
    if not text.strip():
        return default  # type: ignore[return-value]  # the caller's default is of its own kind
    try:
        return msgspec.json.decode(text, type=kind)
    except msgspec.MsgspecError as error:
        raise Invalid(f"{field} is not the JSON that it should be: {error}", field=field) from error


def _audience(text: str) -> Audience:
    try:
        return Audience(text.strip().lower() or Audience.EVERYONE)
    except ValueError:
        raise Invalid(
            f"audience is {text!r}; it is everyone or followers", field="audience"
        ) from None
