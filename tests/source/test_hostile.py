"""Text meant to do harm, or random text: it is read or refused quickly, and nothing in it runs."""
# ruff: noqa: E501  (a row of a table is one line)

import contextlib
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from cnnviz.architecture import Architecture
from cnnviz.errors import DesignError
from cnnviz.presets import PRESETS
from cnnviz.shapes import Shape
from cnnviz.source import STYLES, from_code, to_code
from tests.source.designs import NESTED
from tests.source.lab import LAB, NOTEBOOK
from tests.source.test_read import BRANCHES, RESIDUAL, SKIPS

RELU = "nn.ReLU()"


def read(text: str, shape: Shape | None) -> Architecture | str:
    """Returns the design, or what is wrong with the text; any other error surfaces."""
    try:
        return from_code(text, shape)
    except DesignError as error:
        return str(error)


def forward(*lines: str) -> str:
    body = "".join(f"        {line}\n" for line in lines)
    return f"class Net(nn.Module):\n    def forward(self, x):\n{body}        return x\n"


HOSTILE = {
    "brackets": "(" * 50_000 + ")" * 50_000,
    "lists": "x = " + "[" * 150 + "]" * 150 + "\nnn.Sequential(x)",
    "signs": "nn.Sequential(nn.Linear(4, " + "-" * 90_000 + "1))",
    "nots": "x = " + "not " * 20_000 + "1",
    "sums": "n = " + "+".join(["1"] * 40_000) + "\nnn.Sequential(nn.Linear(4, n))",
    "attributes": "nn.Sequential(nn" + ".a" * 40_000 + ")",
    "calls": "nn.Sequential(" * 3_000 + ")" * 3_000,
    "calls of calls": "nn.Sequential" + "()" * 40_000,
    "deep blocks": "Residual(" * 90 + RELU + ")" * 90,
    "deep loops": "".join(f"{' ' * i}for i in range(9):\n" for i in range(18)) + " " * 18 + "x = 1\n",
    "indents": "".join(f"{' ' * i}if x:\n" for i in range(200)),
    "comprehensions": "x = [[[[[1 for a in r] for a in r] for a in r] for a in r] for r in [range(900)]]",
    "nulls": "nn.Sequential(nn.ReLU())\0",
    "surrogates": "nn.Sequential('\ud800')",
    "digits": "nn.Sequential(nn.Linear(4, " + "9" * 90_000 + "))",
    "hexadecimal digits": "nn.Sequential(nn.Linear(4, 0x" + "f" * 90_000 + "))",
    "powers": "n = 10**10**10\nnn.Sequential(nn.Linear(4, n))",
    "products": "n = 99\n" + "n = n * n\n" * 100 + "nn.Sequential(nn.Linear(4, n))",
    "division": "n = 1 // 0\nnn.Sequential(nn.Linear(4, n))",
    "infinity": "n = 1e999\nnn.Sequential(nn.Dropout(n - n))",
    "not a number": "nn.Sequential(nn.Dropout(1e999 - 1e999))",
    "shift": "n = 1 << 10**9\nnn.Sequential(nn.Linear(4, n))",
    "long text": "n = 'a' * 10**9\nnn.Sequential(nn.Conv2d(4, 4, 3, padding=n))",
    "long list": "a = [nn.ReLU()]\n" + "a.extend(a)\n" * 60 + "nn.Sequential(*a)",
    "long sum of lists": "a = [nn.ReLU()]\n" + "a += a\n" * 60 + "nn.Sequential(*a)",
    "long product of lists": "a = [nn.ReLU()] * 10**12\nnn.Sequential(*a)",
    "doubled tuples": "a = (1, 1)\n" + "a = (a, a)\n" * 60 + "nn.Sequential(nn.Conv2d(4, 4, a))",
    "doubled lists as text": "a = [1, 1]\n" + "a = [a, a]\n" * 60 + "b = '%s' % [a]\nnn.Sequential(nn.Linear(4, len(b)))",
    "doubled lists compared": "a = [1, 1]\n" + "a = [a, a]\n" * 60 + "b = a == [a]\nnn.Sequential(nn.Linear(4, b or 1))",
    "doubled lists summed": "a = [1, 1]\n" + "a = [a, a]\n" * 60 + "b = sum(a)\nnn.Sequential(nn.Linear(4, b))",
    "wide fields": "a = '%999999999d' % 1\nb = '{:{}}'.format(1, 10**9)\nnn.Sequential(nn.Linear(4, len(a) + len(b)))",
    "doubled texts": "a = 'ab'\n" + "a = a + a\n" * 60 + "nn.Sequential(nn.Linear(4, len(a)))",
    "filled in texts": "a = '%s%s'\n" + "a = a % (a, a)\n" * 60 + "nn.Sequential(nn.Linear(4, len(a)))",
    "a power of three": "n = pow(3, 10**9)\nm = pow(3, 10**9, 7)\nnn.Sequential(nn.Linear(4, n + m))",
    "a loop without an end": "while True:\n    x = 1\nnn.Sequential(nn.Linear(4, x))",
    "a class that derives from itself": "class A(A): pass\nclass B(nn.Module): pass\nclass B(B): pass\nmodel = B()",
    "many bases": "class A0(nn.Module): pass\n" + "".join(f"class A{i}(A{i - 1}, A{i - 1}): pass\n" for i in range(1, 40)) + "A39()",
    "many classes and functions": "def f():\n" + " a = g(b, c)\n" * 1000 + "".join(f"class A{i}(nn.Module):\n a = f\n" for i in range(600)),
    "functions that make nets": "class A(nn.Module):\n def __init__(self, n): super().__init__()\n"
    + "".join(f"def f{i}():\n for i in range(900): x = i\n return A(f{i + 1}())\n" for i in range(1000)),
    "a property that asks for itself": "class A(nn.Module):\n @property\n def f(self): return self.f\n def forward(self, x): return self.f",
    "super without a method": "super().__init__()\nnn.Sequential(super())",
    "a default of itself": "def f(n=f): return n\nnn.Sequential(nn.Linear(4, f()))",
    "a closure of itself": "def f(): return lambda: f()()\nnn.Sequential(nn.Linear(4, f()()))",
    "names by the thousand": "class A(nn.Module):\n def __init__(self):\n  super().__init__()\n  for i in range(999):\n   setattr(self, f'a{i}', nn.ReLU())\n def forward(self, x):\n  return getattr(self, '__class__')",
    "doubled stacks": "a = nn.Sequential(nn.ReLU())\n" + "a = nn.Sequential(a, a)\n" * 60,
    "doubled unpacking": "a = [nn.ReLU()]\n" + "a = [*a, *a]\n" * 60 + "nn.Sequential(*a)",
    "a stack in itself": "a = nn.Sequential(nn.ReLU())\na.append(a)",
    "a list in itself": "a = [1]\na.append(a)\nnn.Sequential(a)",
    "doubled sums": forward(*["x = x + F.relu(x)"] * 40, *["x = F.relu(x) + (x + F.relu(x))"] * 40),
    "sums that grow like rabbits": forward("p = x", "q = F.relu(x)", *["p, q = p + q, F.relu(p)"] * 60, "x = p"),
    "a function that calls itself": "def f(n):\n    return f(n)\nmodel = nn.Sequential(f(3))",
    "a function that calls itself twice": "def f(n):\n    f(n - 1)\n    f(n - 1)\nmodel = nn.Sequential(f(3))",
    "a class in itself": "class A(nn.Module):\n def __init__(self):\n  self.a = A()\nmodel = A()",
    "a net in itself": forward("self.me = self", "x = self(x)"),
    "an endless loop": forward("while True:", "    pass"),
    "a long loop": forward("for i in range(10**9):", "    pass"),
    "loops in loops": forward("for i in range(999):", "    for j in range(999):", "        pass"),
    "many hints": "# x: (N, 1, 2)\n" * 5_000 + forward(*["x = F.relu(x)"] * 150, "x = x.view(-1, 3)"),
    "a huge sample": "# x: (N, 999999, 999999, 999999, 999999)\nnn.Sequential(nn.Conv2d(999999, 1, 1), nn.ReLU())",
    "many lines": "x = 1\n" * 16_000,
    "a long name": "nn.Sequential(nn." + "A" * 90_000 + "())",
    "a long argument": "nn.Sequential(nn.ReLU(" + "a" * 90_000 + "=1))",
    "a long string": "nn.Sequential(nn.Conv2d(4, 4, 3, padding='" + "a" * 90_000 + "'))",
    "a star": "nn.Sequential(*nn)",
    "format": "nn.Sequential('{0.__class__}'.format(nn))",
    "await": "async def f():\n    await x\nnn.Sequential(f())",
    "match": "match nn:\n    case _: nn.Sequential()",
    "lambda": "nn.Sequential((lambda f: f(f))(lambda f: f(f)))",
    "walrus": "nn.Sequential((x := nn.ReLU()), x)",
    "globals": "nn.Sequential(globals()['__builtins__'])",
    "keys": "nn.Sequential({[]: nn.ReLU()})",
    "an index": "a = [1]\nnn.Sequential(a[10**11], a['b'], a[::0])",
    "a range of nothing": "for i in range(0, 10, 0): pass\nnn.Sequential(range(1, 2, 0))",
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_text_is_read_or_refused_quickly(name: str) -> None:
    start = time.process_time()
    result = read(HOSTILE[name], (4,))
    assert len(result) < 600 if isinstance(result, str) else len(result.layers) <= 200
    assert time.process_time() - start < 3


def test_a_text_that_is_too_long_is_not_read() -> None:
    with pytest.raises(DesignError, match=r"This code is 100,001 characters long; at most 100,000 are read\."):
        from_code("#" * 100_001, (4,))


@pytest.mark.parametrize(
    "call",
    [
        "__import__('os').system('touch {}')",
        "open('{}', 'w')",
        "exec(\"open('{}', 'w')\")",
        "eval(\"open('{}', 'w')\")",
        "(lambda: open('{}', 'w'))()",
        "print(open('{}', 'w'))",
        "torch.save(1, '{}')",
        "nn.init.zeros_(open('{}', 'w'))",
        "nn.Identity(open('{}', 'w'))",
        "[open('{}', 'w') for i in range(1)]",
        "nn.ReLU(inplace=open('{}', 'w'))",
    ],
)
@pytest.mark.parametrize(
    "where",
    [
        "{}\nnn.Sequential(nn.ReLU())",
        "x = {}\nnn.Sequential(nn.ReLU())",
        "nn.Sequential({})",
        "nn.Sequential(nn.Linear(4, {}))",
        "class A(nn.Module):\n def __init__(self, a={}):\n  {}\n  self.a = {}\n def forward(self, x):\n  {}\n  return x + {}",
        "@{}\nclass A({}, nn.Module):\n a = {}\n def forward(self, x: {}) -> {}: return x",
        "import os\nfrom os import *\nassert {}\nif {}: nn.Sequential(nn.ReLU())",
    ],
)
def test_nothing_in_a_text_is_executed(tmp_path: Path, call: str, where: str) -> None:
    file = tmp_path / "touched"
    text = where.replace("{}", call.replace("{}", str(file)))
    read(text, (4,))
    assert not file.exists()


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=200))
@example("\\")
@example("\f\r\x1a")
def test_any_text_is_an_architecture_or_a_design_error(text: str) -> None:
    assert read(text, (4,))


CODES = [
    LAB,
    NOTEBOOK,
    RESIDUAL,
    BRANCHES,
    SKIPS,
    *(to_code(architecture, style) for architecture in (PRESETS["digits-convnet"].architecture, NESTED) for style in STYLES),
]  # fmt: skip
WORDS = sorted({word for code in CODES for word in code.replace("(", " ( ").replace(",", " , ").split()})
NEAR = st.one_of(
    st.sampled_from(WORDS),
    st.sampled_from(
        ["*", "**", "[", "]", "(", ")", "=", "-1", "0", "None", "self", "x", "nn", "lambda:", "[0]", ".shape"]
    ),
    st.text("()[]{},.=*-+:'# \n", max_size=4),
)


@settings(max_examples=500, deadline=None)
@given(data=st.data())
def test_code_with_mistakes_is_an_architecture_or_an_error_that_is_explained(data: st.DataObject) -> None:
    text = data.draw(st.sampled_from(CODES))
    for _ in range(data.draw(st.integers(1, 3))):
        start = data.draw(st.integers(0, len(text)))
        end = start + data.draw(st.integers(0, 12))
        text = text[:start] + data.draw(NEAR) + text[end:]
    result = read(text, data.draw(st.sampled_from([(3, 8, 8), (1, 99, 26), (4,), None])))
    assert result if isinstance(result, str) else to_code(result)


@pytest.mark.parametrize("step", ["0", "0.5", "'a'", "None", "-1"])
@pytest.mark.parametrize("owner", ["[1, 2]", "(1, 2)", "'ab'", "{}"])
def test_any_slice_is_worked_out_or_refused(owner: str, step: str) -> None:
    text = f"a = {owner}[::{step}]\nnet = nn.Sequential(nn.Linear(3, 2))"
    with contextlib.suppress(DesignError):
        from_code(text)


def test_many_texts_at_once_are_read_as_one_alone() -> None:
    """The parser let a SystemError out where a dozen students pasted at once."""
    nested = "x = " + "(" * 60 + "1" + ")" * 60 + "\n"
    text = nested * 200 + "net = nn.Sequential(nn.Linear(3, 2))"
    with ThreadPoolExecutor(12) as pool:
        read = list(pool.map(lambda _: from_code(text), range(36)))
    assert read == [from_code(text)] * 36
