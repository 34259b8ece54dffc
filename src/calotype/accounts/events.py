"""What accounts tell other rooms."""

import msgspec

from calotype.events.log import Event
from calotype.kernel.ids import shard_of

ACCOUNT_CHANGED = "account.changed"


class AccountChanged(msgspec.Struct, frozen=True):
    """An account was made, or is named otherwise now; what it is called is read from the store."""

    user_id: int


def account_event(user_id: int) -> Event:
    return Event(
        shard=shard_of(user_id),
        kind=ACCOUNT_CHANGED,
        key=f"account/{user_id}",
        payload=msgspec.msgpack.encode(AccountChanged(user_id)),
    )
