"""The keys that media live under.

`originals/{userId}/{mediaId}`, `masters/{userId}/{mediaId}` and `processed/{mediaId}/...`.
"""

from calotype.kernel.ids import MAX_ID

ORIGINALS = "originals/"
MASTERS = "masters/"
PROCESSED = "processed/"


def original_key(user_id: int, media_id: int) -> str:
    return f"{ORIGINALS}{user_id}/{media_id}"


def master_key(user_id: int, media_id: int) -> str:
    """Where what stands for an original lies, once its policy has removed it; never served."""
    return f"{MASTERS}{user_id}/{media_id}"


def renditions_prefix(media_id: int) -> str:
    """What the keys of all renditions of a medium start with, under whichever secret key."""
    return f"{PROCESSED}{media_id}/"


def media_of(key: str) -> int | None:
    """The media that a blob belongs to; None if the key is of another kind."""
    match key.split("/"):
        case ["originals" | "masters", _, media] | ["processed", media, _, _]:
            written_as_id = media.isascii() and media.isdigit() and 0 < int(media) <= MAX_ID
            return int(media) if written_as_id else None
        case _:
            return None
