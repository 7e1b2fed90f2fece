"""The state of the canvas, computed from the workbench and the remarks on its design."""

from collections.abc import Sequence

from cnnviz.advice import Remark
from cnnviz.architecture import find_refusing_step, layer_number, trace
from cnnviz.shapes import format_shape
from cnnviz.table import to_markdown
from cnnviz.ui.design.canvas.messages import AdviceCard, CanvasState
from cnnviz.ui.design.canvas.rows import canvas_rows, format_totals, rule_legend
from cnnviz.ui.workbench import Workbench


def canvas_state(workbench: Workbench, remarks: Sequence[Remark], *, mount: str, opened: int = 0) -> CanvasState:
    """Returns everything that the canvas draws; `mount` names the canvas of this session."""
    design = workbench.architecture
    steps = trace(design)
    return CanvasState(
        mount=mount,
        seq=workbench.acknowledged_seq,
        version=workbench.version,
        design=design,
        input_shape=format_shape(design.input_shape),
        rows=tuple(canvas_rows(design, steps)),
        selected=workbench.selected,
        totals=format_totals(steps),
        fits=bool(steps) and find_refusing_step(steps) is None,
        markdown=to_markdown(design, steps),
        can_undo=bool(workbench.past),
        can_redo=bool(workbench.future),
        refusal=workbench.refusal_reason,
        advice=tuple(map(_advice_card, remarks)),
        legend=rule_legend(steps),
        opened=opened,
    )


def _advice_card(remark: Remark) -> AdviceCard:
    return AdviceCard(
        paths=remark.paths,
        numbers=tuple(map(layer_number, remark.paths)),
        is_step=remark.is_step,
        title=remark.title,
        text=f"{remark.text} {remark.reason}",
        link_text=remark.reference.text,
        link_url=remark.reference.url,
        mend=remark.mend.text if remark.mend else "",
    )
