"""A run has a kind, and counts the seconds that its device has worked for it."""

import sqlalchemy as sql
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Runs of before are trainings, and what they took was not counted."""
    op.add_column("runs", sql.Column("kind", sql.String(16), nullable=False, server_default="train"))
    op.add_column("runs", sql.Column("worked", sql.Double, nullable=False, server_default="0"))
