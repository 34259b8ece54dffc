"""The stages of a post, as they are counted: in the web process and in workers alike."""

from calotype.kernel.metrics import Counter

RECEIVED = "received"
"""A post was acknowledged, a repeated request's too."""
PROCESSED = "processed"
"""A photo's job came to its end, be it READY or FAILED."""
PUBLISHED = "published"
"""A post.published event reached the feed."""
FANNED_OUT = "fanned_out"
"""A chunk of followers has a post in its timelines."""


def stages_counter() -> Counter:
    return Counter("calotype_post_stages_total", "Posts that reached a stage.", ("stage",))
