"""Media URLs: plain for public media, signed for followers' media.

A signature ends on a grid of whole days, so that the same URL is made all day long and caches
work: it is good for at least one day and at most two.
"""

import hmac
from base64 import urlsafe_b64encode
from hashlib import sha256

from calotype.kernel.clock import Clock
from calotype.media.renditions import AVATAR_RENDITIONS, RENDITIONS, VIDEO_RENDITIONS
from calotype.posts.post import Audience, Medium, MediumKind, MediumStatus

DAY_S = 86_400
_SIGNATURE_BYTES = 18


class MediaUrls:
    """Makes and checks URLs. `secret` is at least 32 random bytes, the same for every process."""

    def __init__(self, secret: bytes, public_url: str, clock: Clock) -> None:
        self._secret = secret
        self._base = public_url.rstrip("/")
        self._clock = clock

    def of(self, medium: Medium, audience: Audience) -> dict[str, str]:
        """The URLs of a medium by rendition name; none until it is ready."""
        if medium.status != MediumStatus.READY:
            return {}
        urls = {each.name: self.url(medium, each.file_name, audience) for each in RENDITIONS}
        if medium.kind == MediumKind.VIDEO:
            for each in VIDEO_RENDITIONS:
                urls[each.name] = self.url(medium, each.file_name, audience)
        return urls

    def url(self, medium: Medium, file_name: str, audience: Audience) -> str:
        path = f"{self._base}/media/{medium.media_id}/{file_name}"
        if audience == Audience.EVERYONE:
            return path
        expires = (self._clock.now_ms() // 1000 // DAY_S + 2) * DAY_S
        return (
            f"{path}?expires={expires}&signature={self._sign(medium.media_id, medium.key, expires)}"
        )

    def of_avatar(self, media_id: int) -> dict[str, str]:
        """The URLs of a profile picture that is shown, by rendition name; it is public."""
        return {
            each.name: f"{self._base}/media/{media_id}/{each.file_name}"
            for each in AVATAR_RENDITIONS
        }

    def seconds_left(self, media_id: int, key: str, expires: int, signature: str) -> int:
        """How long a signed URL is still good, in seconds; 0 if it is over or not ours."""
        expected = self._sign(media_id, key, expires)
        if not hmac.compare_digest(expected.encode(), signature.encode()):
            return 0
        return max(0, expires - self._clock.now_ms() // 1000)

    def _sign(self, media_id: int, key: str, expires: int) -> str:
        # The rendition key is signed along: when it changes, old signatures end.
        message = f"{media_id}/{key}/{expires}".encode()
        digest = hmac.digest(self._secret, message, sha256)
        return urlsafe_b64encode(digest[:_SIGNATURE_BYTES]).decode()
