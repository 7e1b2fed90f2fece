"""The state of one browser session: who sits there, the design and settings at hand, and what is looked at."""

import secrets
from collections.abc import Collection, Iterable
from dataclasses import replace
from typing import Any

import streamlit as st

from cnnviz.architecture import Architecture
from cnnviz.calculator.operation import EXAMPLE_DESIGNS
from cnnviz.errors import DesignError
from cnnviz.identity.person import Person
from cnnviz.identity.roster import Printed
from cnnviz.presets import PRESETS
from cnnviz.runs.cluster import cluster
from cnnviz.runs.drafts import Draft
from cnnviz.search.space import Space
from cnnviz.secret_key import new_owner
from cnnviz.settings import Mode, settings
from cnnviz.training.config import TrainConfig
from cnnviz.training.found_rate import FoundRate
from cnnviz.ui.identity import OWNER_HEADER, token_in_cookies
from cnnviz.ui.workbench import FIRST_LAYER, Workbench

FIRST_PRESET = "lab-convnet"
SAVED_UNDO_STEPS = 20
"""Designs that Undo still leads back to after a reload."""
CHANGED_IN_OTHER_TAB = (
    "You have changed this net in another tab. It is shown here as it is now, without your last edit: make the edit"
    " again, or press Undo to go back to the net that was here."
)
CHANGED_BEFORE_TRAINING = (
    "You have changed this net in another tab, so nothing was started. It is shown here as it is now: press the button"
    " again to go on with it."
)

ANSWER_VIEW = "The answer"
"""Name of the view of the Inside page that shows what a net answers."""
OWN_SAMPLE = -1
"""Stands for a sample of the student's own among the indices of samples to open."""


def keeps_cookie() -> bool:
    """Returns whether the browser has sent the cookie by which a student is known again, if this is one."""
    if settings().mode == Mode.CLASS:
        return True  # nobody is here without the cookie of their login
    headers = st.context.headers
    return OWNER_HEADER not in headers or token_in_cookies(headers.get("cookie") or "") is not None


def current_owner() -> str:
    """Returns the owner whom the cookie of this browser stands for; one for this session where cookies are refused."""
    if "owner" not in st.session_state:
        st.session_state["owner"] = st.context.headers.get(OWNER_HEADER) or new_owner()
    return str(st.session_state["owner"])


def current_person() -> Person:
    """Returns who uses this session: on a server for a class whoever has logged in, by name and role.

    Ends the run of the page where their account is gone, which their next request finds out.
    """
    if settings().mode == Mode.SINGLE:
        return Person(current_owner())
    account = cluster().store.people.find(current_owner())
    if account is None:
        st.stop()
    return account.person


def is_teacher() -> bool:
    """Returns whether a teacher uses this session."""
    return current_person().is_teacher


def new_pins() -> list[Printed]:
    """Returns the PINs that this teacher has given last, which nothing but this session keeps."""
    return list(st.session_state.get("new-pins", ()))


def save_new_pins(printed: Iterable[Printed]) -> None:
    """Keeps new PINs until the session ends."""
    st.session_state["new-pins"] = tuple(printed)


def current_workbench() -> Workbench:
    """Returns the workbench of this session; at first the net that the student left behind, or the lab's ConvNet."""
    if "workbench" not in st.session_state:
        draft_version = cluster().drafts.draft_version(current_owner())
        draft = cluster().drafts.draft(current_owner()) or Draft(architecture=PRESETS[FIRST_PRESET].architecture)
        st.session_state["workbench"] = Workbench(draft.architecture, past=draft.past, draft_version=draft_version)
    workbench: Workbench = st.session_state["workbench"]
    return workbench


def save_workbench(workbench: Workbench) -> None:
    """Keeps a workbench for the session, and saves its design with its undo steps as the student's draft.

    Raises DesignError where the student has changed the design in another tab: that design is opened instead.
    """
    owner, before = current_owner(), current_workbench()
    if workbench.architecture == before.architecture:
        st.session_state["workbench"] = workbench
        return
    if newer := _workbench_from_newer_draft(owner, before):
        st.session_state["workbench"] = newer.acknowledge(workbench.acknowledged_seq, CHANGED_IN_OTHER_TAB)
        raise DesignError(CHANGED_IN_OTHER_TAB)
    workbench = replace(workbench, draft_version=secrets.token_hex(8))
    st.session_state["workbench"] = workbench
    # if another tab has saved a moment earlier, its draft stays, and the next run of the page finds it newer
    draft = Draft(architecture=workbench.architecture, past=workbench.past[-SAVED_UNDO_STEPS:])
    cluster().drafts.save_draft(owner, draft, before.draft_version, workbench.draft_version)


def sync_with_other_tabs() -> bool:
    """Opens the design as another tab of this student has changed it; returns whether one has."""
    newer = _workbench_from_newer_draft(current_owner(), current_workbench())
    if newer:
        st.session_state["workbench"] = newer
        st.session_state["synced-version"] = newer.version
    return newer is not None


def is_from_other_tab() -> bool:
    """Returns whether the design at hand is as another tab has changed it."""
    return bool(st.session_state.get("synced-version") == current_workbench().version)


def _workbench_from_newer_draft(owner: str, workbench: Workbench) -> Workbench | None:
    """Returns the workbench with the design of a draft that another tab has saved meanwhile; None without one."""
    draft_version = cluster().drafts.draft_version(owner)
    draft = cluster().drafts.draft(owner) if draft_version != workbench.draft_version else None
    if draft is None or draft.architecture == workbench.architecture:
        return None
    return replace(workbench.restructure(draft.architecture, workbench.selected), draft_version=draft_version)


def open_design(
    architecture: Architecture, config: TrainConfig | None = None, *, parent_run_id: str | None = None
) -> None:
    """Opens a net on the workbench, from where Undo leads back, and its settings on the Train page.

    A net that comes with settings is that of a run, from which the next ones then start: that which the Train and
    Result pages show, unless another one is named. Raises DesignError as `save_workbench` does.
    """
    save_workbench(current_workbench().restructure(architecture, FIRST_LAYER))
    if config is not None:
        save_config(config)
        parent_run_id = parent_run_id or st.session_state.get("run")
    cluster().drafts.save_origin(current_owner(), parent_run_id)


def current_calculator() -> Workbench:
    """Returns the calculator of this session: a workbench with one layer, at first the lab's convolution."""
    if "calculator" not in st.session_state:
        st.session_state["calculator"] = Workbench(next(iter(EXAMPLE_DESIGNS.values())))
    workbench: Workbench = st.session_state["calculator"]
    return workbench


def save_calculator(workbench: Workbench) -> None:
    """Keeps a workbench as the calculator of the session."""
    st.session_state["calculator"] = workbench


def current_config() -> TrainConfig:
    """Returns the training settings of this session; at first those that the student left behind, or the defaults."""
    if "config" not in st.session_state:
        st.session_state["config"] = cluster().drafts.config(current_owner()) or TrainConfig()
    config: TrainConfig = st.session_state["config"]
    return config


def save_config(new: TrainConfig, *, by_knob: bool = False) -> None:
    """Keeps training settings for the session, and saves them for the student's next visit.

    Knobs are drawn anew unless it was one of them that changed the settings: a browser goes on showing, and sending,
    what was in a knob before, whatever the settings say.
    """
    if new != current_config():
        cluster().drafts.save_config(current_owner(), new)
    st.session_state["config"] = new
    if not by_knob:
        st.session_state["knobs"] = _knob_generation() + 1


def current_found_rate() -> FoundRate | None:
    """Returns the learning rate that this student took over from the finder last; None if there is none."""
    if "found-rate" not in st.session_state:
        st.session_state["found-rate"] = cluster().drafts.found_rate(current_owner())
    found_rate: FoundRate | None = st.session_state["found-rate"]
    return found_rate


def save_found_rate(found_rate: FoundRate) -> None:
    """Puts a learning rate that the finder suggests into the settings, and remembers what it was found for."""
    save_config(current_config().changed(learning_rate=found_rate.rate))
    cluster().drafts.save_found_rate(current_owner(), found_rate)
    st.session_state["found-rate"] = found_rate


def knob_key(name: str) -> str:
    """Returns the key of the widget for one field of the settings."""
    return f"config-{name}-{_knob_generation()}"


def _knob_generation() -> int:
    """Returns how often the knobs were drawn anew."""
    return int(st.session_state.get("knobs", 0))


def choose_run(run_id: str) -> None:
    """Makes this the run that the Train and Result pages show."""
    st.session_state["run"] = run_id


def choose_started_run(run_id: str) -> None:
    """Makes a run that has just been started the one that is shown, and the one to scroll to."""
    choose_run(run_id)
    st.session_state["started-run"] = run_id


def started_run() -> str:
    """Returns the run that this session has started last; empty if it has started none."""
    return str(st.session_state.get("started-run", ""))


def open_run_later(run_id: str) -> None:
    """Has the next page show a run; the widget that chooses one on this page can no longer be changed in this run."""
    st.session_state["run-to-open"] = run_id


def run_choice_key(run_ids: Collection[str]) -> str:
    """Returns the key of the widget that chooses a run; it holds one of these, at first the newest, which is first."""
    if (to_open := st.session_state.pop("run-to-open", None)) in run_ids:
        choose_run(to_open)
    return _choice_key("run", run_ids)


def assignment_choice_key(assignment_ids: Collection[str]) -> str:
    """Returns the key of the widget that chooses an assignment; it holds one of these, at first the first one."""
    return _choice_key("assignment", assignment_ids)


def inside_choice_key(net_ids: Collection[str]) -> str:
    """Returns the key of the widget that chooses the net to look into; at first the run shown last, or the first."""
    if "kept-inside-net" not in st.session_state and "inside-net" not in st.session_state:
        st.session_state["inside-net"] = st.session_state.get("kept-run")
    return _choice_key("inside-net", net_ids)


def look_inside_later(run_id: str, index: int) -> None:
    """Has the Inside page open a run with one sample of its data set."""
    st.session_state["inside-net"] = run_id
    st.session_state["sample-to-open"] = index


def open_sample_later(index: int) -> None:
    """Has the Inside page open another sample of the data set, with the net that it shows; for callbacks."""
    st.session_state["sample-to-open"] = index


def talk_later(run_id: str) -> None:
    """Has the Inside page open a run, take a sample of the student's own, and show the answer."""
    st.session_state["inside-net"] = run_id
    st.session_state["inside-view"] = ANSWER_VIEW
    st.session_state["sample-to-open"] = OWN_SAMPLE


def take_sample_to_open() -> int | None:
    """Returns the index of the sample that the Inside page is to open, or OWN_SAMPLE, once."""
    index: int | None = st.session_state.pop("sample-to-open", None)
    return index


def choose_search(search_id: str) -> None:
    """Makes this the search that the Search page shows."""
    st.session_state["search"] = search_id


def search_choice_key(search_ids: Collection[str]) -> str:
    """Returns the key of the widget that chooses a search; it holds one of these, at first the newest, first one."""
    return _choice_key("search", search_ids)


def choose_dataset(name: str) -> None:
    """Makes this the data set that the Data page shows."""
    st.session_state["data-set"] = name


def dataset_choice_key(names: Collection[str]) -> str:
    """Returns the key of the widget that chooses a data set; it holds one of these, at first the one to train on."""
    if st.session_state.get("data-set") not in names:
        trained_on = current_config().dataset
        choose_dataset(trained_on if trained_on in names else next(iter(names)))
    return "data-set"


def open_dataset_later(name: str) -> None:
    """Has the Data page open a data set on its next run; the widget that shows it can no longer be changed in this."""
    st.session_state["to-view"] = name


def take_dataset_to_open() -> str | None:
    """Returns the data set that the Data page is to open, once."""
    name: str | None = st.session_state.pop("to-view", None)
    return name


def current_space() -> Space:
    """Returns the space of the next search; at first the one that the student left behind, or the defaults."""
    if "space" not in st.session_state:
        st.session_state["space"] = cluster().drafts.space(current_owner()) or Space(goal=settings().goal)
    space: Space = st.session_state["space"]
    return space


def save_space(space: Space) -> None:
    """Keeps the space of the next search for the session, and saves it for the student's next visit."""
    st.session_state["space"] = space
    cluster().drafts.save_space(current_owner(), space)


def last_deleted_runs() -> list[str]:
    """Returns the ids of the runs that were deleted last, until they are restored."""
    ids: list[str] = st.session_state.get("put-away", [])
    return ids


def save_last_deleted_runs(ids: list[str]) -> None:
    """Keeps the ids of the runs that were deleted last."""
    st.session_state["put-away"] = ids


def code_remarks(text: str) -> tuple[str, ...]:
    """Returns the remarks on pasted code if it was the last to be opened, else none."""
    opened_text, remarks = st.session_state.get("code_remarks", ("", ()))
    return remarks if text == opened_text else ()


def save_code_remarks(text: str, remarks: tuple[str, ...]) -> None:
    """Keeps the remarks on the code that was opened last."""
    st.session_state["code_remarks"] = text, remarks


def session_dict(name: str) -> dict[Any, Any]:
    """Returns a dict that lives as long as the session, empty at first; what is put into it stays."""
    mapping: dict[Any, Any] = st.session_state.setdefault(name, {})
    return mapping


def _choice_key(key: str, options: Collection[str]) -> str:
    """Returns the key of a widget after its choice was made one of the options: the last one, at first the first."""
    kept_key = f"kept-{key}"  # pages without the widget forget what stands in it
    if st.session_state.get(key) not in options:
        kept = st.session_state.get(kept_key)
        st.session_state[key] = kept if kept in options else next(iter(options))
    st.session_state[key] = st.session_state[kept_key] = st.session_state[key]
    return key
