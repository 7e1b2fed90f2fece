"""What Alembic executes to migrate: in the connection and the transaction of `upgrade`, and with no say in logging."""

from alembic import context

context.configure(connection=context.config.attributes["connection"])
context.run_migrations()
