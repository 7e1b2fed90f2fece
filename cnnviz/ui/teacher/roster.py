"""Who is in the class, as one row for each."""

from dataclasses import dataclass

import pandas as pd
import streamlit as st
from streamlit.runtime import Runtime

from cnnviz.runs.class_overview import StudentWork
from cnnviz.runs.cluster import cluster
from cnnviz.ui.presence import PRESENCE, Sighting
from cnnviz.ui.runs.labels import time_zone

AWAY = "away"


@dataclass(frozen=True)
class StudentRow:
    """A student, what they have done, and where they are; None for what is not known."""

    owner: str
    name: str
    work: StudentWork | None
    sighting: Sighting | None

    @property
    def last_sign(self) -> float | None:
        """When they last did something, in seconds since 1970."""
        signs = [self.work.last_sign] if self.work else []
        return max(signs + ([self.sighting.at] if self.sighting else []), default=None)


def student_names() -> dict[str, str]:
    """Returns the names of all students by owner."""
    return {
        account.owner: account.person.name for account in cluster().store.people.all() if not account.person.is_teacher
    }


def student_rows(since: float, dataset: str | None = None) -> list[StudentRow]:
    """Returns all students, sorted by name, with what they have done since a time, on one data set or all."""
    work = cluster().desk.overview(since, dataset)
    is_open = Runtime.instance().is_active_session if Runtime.exists() else lambda _: False
    sightings = PRESENCE.last_sightings(is_open)
    names = student_names()
    rows = [StudentRow(owner, name, work.get(owner), sightings.get(owner)) for owner, name in names.items()]
    return sorted(rows, key=lambda row: row.name.casefold())


def roster_frame(rows: list[StudentRow], goal: float) -> pd.DataFrame:
    """Returns a row for each student, with the columns that the teacher's table names."""
    works: list[StudentWork | None] = [row.work for row in rows]
    return pd.DataFrame(
        {
            "name": pd.array([row.name for row in rows], dtype="str"),
            "page": pd.array([_place(row.sighting) for row in rows], dtype="str"),
            "accuracy": pd.array([work.best_accuracy if work else None for work in works], dtype="Float64"),
            "reached": pd.array([bool(work and (work.best_accuracy or 0) >= goal) for work in works], dtype="boolean"),
            "runs": pd.array([work.runs if work else 0 for work in works], dtype="Int64"),
            "active": pd.array([work.active if work else 0 for work in works], dtype="Int64"),
            "sign": pd.Series([local_time(row.last_sign) for row in rows], dtype="datetime64[ns]"),
            "stuck": pd.array([work.stuck_reason if work else "" for work in works], dtype="str"),
        }
    )


def _place(sighting: Sighting | None) -> str:
    return sighting.page if sighting and sighting.is_here else AWAY


def local_time(moment: float | None) -> pd.Timestamp | None:
    """Returns a time in seconds since 1970 as the clock of the browser's time zone shows it."""
    if moment is None:
        return None
    zone = time_zone(st.context.timezone)
    stamp = pd.Timestamp(moment, unit="s", tz="UTC").tz_convert(zone) if zone else pd.Timestamp.fromtimestamp(moment)
    return stamp.tz_localize(None).floor("s")
