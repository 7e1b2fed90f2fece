"""A run has a score, a name, a star and tags, can be put away, and may be one of a search."""

from collections import defaultdict

import sqlalchemy as sql
from alembic import op

revision = "0003"
down_revision = "0002"

RUNS = sql.table(
    "runs",
    *map(sql.column, ("id", "epoch", "best_epoch", "best_accuracy", "best_loss", "test_accuracy")),
)
POINTS = sql.table("points", *map(sql.column, ("id", "run_id", "epoch", "split", "metric", "value")))


def upgrade() -> None:
    """Scores of runs of before are worked out of their points."""
    for name in ("epoch", "best_epoch"):
        op.add_column("runs", sql.Column(name, sql.Integer, nullable=False, server_default="0"))
    for name in ("best_accuracy", "best_loss", "test_accuracy", "deleted"):
        op.add_column("runs", sql.Column(name, sql.Double))
    op.add_column("runs", sql.Column("title", sql.String(80), nullable=False, server_default=sql.text("''")))
    op.add_column("runs", sql.Column("starred", sql.Boolean, nullable=False, server_default=sql.false()))
    op.add_column("runs", sql.Column("tags", sql.Text, nullable=False, server_default="[]"))
    op.add_column("runs", sql.Column("search", sql.String(32)))
    op.create_index("ix_runs_search", "runs", ["search"])
    epochs = sql.text("split <> 'batch'")
    op.create_index(
        "points_of_epochs",
        "points",
        ["run_id", "split", "metric", "epoch", "value"],  # all that is asked for
        sqlite_where=epochs,
        postgresql_where=epochs,
    )
    op.create_table(
        "searches",
        sql.Column("id", sql.String(32), primary_key=True),
        sql.Column("owner", sql.String(32), nullable=False, index=True),
        sql.Column("created", sql.Double, nullable=False),
        sql.Column("status", sql.String(16), nullable=False),
        sql.Column("message", sql.Text, nullable=False),
        sql.Column("architecture", sql.Text, nullable=False),
        sql.Column("config", sql.Text, nullable=False),
        sql.Column("space", sql.Text, nullable=False),
    )
    _score()


def _score() -> None:
    connection = op.get_bind()
    for run_id in list(connection.scalars(sql.select(RUNS.c.id))):
        query = (
            sql.select(POINTS.c.epoch, POINTS.c.split, POINTS.c.metric, POINTS.c.value)
            .where(
                POINTS.c.run_id == run_id,
                POINTS.c.split != "batch",
                POINTS.c.split.in_(["validation", "test"]),
                POINTS.c.metric.in_(["accuracy", "loss"]),
            )
            .order_by(POINTS.c.id)
        )
        epochs: defaultdict[int, dict[str, float]] = defaultdict(dict)
        tested: dict[int, float] = {}
        for epoch, split, metric, value in connection.execute(query):
            if split == "validation":
                epochs[epoch][metric] = value
            elif metric == "accuracy":
                tested[epoch] = value
        whole = {epoch: each for epoch, each in epochs.items() if len(each) == 2}
        values: dict[str, float | None] = {"epoch": max(epochs, default=0)}
        if whole:
            best = max(whole, key=lambda epoch: (whole[epoch]["accuracy"], -whole[epoch]["loss"], -epoch))
            values |= {
                "best_epoch": best,
                "best_accuracy": whole[best]["accuracy"],
                "best_loss": whole[best]["loss"],
                "test_accuracy": tested.get(best),
            }
        connection.execute(sql.update(RUNS).where(RUNS.c.id == run_id).values(values))
