"""The interpreter and its tables: one more construct is a function and a line, and nothing else."""

import ast

import pytest

from cnnviz.errors import DesignError
from cnnviz.layers import Conv2d, ReLU, Tanh
from cnnviz.source import from_code
from cnnviz.source.arguments import read_arguments
from cnnviz.source.calls import CALLS
from cnnviz.source.expressions import EXPRESSIONS
from cnnviz.source.interpreter import Interpreter, Scope
from cnnviz.source.methods import METHODS
from cnnviz.source.statements import STATEMENTS
from cnnviz.source.tensor_values import Tensor

GLOBAL = """
def layer():
    global n
    return nn.ReLU()

model = nn.Sequential(layer())
"""


def read_global(interpreter: Interpreter, node: ast.Global, scope: Scope) -> None:
    assert node.names == ["n"]


def read_set(interpreter: Interpreter, node: ast.Set, scope: Scope) -> list[object]:
    return list(interpreter.elements(node.elts, scope))


def read_ord(interpreter: Interpreter, node: ast.Call, scope: Scope) -> int:
    (character,) = read_arguments(interpreter, node, scope).positional
    return ord(str(character))


def read_nan_to_num(interpreter: Interpreter, owner: Tensor, node: ast.Call, scope: Scope) -> Tensor:
    return owner


def test_one_more_statement_is_a_function_and_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(DesignError, match=r"Line 3: `global n` is not understood"):
        from_code(GLOBAL, (4,))
    monkeypatch.setitem(STATEMENTS, ast.Global, read_global)
    assert from_code(GLOBAL, (4,)).layers == (ReLU(),)


def test_one_more_expression_is_a_function_and_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "nn.Sequential(*[nn.ReLU() for _ in {1, 2}])"
    with pytest.raises(DesignError, match="is not understood"):
        from_code(text, (4,))
    monkeypatch.setitem(EXPRESSIONS, ast.Set, read_set)
    assert from_code(text, (4,)).layers == (ReLU(), ReLU())


def test_one_more_function_is_a_function_and_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "nn.Sequential(nn.Conv2d(4, ord('a') - 95, 3))"
    with pytest.raises(DesignError, match=r"Line 1: .* is not understood; ord has no value that could be worked out\."):
        from_code(text, (4, 8, 8))
    monkeypatch.setitem(CALLS, "builtins.ord", read_ord)
    assert from_code(text, (4, 8, 8)).layers == (Conv2d(out_channels=2, kernel_size=3),)


def test_one_more_method_is_a_function_and_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "class Net(nn.Module):\n    def forward(self, x):\n        return nn.ReLU()(x.nan_to_num())"
    with pytest.raises(DesignError, match=r"Line 3: `return nn\.ReLU\(\)\(x\.nan_to_num\(\)\)` is not understood"):
        from_code(text, (4, 8, 8))
    monkeypatch.setitem(METHODS[Tensor], "nan_to_num", read_nan_to_num)
    assert from_code(text, (4, 8, 8)).layers == (ReLU(),)


def test_a_name_bound_in_the_text_hides_that_of_python_or_torch() -> None:
    text = "def len(x):\n    return 2\ndef ReLU():\n    return nn.Tanh()\nnn.Sequential(nn.Linear(4, len([])), ReLU())"
    assert [layer.kind for layer in from_code(text, (4,)).layers] == ["Linear", "Tanh"]


def test_the_owner_of_a_method_is_worked_out_once() -> None:
    text = """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.relu = nn.ReLU()
        self.later = []

    def remember(self):
        self.later.append(nn.Tanh())
        return self

    def forward(self, x):
        self.later = []
        x = self.remember().relu(x)
        for layer in self.later:
            x = layer(x)
        return x
"""
    assert from_code(text, (4,)).layers == (ReLU(), Tanh())


def test_calls_nested_too_deeply_do_not_count_for_later_ones() -> None:
    too_deep = "def f(n):\n    return f(n)\n" + "x = f(1)\n" * 50
    nested = "def g(n):\n    return nn.ReLU() if n == 0 else g(n - 1)\nmodel = nn.Sequential(g(20))"
    assert from_code(too_deep + nested, (4,)).layers == (ReLU(),)
