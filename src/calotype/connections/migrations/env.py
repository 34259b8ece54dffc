"""How Alembic runs our steps: on the connection it is given, in one transaction."""

from alembic import context

context.configure(
    connection=context.config.attributes["connection"],
    # SQLite's statements of this kind are transactional once BEGIN is said, as ours is.
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
