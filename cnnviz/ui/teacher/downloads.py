"""What a teacher takes home of a class: its table, and the designs of all."""

import io
import json
import re
import zipfile
from contextlib import suppress

import streamlit as st

from cnnviz.errors import ShapeError
from cnnviz.runs.cluster import cluster
from cnnviz.settings import settings
from cnnviz.source import to_code
from cnnviz.ui.teacher.roster import StudentRow, roster_frame
from cnnviz.ui.widgets.dataframe import spreadsheet_frame

UNSAFE = re.compile(r"[^\w\-. ]+")
"""What no name of a file should have."""


def class_downloads(rows: list[StudentRow]) -> None:
    """Draws the buttons; the zip is made when it is asked for."""
    st.download_button(
        "Table as CSV",
        lambda: table_csv(rows),
        "class.csv",
        "text/csv",
        icon=":material/download:",
        disabled=not rows,
    )
    st.download_button(
        "Designs as zip",
        lambda: designs_zip(rows),
        "designs.zip",
        "application/zip",
        icon=":material/folder_zip:",
        disabled=not rows,
        help="For each student the design at hand and that of the best run, as JSON and as PyTorch code.",
    )


def table_csv(rows: list[StudentRow]) -> str:
    """Returns the table of the class; no text in it is a formula to a spreadsheet."""
    return str(spreadsheet_frame(roster_frame(rows, settings().goal)).to_csv(index=False))


def designs_zip(rows: list[StudentRow]) -> bytes:
    """Returns a zip with a folder for each student."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for number, row in enumerate(rows, start=1):
            folder = f"{number:03} {UNSAFE.sub('_', row.name).strip(' .') or 'student'}"
            draft = cluster().drafts.draft(row.owner)
            designs = {"at hand": draft.architecture} if draft else {}
            best = cluster().store.run(row.work.best_run) if row.work and row.work.best_run else None
            if best:
                designs["best run"] = best.architecture
                archive.writestr(f"{folder}/best run settings.json", best.config.model_dump_json(indent=2))
            for name, design in designs.items():
                archive.writestr(f"{folder}/{name}.json", json.dumps(json.loads(design.model_dump_json()), indent=2))
                with suppress(ShapeError):  # a design at hand need not fit together
                    archive.writestr(f"{folder}/{name}.py", to_code(design))
    return stream.getvalue()
