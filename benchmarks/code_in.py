"""How much of what people write is read as the net that Python makes of it.

The texts are those of tests/source/nets.py, one for each construct, each as it is and as a part of a larger net. Python
itself runs each of them: what is read must have the same parameters and, with
the same weights, the same outputs. What differs in silence would be the worst that can happen.
"""

import argparse
from collections.abc import Iterator

from benchmarks.table import table, verdict
from cnnviz.errors import CnnvizError
from tests.source.nets import NETS
from tests.source.test_real_code import check_read

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


def main() -> None:
    """Prints how many are read, refused and silently another net."""
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    read, wrong, refused = 0, list[str](), list[str]()
    for name, wrapper, text in wrapped_texts():
        try:
            check_read(text)
            read += 1
        except CnnvizError as error:
            refused.append(f"{name}, {wrapper}: {error}")
        except AssertionError:
            wrong.append(f"{name}, {wrapper}")
    total = read + len(wrong) + len(refused)
    rows = [
        ("read as Python's own net", f"{read} of {total}", verdict(read, GOAL_READ * total, at_least=True)),
        ("silently another net", f"{len(wrong)}", verdict(len(wrong), 0)),
        ("refused", f"{len(refused)}", ""),
    ]
    print(table(("", "measured", f"goal: {GOAL_READ:.0%} read, none wrong"), rows))
    print("\n".join([*wrong, *refused]))


if __name__ == "__main__":
    main()
