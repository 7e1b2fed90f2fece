"""What if: an edited sample, and what one or two nets make of it."""

from dataclasses import replace

import streamlit as st
from torch import nn

from cnnviz.charts.relevance import sample_plane
from cnnviz.errors import CnnvizError
from cnnviz.inside import Subject
from cnnviz.inside.edits import FILLS, Edit, Erasing
from cnnviz.inside.occlusion import spatial_axes
from cnnviz.shapes import Shape
from cnnviz.ui.inside.answers import Probabilities, answer, class_names, picture, probability_bars
from cnnviz.ui.inside.hear import SoundOfSample, sound_of_sample
from cnnviz.ui.inside.subject_choice import comparable_runs, same_sample_in
from cnnviz.ui.runs.labels import dataset_titles, run_label
from cnnviz.ui.widgets.fields import escape_markdown
from cnnviz.words import unique_labels

PICTURE_WIDTH = 325
CONTROL_WIDTH = 260
BEFORE, AFTER = "as it is", "edited"
ALONE = "none"
ERASINGS: dict[Erasing, str] = {"nothing": "Nothing", "inside": "Inside the range", "outside": "Outside it"}
FILL_TITLES = {"mean": "the sample's mean", "smallest": "its smallest value", "zero": "0"}


def what_if_view(subject: Subject) -> None:
    """Draws the choice of a second run, the edits, the edited sample and the probabilities."""
    subjects = {"This net": subject}
    if other := _choose_other(subject):
        subjects["The other"] = other
    sound = sound_of_sample(subject)
    nets = [(name, one, model := one.build(), answer(model, one)) for name, one in subjects.items()]
    _what_if_fragment(subject, nets, sound)


def _choose_other(subject: Subject) -> Subject | None:
    """Draws the choice of a second run over the same data; None without one."""
    runs = comparable_runs(subject)
    if not runs:
        return None
    titles = dataset_titles()
    labels = unique_labels({ALONE: "None"} | {run.id: run_label(run, titles) for run in runs.values()})
    chosen = st.selectbox(
        "Compare with",
        list(labels),
        format_func=labels.__getitem__,
        key=f"what-if-other-{subject.dataset}-{len(runs)}",
        width=420,
    )
    if chosen not in runs:
        return None
    try:
        return same_sample_in(runs[chosen], subject)
    except CnnvizError as error:
        st.warning(escape_markdown(str(error)), icon=":material/error:")
        return None


@st.fragment
def _what_if_fragment(
    subject: Subject, nets: list[tuple[str, Subject, nn.Module, Probabilities]], sound: SoundOfSample | None
) -> None:
    edit, step = _choose_edit(subject), sound.seconds_per_step if sound else None
    if step:
        st.caption(f"A step along time is {1000 * step:.4g} ms.")
    edited = edit.apply(subject.raw_sample)
    with st.container(horizontal=True, gap="medium", key="what-if-pictures"):
        for title, sample, key in (("The sample", subject.raw_sample, "before"), ("Edited", edited, "after")):
            with st.container(width=PICTURE_WIDTH):
                st.markdown(f"**{title}**")
                plane, names = sample_plane(sample, subject.axis_names)
                unit = sound.unit if sound else "value"
                picture(plane, names, step=step, title=unit, key=f"what-if-{key}", signed=False)
    with st.container(horizontal=True, gap="medium", key="what-if-answers"):
        for number, (name, one, model, before) in enumerate(nets):
            with st.container(width=PICTURE_WIDTH if len(nets) > 1 else "stretch"):
                after = answer(model, one.with_raw_sample(edited))
                names = class_names(one, len(before))
                if len(nets) > 1:
                    st.markdown(f"**{name}**")
                first = int(before.argmax())
                probability_bars({BEFORE: before, AFTER: after}, names, first, key=f"what-if-bars-{number}")
                st.markdown(answer_sentence(before, after, names))


def answer_sentence(before: Probabilities, after: Probabilities, names: tuple[str, ...]) -> str:
    """Returns what an edit did to the answer of a net, in Markdown."""
    first, last = int(before.argmax()), int(after.argmax())
    asked = escape_markdown(names[first])
    change = f"“{asked}” goes from {before[first]:.1%} to **{after[first]:.1%}**; "
    if first == last:
        return change + "it stays the answer."
    return change + f"the answer is now **“{escape_markdown(names[last])}”**, {after[last]:.1%}."


def _choose_edit(subject: Subject) -> Edit:
    """Draws the sliders of all edits, and returns what they say."""
    sizes: Shape = spatial_axes(tuple(subject.raw_sample.shape))
    names = subject.axis_names[-len(sizes) :]
    base = f"what-if-{subject.dataset}-{'x'.join(map(str, sizes))}"
    edit = Edit()
    with st.container(horizontal=True, gap="medium", vertical_alignment="bottom", key="what-if-edits"):
        shifts = tuple(
            st.slider(
                f"Shift along {name}, in steps",
                -(size // 2),
                size // 2,
                0,
                key=f"{base}-shift-{place}",
                width=CONTROL_WIDTH,
            )
            if size > 1
            else 0
            for place, (name, size) in enumerate(zip(names, sizes, strict=True))
        )
        noise = st.slider(
            "Noise, in deviations of the sample", 0.0, 3.0, 0.0, 0.1, key=f"{base}-noise", width=CONTROL_WIDTH
        )
        erasing: Erasing = (
            st.segmented_control(
                "Erase", list(ERASINGS), default="nothing", required=True, format_func=ERASINGS.__getitem__,
                key=f"{base}-erase",
            )
            or "nothing"
        )  # fmt: skip
        if erasing != "nothing":
            axes = enumerate(zip(names, sizes, strict=True))
            box = tuple(_range(name, size, f"{base}-box-{place}") for place, (name, size) in axes)
            fill = st.selectbox(
                "Fill with", FILLS, format_func=FILL_TITLES.__getitem__, key=f"{base}-fill", width=CONTROL_WIDTH
            )
            edit = Edit(erasing=erasing, box=box, fill=fill)
    return replace(edit, shift=shifts, noise=noise)


def _range(name: str, size: int, key: str) -> tuple[int, int]:
    """Draws the range along one axis; at first its middle third."""
    if size < 2:
        return 0, size
    first, last = st.slider(
        f"Range along {name}, in steps", 0, size, (size // 3, size - size // 3), key=key, width=CONTROL_WIDTH
    )
    return int(first), int(last)
