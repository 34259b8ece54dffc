"""The tables of accounts. Ids name their shard, hashes are 32 bytes, times are Unix ms."""

import sqlalchemy as sa

from calotype.connections.schema import CORE, id_column, sharded

accounts = sharded(
    CORE,
    "accounts",
    id_column("user_id", key=True),
    sa.Column("username", sa.String(30), nullable=False),
    sa.Column("email", sa.String(254)),  # absent: the person gave none
    sa.Column("name", sa.String(64), nullable=False),
    sa.Column("bio", sa.String(500), nullable=False),
    sa.Column("role", sa.String(16), nullable=False),
    sa.Column("password_hash", sa.String(256), nullable=False),
    id_column("avatar_id", nullable=True),
)
# Owners are few: the index holds them alone.
_owners = accounts.c.role == sa.literal_column("'owner'")
sa.Index("ix_accounts_owners", accounts.c.role, sqlite_where=_owners, postgresql_where=_owners)

name_claims = sharded(
    CORE,
    "name_claims",
    sa.Column("name", sa.String(254), primary_key=True),
    id_column("user_id", nullable=False),
    sa.Column("reserved_until_ms", sa.BigInteger),  # absent: confirmed
    sa.Index("ix_name_claims_user_id", "user_id"),  # a person's names lie on any shard
    sa.Index("ix_name_claims_reserved_until_ms", "reserved_until_ms"),
)

# All that is left of a deleted account: an id, so that nothing is written under it any more.
tombstones = sharded(CORE, "tombstones", id_column("user_id", key=True))

# Usernames of deleted accounts, unreadable: each row has a salt of its own. A name's shard holds
# few, so that all of them can be tried.
held_names = sharded(
    CORE,
    "held_names",
    sa.Column("digest", sa.LargeBinary(32), primary_key=True),
    sa.Column("salt", sa.LargeBinary(16), nullable=False),
    sa.Column("until_ms", sa.BigInteger, nullable=False),
    sa.Index("ix_held_names_until_ms", "until_ms"),
)

sessions = sharded(
    CORE,
    "sessions",
    id_column("session_id", key=True),
    id_column("user_id", nullable=False),
    sa.Column("label", sa.String(200), nullable=False),
    sa.Column("used_ms", sa.BigInteger, nullable=False),
    sa.Index("ix_sessions_person", "shard", "user_id"),
    sa.Index("ix_sessions_used_ms", "used_ms"),  # for sweeps, which visit a node whole
)

refresh_tokens = sharded(
    CORE,
    "refresh_tokens",
    # Beside the session's others, so that a family is read and removed by its key.
    id_column("session_id", key=True),
    sa.Column("digest", sa.LargeBinary(32), primary_key=True),
    sa.Column("expires_ms", sa.BigInteger, nullable=False),
    sa.Column("used_ms", sa.BigInteger),  # absent: not used yet
    sa.Index("ix_refresh_tokens_expires_ms", "expires_ms"),
)

# What was revoked of late, for every process to learn; a row lives as long as an access token.
revoked_sessions = sharded(
    CORE,
    "revoked_sessions",
    id_column("session_id", key=True),
    sa.Column("revoked_ms", sa.BigInteger, nullable=False),
    sa.Index("ix_revoked_sessions_revoked_ms", "revoked_ms"),
)

signing_keys = sharded(
    CORE,
    "signing_keys",
    sa.Column("kid", sa.String(16), primary_key=True),
    sa.Column("secret", sa.LargeBinary(32), nullable=False),
    sa.Column("created_ms", sa.BigInteger, nullable=False),
)

invitations = sharded(
    CORE,
    "invitations",
    sa.Column("digest", sa.LargeBinary(32), primary_key=True),
    sa.Column("role", sa.String(16), nullable=False),
    sa.Column("expires_ms", sa.BigInteger),  # absent: the owner's first one, until it is used
    sa.Index("ix_invitations_expires_ms", "expires_ms"),
)
