import pytest

from cnnviz.architecture import trace
from cnnviz.presets import PRESETS

PARAMETERS = {
    "lab-convnet": 92_645,
    "keywords-residual": 79_379,
    "keywords-separable": 17_123,
    "keywords-temporal": 64_211,
    "keywords-temporal-medium": 24_443,
    "keywords-temporal-small": 8_155,
    "keywords-broadcast": 9_623,
    "lenet-5": 61_706,  # 156 + 2,416 + 48,120 + 10,164 + 850
    "alexnet": 61_100_840,  # https://pytorch.org/vision/stable/models.html, like the two below
    "vgg-11": 132_863_336,
    "resnet-18": 11_689_512,
    "googlenet": 6_624_904,  # these four likewise; without auxiliary classifiers
    "densenet-121": 7_978_856,
    "mobilenet-v2": 3_504_872,
    "efficientnet-b0": 5_288_548,
    "resnet-20": 272_474,  # 269,722 with option A of the paper, and 2,752 of two projections with their norms
}


@pytest.mark.parametrize("name", PARAMETERS)
def test_a_net_has_the_number_of_parameters_that_it_is_known_by(name: str) -> None:
    architecture, count = PRESETS[name].architecture, PARAMETERS[name]
    assert sum(step.parameters for step in trace(architecture)) == count
    if name != "lab-convnet":
        assert f"{count:,}" in PRESETS[name].description


@pytest.mark.parametrize("name", PRESETS)
def test_every_description_ends_with_a_full_stop(name: str) -> None:
    assert PRESETS[name].description.endswith(".")


def test_the_numbers_in_descriptions_of_published_nets_are_right() -> None:
    assert max(step.parameters for step in trace(PRESETS["vgg-11"].architecture)) == 102_764_544
    linear = sum(step.parameters for step in trace(PRESETS["alexnet"].architecture) if step.layer.kind == "Linear")
    assert round(linear / PARAMETERS["alexnet"], 2) == 0.96


@pytest.mark.parametrize(
    ("name", "size"),
    [
        ("lab-convnet", 10),
        ("keywords-three-blocks", 18),
        ("keywords-four-blocks", 38),
        ("lenet-5", 32),
        ("alexnet", 163),
        ("vgg-11", 134),
    ],
)
def test_the_last_convolution_has_the_receptive_field_that_papers_and_descriptions_give(name: str, size: int) -> None:
    last = [step for step in trace(PRESETS[name].architecture) if step.layer.kind == "Conv2d"][-1]
    assert [reach.size for reach in last.receptive_field or ()] == [size, size]
