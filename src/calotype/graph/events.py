"""What the graph tells other rooms."""

import msgspec

from calotype.events.log import Event
from calotype.kernel.ids import shard_of

FOLLOWED = "user.followed"
UNFOLLOWED = "user.unfollowed"


class EdgeChanged(msgspec.Struct, frozen=True):
    """An edge was made or removed; whether it stands now is read from the graph."""

    follower_id: int
    followee_id: int


def edge_event(kind: str, follower_id: int, followee_id: int) -> Event:
    return Event(
        shard=shard_of(follower_id),
        kind=kind,
        key=f"edge/{follower_id}/{followee_id}",
        payload=msgspec.msgpack.encode(EdgeChanged(follower_id, followee_id)),
    )
