"""What Alembic executes to migrate: in the connection and the transaction of `upgrade`, and with no say in logging."""

from alembic import context

from cnnviz.runs.migrations import VERSION

context.configure(connection=context.config.attributes["connection"], version_table=VERSION)
context.run_migrations()
