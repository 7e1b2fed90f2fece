"""Every run has one place in the tree, below the run that it started from or the earlier one most like it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnnviz.insight.change_tree import ComparedRun, build_change_tree, find_steps, group_seeds
from cnnviz.insight.effect import Evidence
from cnnviz.insight.single_differences import Setup, find_differences
from cnnviz.presets import PRESETS
from cnnviz.search.variant import Choices, build_variant
from cnnviz.training.config import TrainConfig

LAB = PRESETS["lab-convnet"].architecture
NORMED = build_variant(LAB, Choices(normalization="BatchNorm"))


def compared(
    name: str, accuracy: float | None = 0.5, parent: str | None = None, net: object = LAB, **settings: object
) -> ComparedRun:
    """A run with a name of one letter, which says when it began."""
    setup = Setup(net, TrainConfig().changed(**settings))  # type: ignore[arg-type]
    return ComparedRun(name, setup, ord(name), accuracy, 180, parent)


def test_a_run_stands_below_the_one_it_started_from_with_its_one_change() -> None:
    runs = [compared("a", 0.60), compared("b", 0.65, "a", net=NORMED), compared("c", 0.70, "a", learning_rate=0.03)]
    first, normed, faster = build_change_tree(tuple(runs))
    assert (first.parent, first.differences, first.effect) == (None, (), None)
    assert [difference.label for difference in faster.differences] == ["learning rate 0.01 → 0.03"]
    assert [difference.label for difference in normed.differences] == [
        "+BatchNorm after each layer with weights but the last"
    ]
    assert normed.is_remembered
    assert normed.effect
    assert normed.effect.gain == pytest.approx(0.05)
    assert [node.depth for node in (first, normed, faster)] == [0, 1, 1]


def test_seeds_are_one_node_and_make_the_margin() -> None:
    runs = [compared("a", 0.60), compared("b", 0.62, seed=1), compared("c", 0.61, seed=2)]
    runs.append(compared("d", 0.70, "b", batch_size=32))
    first, other = build_change_tree(tuple(runs))
    assert first.group.accuracies == (0.60, 0.62, 0.61)
    assert other.effect
    assert other.effect.gain == pytest.approx(0.09)
    assert other.effect.evidence == Evidence.SEEDS
    assert [difference.label for difference in other.differences] == ["batch size 64 → 32"]


def test_an_older_run_stands_below_the_one_most_like_it() -> None:
    runs = [compared("a"), compared("b", net=NORMED, learning_rate=0.1), compared("c", net=NORMED, learning_rate=0.3)]
    _, second, third = build_change_tree(tuple(runs))
    assert len(second.differences) == 2
    assert (third.parent, third.is_remembered, third.depth) == (second.group, False, 2)
    assert len(third.differences) == 1


def test_other_data_begin_another_tree_whatever_is_remembered() -> None:
    runs = [compared("a"), compared("b", parent="a", dataset="digits"), compared("c", parent="b", split_kind="speaker")]
    assert [node.parent for node in build_change_tree(tuple(runs))] == [None, None, None]


def test_a_run_that_has_not_ended_has_a_place_but_no_effect() -> None:
    first, second = build_change_tree((compared("a"), compared("b", None, "a", epochs=5)))
    assert first.parent is None
    assert (second.parent, second.effect) == (first.group, None)


def test_the_steps_between_the_ends_of_a_chain_are_found_whichever_seed_is_chosen() -> None:
    chain = [compared("a"), compared("b", parent="a", net=NORMED)]
    chain += [compared("c", parent="b", net=NORMED, learning_rate=0.03), compared("d", parent="a", batch_size=32)]
    seed = compared("e", net=NORMED, learning_rate=0.03, seed=1)
    nodes = build_change_tree((*chain, seed))
    for last in ("c", "e"):
        steps = find_steps(nodes, "a", last)
        assert [[difference.label for difference in step.differences] for step in steps] == [
            ["+BatchNorm after each layer with weights but the last"],
            ["learning rate 0.01 → 0.03"],
        ]
    assert len(find_steps(nodes, "a", "d")) == 1
    assert find_steps(nodes, "d", "c") == find_steps(nodes, "c", "a") == find_steps(nodes, "a", "unknown") == ()


@given(
    st.lists(
        st.tuples(
            st.sampled_from([LAB, NORMED]),
            st.sampled_from([0.01, 0.03, 0.1]),
            st.integers(0, 2),
            st.sampled_from(["digits", "words"]),
            st.none() | st.sampled_from("abcdefghij"),
        ),
        max_size=10,
    )
)
def test_whatever_runs_remember_each_has_one_place_behind_its_parent(
    drawn: list[tuple[object, float, int, str, str | None]],
) -> None:
    runs = [
        compared(name, 0.5, parent, net=net, learning_rate=rate, seed=seed, dataset=dataset)
        for name, (net, rate, seed, dataset, parent) in zip("abcdefghij", drawn, strict=False)
    ]
    nodes = build_change_tree(tuple(runs))
    assert sorted(run.id for node in nodes for run in node.group.runs) == [run.id for run in runs]
    assert len(nodes) == len(group_seeds(runs))
    places = {node.group: place for place, node in enumerate(nodes)}
    for place, node in enumerate(nodes):
        if node.parent is None:
            assert node.depth == 0
            continue
        assert places[node.parent] < place
        assert node.depth == nodes[places[node.parent]].depth + 1
        assert node.differences, "what differs in nothing but the seed is one node"
        assert len(node.differences) <= len(find_differences(node.parent.setup, node.group.setup))
