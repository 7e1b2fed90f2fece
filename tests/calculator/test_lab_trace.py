import torch

from cnnviz.architecture import build_model
from cnnviz.calculator.lab_trace import PRINTED_AFTER, printed_trace
from cnnviz.presets import PRESETS

PRINTED = """\
torch.Size([256, 1, 99, 26])
torch.Size([256, 10, 22, 4])
torch.Size([256, 10, 22, 4])
torch.Size([256, 880])
torch.Size([256, 100])
torch.Size([256, 100])"""
"""As it stands in the lab."""


def test_the_trace_is_the_one_the_lab_printed() -> None:
    lines = printed_trace()
    assert "\n".join(line.text for line in lines if line.printed) == PRINTED
    assert [line.text for line in lines if not line.printed] == ["torch.Size([256, 35])"]


def test_torch_prints_the_same() -> None:
    x = torch.zeros(256, *PRESETS["lab-convnet"].architecture.input_shape)
    printed = [f"{x.shape}"]
    for passed, layer in enumerate(build_model(PRESETS["lab-convnet"].architecture).eval().children(), 1):
        x = layer(x)
        if passed in PRINTED_AFTER:
            printed.append(f"{x.shape}")
    assert "\n".join(printed) == PRINTED


def test_every_line_is_explained_with_its_arithmetic() -> None:
    explained = [" ".join(line.explanations) for line in printed_trace()]
    assert "batch of 256" in explained[0]
    assert "10 × 90 × 17" in explained[1]
    assert "⌊(17 + 2·0 − 4) / 4⌋ + 1 = 4" in explained[1]
    assert "does not change the shape" in explained[2]
    assert "10 · 22 · 4 = 880" in explained[3]
    assert "in_features 880 → out_features 100" in explained[4]
    assert "in_features 100 → out_features 35" in explained[6]
