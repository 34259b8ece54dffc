"""UploadTarget that leads back to this app: a signed URL."""

import hmac
from base64 import urlsafe_b64encode
from hashlib import sha256

from calotype.kernel.clock import Clock
from calotype.kernel.errors import Forbidden
from calotype.uploads.target import Target
from calotype.uploads.upload import Upload

_SIGNATURE_BYTES = 18


class OwnTarget:
    """`secret` is at least 32 random bytes, the same for every process."""

    def __init__(self, secret: bytes, public_url: str, clock: Clock, valid_s: float) -> None:
        self._secret = secret
        self._base = public_url.rstrip("/")
        self._clock = clock
        self._valid_ms = int(valid_s * 1_000)

    def sign(self, upload: Upload, content_type: str) -> Target:
        expires = (self._clock.now_ms() + self._valid_ms) // 1_000
        signature = self._signature(upload.upload_id, expires)
        url = f"{self._base}/uploads/{upload.upload_id}/content"
        return Target(
            method="PUT",
            url=f"{url}?expires={expires}&signature={signature}",
            headers={"Content-Type": content_type or "application/octet-stream"},
            expires_ms=expires * 1_000,
        )

    def check(self, upload_id: int, expires: int, signature: str) -> None:
        expected = self._signature(upload_id, expires)
        if not hmac.compare_digest(expected.encode(), signature.encode()):
            raise Forbidden("this URL was not signed here; ask for another upload")
        if expires * 1_000 <= self._clock.now_ms():
            raise Forbidden("this URL's time is over; ask for another upload")

    def _signature(self, upload_id: int, expires: int) -> str:
        digest = hmac.digest(self._secret, f"upload/{upload_id}/{expires}".encode(), sha256)
        return urlsafe_b64encode(digest[:_SIGNATURE_BYTES]).decode()
