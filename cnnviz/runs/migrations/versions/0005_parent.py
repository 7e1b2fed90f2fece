"""A run knows the run that it started from."""

import sqlalchemy as sql
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Adds the column; where older runs started from is not known."""
    op.add_column("runs", sql.Column("parent", sql.String(32)))
