"""The records that the accounts room hands to others."""

from enum import StrEnum

import msgspec

from calotype.kernel.ids import time_of


class Role(StrEnum):
    """What a person may do here: the owner runs the place, members use it."""

    OWNER = "owner"
    MEMBER = "member"


class Account(msgspec.Struct, frozen=True):
    """A person. `username` is kept as they wrote it and is unique whatever its case.

    `avatar_id` is the media id of the picture they are shown with, once it is ready.
    """

    user_id: int
    username: str
    role: Role = Role.MEMBER
    name: str = ""
    bio: str = ""
    email: str | None = None
    avatar_id: int | None = None

    @property
    def created_ms(self) -> int:
        """When the account was made, in milliseconds since the Unix epoch."""
        return time_of(self.user_id)


class Session(msgspec.Struct, frozen=True):
    """One log-in on one device; `used_ms` is its last refresh, `label` the client's User-Agent."""

    session_id: int
    user_id: int
    label: str
    used_ms: int
    current: bool = False

    @property
    def created_ms(self) -> int:
        """When it was opened, in milliseconds since the Unix epoch."""
        return time_of(self.session_id)


class Identity(msgspec.Struct, frozen=True):
    """Who a verified access token speaks for; `role` is as of the token's issue."""

    user_id: int
    session_id: int
    role: Role


class Grant(msgspec.Struct, frozen=True):
    """What a person gets for registering, logging in or refreshing; `expires_in` in seconds."""

    user_id: int
    username: str
    access_token: str
    refresh_token: str
    expires_in: int
