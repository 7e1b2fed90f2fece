"""A run knows the seeds that it was started with."""

import sqlalchemy as sql
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Adds the column; older seeds were each trained to their end."""
    op.add_column("runs", sql.Column("seed_group", sql.String(32)))
