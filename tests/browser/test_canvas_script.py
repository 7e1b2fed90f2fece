"""The parts of the canvas's script that need no server, loaded into an empty page; one block kind is made up."""

import json
from typing import Any

import pytest
from playwright.sync_api import Page

from cnnviz.architecture import Architecture
from cnnviz.layers import PALETTE, Parallel, Residual
from cnnviz.presets import PRESETS
from cnnviz.ui.design.canvas.script import SCRIPT_FILES, declarations, read_script_file

LAB = PRESETS["lab-convnet"].architecture
CTRL, ALT, SHIFT = {"ctrlKey": True}, {"altKey": True}, {"shiftKey": True}


@pytest.fixture
def script(page: Page) -> Page:
    """An empty page that has loaded every part but the entry, with a stopped clock."""
    page.clock.install(time=0)
    page.clock.pause_at(1000)
    page.set_content("<main></main>")
    page.add_script_tag(content="\n".join([declarations(), *map(read_script_file, SCRIPT_FILES)]))
    return page


def edited(script: Page, edit: str, design: Architecture, *arguments: object) -> Architecture | None:
    """The design after an edit of design.js; the design that was passed stays as it is."""
    before = design.model_dump(mode="json")
    result = script.evaluate(
        "([name, design, more]) => { const result = eval(name)(design, ...more); return [design, result?.design] }",
        [edit, before, arguments],
    )
    assert result[0] == before
    return Architecture.model_validate(result[1]) if result[1] else None


def kinds(design: list[Any]) -> list[str]:
    return [layer["kind"] for layer in design]


@pytest.mark.parametrize(("source", "target"), [(0, 5), (5, 0), (2, 9), (8, 1), (3, 3), (4, 5)])
def test_a_move_in_the_browser_is_the_move_of_the_architecture(script: Page, source: int, target: int) -> None:
    place = target - 1 if target > source else target  # behind the gap that the layer leaves
    expected = LAB.move_layer(source, place)
    assert edited(script, "moveLayers", LAB, [[source]], [target]) == (None if expected == LAB else expected)


def test_removing_in_the_browser_is_removing_from_the_architecture(script: Page) -> None:
    for place in range(len(LAB.layers)):
        assert edited(script, "removeLayers", LAB, [[place]]) == LAB.remove_layer(place)
    assert edited(script, "removeLayers", LAB, []) is None


def test_layers_move_into_a_block_and_out_of_it(script: Page) -> None:
    relu, flatten, tanh = (PALETTE[kind].default() for kind in ("ReLU", "Flatten", "Tanh"))
    outside = Architecture(input_shape=(4,), layers=(Residual(layers=(relu,)), tanh, flatten))
    inside = Architecture(input_shape=(4,), layers=(Residual(layers=(relu, tanh)), flatten))
    assert edited(script, "moveIntoBlock", outside, [[1]]) == inside
    assert edited(script, "moveOutOfBlock", inside, [[0, 0, 1]]) == outside
    assert edited(script, "shiftLayers", inside, [[0, 0, 1]], 1) == outside
    assert edited(script, "moveIntoBlock", outside, [[2]]) is None
    assert edited(script, "moveOutOfBlock", outside, [[1]]) is None
    assert edited(script, "moveLayers", outside, [[0]], [0, 0, 0]) is None  # a block cannot move into itself
    assert edited(script, "removeLayers", inside, [[0], [0, 0, 0]]) == Architecture(input_shape=(4,), layers=(flatten,))


def test_branches_are_added_and_removed_within_their_bounds(script: Page) -> None:
    relu = PALETTE["ReLU"].default()
    three, two = (Architecture(input_shape=(4,), layers=(Parallel(branches=b),)) for b in (((), (relu,), ()), ((), ())))
    assert edited(script, "removeStack", three, [0], 1) == two
    assert edited(script, "addStack", two, [0]) == Architecture(
        input_shape=(4,), layers=(Parallel(branches=((), (), ())),)
    )
    most = Parallel.stack_bounds(Parallel.stack_fields[0])[1]
    assert most is not None
    for number, can_grow, can_shrink in ((1, True, False), (2, True, True), (most, False, True)):
        block = Parallel(branches=((),) * number).model_dump(mode="json")
        assert script.evaluate("block => Boolean(extensibleField(block))", block) == can_grow
        assert script.evaluate("block => canRemoveStack(block, 0)", block) == can_shrink
    residual = Residual().model_dump(mode="json")
    assert not script.evaluate("block => Boolean(extensibleField(block)) || canRemoveStack(block, 0)", residual)


def test_a_block_kind_is_known_by_its_declaration_alone(script: Page) -> None:
    """A stack, then any number of stacks, of a kind that cnnviz does not have."""
    fields = [
        {"name": "stem", "title": "stem", "repeated": False, "least": 1, "most": 1},
        {"name": "arms", "title": "arm", "repeated": True, "least": 0, "most": None},
    ]
    script.evaluate("fields => { BLOCKS.Octopus = fields }", fields)
    block = {"kind": "Octopus", "stem": [{"kind": "A"}], "arms": [[{"kind": "B"}], [{"kind": "C"}]]}
    design = {"layers": [block, {"kind": "D"}]}
    paths = script.evaluate("design => listLayers(design).map(({ layer, path }) => [layer.kind, path])", design)
    assert paths == [["Octopus", [0]], ["A", [0, 0, 0]], ["B", [0, 1, 0]], ["C", [0, 2, 0]], ["D", [1]]]
    moved = script.evaluate("design => moveLayers(design, [[1]], [0, 2, 0]).design", design)
    assert kinds(moved["layers"]) == ["Octopus"]
    assert kinds(moved["layers"][0]["arms"][1]) == ["D", "C"]
    grown = script.evaluate("design => addStack(design, [0]).design.layers[0]", design)
    assert grown["arms"] == [[{"kind": "B"}], [{"kind": "C"}], []]
    shrunk = script.evaluate("design => removeStack(design, [0], 1).design.layers[0]", design)
    assert shrunk["arms"] == [[{"kind": "C"}]]
    assert not script.evaluate("block => canRemoveStack(block, 0)", block)


@pytest.mark.parametrize(
    ("selected", "anchor", "path", "keys", "then", "anchor_then"),
    [
        ([], None, [2], {}, [[2]], [2]),
        ([[0]], [0], [2], SHIFT, [[0], [1], [1, 0, 0], [2]], [0]),
        ([[2]], [2], [1], SHIFT, [[1], [1, 0, 0], [2]], [2]),
        ([[2]], None, [1, 0, 0], SHIFT, [[1, 0, 0], [2]], None),
        ([[2]], [9], [1, 0, 0], SHIFT, [[1, 0, 0], [2]], [9]),  # the anchor was deleted
        ([], None, [1], SHIFT, [[1]], [1]),
        ([[0]], [0], [2], CTRL, [[0], [2]], [2]),
        ([[0], [2]], [2], [0], CTRL, [[2]], [0]),
        ([[0]], [0], [0], {"metaKey": True}, [], [0]),
    ],
)
def test_a_click_selects_as_in_any_list(
    script: Page,
    selected: list[Any],
    anchor: list[int] | None,
    path: list[int],
    keys: dict[str, bool],
    then: list[Any],
    anchor_then: list[int] | None,
) -> None:
    order = [[0], [1], [1, 0, 0], [2]]
    result = script.evaluate(
        "([before, path, order, keys]) => selectPath(before, path, order, keys)",
        [{"selected": selected, "anchor": anchor}, path, order, keys],
    )
    assert result == {"selected": then, "anchor": anchor_then}


@pytest.mark.parametrize(
    ("key", "modifiers", "on_row", "command"),
    [
        ("z", CTRL, False, "undo"),
        ("Z", CTRL | SHIFT, False, "redo"),
        ("y", CTRL, True, "redo"),
        ("d", {"metaKey": True}, True, "duplicate"),
        ("a", CTRL, False, "selectAll"),
        ("a", {}, True, None),
        ("ArrowUp", {}, True, "focusPrevious"),
        ("ArrowUp", SHIFT, True, "focusPrevious"),
        ("ArrowUp", ALT, True, "up"),
        ("ArrowRight", ALT, True, "into"),
        ("ArrowRight", {}, True, "unfold"),
        ("ArrowUp", {}, False, None),
        ("Enter", CTRL, True, "select"),
        (" ", {}, True, "select"),
        ("Delete", {}, True, "delete"),
        ("Delete", {}, False, None),
        ("Delete", ALT, True, None),
        ("+", SHIFT, True, "add"),
    ],
)
def test_keys_stand_for_commands(
    script: Page, key: str, modifiers: dict[str, bool], on_row: bool, command: str | None
) -> None:
    event = {"key": key, **modifiers}
    assert script.evaluate("([event, onRow]) => commandForKey(event, onRow)", [event, on_row]) == command


def test_every_key_and_every_tool_has_a_command(script: Page) -> None:
    names = script.evaluate(
        "[KEYS_WITH_CONTROL, KEYS_WITH_ALT, KEYS_ON_ROW].flatMap(Object.values).concat(TOOLS.map(([name]) => name))"
    )
    commands = script.evaluate("Object.keys(COMMANDS)")
    assert set(names) == set(commands)


def test_actions_are_sent_again_until_they_are_acknowledged(script: Page) -> None:
    script.evaluate(
        """() => {
          window.messages = []
          window.outbox = new Outbox(7)
          outbox.send = (actions) => messages.push(actions.map(({ op, seq }) => `${op} ${seq}`).join(", "))
        }"""
    )
    after_resend = script.evaluate("RESEND_MS") + 1
    script.evaluate("outbox.add({ op: 'undo' }); outbox.add({ op: 'redo' })")
    assert messages(script) == ["undo 8", "undo 8, redo 9"]
    script.clock.run_for(after_resend)
    assert messages(script) == ["undo 8, redo 9"]
    script.evaluate("outbox.acknowledge(8)")
    script.clock.run_for(after_resend)
    assert messages(script) == ["redo 9"]
    script.evaluate("outbox.acknowledge(8, true)")  # the page has made a new element
    script.clock.run_for(1)
    assert messages(script) == ["redo 9"]
    script.evaluate("outbox.acknowledge(9)")
    script.clock.run_for(10 * after_resend)
    assert messages(script) == []


def messages(script: Page) -> list[str]:
    """What the outbox has sent since the last look."""
    sent: list[str] = script.evaluate("window.messages.splice(0)")
    return sent


def test_what_is_typed_finds_the_kind_that_fits(script: Page) -> None:
    def chosen(query: str, axes: int | None) -> str:
        kind: str = script.evaluate(
            """([query, axes]) => {
              const names = searchKinds(FAMILIES, query, axes).flatMap(({ kinds }) => kinds.map(([kind]) => kind))
              return names[bestMatch(names, query, axes)]
            }""",
            [query, axes],
        )
        return kind

    assert chosen("batch", 2) == "BatchNorm2d"
    assert chosen("batch", 1) == "BatchNorm1d"
    assert chosen("maxpool3", 2) == "MaxPool3d"
    assert json.loads(script.evaluate("JSON.stringify(['10 × 90 × 17', '880', ''].map(countAxes))")) == [2, 0, None]
