"""Follow and unfollow."""

from calotype.accounts.close import check_open
from calotype.accounts.store import AccountStore
from calotype.connections.sql import Database, Transaction
from calotype.events.log import Outbox
from calotype.graph.events import FOLLOWED, UNFOLLOWED, edge_event
from calotype.graph.store import GraphStore
from calotype.kernel.errors import Invalid
from calotype.kernel.ids import shard_of


class Follow:
    """Make and remove edges; each change and its event are one transaction."""

    def __init__(
        self, database: Database, accounts: AccountStore, graph: GraphStore, outbox: Outbox
    ) -> None:
        self._database = database
        self._accounts = accounts
        self._graph = graph
        self._outbox = outbox

    async def follow(self, follower_id: int, followee_id: int) -> int:
        """Follow someone who exists; the edge's id. Repeating it changes nothing.

        Raises:
            Invalid: one cannot follow oneself.
            NotFound: one of the two has left meanwhile.
        """
        if follower_id == followee_id:
            raise Invalid("you cannot follow yourself; name another person", field="id")

        def follow(tx: Transaction) -> int | None:
            check_open(self._accounts, tx, follower_id, followee_id)
            edge_id = self._graph.add(tx, follower_id, followee_id)
            if edge_id is not None:
                self._outbox.append(tx, edge_event(FOLLOWED, follower_id, followee_id))
            return edge_id

        edge_id = await self._database.write(shard_of(follower_id), follow)
        if edge_id is not None:
            return edge_id
        standing = await self._graph.edge(follower_id, followee_id)
        # None: it was removed in between by the same person; then this follow goes first.
        return standing.edge_id if standing else await self.follow(follower_id, followee_id)

    async def unfollow(self, follower_id: int, followee_id: int) -> None:
        """Stop following; repeating it changes nothing."""

        def unfollow(tx: Transaction) -> None:
            if self._graph.remove(tx, follower_id, followee_id):
                self._outbox.append(tx, edge_event(UNFOLLOWED, follower_id, followee_id))

        await self._database.write(shard_of(follower_id), unfollow)
