"""How much of what people write is read as the net that Python makes of it.

The texts are those of tests/source/nets.py, one for each construct, each as it is and as a part of a larger net, and
whole nets as people publish them, of tests/source/everyday_nets.py; those of nets_of_functions.py are made in a
function, such as main() or resnet20(). Python itself runs each of them: what is read must have the same parameters and,
with the same weights, the same outputs. What differs in silence would be the worst that can happen; texts that invite
it are those of tests/source/easily_misread.py, where it is right to refuse.
"""

import argparse
from collections.abc import Callable, Iterator
from contextlib import redirect_stdout
from functools import partial
from io import StringIO

from benchmarks.table import table, verdict
from cnnviz.errors import CnnvizError
from tests.source.easily_misread import MISREAD
from tests.source.everyday_nets import EVERYDAY
from tests.source.nets import NETS
from tests.source.nets_of_functions import OF_FUNCTIONS, run_by_python
from tests.source.test_everyday import check
from tests.source.test_real_code import SHAPE, check_read

GOAL_READ = 0.9
WRAPPERS = {
    "as it is": "{text}",
    "in a Sequential": "{text}\ninner = model\nmodel = nn.Sequential(nn.Conv2d(3, 3, 1), inner)\n",
    "in another class": "{text}\n\nclass Outer(nn.Module):\n    def __init__(self, inner):\n"
    "        super().__init__()\n        self.stem = nn.Conv2d(3, 3, 1)\n        self.inner = inner\n\n"
    "    def forward(self, x):\n"
    "        return self.inner(torch.relu(self.stem(x)))\n\n\nmodel = Outer(model)\n",
}
"""What surrounds a text."""


def wrapped_texts() -> Iterator[tuple[str, str, str]]:
    """Yields construct, wrapper and text."""
    for name, text in NETS.items():
        for wrapper, form in WRAPPERS.items():
            yield name, wrapper, form.replace("{text}", text)


def everyday_checks() -> Iterator[tuple[str, Callable[[], None]]]:
    """Yields the name of each text, and what compares it with the net that Python makes of it."""
    for name, wrapper, text in wrapped_texts():
        yield f"{name}, {wrapper}", partial(check_read, text)
    for name, (text, shape) in EVERYDAY.items():
        yield name, partial(check, text, shape)
    for name, (text, net) in OF_FUNCTIONS.items():
        yield name, partial(check, text, SHAPE, run=run_by_python(text, net))


def outcome(compare: Callable[[], None]) -> str:
    """Returns "" for a text that is read as Python's own net, "wrong", or the reason for which it is refused."""
    try:
        with redirect_stdout(StringIO()):  # the texts print
            compare()
    except CnnvizError as error:
        return str(error)
    except AssertionError:
        return "wrong"
    return ""


def main() -> None:
    """Prints how many are read, refused and silently another net."""
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    outcomes = {name: outcome(compare) for name, compare in everyday_checks()}
    invited = {name: outcome(partial(check, text, SHAPE)) for name, text in MISREAD.items()}
    read = sum(not reason for reason in outcomes.values())
    wrong = [name for name, reason in (*outcomes.items(), *invited.items()) if reason == "wrong"]
    refused = [f"{name}: {reason}" for name, reason in outcomes.items() if reason not in ("", "wrong")]
    rows = [
        (
            "read as Python's own net",
            f"{read} of {len(outcomes)}",
            verdict(read, GOAL_READ * len(outcomes), at_least=True),
        ),
        (f"silently another net, of these and {len(invited)} that invite it", f"{len(wrong)}", verdict(len(wrong), 0)),
        ("refused", f"{len(refused)}", ""),
    ]
    print(table(("", "measured", f"goal: {GOAL_READ:.0%} read, none wrong"), rows))
    print("\n".join([*wrong, *refused]))


if __name__ == "__main__":
    main()
