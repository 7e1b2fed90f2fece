"""A run knows the reason why it ended."""

import sqlalchemy as sql
from alembic import op

revision = "0004"
down_revision = "0003"

RUNS = sql.table("runs", *map(sql.column, ("status", "message", "end_reason")))
REASONS = (
    (RUNS.c.message.like("%diverged%"), "diverged"),
    (RUNS.c.message.like("Ended after epoch %"), "early-stopping"),
    (RUNS.c.message.like("Stopped after %"), "time-limit"),
    (RUNS.c.message.like("Stopped by its search%"), "search"),
    (RUNS.c.message.like("Stopped with its search%"), "search"),
    (RUNS.c.message.like("Stopped: %"), "search"),
    (RUNS.c.message.like("The training needs more memory%"), "out-of-memory"),
    (RUNS.c.message.like("The training process %"), "worker-died"),
    (RUNS.c.message.like("The training stopped on an error inside cnnviz%"), "internal-error"),
    (RUNS.c.status == "stopped", "student"),
)
"""What the messages of before say; the first that fits counts."""


def upgrade() -> None:
    """Adds the column, and fills it from the messages of runs that were stored without a reason."""
    op.add_column("runs", sql.Column("end_reason", sql.String(24), nullable=False, server_default="none"))
    op.get_bind().execute(sql.update(RUNS).values(end_reason=sql.case(*REASONS, else_="none")))
