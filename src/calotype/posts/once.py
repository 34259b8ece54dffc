"""Once: a request that comes again with its Idempotency-Key gets what the first one made."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from calotype.kernel.errors import InFlight, Invalid, KeyReused, NotFound
from calotype.posts.post import Post
from calotype.posts.store import IdempotencyKeys, PostStore

MAX_KEY = 200


@dataclass(frozen=True)
class Once:
    """The rule, with what it works on."""

    keys: IdempotencyKeys
    posts: PostStore

    async def create(
        self,
        author_id: int,
        key: str | None,
        make: Callable[[], Awaitable[Post]],
        fingerprint: Callable[[], Awaitable[str]],
    ) -> Post:
        """What `make` makes, or has made under this key; `make` binds the key to its post.

        `fingerprint` is of the request's body, and asked only when the key is known already.

        Raises:
            Invalid: a key that is none.
            InFlight: a twin with the same key is still being answered.
            KeyReused: the key belongs to a request with another body.
            NotFound: the post that it made is gone.
        """
        if key is None:
            return await make()
        if not (0 < len(key) <= MAX_KEY and key.isascii() and key.isprintable()):
            raise Invalid(
                f"an Idempotency-Key has 1 to {MAX_KEY} printable ASCII characters",
                field="Idempotency-Key",
            )
        claimed = await self.keys.claim(author_id, key)
        if claimed is None:
            try:
                return await make()
            except BaseException:
                await self.keys.release(author_id, key)
                raise
        if claimed.post_id == 0:
            raise InFlight("a request with this key is still being answered", retry_after=2)
        if await fingerprint() != claimed.fingerprint:
            raise KeyReused(
                "this Idempotency-Key came with another body before; use a new key",
                field="Idempotency-Key",
            )
        post = await self.posts.get(claimed.post_id)
        if post is None:
            raise NotFound("the post that this key made is gone")
        return post
