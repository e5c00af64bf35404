"""What Alembic runs: the steps that are missing, on the connection that the store gives it."""

from alembic import context

context.configure(connection=context.config.attributes["connection"])
with context.begin_transaction():
    context.run_migrations()
