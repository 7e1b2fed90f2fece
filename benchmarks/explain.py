"""How long the table of a live module takes, beside torchinfo's.

The net of 37 layers is that of benchmarks.shapes, another one each time; ResNet-18 is the preset, with other weights.
Both sides get the same module with weights on the CPU, as it lives in a notebook, and give their text. torchinfo runs
the net as it does by default, with a batch of the size that explain() takes; the third side is torchinfo on a copy of
the module on torch's meta device, where it need not compute numbers either (it would move the notebook's own module
there for good). The sides take turns, in another order each time; all must agree in the parameters. The time is that of
the process on one core.
"""

import argparse
import copy
import random
from collections import defaultdict
from collections.abc import Callable, Iterator
from statistics import median

import torch
import torchinfo

from benchmarks.shapes import random_vgg, time_call
from benchmarks.table import spread, table, verdict
from cnnviz import PRESETS, Architecture, build, explain
from cnnviz.explanation.explanation import BATCH_SIZE

GOAL_RATIO = 1.0
"""torchinfo's time over that of explain(), at least."""
NETS: dict[str, Callable[[random.Random], Architecture]] = {
    "37 layers": random_vgg,
    "ResNet-18": lambda _: PRESETS["resnet-18"].architecture,
}


def measure(design: Callable[[random.Random], Architecture], repetitions: int) -> dict[str, list[float]]:
    """Measures the milliseconds of every side in every repetition, after two unmeasured ones."""
    rng = random.Random(0)
    times: dict[str, list[float]] = defaultdict(list)
    for repetition in range(-2, repetitions):
        net = design(rng)
        module, size = build(net), (BATCH_SIZE, *net.input_shape)
        on_meta = copy.deepcopy(module).to("meta")
        parameters = sum(weights.numel() for weights in module.parameters())
        sides: dict[str, Callable[[], tuple[str, int]]] = {
            "explain": lambda module=module, net=net: _explain(module, net),
            "torchinfo": lambda module=module, size=size: _summarize(module, size),
            "torchinfo on meta": lambda module=on_meta, size=size: _summarize(module, size, device="meta"),
        }
        order = list(sides)
        rotation = repetition % len(order)
        for side in order[rotation:] + order[:rotation]:
            milliseconds, (text, count) = time_call(sides[side])
            if count != parameters or not text:
                raise RuntimeError(f"{side} counts {count} parameters, torch {parameters}")
            if repetition >= 0:
                times[side].append(milliseconds)
    return times


def _explain(module: torch.nn.Module, net: Architecture) -> tuple[str, int]:
    explained = explain(module, net.input_shape)
    if explained.error:
        raise RuntimeError(explained.error)
    return repr(explained), explained.totals.parameters


def _summarize(module: torch.nn.Module, size: tuple[int, ...], **options: str) -> tuple[str, int]:
    summary = torchinfo.summary(module, size, verbose=0, **options)
    return str(summary), summary.total_params


def rows(repetitions: int) -> Iterator[list[object]]:
    """Yields a line for each net and side."""
    for name, design in NETS.items():
        times = measure(design, repetitions)
        own = median(times["explain"])
        for side, milliseconds in times.items():
            ratio = median(milliseconds) / own
            goal = "" if side == "explain" else f"≥ {GOAL_RATIO:g}, {verdict(ratio, GOAL_RATIO, at_least=True)}"
            yield [f"{name}, {side}", spread(milliseconds), f"{ratio:.1f}", goal]


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repetitions", type=int, default=10, help="nets that each side is timed on")
    options = parser.parse_args()
    torch.set_num_threads(1)
    print(f"{options.repetitions} repetitions; median [quartiles] in ms\n")
    print(table(["", "ms", "its time ÷ explain's", "goal"], rows(options.repetitions)))


if __name__ == "__main__":
    main()
