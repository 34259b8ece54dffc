"""What an upload is: a file on its way to the store apart from any post."""

from enum import StrEnum

import msgspec

from calotype.uploads.headers.walker import Header
from calotype.uploads.keys import original_key


class UploadStatus(StrEnum):
    OPEN = "OPEN"
    COMPLETE = "COMPLETE"
    REFUSED = "REFUSED"
    EXPIRED = "EXPIRED"


class Upload(msgspec.Struct, frozen=True):
    """One file of one person. Its id becomes the media id of what is made of it.

    `size` in bytes is what was announced. `metadata` is a tus client's own, given back as it came.
    `wanted_sha256` in hex, empty if none was announced; `sha256` and `header` are what was found,
    once COMPLETE. `post_id` is the one post that uses it.
    """

    upload_id: int
    user_id: int
    size: int
    expires_ms: int
    status: UploadStatus = UploadStatus.OPEN
    metadata: str = ""
    wanted_sha256: str = ""
    sha256: str = ""
    header: Header | None = None
    reason: str = ""
    post_id: int | None = None

    @property
    def media_id(self) -> int:
        return self.upload_id

    @property
    def name(self) -> str:
        """Of its partial blob."""
        return str(self.upload_id)

    @property
    def key(self) -> str:
        return original_key(self.user_id, self.upload_id)

    @property
    def content_type(self) -> str:
        """Empty until it is COMPLETE."""
        return self.header.content_type if self.header else ""

    @property
    def moves(self) -> bool:
        """Whether it is shown as a video; False until it is COMPLETE."""
        return self.header is not None and self.header.moves


class Progress(msgspec.Struct, frozen=True):
    """An upload and how many bytes of it are durable."""

    upload: Upload
    offset: int
