"""The port to where a client sends a whole file directly."""

from typing import Protocol

import msgspec

from calotype.uploads.upload import Upload


class Target(msgspec.Struct, frozen=True):
    """A request that a client may make without any other credentials, once and until `expires_ms`."""

    method: str
    url: str
    headers: dict[str, str]
    expires_ms: int


class UploadTarget(Protocol):
    """Where files go: the app's own signed URL, or an object store's presigned one."""

    def sign(self, upload: Upload, content_type: str) -> Target:
        """What to send for an upload, bounded to its size. Costs no round trip."""
        ...

    def check(self, upload_id: int, expires: int, signature: str) -> None:
        """For targets that lead back to this app.

        Raises:
            Forbidden: the signature is not ours, or its time is over.
        """
        ...
