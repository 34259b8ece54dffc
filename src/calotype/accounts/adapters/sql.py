"""Accounts over SQLAlchemy Core: SQLite and Postgres."""

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from calotype.accounts.account import Account, Role, Session
from calotype.accounts.adapters import tables
from calotype.accounts.store import (
    Claim,
    HeldName,
    Invitation,
    RefreshToken,
    SigningKey,
    Stores,
)
from calotype.connections.sql import Transaction, as_ids, by_ids
from calotype.kernel.errors import AlreadyExists
from calotype.kernel.ids import shard_of, shard_of_name


def sql_stores() -> Stores:
    """All ports of the room; they keep no state of their own."""
    return Stores(
        claims=SqlClaims(),
        held_names=SqlHeldNames(),
        accounts=SqlAccounts(),
        sessions=SqlSessions(),
        keys=SqlKeys(),
        invitations=SqlInvitations(),
    )


class SqlClaims:
    def add(self, tx: Transaction, claim: Claim) -> Claim | None:
        row = {
            "shard": shard_of_name(claim.name),
            "name": claim.name,
            "user_id": claim.user_id,
            "reserved_until_ms": claim.reserved_until_ms,
        }
        return None if tx.insert_new(tables.name_claims, [row]) else self.find(tx, claim.name)

    def find(self, tx: Transaction, name: str) -> Claim | None:
        t = tables.name_claims
        query = sa.select(t.c.name, t.c.user_id, t.c.reserved_until_ms).where(_claimed(name))
        row = tx.first(query)
        return Claim(**row._mapping) if row else None

    def replace(self, tx: Transaction, old: Claim, new: Claim) -> bool:
        t = tables.name_claims
        changed = {"user_id": new.user_id, "reserved_until_ms": new.reserved_until_ms}
        return tx.changes(sa.update(t).where(_exactly(old)).values(changed)) == 1

    def remove(self, tx: Transaction, claim: Claim) -> bool:
        return tx.changes(sa.delete(tables.name_claims).where(_exactly(claim))) == 1

    def confirm(self, tx: Transaction, name: str, user_id: int) -> bool:
        t = tables.name_claims
        statement = (
            sa.update(t)
            .where(_claimed(name), t.c.user_id == user_id)
            .values(reserved_until_ms=None)
        )
        return tx.changes(statement) == 1

    def release(self, tx: Transaction, name: str, user_id: int) -> None:
        t = tables.name_claims
        tx.execute(sa.delete(t).where(_claimed(name), t.c.user_id == user_id))

    def of_person(self, tx: Transaction, user_id: int, limit: int) -> Sequence[Claim]:
        return _claims(tx, tables.name_claims.c.user_id == user_id, limit)

    def expired(self, tx: Transaction, now_ms: int, limit: int) -> Sequence[Claim]:
        return _claims(tx, tables.name_claims.c.reserved_until_ms <= now_ms, limit)


class SqlHeldNames:
    def add(self, tx: Transaction, held: HeldName) -> None:
        row = {
            "shard": held.shard,
            "digest": held.digest,
            "salt": held.salt,
            "until_ms": held.until_ms,
        }
        tx.execute(sa.insert(tables.held_names).values(row))

    def on_shard(self, tx: Transaction, shard: int, now_ms: int) -> Sequence[HeldName]:
        t = tables.held_names
        query = sa.select(t.c.shard, t.c.digest, t.c.salt, t.c.until_ms)
        held = query.where(t.c.shard == shard, t.c.until_ms > now_ms)
        return [HeldName(**row._mapping) for row in tx.all(held)]

    def sweep(self, tx: Transaction, now_ms: int, limit: int) -> int:
        t = tables.held_names
        return tx.delete_some(t, t.c.until_ms <= now_ms, limit)


class SqlAccounts:
    _by_ids = sa.select(
        tables.accounts.c.user_id,
        tables.accounts.c.username,
        tables.accounts.c.role,
        tables.accounts.c.name,
        tables.accounts.c.bio,
        tables.accounts.c.email,
        tables.accounts.c.avatar_id,
    ).select_from(by_ids(tables.accounts, "user_id"))

    def create(self, tx: Transaction, account: Account, password_hash: str) -> None:
        row = {
            "shard": shard_of(account.user_id),
            "user_id": account.user_id,
            "username": account.username,
            "email": account.email,
            "name": account.name,
            "bio": account.bio,
            "role": account.role.value,
            "password_hash": password_hash,
            "avatar_id": account.avatar_id,
        }
        if not tx.insert_new(tables.accounts, [row]):
            raise AlreadyExists("an account has this id already; mint another")

    def by_ids(self, tx: Transaction, ids: Sequence[int]) -> Mapping[int, Account]:
        if not ids:
            return {}
        return {
            row.user_id: Account(
                user_id=row.user_id,
                username=row.username,
                role=Role(row.role),
                name=row.name,
                bio=row.bio,
                email=row.email,
                avatar_id=row.avatar_id,
            )
            for row in tx.all(self._by_ids, {"ids": as_ids(ids)})
        }

    def edit(self, tx: Transaction, user_id: int, changes: Mapping[str, str | None]) -> bool:
        tx.notes.author(user_id)
        return self._update(tx, user_id, changes)

    def set_avatar(self, tx: Transaction, user_id: int, avatar_id: int | None) -> bool:
        tx.notes.author(user_id)
        return self._update(tx, user_id, {"avatar_id": avatar_id})

    def remove(self, tx: Transaction, user_id: int) -> None:
        tx.notes.author(user_id)
        tx.execute(sa.delete(tables.accounts).where(_keyed(tables.accounts, "user_id", user_id)))

    def bury(self, tx: Transaction, user_id: int) -> None:
        self.remove(tx, user_id)
        tx.insert_new(tables.tombstones, [{"shard": shard_of(user_id), "user_id": user_id}])

    def buried(self, tx: Transaction, ids: Sequence[int]) -> set[int]:
        t = tables.tombstones
        query = sa.select(t.c.user_id).select_from(tx.keyed(t, "user_id", ids))
        return {row.user_id for row in tx.all(query)}

    def password_hash(self, tx: Transaction, user_id: int) -> str | None:
        return _text(tx.first(_password_hash(user_id)))

    def hold_password_hash(self, tx: Transaction, user_id: int) -> str | None:
        return _text(tx.first(_password_hash(user_id).with_for_update()))

    def set_password_hash(self, tx: Transaction, user_id: int, password_hash: str) -> bool:
        return self._update(tx, user_id, {"password_hash": password_hash})

    def owner_exists(self, tx: Transaction) -> bool:
        t = tables.accounts
        # Spelt out, so that the planner sees that the partial index serves.
        owner = t.c.role == sa.literal_column("'owner'")
        return tx.first(sa.select(t.c.user_id).where(owner).limit(1)) is not None

    def anyone_exists(self, tx: Transaction) -> bool:
        return tx.first(sa.select(tables.accounts.c.user_id).limit(1)) is not None

    def _update(self, tx: Transaction, user_id: int, values: Mapping[str, Any]) -> bool:
        t = tables.accounts
        return tx.changes(sa.update(t).where(_keyed(t, "user_id", user_id)).values(**values)) == 1


class SqlSessions:
    _columns = (
        tables.sessions.c.session_id,
        tables.sessions.c.user_id,
        tables.sessions.c.label,
        tables.sessions.c.used_ms,
    )

    def create(self, tx: Transaction, session: Session) -> bool:
        row = {
            "shard": shard_of(session.session_id),
            "session_id": session.session_id,
            "user_id": session.user_id,
            "label": session.label,
            "used_ms": session.used_ms,
        }
        return tx.insert_new(tables.sessions, [row]) == 1

    def hold(self, tx: Transaction, session_id: int) -> Session | None:
        query = sa.select(*self._columns).where(_keyed(tables.sessions, "session_id", session_id))
        row = tx.first(query.with_for_update())
        return Session(**row._mapping) if row else None

    def touch(self, tx: Transaction, session_id: int, used_ms: int) -> None:
        t = tables.sessions
        mine = _keyed(t, "session_id", session_id)
        tx.execute(sa.update(t).where(mine).values(used_ms=used_ms))

    def of_person(self, tx: Transaction, user_id: int) -> Sequence[Session]:
        t = tables.sessions
        mine = _keyed(t, "user_id", user_id)
        query = sa.select(*self._columns).where(mine)
        newest_first = query.order_by(t.c.used_ms.desc(), t.c.session_id.desc())
        return [Session(**row._mapping) for row in tx.all(newest_first)]

    def revoke(self, tx: Transaction, session_ids: Sequence[int], now_ms: int) -> None:
        if not session_ids:
            return
        t = tables.sessions
        # Its last access token is from its last use, which a clock that was ahead may have put into
        # the future: the note must outlive that token.
        used = sa.select(t.c.session_id, t.c.used_ms).where(
            t.c.shard == shard_of(session_ids[0]), t.c.session_id.in_(session_ids)
        )
        used_ms = {row.session_id: row.used_ms for row in tx.all(used)}
        self._remove(tx, session_ids)
        rows = [
            {
                "shard": shard_of(id_),
                "session_id": id_,
                "revoked_ms": max(now_ms, used_ms.get(id_, 0)),
            }
            for id_ in session_ids
        ]
        tx.insert_new(tables.revoked_sessions, rows)

    def revoked_since(self, tx: Transaction, since_ms: int) -> Sequence[tuple[int, int]]:
        t = tables.revoked_sessions
        query = sa.select(t.c.session_id, t.c.revoked_ms).where(t.c.revoked_ms >= since_ms)
        return [(row.session_id, row.revoked_ms) for row in tx.all(query.order_by(t.c.revoked_ms))]

    def add_token(self, tx: Transaction, token: RefreshToken) -> None:
        row = {
            "shard": shard_of(token.session_id),
            "session_id": token.session_id,
            "digest": token.digest,
            "expires_ms": token.expires_ms,
            "used_ms": token.used_ms,
        }
        tx.execute(sa.insert(tables.refresh_tokens).values(row))

    def token(self, tx: Transaction, session_id: int, digest: bytes) -> RefreshToken | None:
        t = tables.refresh_tokens
        query = sa.select(t.c.digest, t.c.session_id, t.c.expires_ms, t.c.used_ms).where(
            _keyed(t, "session_id", session_id), t.c.digest == digest
        )
        row = tx.first(query)
        return RefreshToken(**row._mapping) if row else None

    def mark_used(self, tx: Transaction, token: RefreshToken, now_ms: int) -> bool:
        t = tables.refresh_tokens
        unused = sa.and_(
            _keyed(t, "session_id", token.session_id),
            t.c.digest == token.digest,
            t.c.used_ms.is_(None),
        )
        return tx.changes(sa.update(t).where(unused).values(used_ms=now_ms)) == 1

    def sweep(
        self, tx: Transaction, now_ms: int, idle_since_ms: int, revoked_before_ms: int, limit: int
    ) -> int:
        token, session, revoked = tables.refresh_tokens, tables.sessions, tables.revoked_sessions
        return (
            tx.delete_some(token, token.c.expires_ms <= now_ms, limit)
            + tx.delete_some(session, session.c.used_ms <= idle_since_ms, limit)
            + tx.delete_some(revoked, revoked.c.revoked_ms < revoked_before_ms, limit)
        )

    def _remove(self, tx: Transaction, session_ids: Sequence[int]) -> None:
        # The session first: its row is the lock of its family.
        for table in (tables.sessions, tables.refresh_tokens):
            tx.execute(
                sa.delete(table).where(
                    table.c.shard == shard_of(session_ids[0]), table.c.session_id.in_(session_ids)
                )
            )


class SqlKeys:
    def all(self, tx: Transaction) -> Sequence[SigningKey]:
        t = tables.signing_keys
        query = sa.select(t.c.kid, t.c.secret, t.c.created_ms).where(t.c.shard == 0)
        return [
            SigningKey(**row._mapping) for row in tx.all(query.order_by(t.c.created_ms, t.c.kid))
        ]

    def add(self, tx: Transaction, key: SigningKey) -> None:
        row = {"shard": 0, "kid": key.kid, "secret": key.secret, "created_ms": key.created_ms}
        tx.execute(sa.insert(tables.signing_keys).values(row))

    def remove(self, tx: Transaction, kids: Sequence[str]) -> None:
        t = tables.signing_keys
        tx.execute(sa.delete(t).where(t.c.shard == 0, t.c.kid.in_(kids)))


class SqlInvitations:
    def add(self, tx: Transaction, invitation: Invitation) -> None:
        row = {
            "shard": invitation.shard,
            "digest": invitation.digest,
            "role": invitation.role.value,
            "expires_ms": invitation.expires_ms,
        }
        tx.execute(sa.insert(tables.invitations).values(row))

    def find(self, tx: Transaction, shard: int, digest: bytes) -> Invitation | None:
        t = tables.invitations
        query = sa.select(t.c.role, t.c.expires_ms).where(t.c.shard == shard, t.c.digest == digest)
        row = tx.first(query)
        return Invitation(shard, digest, Role(row.role), row.expires_ms) if row else None

    def consume(self, tx: Transaction, invitation: Invitation) -> bool:
        t = tables.invitations
        this = sa.and_(t.c.shard == invitation.shard, t.c.digest == invitation.digest)
        return tx.changes(sa.delete(t).where(this)) == 1

    def withdraw_endless(self, tx: Transaction) -> None:
        t = tables.invitations
        tx.execute(sa.delete(t).where(t.c.expires_ms.is_(None)))

    def sweep(self, tx: Transaction, now_ms: int, limit: int) -> int:
        t = tables.invitations
        return tx.delete_some(t, t.c.expires_ms <= now_ms, limit)


def _password_hash(user_id: int) -> sa.Select[tuple[str]]:
    t = tables.accounts
    return sa.select(t.c.password_hash).where(_keyed(t, "user_id", user_id))


def _text(row: sa.Row[Any] | None) -> str | None:
    return str(row[0]) if row else None


def _claimed(name: str) -> sa.ColumnElement[bool]:
    t = tables.name_claims
    return sa.and_(t.c.shard == shard_of_name(name), t.c.name == name)


def _claims(tx: Transaction, which: sa.ColumnElement[bool], limit: int) -> Sequence[Claim]:
    t = tables.name_claims
    query = sa.select(t.c.name, t.c.user_id, t.c.reserved_until_ms).where(which).limit(limit)
    return [Claim(**row._mapping) for row in tx.all(query)]


def _exactly(claim: Claim) -> sa.ColumnElement[bool]:
    t = tables.name_claims
    return sa.and_(
        _claimed(claim.name),
        t.c.user_id == claim.user_id,
        t.c.reserved_until_ms == claim.reserved_until_ms,
    )


def _keyed(table: sa.Table, column: str, id_: int) -> sa.ColumnElement[bool]:
    return sa.and_(table.c.shard == shard_of(id_), table.c[column] == id_)
