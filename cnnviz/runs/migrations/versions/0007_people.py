"""There are people: who logs in, what holds for their class, and the links that make teachers."""

import sqlalchemy as sql
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Makes the tables."""
    op.create_table(
        "people",
        sql.Column("owner", sql.String(32), primary_key=True),
        sql.Column("login", sql.String(255), nullable=False, unique=True),
        sql.Column("name", sql.String(80), nullable=False),
        sql.Column("role", sql.String(16), nullable=False),
        sql.Column("pin_hash", sql.Text, nullable=False),
        sql.Column("generation", sql.Integer, nullable=False),
        sql.Column("email", sql.String(254), nullable=False),
        sql.Column("created", sql.Double, nullable=False),
    )
    op.create_table(
        "class_options",
        sql.Column("name", sql.String(32), primary_key=True),
        sql.Column("content", sql.Text, nullable=False),
    )
    op.create_table(
        "teacher_links",
        sql.Column("digest", sql.String(64), primary_key=True),
        sql.Column("expires", sql.Double, nullable=False),
    )
