"""How fast and how correctly cnnviz computes output shapes.

Speed: `trace()` of a 37-layer net in the manner of VGG-16 beside `torchinfo.summary(device="meta")` of the same net.
Both get it ready made, the one as an Architecture, the other as a module on torch's meta device, which computes shapes
and no numbers; the time to make them is reported apart. Each repetition draws a net that neither has seen, and both
must agree in every output shape and in the parameters. The sides take turns, in another order each time. The time is
that of the process on a core: all sides use one, and what else the machine does would fall on the longest of them.

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

GOAL_SPEEDUP = 50
"""torchinfo's time over that of `trace()`, at least."""
GOAL_CASES = 10_000
"""Different pairs of layer and sample that are checked, at least."""
GENERATED_CASES = 20_000
"""Pairs of layer and sample that are generated; those of simple kinds repeat."""
MAX_MENDS = 3
"""Proposed changes that are followed while a layer refuses, at most."""
VGG_STAGES = (2, 2, 3, 3, 3)
"""Convolutions before each pool of VGG-16."""


def random_vgg(rng: random.Random) -> Architecture:
    """Returns 13 convolutions with their ReLUs, 5 pools, Flatten, 3 Linear layers with 2 ReLUs, all of random sizes."""
    stack: list[Layer] = []
    for convolutions in VGG_STAGES:
        channels = rng.randint(16, 512)
        for _ in range(convolutions):
            padding = rng.randint(0, 3)
            stack += [Conv2d(out_channels=channels, kernel_size=2 * padding + 1, padding=padding), ReLU()]
        stack.append(MaxPool2d(kernel_size=2))
    stack += [Flatten(), Linear(out_features=rng.randint(64, 4096)), ReLU()]
    stack += [Linear(out_features=rng.randint(64, 4096)), ReLU(), Linear(out_features=rng.randint(2, 1000))]
    side = rng.randint(180, 256)
    return Architecture(input_shape=(3, side, side), layers=stack)


def columns(steps: tuple[Step, ...]) -> list[tuple[object, ...]]:
    """Returns what the table shows of each layer besides its shape."""
    return [
        (s.formula, s.parameters, s.multiply_adds, s.activation_bytes, s.receptive_field) for s in iter_steps(steps)
    ]


def time_call(function: Callable[[], object]) -> tuple[float, object]:
    """Calls a function; returns the milliseconds of CPU time that it took, and its result."""
    start = time.process_time_ns()
    result = function()
    return (time.process_time_ns() - start) / 1e6, result


def build_on_meta(architecture: Architecture) -> torch.nn.Module:
    """Builds the module on the meta device, without memory for its weights."""
    with torch.device("meta"):
        return build_model(architecture)


def measure_speed(repetitions: int) -> dict[str, list[float]]:
    """Measures the milliseconds of every side in every repetition, after three unmeasured ones."""
    rng = random.Random(0)
    times: dict[str, list[float]] = defaultdict(list)
    for repetition in range(-3, repetitions):
        design = random_vgg(rng)
        making_ms, copy = time_call(lambda net=design: Architecture(input_shape=net.input_shape, layers=net.layers))
        building_ms, module = time_call(lambda net=design: build_on_meta(net))
        size = (1, *design.input_shape)
        sides: dict[str, Callable[[], object]] = {
            "trace": lambda net=design: trace(net),
            "trace and all columns": lambda net=copy: columns(trace(net)),
            "torchinfo": lambda net=module, size=size: torchinfo.summary(net, size, device="meta", verbose=0),
        }
        order = list(sides)
        rotation = repetition % len(order)
        results = {}
        for side in order[rotation:] + order[:rotation]:
            milliseconds, results[side] = time_call(sides[side])
            if repetition >= 0:
                times[side].append(milliseconds)
        if repetition >= 0:
            times["making the Architecture"].append(making_ms)
            times["building the module on meta"].append(building_ms)
        _check_agreement(results["trace"], results["torchinfo"])
    return times


def _check_agreement(steps: tuple[Step, ...], summary: torchinfo.ModelStatistics) -> None:
    torchinfo_shapes = [tuple(info.output_size[1:]) for info in summary.summary_list[1:]]
    if [step.output_shape for step in steps] != torchinfo_shapes or sum(
        s.parameters for s in steps
    ) != summary.total_params:
        raise RuntimeError("torchinfo and trace() do not agree about a net")


@dataclass
class CaseCounts:
    """Counts of the cases of one kind by torch's answer, and how ours differed."""

    answered: int = 0
    refused: int = 0
    differences: list[str] = field(default_factory=list)


def check_kind(kind: str, cases: int) -> CaseCounts:
    """Checks generated layers of one kind, each once; three of four samples have the number of axes that it accepts."""
    counts = CaseCounts()
    seen: set[tuple[Layer, Shape]] = set()

    def check_case(layer: Layer, shape: Shape) -> None:
        if (layer, shape) in seen:
            return
        seen.add((layer, shape))
        expected, parameters = torch_result(layer, shape)
        shape_found = our_output_shape(layer, shape)
        if expected is None:
            counts.refused += 1
        else:
            counts.answered += 1
        if shape_found != expected or (shape_found is not None and layer.parameters(shape) != parameters):
            counts.differences.append(
                f"{layer!r} on {shape}: {shape_found}, torch {expected} with {parameters} parameters"
            )

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
    def check_generated(layer: Layer, shape: Shape) -> None:
        check_case(layer, shape)
        for _ in range(MAX_MENDS):
            if (mended := apply_first_mend(layer, shape)) is None:
                break
            check_case(layer := mended, shape)

    check_generated()
    return counts


def apply_first_mend(layer: Layer, shape: Shape) -> Layer | None:
    """Applies the first change that the layer proposes; None where it accepts the sample, or proposes none."""
    try:
        layer.output_shape(shape)
    except ShapeError as error:
        if error.changes:
            arguments = {name: getattr(layer, name) for name in type(layer).model_fields}
            with suppress(ValidationError):  # a bound of the field
                return type(layer)(**arguments | error.changes[0])
    return None


def check_contract(drawn: int) -> int:
    """Checks every kind and prints the counts; returns the number of differences."""
    cases_per_kind = -(-drawn // len(PALETTE))
    families: dict[str, list[CaseCounts]] = defaultdict(list)
    rows: list[list[object]] = []
    for kind in PALETTE:
        counts = check_kind(kind, cases_per_kind)
        families[family(kind)].append(counts)
        rows.append([kind, counts.answered, counts.refused, len(counts.differences)])
        for difference in counts.differences:
            print(difference)
    print(table(["kind", "answered", "refused", "differences"], rows), "\n")
    rows = [[name, len(family_counts), *_sums(family_counts)] for name, family_counts in families.items()]
    total = _sums([counts for family_counts in families.values() for counts in family_counts])
    rows.append(["all", len(PALETTE), *total])
    print(table(["family", "kinds", "cases", "answered", "refused", "differences"], rows))
    print(f"\n{total[0]:,} cases, goal {GOAL_CASES:,}: {verdict(total[0], GOAL_CASES, at_least=True)};", end=" ")
    print(f"{total[-1]} differences, goal 0: {verdict(total[-1], 0)}", flush=True)
    return total[-1]


def _sums(counts: list[CaseCounts]) -> list[int]:
    answered, refused = sum(v.answered for v in counts), sum(v.refused for v in counts)
    return [answered + refused, answered, refused, sum(len(v.differences) for v in counts)]


def main() -> None:
    """Measures, checks and prints; exits with 1 where torch differs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repetitions", type=int, default=200, help="nets that each side is timed on")
    parser.add_argument("--drawn", type=int, default=GENERATED_CASES, help="layers on samples to generate")
    options = parser.parse_args()
    torch.set_num_threads(1)
    times = measure_speed(options.repetitions)
    reference = median(times["torchinfo"])
    rows = [
        [side, spread(milliseconds, 3), f"{reference / median(milliseconds):.1f}"]
        for side, milliseconds in times.items()
    ]
    print(f"A net of 37 layers, {options.repetitions} repetitions; median [quartiles] in ms\n")
    print(table(["", "ms", "torchinfo ÷ it"], rows))
    ratio = reference / median(times["trace"])
    print(
        f"\ntrace() is {ratio:.0f} × as fast, goal {GOAL_SPEEDUP}: {verdict(ratio, GOAL_SPEEDUP, at_least=True)}\n",
        flush=True,
    )
    raise SystemExit(1 if check_contract(options.drawn) else 0)


if __name__ == "__main__":
    main()
