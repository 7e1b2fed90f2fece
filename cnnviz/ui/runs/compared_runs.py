"""Runs as their comparison needs them, and what it says about luck."""

from collections.abc import Sequence

from cnnviz.insight.change_tree import ComparedRun, SeedGroup
from cnnviz.insight.effect import Effect, Evidence
from cnnviz.insight.single_differences import Difference
from cnnviz.runs.cluster import cluster
from cnnviz.runs.compared_runs import compare_run
from cnnviz.runs.run import Run
from cnnviz.ui.widgets.fields import escape_markdown

MAX_NAMED_DIFFERENCES = 3
"""Differences that are named; of more, the number is."""
EVIDENCE = {
    Evidence.SEEDS: "from the spread over seeds",
    Evidence.SAMPLES: "from the number of validation samples alone",
    Evidence.NOTHING: "",
}
"""What a margin is worked out from, in words."""


def compared_run(run: Run) -> ComparedRun:
    """Returns a run with what it reached, if it was trained to its end."""
    return compare_run(run, cluster().store)


def differences_text(differences: Sequence[Difference]) -> str:
    """Returns differences in Markdown: those of a few, the number of more."""
    if not differences:
        return "the same net and settings"
    if len(differences) > MAX_NAMED_DIFFERENCES:
        named = ", ".join(difference.label for difference in differences[:MAX_NAMED_DIFFERENCES])
        return f"**{len(differences)} changes at once**: {escape_markdown(named)}, …"
    named = escape_markdown(", ".join(difference.label for difference in differences))
    return named if len(differences) == 1 else f"**{len(differences)} changes at once**: {named}"


def effect_badge(effect: Effect) -> str:
    """Returns an effect as a coloured badge in Markdown: green or red only where chance does not explain it."""
    colour = "gray" if effect.is_within_chance else "green" if effect.gain > 0 else "red"
    return f":{colour}-badge[{effect.text}]"


def effect_verdict(effect: Effect) -> str:
    """Returns in a few words whether an effect may be luck, and from what that is known."""
    if effect.margin is None:
        return "how much of it is luck is not known"
    claim = "no more than chance would explain" if effect.is_within_chance else "more than chance would explain"
    return f"{claim} ({EVIDENCE[effect.evidence]})"


def group_text(group: SeedGroup) -> str:
    """Returns what the runs of a group reached.

    >>> from cnnviz.presets import PRESETS
    >>> from cnnviz.training.config import TrainConfig
    >>> from cnnviz.insight.single_differences import Setup
    >>> setup = Setup(PRESETS["lab-convnet"].architecture, TrainConfig())
    >>> runs = [ComparedRun(str(place), setup, place, value) for place, value in enumerate((0.80, 0.84))]
    >>> group_text(SeedGroup(tuple(runs))), group_text(SeedGroup(tuple(runs[:1])))
    ('0.820 (2 seeds, 0.800 to 0.840)', '0.800')
    """
    values = group.accuracies
    if not values:
        return "not trained to its end"
    mean = sum(values) / len(values)
    return f"{mean:.3f} ({len(values)} seeds, {min(values):.3f} to {max(values):.3f})" if values[1:] else f"{mean:.3f}"
