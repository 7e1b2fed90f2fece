"""Every number of the three zooms is torch's: the built module with forward hooks is the judge."""

import itertools
import warnings

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from torch import Tensor, nn

from cnnviz.architecture import Architecture, LayerPath
from cnnviz.inside import Subject
from cnnviz.inside.feature_maps import LayerMaps, record_maps
from cnnviz.inside.one_map import example_kernels, is_convolution, map_sum
from cnnviz.inside.one_value import crop_window, has_window
from cnnviz.layers.block_module import BlockModule
from cnnviz.presets import PRESETS
from tests.strategies import buildable_nets

SMALL_PRESETS = [name for name, preset in PRESETS.items() if name not in ("alexnet", "vgg-11")]


def subject_of(architecture: Architecture) -> Subject:
    raw = np.random.default_rng(1).normal(size=architecture.input_shape).astype(np.float32)
    return Subject.from_raw(architecture, raw, seed=4)


def hooked_outputs(model: nn.Module, batch: Tensor) -> dict[LayerPath, Tensor]:
    """What torch's own forward pass gives behind every module, by path."""
    outputs: dict[LayerPath, Tensor] = {}

    def watch(module: nn.Module, path: LayerPath) -> None:
        module.register_forward_hook(lambda _, __, output: outputs.__setitem__(path, output.clone()))
        if isinstance(module, BlockModule):
            for number, stack in enumerate(module.stacks):
                for place, inner in enumerate(stack.children()):
                    watch(inner, (*path, number, place))

    for place, module in enumerate(model.children()):
        watch(module, (place,))
    with torch.no_grad():
        model(batch)
    return outputs


def recorded(architecture: Architecture) -> tuple[LayerMaps, ...]:
    subject = subject_of(architecture)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        expected = hooked_outputs(subject.build(), subject.sample)
        maps = record_maps(architecture, subject.build(), subject.sample)
    assert [record.path for record in maps] == sorted(expected)
    for record in maps:
        assert torch.equal(record.after, expected[record.path]) or bool(record.after.isnan().any())
    return maps


def assert_sums(maps: tuple[LayerMaps, ...]) -> None:
    for record in filter(is_convolution, maps):
        for channel in {0, record.after.shape[1] - 1}:
            whole = map_sum(maps, record, channel)
            added = whole.parts.double().sum(0) + whole.bias
            scale = float(whole.parts.abs().double().sum(0).max()) + abs(whole.bias) + 1e-6
            assert torch.equal(whole.total, record.after[0, channel])
            assert float((added - whole.total).abs().max()) <= 1e-5 * scale
            for (title, behind), later in zip(whole.following, maps[maps.index(record) + 1 :], strict=False):
                assert title == later.title
                assert torch.equal(behind, later.after[0, channel])


def assert_windows(maps: tuple[LayerMaps, ...]) -> None:
    for record in filter(has_window, maps):
        around = [size // 2 for size in record.after.shape[2:]]
        channel = record.after.shape[1] - 1
        crop = crop_window(maps, record, channel, 0, around)
        for position in itertools.product(*(range(len(layout.taps)) for layout in crop.layouts)):
            taps = [layout.taps[place] for layout, place in zip(crop.layouts, position, strict=True)]
            values, products = [], []
            for combination in itertools.product(*taps):
                cells = [layout.cells[cell] for layout, (cell, _) in zip(crop.layouts, combination, strict=True)]
                if min(cells) < 0:
                    continue
                values.append(float(crop.source[tuple(cells)]))
                if crop.weights is not None:
                    products.append(values[-1] * float(crop.weights[tuple(tap for _, tap in combination)]))
            where = tuple(start + place for start, place in zip(crop.starts, position, strict=True))
            result = float(record.after[(0, channel, *where)])
            assert float(crop.result[position]) == result or np.isnan(result)
            if crop.weights is not None:
                size = sum(map(abs, products)) + abs(float(crop.others[position])) + abs(crop.bias)
                written = sum(products) + float(crop.others[position]) + crop.bias
                assert written == pytest.approx(result, rel=1e-4, abs=1e-5 * size + 1e-6)
            elif record.layer.kind.startswith("MaxPool") and values:
                assert max(values) == result


@pytest.mark.parametrize("name", SMALL_PRESETS)
def test_every_number_of_a_preset_is_torchs(name: str) -> None:
    maps = recorded(PRESETS[name].architecture)
    some = maps if len(maps) < 40 else maps[:40]
    assert_sums(some)
    assert_windows(some[:12])


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(buildable_nets())
def test_every_number_of_a_generated_net_is_torchs(architecture: Architecture) -> None:
    maps = recorded(architecture)
    assert_sums(maps)
    assert_windows(maps)


def test_an_edited_kernel_has_its_effect_and_what_follows_is_computed_anew() -> None:
    maps = recorded(PRESETS["keywords-residual"].architecture)
    record = next(record for record in maps if is_convolution(record) and map_sum(maps, record, 0).following)
    kernels = example_kernels(record.module.kernel_size, ("height", "width"))  # type: ignore[arg-type]
    whole = map_sum(maps, record, 0, kernels["Blur"])
    weight = record.module.weight.detach().clone()  # type: ignore[operator, union-attr]
    weight[0] = torch.from_numpy(kernels["Blur"])
    changed = nn.functional.conv2d(
        record.before,
        weight,
        record.module.bias,
        record.module.stride,
        record.module.padding,  # type: ignore[arg-type]
    )
    torch.testing.assert_close(whole.total, changed[0, 0], atol=1e-5, rtol=1e-4)
    later = maps[maps.index(record) + 1]
    torch.testing.assert_close(whole.following[0][1], later.module(changed)[0, 0].detach(), atol=1e-5, rtol=1e-4)


def test_the_identity_gives_back_the_input() -> None:
    kernels = example_kernels((5, 3), ("time", "band"))
    picture = torch.rand(1, 1, 9, 8)
    out = nn.functional.conv2d(picture, torch.from_numpy(kernels["Identity"])[None, None], padding=(2, 1))
    assert torch.equal(out, picture)
    assert kernels["Blur"].sum() == pytest.approx(1)
    assert set(kernels) == {"Identity", "Blur", "Sobel along the time", "Sobel along the band"}
