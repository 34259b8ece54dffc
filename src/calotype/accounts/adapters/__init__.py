"""Where accounts are kept: one adapter over SQLAlchemy Core for SQLite and Postgres."""
