"""Runs and designs that students share."""

import sqlalchemy as sql
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Adds the table."""
    op.create_table(
        "shares",
        sql.Column("id", sql.Integer, primary_key=True),
        sql.Column("run_id", sql.String(32), index=True),
        sql.Column("architecture", sql.Text),
        sql.Column("owner", sql.String(32), nullable=False, index=True),
        sql.Column("recipient", sql.String(32), nullable=False, index=True),
        sql.Column("created", sql.Double, nullable=False),
    )
