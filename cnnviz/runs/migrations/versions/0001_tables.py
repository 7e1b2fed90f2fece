"""The tables as they were before there were migrations.

SQLite databases of that time have all of them or some, and no note of their version: they get what is missing.
"""

import sqlalchemy as sql
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the tables."""
    older = op.get_bind().dialect.name == "sqlite"
    op.create_table(
        "runs",
        sql.Column("id", sql.String(32), primary_key=True),
        sql.Column("owner", sql.String(32), nullable=False),
        sql.Column("device", sql.String(32), nullable=False),
        sql.Column("architecture", sql.Text, nullable=False),
        sql.Column("config", sql.Text, nullable=False),
        sql.Column("status", sql.String(16), nullable=False),
        sql.Column("message", sql.Text, nullable=False),
        sql.Column("steps", sql.Integer, nullable=False),
        sql.Column("created", sql.Double, nullable=False),
        sql.Column("started", sql.Double),
        sql.Column("finished", sql.Double),
        if_not_exists=older,
    )
    op.create_index("ix_runs_owner", "runs", ["owner"], if_not_exists=older)
    op.create_index("ix_runs_status", "runs", ["status"], if_not_exists=older)
    op.create_table(
        "points",
        sql.Column("id", sql.Integer, primary_key=True),
        sql.Column("run_id", sql.String(32), nullable=False),
        sql.Column("step", sql.Integer, nullable=False),
        sql.Column("epoch", sql.Integer, nullable=False),
        sql.Column("split", sql.String(64), nullable=False),
        sql.Column("metric", sql.String(32), nullable=False),
        sql.Column("value", sql.Double, nullable=False),
        if_not_exists=older,
    )
    op.create_index("points_of_run", "points", ["run_id", "id"], if_not_exists=older)
    op.create_table(
        "facts",
        sql.Column("run_id", sql.String(32), primary_key=True),
        sql.Column("name", sql.String(32), primary_key=True),
        sql.Column("content", sql.Text, nullable=False),
        if_not_exists=older,
    )
    op.create_table(
        "checkpoints",
        sql.Column("run_id", sql.String(32), primary_key=True),
        sql.Column("epoch", sql.Integer, nullable=False),
        sql.Column("file", sql.String(80), nullable=False),
        if_not_exists=older,
    )
    op.create_table(
        "drafts",
        sql.Column("owner", sql.String(32), primary_key=True),
        sql.Column("architecture", sql.Text, nullable=False),
        if_not_exists=older,
    )
    op.create_table(
        "desks",
        sql.Column("owner", sql.String(32), primary_key=True),
        sql.Column("name", sql.String(16), primary_key=True),
        sql.Column("content", sql.Text, nullable=False),
        if_not_exists=older,
    )
