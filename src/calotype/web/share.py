"""Share pages: what other sites show of a link to a post, written into the client's page.

Guarantees: a page says of a post what a stranger may see, and of any other post nothing. Every
word of a person is escaped.
"""

from html import escape

from calotype.kernel.errors import Invalid
from calotype.kernel.ids import parse_id
from calotype.web.services import Services
from calotype.web.views import PostView, show_posts

# What previews show of it; they cut longer ones off themselves.
MAX_DESCRIPTION = 300
_HEAD_END = b"</head>"
_TITLE, _TITLE_END = b"<title>", b"</title>"


async def share_page(services: Services, index: bytes, post_id: str, base: str) -> bytes | None:
    """The client's page with the tags of a post (ogp.me), or None if strangers may not see it.

    `base` is the scheme and host that people reach this place by.
    """
    try:
        post = await services.posts.get(parse_id(post_id))
    except Invalid:
        return None
    visible = await services.audience.visible(None, [post] if post else [])
    shown = await show_posts(services, visible, None)
    return _with_tags(index, shown[0], base) if shown and shown[0].media_urls else None


def _with_tags(index: bytes, post: PostView, base: str) -> bytes:
    title = f"{post.author.name or post.author.username} (@{post.author.username})"
    first = post.media[0]
    description = post.caption[:MAX_DESCRIPTION] or first.alt_text[:MAX_DESCRIPTION]
    tags = {
        "og:type": "article",
        "og:site_name": "Calotype",
        "og:title": title,
        "og:description": description,
        "og:url": f"{base}/p/{post.post_id}",
        "og:image": _absolute(first.urls["w1080.jpg"], base),
        "og:image:type": "image/jpeg",
        "og:image:alt": first.alt_text,
    }
    meta = [
        f'<meta property="{name}" content="{escape(value)}">'
        for name, value in tags.items()
        if value
    ]
    meta.append('<meta name="twitter:card" content="summary_large_image">')
    if description:
        meta.append(f'<meta name="description" content="{escape(description)}">')
    return _titled(index, title).replace(_HEAD_END, "".join(meta).encode() + _HEAD_END, 1)


def _titled(index: bytes, title: str) -> bytes:
    before, opened, rest = index.partition(_TITLE)
    _, closed, after = rest.partition(_TITLE_END)
    if not (opened and closed):
        return index
    return before + opened + escape(title).encode() + closed + after


def _absolute(url: str, base: str) -> str:
    return base + url if url.startswith("/") else url
