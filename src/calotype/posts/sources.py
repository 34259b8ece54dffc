"""Where the best lies that is left of what was uploaded."""

from calotype.posts.post import Medium, Source
from calotype.uploads.keys import master_key, original_key


def source_key(medium: Medium) -> str:
    """The blob that renditions are made from: the original, or the master in its place."""
    place = master_key if medium.source == Source.MASTER else original_key
    return place(medium.author_id, medium.media_id)
