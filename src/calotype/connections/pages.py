"""Walk a whole table in pages, for looks at everything: bounded memory, no long transaction."""

from collections.abc import AsyncIterator, Sequence
from typing import Any

import sqlalchemy as sa

from calotype.connections.sql import Database

PAGE = 200


async def pages(
    database: Database, rows: sa.Select[Any], keys: Sequence[sa.Column[Any]]
) -> AsyncIterator[Sequence[sa.Row[Any]]]:
    """The rows of a select whose first columns are `keys`, unique and not null, in their order.

    Each page of up to 200 is of one moment; what changes between two pages may be in it or not.
    """
    for node in database.nodes:
        after: tuple[Any, ...] | None = None
        while True:
            page = rows.order_by(*keys).limit(PAGE)
            if after is not None:
                page = page.where(sa.tuple_(*keys) > after)
            found = await database.read(node, lambda tx, page=page: tx.all(page))  # type: ignore[misc]
            if found:
                yield found
            if len(found) < PAGE:
                break
            after = tuple(found[-1][: len(keys)])
