"""Session state is written in one module and in the widgets that own it, and nowhere else."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = [*sorted((ROOT / "cnnviz/ui").rglob("*.py")), *sorted((ROOT / "pages").glob("*.py")), ROOT / "app.py"]
OWNERS = [ROOT / "cnnviz/ui/state.py", *sorted((ROOT / "cnnviz/ui/widgets").rglob("*.py"))]
WRITING_METHODS = {"setdefault", "pop", "popitem", "clear", "update", "__setitem__", "__delitem__"}


def is_session_state(node: ast.AST) -> bool:
    return isinstance(node, ast.Attribute | ast.Name) and "session_state" in (
        getattr(node, "attr", ""),
        getattr(node, "id", ""),
    )


def writes(tree: ast.AST) -> Iterator[int]:
    """Lines on which an item or attribute of the session state is written or deleted, or it gets another name."""
    for node in ast.walk(tree):
        match node:
            case ast.Subscript(value=owner, ctx=ast.Store() | ast.Del()) if is_session_state(owner):
                yield node.lineno
            case ast.Attribute(value=owner, ctx=ast.Store() | ast.Del()) if is_session_state(owner):
                yield node.lineno
            case ast.Attribute(value=owner, attr=method) if is_session_state(owner) and method in WRITING_METHODS:
                yield node.lineno
            case ast.Assign(value=value) | ast.NamedExpr(value=value) if is_session_state(value):
                yield node.lineno
            case ast.ImportFrom(names=names) if any(name.name == "session_state" for name in names):
                yield node.lineno


@pytest.mark.parametrize(
    "line",
    [
        "st.session_state['a'] = 1",
        "st.session_state['a'] += 1",
        "st.session_state.a = 1",
        "del st.session_state['a']",
        "st.session_state.setdefault('a', 1)",
        "st.session_state.pop('a', None)",
        "state = st.session_state",
        "from streamlit import session_state",
        "x, st.session_state['a'] = 1, 2",
    ],
)
def test_every_way_to_write_is_seen(line: str) -> None:
    assert list(writes(ast.parse(line))) == [1]


def test_reading_is_no_writing() -> None:
    assert list(writes(ast.parse("st.session_state['a'].get('b'); st.session_state.get('c')"))) == []


@pytest.mark.parametrize(
    "source", [path for path in SOURCES if path not in OWNERS], ids=lambda path: path.relative_to(ROOT).as_posix()
)
def test_session_state_is_written_by_its_owners_alone(source: Path) -> None:
    assert list(writes(ast.parse(source.read_text(encoding="utf-8")))) == []
