"""The interpreter and its tables: one more construct is a function and a line, and nothing else."""

import ast
from math import floor

import pytest

from cnnviz.errors import DesignError
from cnnviz.layers import Conv2d, ReLU, Tanh
from cnnviz.source import from_code
from cnnviz.source.arguments import read_arguments
from cnnviz.source.calls import CALLS
from cnnviz.source.expressions import EXPRESSIONS
from cnnviz.source.interpreter import Interpreter, Returned, Scope
from cnnviz.source.methods import METHODS
from cnnviz.source.statements import STATEMENTS
from cnnviz.source.values import Tensor

LOOP = """
layers = []
n = 2
while n:
    layers.append(nn.ReLU())
    n -= 1
model = nn.Sequential(*layers)
"""


def read_while(interpreter: Interpreter, node: ast.While, scope: Scope) -> Returned | None:
    while interpreter.truth(node.test, scope):
        if returned := interpreter.execute(node.body, scope):
            return returned
    return None


def read_named_expression(interpreter: Interpreter, node: ast.NamedExpr, scope: Scope) -> object:
    value = interpreter.value(node.value, scope)
    interpreter.bind(node.target, value, scope)
    return value


def read_int(interpreter: Interpreter, node: ast.Call, scope: Scope) -> int:
    (number,) = read_arguments(interpreter, node, scope).positional
    assert isinstance(number, float)
    return floor(number)


def read_detach(interpreter: Interpreter, owner: Tensor, node: ast.Call, scope: Scope) -> Tensor:
    return owner


def test_one_more_statement_is_a_function_and_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(DesignError, match=r"Line 4: `while n: .*` is not understood"):
        from_code(LOOP, (4,))
    monkeypatch.setitem(STATEMENTS, ast.While, read_while)
    assert from_code(LOOP, (4,)).layers == (ReLU(), ReLU())


def test_one_more_expression_is_a_function_and_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "nn.Sequential((layer := nn.ReLU()), layer)"
    with pytest.raises(DesignError, match="is not understood"):
        from_code(text, (4,))
    monkeypatch.setitem(EXPRESSIONS, ast.NamedExpr, read_named_expression)
    assert from_code(text, (4,)).layers == (ReLU(), ReLU())


def test_one_more_function_is_a_function_and_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "nn.Sequential(nn.Conv2d(4, int(2.5), 3))"
    with pytest.raises(DesignError, match=r"Line 1: .* is not understood; int has no value that could be worked out\."):
        from_code(text, (4, 8, 8))
    monkeypatch.setitem(CALLS, "builtins.int", read_int)
    assert from_code(text, (4, 8, 8)).layers == (Conv2d(out_channels=2, kernel_size=3),)


def test_one_more_method_is_a_function_and_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "class Net(nn.Module):\n    def forward(self, x):\n        return nn.ReLU()(x.detach())"
    with pytest.raises(DesignError, match=r"Line 3: `return nn\.ReLU\(\)\(x\.detach\(\)\)` is not understood"):
        from_code(text, (4, 8, 8))
    monkeypatch.setitem(METHODS[Tensor], "detach", read_detach)
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
