"""Comments on runs."""

import sqlalchemy as sql
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Adds the table."""
    op.create_table(
        "comments",
        sql.Column("id", sql.Integer, primary_key=True),
        sql.Column("run_id", sql.String(32), nullable=False, index=True),
        sql.Column("author", sql.String(80), nullable=False),
        sql.Column("text", sql.Text, nullable=False),
        sql.Column("created", sql.Double, nullable=False),
    )
