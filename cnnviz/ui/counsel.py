"""Advice in the design room: what a teacher would remark, beside the layer and below the net."""

from collections.abc import Sequence

import streamlit as st

from cnnviz.advice import Remark, Task, advise
from cnnviz.architecture import number
from cnnviz.data import available
from cnnviz.settings import settings
from cnnviz.training.config import TrainConfig
from cnnviz.ui.fields import escaped
from cnnviz.ui.state import config, keep_workbench, workbench
from cnnviz.ui.student import owner
from cnnviz.ui.workbench import FIRST

TRAINED = 0.8
"""Share of a data set that is trained on."""


def remarks() -> tuple[Remark, ...]:
    """What is to say about the design at hand, for the data set and settings chosen on the Train page."""
    return advise(workbench().architecture, task(config()))


def task(settled: TrainConfig) -> Task:
    """What is known of the net's purpose; of the data set only what is true of one that the net can take."""
    dataset = available(owner()).get(settled.dataset)
    memory = settings().max_training_bytes
    if dataset is None or dataset.shape != workbench().architecture.input_shape:
        return Task(memory=memory, batch_size=settled.batch_size, loss=settled.loss)
    return Task(
        classes=len(dataset.classes),
        samples=int(dataset.size * TRAINED),
        batch_size=settled.batch_size,
        memory=memory,
        loss=settled.loss,
    )


def beside(found: Sequence[Remark]) -> None:
    """The remarks on the selected layer, in its panel."""
    chosen = workbench().selected
    for place, remark in enumerate(found):
        if len(chosen) == 1 and remark.path == chosen[0]:
            st.divider()
            _remark(remark, f"beside-{place}")


def below(found: Sequence[Remark]) -> None:
    """All remarks, as cards."""
    st.subheader("What a teacher would say", anchor=False)
    if not found:
        st.caption("Nothing: as soon as every layer fits, remarks on the net stand here; a net that is fine has none.")
        return
    with st.container(horizontal=True, key="advice"):
        for place, remark in enumerate(found):
            with st.container(border=True, width=380):
                _remark(remark, f"below-{place}", named=True)


def _remark(remark: Remark, key: str, *, named: bool = False) -> None:
    where = f"Layer {number(remark.path)} · " if named and remark.path is not None else ""
    st.markdown(f":material/lightbulb: **{where}{escaped(remark.title)}**")
    outside = remark.link.url.startswith("https://")
    more = f"[{escaped(remark.link.text)}]({remark.link.url})" if outside else ""
    st.caption(f"{escaped(remark.text)} {escaped(remark.reason)} {more}")
    if not outside:
        st.page_link(f"pages/{remark.link.url}.py", label=escaped(remark.link.text), icon=":material/menu_book:")
    if remark.mend:
        st.button(remark.mend.text, key=key, on_click=_mend, args=(remark,), icon=":material/build:")


def _mend(remark: Remark) -> None:
    if remark.mend:
        selected = [remark.path] if remark.path is not None else FIRST
        keep_workbench(workbench().restructured(remark.mend.architecture, selected))
