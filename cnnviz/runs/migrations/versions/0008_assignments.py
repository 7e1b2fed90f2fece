"""Assignments: what teachers ask for, who has begun, who has more time, and what was handed in."""

import sqlalchemy as sql
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Adds the tables."""
    op.create_table(
        "assignments",
        sql.Column("id", sql.String(32), primary_key=True),
        sql.Column("owner", sql.String(32), nullable=False, index=True),
        sql.Column("created", sql.Double, nullable=False),
        sql.Column("content", sql.Text, nullable=False),
    )
    op.create_table(
        "extensions",
        sql.Column("owner", sql.String(32), primary_key=True),
        sql.Column("assignment", sql.String(32), primary_key=True),
        sql.Column("deadline", sql.Double, nullable=False),
        sql.Column("note", sql.Text, nullable=False),
    )
    op.create_table(
        "participants",
        sql.Column("owner", sql.String(32), primary_key=True),
        sql.Column("assignment", sql.String(32), primary_key=True),
        sql.Column("name", sql.Text, nullable=False),
        sql.Column("begun", sql.Double, nullable=False),
        sql.Column("is_named", sql.Boolean, nullable=False),
    )
    op.create_table(
        "submissions",
        sql.Column("id", sql.String(32), primary_key=True),
        sql.Column("assignment", sql.String(32), nullable=False),
        sql.Column("owner", sql.String(32), nullable=False),
        sql.Column("name", sql.Text, nullable=False),
        sql.Column("run", sql.String(32), nullable=False),
        sql.Column("submitted", sql.Double, nullable=False),
        sql.Column("architecture", sql.Text, nullable=False),
        sql.Column("config", sql.Text, nullable=False),
        sql.Column("weights_digest", sql.String(64), nullable=False),
        sql.Column("status", sql.String(16), nullable=False),
        sql.Column("message", sql.Text, nullable=False),
        sql.Column("validation", sql.Text),
        sql.Column("hidden", sql.Text),
        sql.Column("is_new_best", sql.Boolean, nullable=False),
        sql.Column("hidden_bits", sql.LargeBinary),
    )
    op.create_index("submissions_of_student", "submissions", ["assignment", "owner", "submitted"])
