"""What an author says about a new post, read from the text fields of a form."""

from collections.abc import Sequence
from typing import TypeVar

import msgspec
from msgspec.structs import replace

from calotype.kernel.errors import Invalid
from calotype.media.look import AS_IT_IS, Crop, Look, Shape, Share, Turn
from calotype.media.palette import FILTERS_BY_NAME
from calotype.posts.caption import checked_caption, mentions_of, tags_of
from calotype.posts.post import Audience, MediumKind, Place

T = TypeVar("T")

TEXT_FIELDS = frozenset({"caption", "location", "tags", "tags[]", "audience", "media"})
MAX_ALT_TEXT = 1_500
MAX_PLACE_NAME = 200
# What msgspec does not say of a value that is none of several.
_CHOICES = {
    "turn": "0, 90, 180 or 270 (degrees clockwise)",
    "crop": f"{', '.join(Shape)}, or {{x, y, width, height}}",
}


class MediumWish(
    msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True, omit_defaults=True
):
    """What the author says about one photo; without a filter's name there is no filter."""

    alt_text: str = ""
    filter: str = ""
    strength: Share = 1.0
    crop: Crop | Shape = Shape.ORIGINAL
    turn: Turn = 0


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
        wishes=tuple(_checked_wish(wish, position) for position, wish in enumerate(wishes)),
    )


def look_of(wish: MediumWish, kind: MediumKind, position: int) -> Look:
    """How a medium of this kind is to look.

    Raises:
        Invalid: it is no photo, and the wish asks for what only photos can have.
    """
    look = Look(wish.turn, wish.crop, wish.filter, wish.strength)
    if look != AS_IT_IS and kind != MediumKind.PHOTO:
        raise Invalid(
            f"media[{position}] is a video: filter, strength, crop and turn are for photos alone; "
            "leave them out",
            field=f"media[{position}]",
        )
    return look


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


def _checked_wish(wish: MediumWish, position: int) -> MediumWish:
    if wish.filter and wish.filter not in FILTERS_BY_NAME:
        raise Invalid(
            f'media[{position}].filter: "{wish.filter}" is none of {", ".join(FILTERS_BY_NAME)}',
            field=f"media[{position}].filter",
        )
    return replace(wish, alt_text=checked_alt_text(wish.alt_text))


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
    except msgspec.ValidationError as error:
        reason, _, path = str(error).partition(" - at `$")
        at = field + path.rstrip("`")
        if choices := _CHOICES.get(at.rpartition(".")[2]):
            reason = f"{reason}; expected {choices}"
        raise Invalid(f"{at}: {reason}", field=at) from error
    except msgspec.DecodeError as error:
        raise Invalid(f"{field} is not the JSON that it should be: {error}", field=field) from error


def _audience(text: str) -> Audience:
    try:
        return Audience(text.strip().lower() or Audience.EVERYONE)
    except ValueError:
        raise Invalid(
            f"audience is {text!r}; it is everyone or followers", field="audience"
        ) from None
