"""Why this answer: what of the sample speaks for a class, by four methods, and whether they pass the sanity check."""

from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import numpy.typing as npt
import streamlit as st
from torch import nn

from cnnviz.architecture import LayerPath, iter_steps, layer_number, trace
from cnnviz.charts.relevance import sample_plane
from cnnviz.errors import CnnvizError
from cnnviz.inside import Subject
from cnnviz.inside.attribution import mapped_layers
from cnnviz.inside.edits import FILLS, Fill, fill_value
from cnnviz.inside.occlusion import window_choices
from cnnviz.inside.relevance import (
    METHODS,
    OTHER_UP_TO,
    RANDOM_NETS,
    SAME_FROM,
    Question,
    Relevance,
    SanityCheck,
    compare,
)
from cnnviz.inside.subject import build_untrained
from cnnviz.shapes import format_shape
from cnnviz.ui.inside.answers import answer, class_names, picture
from cnnviz.ui.inside.hear import SoundOfSample, hear_view, sound_of_sample
from cnnviz.ui.inside.occlusion import occlusion_maps
from cnnviz.ui.widgets.fields import escape_markdown
from cnnviz.words import count_label

PICTURE_WIDTH = 325
GUIDED, OCCLUSION, GRAD_CAM = "Guided backpropagation", "Occlusion", "Grad-CAM"
MEANINGS = {
    "Gradient": "How strongly the score of the class would react to a tiny change at each place, whichever its sign"
    " ([Simonyan et al. 2013](https://arxiv.org/abs/1312.6034)).",
    GRAD_CAM: "Where the feature maps of one layer speak for the class: each map counts as much as the score grows with"
    " it. It is as coarse as these maps are, and stretched to the size of the sample"
    " ([Selvaraju et al. 2017](https://arxiv.org/abs/1610.02391)).",
    OCCLUSION: "How much probability the class loses when a window there is covered; where the number is below 0, the"
    " class gains ([Zeiler & Fergus 2013](https://arxiv.org/abs/1311.2901)).",
    GUIDED: "The gradient, but on the way back every ReLU lets only positive numbers through. The pictures are sharp,"
    " and a warning: switch the random weights on"
    " ([Springenberg et al. 2014](https://arxiv.org/abs/1412.6806)).",
}
VALUE_TITLES = {
    "Gradient": "size of the slope",
    GRAD_CAM: "speaks for the class",
    OCCLUSION: "loss of probability",
    GUIDED: "size of the guided slope",
}
RANDOM_LABEL = "The same net with random weights"


@dataclass(frozen=True, eq=False)
class _Explained:
    """A question with the net that it is put to, and the answer."""

    subject: Subject
    model: nn.Module
    method: str
    question: Question
    relevance: Relevance
    names: tuple[str, ...]
    sound: SoundOfSample | None

    @property
    def class_name(self) -> str:
        return self.names[self.question.label]


def why_view(subject: Subject) -> None:
    """Draws what of a sample speaks for a class, the same with random weights, and the sound of it."""
    model = subject.build()
    probabilities = answer(model, subject)
    _why_fragment(subject, model, probabilities, sound_of_sample(subject))


@st.fragment
def _why_fragment(
    subject: Subject, model: nn.Module, probabilities: npt.NDArray[np.float32], sound: SoundOfSample | None
) -> None:
    names = class_names(subject, len(probabilities))
    with st.container(horizontal=True, vertical_alignment="bottom", key="why-choice"):
        method = (
            st.segmented_control(
                "Method", list(METHODS), default=GRAD_CAM, required=True, key="why-method", persist_state="session"
            )
            or GRAD_CAM
        )
        label = _choose_class(names, probabilities, subject)
        question = _choose_details(method, Question(subject.sample[0], label), model, subject)
    st.caption(MEANINGS[method])
    try:
        relevance = _relevance(subject, model, method, question)
    except CnnvizError as error:
        st.warning(escape_markdown(str(error)), icon=":material/error:")
        return
    if relevance is None:
        st.info(
            "Grad-CAM needs a layer with maps that have the axes of the sample and more than one position. This net has"
            " none: choose another method.",
            icon=":material/visibility_off:",
        )
        return
    explained = _Explained(subject, model, method, question, relevance, names, sound)
    shows_random = st.toggle(RANDOM_LABEL, key="why-random", persist_state="session")
    try:
        _pictures(explained, shows_random=shows_random)
    except CnnvizError as error:
        st.warning(escape_markdown(str(error)), icon=":material/error:")
    if sound is not None:
        hear_view(subject, model, relevance, names, label, sound)
    else:
        st.caption("To hear what decided, choose a sample of a data set that keeps its sounds.")


def _relevance(subject: Subject, model: nn.Module, method: str, question: Question) -> Relevance | None:
    """Returns what counts by a method; occlusion, which takes long, is computed by a process of its own."""
    if method == OCCLUSION:
        return occlusion_maps(subject, question)[0]
    with st.spinner("Explaining …", show_time=True):
        return METHODS[method](model, question)


def _random_relevances(explained: _Explained, nets: list[nn.Module]) -> list[Relevance | None]:
    """Returns the same for each of the nets with random weights."""
    if explained.method == OCCLUSION:
        return [*occlusion_maps(explained.subject, explained.question, _random_seeds(explained.subject))]
    return [METHODS[explained.method](model, explained.question) for model in nets]


def _choose_class(names: tuple[str, ...], probabilities: npt.NDArray[np.float32], subject: Subject) -> int:
    """Draws the choice of the class that is asked about: the answer of the net first, then by probability."""
    order = [int(place) for place in np.argsort(-probabilities, kind="stable")]
    return st.selectbox(
        "Why",
        order,
        format_func=lambda place: (
            f"{names[place]}, {probabilities[place]:.1%}" + (" (right)" if place == subject.label else "")
        ),
        key=f"why-class-{subject.dataset}-{subject.index}-{'-'.join(map(str, order[:3]))}",
        width=220,
    )


def _choose_details(method: str, question: Question, model: nn.Module, subject: Subject) -> Question:
    """Draws what else the method needs to know, and returns the whole question."""
    question = replace(question, keeps_channels=subject.axis_names[0] == "band")
    if method == GRAD_CAM:
        return replace(question, layer=_choose_layer(model, subject))
    if method != OCCLUSION:
        return question
    windows = window_choices(tuple(subject.sample.shape[1:]))
    size = "medium"
    if len(windows) > 1:
        size = st.segmented_control(
            "Window",
            list(windows),
            default="medium",
            required=True,
            format_func=lambda name: f"{name}, {format_shape(windows[name][0])}",
            key=f"why-window-{'-'.join(windows)}",
            persist_state="session",
        )
    fill: Fill = st.selectbox(
        "Covered with", FILLS, format_func=lambda name: f"{name} of the sample" if name != "zero" else "0",
        key="why-fill", persist_state="session", width=200,
    )  # fmt: skip
    return replace(question, window=windows[size or "medium"][0], cover=fill_value(subject.sample[0].numpy(), fill))


def _choose_layer(model: nn.Module, subject: Subject) -> LayerPath | None:
    paths = list(mapped_layers(model, subject.sample[0]))
    if not paths:
        return None
    kinds = {step.path: step.layer.kind for step in iter_steps(trace(subject.architecture))}
    last_first = paths[::-1]
    return st.selectbox(
        "Layer",
        last_first,
        format_func=lambda path: (
            f"{layer_number(path)} {kinds.get(path, '')}" + (", the last with maps" if path == last_first[0] else "")
        ),
        key=f"why-layer-{len(paths)}-{last_first[0]}",
        width=260,
    )


def _pictures(explained: _Explained, *, shows_random: bool) -> None:
    """Draws sample, explanation and, if asked for, that of the same net with random weights, with what it means."""
    subject, relevance = explained.subject, explained.relevance
    step = explained.sound.seconds_per_step if explained.sound else None
    draw = partial(
        picture,
        names=subject.axis_names,
        step=step,
        title=VALUE_TITLES[explained.method],
        signed=explained.method == OCCLUSION,
    )
    unit = explained.sound.unit if explained.sound else "value"
    asked = escape_markdown(explained.class_name)
    with st.container(horizontal=True, gap="medium", key="why-pictures"):
        with st.container(width=PICTURE_WIDTH):
            st.markdown("**The sample**")
            plane, names = sample_plane(subject.raw_sample, subject.axis_names)
            picture(plane, names, step=step, title=unit, key="why-sample", signed=False)
        with st.container(width=PICTURE_WIDTH):
            st.markdown(f"**What counts for “{asked}”**")
            draw(relevance, key="why-relevance")
        if shows_random:
            with st.container(width=PICTURE_WIDTH):
                st.markdown("**The same, random weights**")
                nets = _random_nets(subject)
                check = compare(relevance, _random_relevances(explained, nets))
                if check.shown is not None:
                    draw(check.shown, key="why-random-relevance")
    if not relevance.any():
        st.info("Every place has the value 0: by this method, nothing counts.", icon=":material/info:")
    if shows_random:
        st.markdown(check_sentence(check, is_trained=subject.weights is not None))
        if explained.method == GUIDED:
            st.markdown(_lesson(explained, check.correlation, nets))


def _random_nets(subject: Subject) -> list[nn.Module]:
    """Returns the net with weights from other seeds than the one that its training began with."""
    return [build_untrained(subject.architecture, seed).eval() for seed in _random_seeds(subject)]


def _random_seeds(subject: Subject) -> list[int]:
    return [subject.seed + number for number in range(1, RANDOM_NETS + 1)]


def check_sentence(check: SanityCheck, *, is_trained: bool) -> str:
    """Returns what the comparison with random weights says, in Markdown."""
    correlation = check.correlation
    if correlation is None:
        return "One of the two pictures has the same value all over, so they cannot be compared."
    nets = count_label(check.nets, "random net")
    number = (
        f"Rank correlation with random weights: **{_signed(correlation)}** (mean over {nets}; 1 is the same order of"
        " all places, 0 is none in common). "
    )
    if not is_trained:
        return number + "This net is itself untrained, so there is nothing learned that a picture could show."
    if correlation >= SAME_FROM:
        return number + (
            "The picture stays nearly the same without anything learned: it shows the sample and the design, and"
            " **explains nothing** about what this net has learned."
        )
    if correlation <= OTHER_UP_TO:
        return number + (
            "The picture is another one: it **depends on what the net has learned**. An explanation has to pass this"
            " test; passing does not prove that it is right."
        )
    return number + (
        "The picture is **partly the same** without anything learned: that part comes from the sample and the design."
    )


def _signed(correlation: float) -> str:
    """Writes a correlation with two decimals and a minus sign that is one."""
    return f"{correlation:.2f}".replace("-", "−")


def _lesson(explained: _Explained, correlation: float | None, nets: list[nn.Module]) -> str:
    """Returns what guided backpropagation teaches, with the number of the plain gradient beside its own."""
    if not any(isinstance(module, nn.ReLU) for module in explained.model.modules()):
        return "This net has no ReLU, so that guided backpropagation is nothing but the gradient."
    gradient = METHODS["Gradient"](explained.model, explained.question)
    others = [METHODS["Gradient"](model, explained.question) for model in nets]
    other = None if gradient is None else compare(gradient, others).correlation
    numbers = (
        "" if other is None or correlation is None
        else f" Here its number is {_signed(correlation)}, and that of the plain gradient {_signed(other)}."
    )  # fmt: skip
    return (
        "In [Adebayo et al. 2018](https://arxiv.org/abs/1810.03292), the pictures of guided backpropagation hardly"
        f" changed when a large net lost all that it had learned, however convincing they look.{numbers}"
        " A sharp picture is no evidence."
    )
