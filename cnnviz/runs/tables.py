"""The tables of the database, as the migrations in migrations/ leave them."""

import sqlalchemy as sql

from cnnviz.training.point import BATCH

METADATA = sql.MetaData()
RUNS = sql.Table(
    "runs",
    METADATA,
    sql.Column("id", sql.String(32), primary_key=True),
    sql.Column("owner", sql.String(32), nullable=False, index=True),
    sql.Column("device", sql.String(32), nullable=False),
    sql.Column("architecture", sql.Text, nullable=False),
    sql.Column("config", sql.Text, nullable=False),
    sql.Column("status", sql.String(16), nullable=False, index=True),
    sql.Column("message", sql.Text, nullable=False),
    sql.Column("steps", sql.Integer, nullable=False),
    sql.Column("created", sql.Double, nullable=False),
    sql.Column("started", sql.Double),
    sql.Column("finished", sql.Double),
    sql.Column("kind", sql.String(16), nullable=False, server_default="train"),
    sql.Column("worked", sql.Double, nullable=False, server_default="0"),
    sql.Column("epoch", sql.Integer, nullable=False, server_default="0"),
    sql.Column("best_epoch", sql.Integer, nullable=False, server_default="0"),
    sql.Column("best_accuracy", sql.Double),
    sql.Column("best_loss", sql.Double),
    sql.Column("test_accuracy", sql.Double),
    sql.Column("title", sql.String(80), nullable=False, server_default=sql.text("''")),
    sql.Column("starred", sql.Boolean, nullable=False, server_default=sql.false()),
    sql.Column("tags", sql.Text, nullable=False, server_default="[]"),
    sql.Column("deleted", sql.Double),
    sql.Column("search", sql.String(32), index=True),
    sql.Column("end_reason", sql.String(24), nullable=False, server_default="none"),
    sql.Column("parent", sql.String(32)),
    sql.Column("seed_group", sql.String(32)),
)
POINTS = sql.Table(
    "points",
    METADATA,
    sql.Column("id", sql.Integer, primary_key=True),
    sql.Column("run_id", sql.String(32), nullable=False),
    sql.Column("step", sql.Integer, nullable=False),
    sql.Column("epoch", sql.Integer, nullable=False),
    sql.Column("split", sql.String(64), nullable=False),
    sql.Column("metric", sql.String(32), nullable=False),
    sql.Column("value", sql.Double, nullable=False),
    sql.Index("points_of_run", "run_id", "id"),
    sql.Index(
        "points_of_epochs",
        "run_id",
        "split",
        "metric",
        "epoch",
        "value",
        sqlite_where=sql.text(f"split <> '{BATCH}'"),
        postgresql_where=sql.text(f"split <> '{BATCH}'"),
    ),
)
FACTS = sql.Table(
    "facts",
    METADATA,
    sql.Column("run_id", sql.String(32), primary_key=True),
    sql.Column("name", sql.String(32), primary_key=True),
    sql.Column("content", sql.Text, nullable=False),
)
CHECKPOINTS = sql.Table(
    "checkpoints",
    METADATA,
    sql.Column("run_id", sql.String(32), primary_key=True),
    sql.Column("epoch", sql.Integer, nullable=False),
    sql.Column("file", sql.String(80), nullable=False),
)
DRAFTS = sql.Table(
    "drafts",
    METADATA,
    sql.Column("owner", sql.String(32), primary_key=True),
    sql.Column("architecture", sql.Text, nullable=False),
)
"""Designs at hand, written by old versions of cnnviz; only read."""
DESKS = sql.Table(
    "desks",
    METADATA,
    sql.Column("owner", sql.String(32), primary_key=True),
    sql.Column("name", sql.String(16), primary_key=True),
    sql.Column("content", sql.Text, nullable=False),
)
SEARCHES = sql.Table(
    "searches",
    METADATA,
    sql.Column("id", sql.String(32), primary_key=True),
    sql.Column("owner", sql.String(32), nullable=False, index=True),
    sql.Column("created", sql.Double, nullable=False),
    sql.Column("status", sql.String(16), nullable=False),
    sql.Column("message", sql.Text, nullable=False),
    sql.Column("architecture", sql.Text, nullable=False),
    sql.Column("config", sql.Text, nullable=False),
    sql.Column("space", sql.Text, nullable=False),
)
PEOPLE = sql.Table(
    "people",
    METADATA,
    sql.Column("owner", sql.String(32), primary_key=True),
    sql.Column("login", sql.String(255), nullable=False, unique=True),
    sql.Column("name", sql.String(80), nullable=False),
    sql.Column("role", sql.String(16), nullable=False),
    sql.Column("pin_hash", sql.Text, nullable=False),
    sql.Column("generation", sql.Integer, nullable=False),
    sql.Column("email", sql.String(254), nullable=False),
    sql.Column("created", sql.Double, nullable=False),
)
CLASS_OPTIONS = sql.Table(
    "class_options",
    METADATA,
    sql.Column("name", sql.String(32), primary_key=True),
    sql.Column("content", sql.Text, nullable=False),
)
"""What the teacher has decided for the class, as JSON."""
TEACHER_LINKS = sql.Table(
    "teacher_links",
    METADATA,
    sql.Column("digest", sql.String(64), primary_key=True),
    sql.Column("expires", sql.Double, nullable=False),
)
"""One-time links that are not used yet."""
COMMENTS = sql.Table(
    "comments",
    METADATA,
    sql.Column("id", sql.Integer, primary_key=True),
    sql.Column("run_id", sql.String(32), nullable=False, index=True),
    sql.Column("author", sql.String(80), nullable=False),
    sql.Column("text", sql.Text, nullable=False),
    sql.Column("created", sql.Double, nullable=False),
)
ASSIGNMENTS = sql.Table(
    "assignments",
    METADATA,
    sql.Column("id", sql.String(32), primary_key=True),
    sql.Column("owner", sql.String(32), nullable=False, index=True),
    sql.Column("created", sql.Double, nullable=False),
    sql.Column("content", sql.Text, nullable=False),
)
EXTENSIONS = sql.Table(
    "extensions",
    METADATA,
    sql.Column("owner", sql.String(32), primary_key=True),
    sql.Column("assignment", sql.String(32), primary_key=True),
    sql.Column("deadline", sql.Double, nullable=False),
    sql.Column("note", sql.Text, nullable=False),
)
PARTICIPANTS = sql.Table(
    "participants",
    METADATA,
    sql.Column("owner", sql.String(32), primary_key=True),
    sql.Column("assignment", sql.String(32), primary_key=True),
    sql.Column("name", sql.Text, nullable=False),
    sql.Column("begun", sql.Double, nullable=False),
    sql.Column("is_named", sql.Boolean, nullable=False),
)
SUBMISSIONS = sql.Table(
    "submissions",
    METADATA,
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
    sql.Index("submissions_of_student", "assignment", "owner", "submitted"),
)
"""What was handed in. `hidden_bits`, whether a net is right for each hidden sample, never leaves the server."""
SHARES = sql.Table(
    "shares",
    METADATA,
    sql.Column("id", sql.Integer, primary_key=True),
    sql.Column("run_id", sql.String(32), index=True),
    sql.Column("architecture", sql.Text),
    sql.Column("owner", sql.String(32), nullable=False, index=True),
    sql.Column("recipient", sql.String(32), nullable=False, index=True),
    sql.Column("created", sql.Double, nullable=False),
)
"""Runs, or else designs, that students let others see; one for the whole class has an empty recipient."""
