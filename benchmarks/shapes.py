"""How fast and how right cnnviz answers what shape comes out.

Speed: `trace()` of a 37-layer net in the manner of VGG-16 beside `torchinfo.summary(device="meta")` of the same net.
Both get it ready made, the one as an Architecture, the other as a module on torch's meta device, which computes shapes
and no numbers; what making them takes is told apart. Each repetition draws a net that neither has seen, and both must
agree in every output shape and in the parameters. The sides take turns, in another order each time. The time is that of
the process on a core: all sides use one, and what else the machine does would fall on the longest of them.

Contract: generated layers of every kind on generated samples, each once, judged by torch: our shape must be that of
torch's real output, our refusal torch's refusal, our parameters its module's. See tests/torch_oracle.py. Where a layer
refuses and says what would help, the layer so changed is judged on the same sample, too.
"""

import argparse
import random
import time
from collections import defaultdict
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from statistics import median

import torch
import torchinfo
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from benchmarks.table import spread, table, verdict
from cnnviz.architecture import Architecture, Step, build_model, iter_steps, trace
from cnnviz.errors import ShapeError
from cnnviz.layers import PALETTE, Conv2d, Flatten, Layer, Linear, MaxPool2d, ReLU, family
from cnnviz.shapes import Shape
from tests.strategies import SHAPES_BY_NDIM, layers, shapes
from tests.torch_oracle import accepted_shape, our_output_shape, torch_result

GOAL = 50
"""torchinfo's time over that of `trace()`, at least."""
CASES = 10_000
"""Different layers on samples that are judged, at least."""
DRAWN = 20_000
"""Layers on samples that are generated; of simple kinds, some come twice."""
MENDS = 3
"""Changes of a layer that still refuses, at most."""
STAGES = (2, 2, 3, 3, 3)
"""Convolutions before each pool of VGG-16."""


def net(draw: random.Random) -> Architecture:
    """13 convolutions with their ReLUs, 5 pools, Flatten, 3 Linear layers with 2 ReLUs: 37 layers; sizes are drawn."""
    stack: list[Layer] = []
    for convolutions in STAGES:
        channels = draw.randint(16, 512)
        for _ in range(convolutions):
            half = draw.randint(0, 3)
            stack += [Conv2d(out_channels=channels, kernel_size=2 * half + 1, padding=half), ReLU()]
        stack.append(MaxPool2d(kernel_size=2))
    stack += [Flatten(), Linear(out_features=draw.randint(64, 4096)), ReLU()]
    stack += [Linear(out_features=draw.randint(64, 4096)), ReLU(), Linear(out_features=draw.randint(2, 1000))]
    side = draw.randint(180, 256)
    return Architecture(input_shape=(3, side, side), layers=stack)


def columns(steps: tuple[Step, ...]) -> list[tuple[object, ...]]:
    """Everything else that the table shows of each layer."""
    return [
        (s.formula, s.parameters, s.multiply_adds, s.activation_bytes, s.receptive_field) for s in iter_steps(steps)
    ]


def clocked(work: Callable[[], object]) -> tuple[float, object]:
    """Milliseconds of this process on a core, and what came of them."""
    start = time.process_time_ns()
    result = work()
    return (time.process_time_ns() - start) / 1e6, result


def on_meta(architecture: Architecture) -> torch.nn.Module:
    """The module without memory for its weights."""
    with torch.device("meta"):
        return build_model(architecture)


def speed(repetitions: int) -> dict[str, list[float]]:
    """Milliseconds of every side in every repetition; three unmeasured ones before."""
    draw = random.Random(0)
    times: dict[str, list[float]] = defaultdict(list)
    for repetition in range(-3, repetitions):
        design = net(draw)
        making, twin = clocked(lambda net=design: Architecture(input_shape=net.input_shape, layers=net.layers))
        building, module = clocked(lambda net=design: on_meta(net))
        size = (1, *design.input_shape)
        sides: dict[str, Callable[[], object]] = {
            "trace": lambda net=design: trace(net),
            "trace and all columns": lambda net=twin: columns(trace(net)),
            "torchinfo": lambda net=module, size=size: torchinfo.summary(net, size, device="meta", verbose=0),
        }
        order = list(sides)
        turn = repetition % len(order)
        results = {}
        for side in order[turn:] + order[:turn]:
            spent, results[side] = clocked(sides[side])
            if repetition >= 0:
                times[side].append(spent)
        if repetition >= 0:
            times["making the Architecture"].append(making)
            times["building the module on meta"].append(building)
        _check(results["trace"], results["torchinfo"])
    return times


def _check(steps: tuple[Step, ...], summary: torchinfo.ModelStatistics) -> None:
    theirs = [tuple(info.output_size[1:]) for info in summary.summary_list[1:]]
    if [step.output_shape for step in steps] != theirs or sum(s.parameters for s in steps) != summary.total_params:
        raise RuntimeError("torchinfo and trace() do not agree about a net")


@dataclass
class Verdicts:
    """What torch said about the cases of one kind."""

    answered: int = 0
    refused: int = 0
    differences: list[str] = field(default_factory=list)


def judge(kind: str, cases: int) -> Verdicts:
    """Generated layers of one kind, each once, three of four samples with the number of axes that it takes."""
    verdicts = Verdicts()
    seen: set[tuple[Layer, Shape]] = set()

    def judged(layer: Layer, shape: Shape) -> None:
        if (layer, shape) in seen:
            return
        seen.add((layer, shape))
        expected, parameters = torch_result(layer, shape)
        found = our_output_shape(layer, shape)
        if expected is None:
            verdicts.refused += 1
        else:
            verdicts.answered += 1
        if found != expected or (found is not None and layer.parameters(shape) != parameters):
            verdicts.differences.append(f"{layer!r} on {shape}: {found}, torch {expected} with {parameters} parameters")

    @seed(0)
    @settings(
        max_examples=cases,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(
        layers(kind),
        st.integers(0, 3).flatmap(lambda chance: SHAPES_BY_NDIM[len(accepted_shape(kind))] if chance else shapes),
    )
    def case(layer: Layer, shape: Shape) -> None:
        judged(layer, shape)
        for _ in range(MENDS):
            if (changed := mended(layer, shape)) is None:
                break
            judged(layer := changed, shape)

    case()
    return verdicts


def mended(layer: Layer, shape: Shape) -> Layer | None:
    """With the first change that the layer itself proposes; None where it takes the sample, or proposes none."""
    try:
        layer.output_shape(shape)
    except ShapeError as error:
        if error.changes:
            given = {name: getattr(layer, name) for name in type(layer).model_fields}
            with suppress(ValidationError):  # a bound of the field
                return type(layer)(**given | error.changes[0])
    return None


def contract(drawn: int) -> int:
    """Judge every kind, print the counts; the number of differences."""
    each = -(-drawn // len(PALETTE))
    families: dict[str, list[Verdicts]] = defaultdict(list)
    rows: list[list[object]] = []
    for kind in PALETTE:
        verdicts = judge(kind, each)
        families[family(kind)].append(verdicts)
        rows.append([kind, verdicts.answered, verdicts.refused, len(verdicts.differences)])
        for difference in verdicts.differences:
            print(difference)
    print(table(["kind", "answered", "refused", "differences"], rows), "\n")
    rows = [[name, len(all_), *_sums(all_)] for name, all_ in families.items()]
    total = _sums([verdicts for all_ in families.values() for verdicts in all_])
    rows.append(["all", len(PALETTE), *total])
    print(table(["family", "kinds", "cases", "answered", "refused", "differences"], rows))
    print(f"\n{total[0]:,} cases, goal {CASES:,}: {verdict(total[0], CASES, at_least=True)};", end=" ")
    print(f"{total[-1]} differences, goal 0: {verdict(total[-1], 0)}", flush=True)
    return total[-1]


def _sums(verdicts: list[Verdicts]) -> list[int]:
    answered, refused = sum(v.answered for v in verdicts), sum(v.refused for v in verdicts)
    return [answered + refused, answered, refused, sum(len(v.differences) for v in verdicts)]


def main() -> None:
    """Measure, judge and print; exit with 1 where torch differs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repetitions", type=int, default=200, help="nets that each side is timed on")
    parser.add_argument("--drawn", type=int, default=DRAWN, help="layers on samples to generate")
    options = parser.parse_args()
    torch.set_num_threads(1)
    times = speed(options.repetitions)
    reference = median(times["torchinfo"])
    rows = [[side, spread(spent, 3), f"{reference / median(spent):.1f}"] for side, spent in times.items()]
    print(f"A net of 37 layers, {options.repetitions} repetitions; median [quartiles] in ms\n")
    print(table(["", "ms", "torchinfo ÷ it"], rows))
    ratio = reference / median(times["trace"])
    print(f"\ntrace() is {ratio:.0f} × as fast, goal {GOAL}: {verdict(ratio, GOAL, at_least=True)}\n", flush=True)
    raise SystemExit(1 if contract(options.drawn) else 0)


if __name__ == "__main__":
    main()
