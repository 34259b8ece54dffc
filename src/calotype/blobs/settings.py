"""Where blobs live."""

import msgspec


class BlobSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`url`: the store. `disk` is the directory `blobs` in the data directory."""

    url: str = "disk"
