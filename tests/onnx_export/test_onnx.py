import importlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import load, save

from cnnviz.architecture import Architecture, build_model, trace
from cnnviz.errors import CnnvizError, DataError, DesignError, LimitError, ShapeError
from cnnviz.layers import (
    PALETTE,
    AdaptiveMaxPool2d,
    BatchNorm1d,
    BatchNorm2d,
    Conv1d,
    Conv2d,
    Conv3d,
    ConvTranspose2d,
    Flatten,
    InstanceNorm2d,
    Layer,
    Linear,
    MaxPool1d,
    MaxPool3d,
    Parallel,
    ReLU,
    Residual,
    Softplus,
)
from cnnviz.onnx_export import request, to_onnx
from cnnviz.onnx_export.support import UNKNOWN_KINDS
from cnnviz.presets import PRESETS
from cnnviz.processes import one_shot
from cnnviz.settings import settings as limits
from tests.strategies import SHAPES_BY_NDIM, layers
from tests.torch_oracle import accepted_shape, our_output_shape


class LazyModule:
    """A module imported when it is first used; see tests/conftest.py for why onnxruntime is to be loaded late."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, name: str) -> Any:
        return getattr(importlib.import_module(self._name), name)


onnx, onnxruntime = LazyModule("onnx"), LazyModule("onnxruntime")
state, writer = LazyModule("onnxruntime.capi.onnxruntime_pybind11_state"), LazyModule("cnnviz.onnx_export.writer")

LAB = PRESETS["lab-convnet"].architecture
NETS = {
    "lab": LAB,
    "digits": PRESETS["digits-convnet"].architecture,
    "blocks": Architecture(
        input_shape=(3, 16, 16),
        layers=[
            Conv2d(out_channels=8, kernel_size=3, stride=2),
            Residual.default((8, 7, 7)),
            Residual(
                layers=[Conv2d(out_channels=16, kernel_size=1)], projection=[Conv2d(out_channels=16, kernel_size=1)]
            ),
            Parallel(branches=[[], [ReLU(), Parallel.default((16, 7, 7))]]),
            Flatten(),
            Linear(out_features=10),
        ],
    ),
    "signal": Architecture(
        input_shape=(1, 400),
        layers=[Conv1d(out_channels=8, kernel_size=9), BatchNorm1d(), ReLU(), MaxPool1d(kernel_size=4), Flatten()],
    ),
    "volume": Architecture(
        input_shape=(1, 9, 9, 9), layers=[Conv3d(out_channels=4, kernel_size=3), MaxPool3d(kernel_size=2), Flatten()]
    ),
}
GAPS: dict[str, tuple[Layer, str]] = {
    **{
        kind: (PALETTE[kind].default(), UNKNOWN_KINDS[kind].split("; ")[1])
        for kind in UNKNOWN_KINDS
        if kind[-2:] != "3d"
    },
    "axis as it is": (AdaptiveMaxPool2d(output_size=(None, 1)), r"set output_size to \(12, 1\)"),
    "unequal windows": (AdaptiveMaxPool2d(output_size=5), "use an output_size that divides 12 × 12"),
    "batch statistics": (BatchNorm2d(track_running_stats=False), "turn track_running_stats on"),
    "running instances": (InstanceNorm2d(track_running_stats=True), "turn track_running_stats off"),
    "output padding": (
        ConvTranspose2d(out_channels=4, kernel_size=3, output_padding=1, dilation=2),
        "below the stride",
    ),
    "another divisor": (PALETTE["AvgPool2d"](kernel_size=2, divisor_override=1), "leave divisor_override empty"),
    "nearest-exact": (PALETTE["Upsample"](scale_factor=2.0, mode="nearest-exact"), "use nearest"),
    "threshold of a Threshold": (PALETTE["Threshold"](threshold=1.0, value=0.0), "which is a ReLU"),
    "threshold": (Softplus(threshold=0.5), "set it to 14 or more"),
}
"""What torch's exporter cannot write, with the end of the sentence that says so."""


def net_of(layer: Layer, shape: tuple[int, ...]) -> Architecture:
    return Architecture(input_shape=shape, layers=[layer])


def agrees_with_torch(architecture: Architecture, file: bytes, weights: bytes | None = None) -> bool:
    """Whether the file is valid ONNX and computes, for a batch of three, what torch computes with the same weights."""
    onnx.checker.check_model(onnx.load_from_string(file), full_check=True)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(file, options, providers=["CPUExecutionProvider"])
    torch.manual_seed(writer.SEED)
    model = build_model(architecture).eval()
    if weights:
        model.load_state_dict(load(weights))
    x = torch.randn(3, *architecture.input_shape)
    (scores,) = session.run(["scores"], {"x": x.numpy()})
    with torch.no_grad():
        # the maximum over nothing but padding is -inf in torch and the least float in onnxruntime
        expected = np.maximum(model(x).numpy(), np.finfo(np.float32).min)
    return scores.shape == expected.shape and np.allclose(scores, expected, rtol=1e-3, atol=1e-4, equal_nan=True)


@pytest.mark.parametrize("kind", PALETTE)
@settings(max_examples=15, deadline=None)
@given(data=st.data())
def test_a_layer_of_every_kind_computes_in_onnx_what_it_computes_in_torch(kind: str, data: st.DataObject) -> None:
    layer, shape = data.draw(layers(kind)), data.draw(SHAPES_BY_NDIM[len(accepted_shape(kind))])
    if our_output_shape(layer, shape) is None:
        layer, shape = PALETTE[kind].default(accepted_shape(kind)), accepted_shape(kind)
    net = net_of(layer, shape)
    try:
        file = writer.export_onnx(net)
    except DesignError as reason:
        assert "cannot be written as ONNX" in str(reason)  # noqa: PT017 (only some are)
        return
    assert agrees_with_torch(net, file), net


@pytest.mark.parametrize("kind", [kind for kind in PALETTE if kind not in UNKNOWN_KINDS])
def test_a_fresh_layer_of_every_kind_can_be_written(kind: str) -> None:
    shape = accepted_shape(kind)
    net = net_of(PALETTE[kind].default(shape), shape)
    assert agrees_with_torch(net, writer.export_onnx(net))


@pytest.mark.parametrize("name", GAPS)
def test_what_torchs_exporter_cannot_write_is_told_with_a_way_out(name: str) -> None:
    layer, end = GAPS[name]
    with pytest.raises(DesignError, match=rf"^Layer 1, {layer.kind}, cannot be written as ONNX: .*{end}"):
        to_onnx(net_of(layer, (4, 12, 12)))


@pytest.mark.parametrize("name", GAPS)
def test_it_still_cannot_be_written(name: str) -> None:
    net = net_of(GAPS[name][0], (4, 12, 12))
    try:
        same = agrees_with_torch(net, writer.export_model(net))
    except (torch.onnx.errors.OnnxExporterError, AssertionError, state.InvalidArgument):
        return
    assert not same


@pytest.mark.parametrize("name", NETS)
def test_a_whole_net_computes_the_same_for_any_number_of_samples(name: str) -> None:
    file = writer.export_onnx(NETS[name])
    assert agrees_with_torch(NETS[name], file)
    graph = onnx.load_from_string(file).graph
    (given,), (gives,) = graph.input, graph.output
    assert (given.name, gives.name) == ("x", "scores")
    assert given.type.tensor_type.shape.dim[0].dim_param == "N"
    assert gives.type.tensor_type.shape.dim[0].dim_param == "N"


def test_nodes_and_weights_are_named_after_the_layers() -> None:
    graph = onnx.load_from_string(writer.export_onnx(NETS["digits"])).graph
    kinds = [node.name for node in graph.node]
    assert kinds[:4] == ["/conv1/Conv", "/batch_norm1/BatchNormalization", "/relu1/Relu", "/pool1/MaxPool"]
    assert not any(node.op_type == "Identity" for node in graph.node)
    weights = {weight.name for weight in graph.initializer}
    assert weights == {name for name in build_model(NETS["digits"]).state_dict() if "num_batches" not in name}


def test_the_file_says_nothing_about_the_server_and_is_the_same_every_time() -> None:
    file = writer.export_onnx(NETS["blocks"])
    assert str(Path(torch.__file__).parent).encode() not in file
    assert str(Path(request.__file__).parent).encode() not in file
    assert writer.export_onnx(NETS["blocks"]) == file


def test_the_process_writes_the_same_file() -> None:
    assert to_onnx(NETS["digits"]) == writer.export_onnx(NETS["digits"])


def trained_weights(architecture: Architecture) -> bytes:
    """Weights, and what BatchNorm keeps, as no fresh net has them."""
    generator = torch.Generator().manual_seed(1)
    state = build_model(architecture).state_dict()
    return save(
        {
            name: torch.rand(value.shape, generator=generator) if value.is_floating_point() else value + 7
            for name, value in state.items()
        }
    )


@pytest.mark.parametrize("name", ["digits", "blocks", "signal"])
def test_trained_weights_compute_in_onnx_what_they_compute_in_torch(name: str) -> None:
    weights = trained_weights(NETS[name])
    file = writer.export_onnx(NETS[name], weights)
    assert agrees_with_torch(NETS[name], file, weights)
    assert not agrees_with_torch(NETS[name], file)


def test_the_process_writes_the_same_file_with_weights() -> None:
    weights = trained_weights(NETS["digits"])
    assert to_onnx(NETS["digits"], weights) == writer.export_onnx(NETS["digits"], weights)


def test_weights_of_another_design_and_what_are_no_weights_are_refused_before_anything_starts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(one_shot, "start_child", None)
    with pytest.raises(DesignError, match=r"The file of weights does not fit this design: conv1.weight is missing in"):
        to_onnx(LAB, save({"more": torch.zeros(1)}))
    for content in (b"", b"\x80\x04pickle", trained_weights(LAB)[:-1]):
        with pytest.raises(DataError, match=r"The file of weights is no .safetensors file, or is damaged"):
            to_onnx(LAB, content)
    monkeypatch.setattr(request, "MAX_HEADER_BYTES", -limits().max_export_bytes)
    with pytest.raises(LimitError, match="more than the 0 bytes"):
        to_onnx(LAB, trained_weights(LAB))


def test_a_net_that_does_not_fit_and_an_empty_one_get_the_reason() -> None:
    with pytest.raises(ShapeError, match="Layer 1, Conv2d: a window of 30"):
        to_onnx(LAB.update_layer(0, kernel_size=30))
    with pytest.raises(DesignError, match="no layers yet"):
        to_onnx(Architecture(input_shape=(3,)))


@pytest.fixture
def fresh_limits() -> None:
    limits.cache_clear()


@pytest.mark.usefixtures("fresh_limits")
def test_a_net_beyond_the_servers_bounds_is_refused_before_anything_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(one_shot, "start_child", None)
    vector = Architecture(input_shape=(50_000,), layers=[Linear(out_features=1000)])
    with pytest.raises(LimitError, match=r"50,001,000 parameters of this net make a file of 191 MiB.*at most 100 MiB"):
        to_onnx(vector)
    picture = Architecture(input_shape=(1, 4000, 4000), layers=[Conv2d(out_channels=64, kernel_size=1)])
    with pytest.raises(LimitError, match=r"needs about 31,250 MiB; this server gives it at most 4,096 MiB"):
        to_onnx(picture)


def test_a_file_that_takes_too_long_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(request.ONNX_PROCESS, "timeout_seconds", 0.01)
    with pytest.raises(LimitError, match=r"took more than 0.01 seconds and was given up"):
        to_onnx(LAB)


def test_one_file_is_written_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(request.ONNX_PROCESS, "timeout_seconds", 0.01)
    with request.ONNX_PROCESS.semaphore, pytest.raises(LimitError, match="Many ONNX files are being written just now"):
        to_onnx(LAB)


def test_a_reason_found_in_the_process_reaches_the_student(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(request, "exportable_steps", trace)
    with pytest.raises(DesignError, match="Layer 1, Softplus, cannot be written as ONNX"):
        to_onnx(net_of(Softplus(threshold=0.5), (4, 12, 12)))


@pytest.mark.parametrize(
    ("death", "sentence"),
    [
        ("os.kill(os.getpid(), 9)", "needs more memory than the server has free"),
        ("os._exit(1)", "failed inside cnnviz"),
        ("raise SystemError", "failed inside cnnviz"),
    ],
)
def test_a_process_that_dies_costs_one_file(
    death: str, sentence: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "mortal.py").write_text(f"import os\ndef main(): {death}\n", encoding="ascii")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setattr(request.ONNX_PROCESS, "module", "mortal")
    with pytest.raises(CnnvizError, match=sentence):
        to_onnx(LAB)
    assert request.ONNX_PROCESS.semaphore.acquire(blocking=False)
    request.ONNX_PROCESS.semaphore.release()


FULL_DISK = """
from cnnviz.processes.one_shot import serve

def handle(request):
    raise OSError(28, "No space left on device")

def main():
    serve(handle, no_memory="")
"""


def test_a_full_disk_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "full.py").write_text(FULL_DISK, encoding="ascii")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setattr(request.ONNX_PROCESS, "module", "full")
    with pytest.raises(LimitError, match="the server's disk is full"):
        request.ONNX_PROCESS.run(b"")
