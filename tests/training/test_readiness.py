import numpy as np
import pytest

from cnnviz.architecture import (
    Architecture,
    activation_bytes,
    build_model,
    find_refusing_step,
    output_shape,
    trace,
    training_bytes,
)
from cnnviz.data.content import Content
from cnnviz.data.dataset import Dataset
from cnnviz.data.digits import DIGITS
from cnnviz.errors import DesignError, LimitError
from cnnviz.layers import (
    AdaptiveAvgPool2d,
    BatchNorm1d,
    BatchNorm2d,
    Conv2d,
    Flatten,
    GroupNorm,
    Layer,
    Linear,
    LogSoftmax,
    MaxPool2d,
    Parallel,
    ReLU,
)
from cnnviz.presets import PRESETS
from cnnviz.settings import Settings
from cnnviz.training.config import TrainConfig
from cnnviz.training.readiness import adapt_to_dataset, check_trainable

LIMITS = Settings()
CONFIG = TrainConfig()


def design(*stack: Layer, shape: tuple[int, ...] = (1, 8, 8)) -> Architecture:
    return Architecture(input_shape=shape, layers=stack)


SCORES = (Flatten(), Linear(out_features=10))


def test_a_design_that_fits_passes_quietly() -> None:
    check_trainable(design(*SCORES), CONFIG, DIGITS, LIMITS)
    check_trainable(design(Flatten(), Linear(out_features=11)), CONFIG, DIGITS, LIMITS)  # a score too many does no harm


@pytest.mark.parametrize(
    ("architecture", "sentence"),
    [
        pytest.param(design(), r"^This design has no layers yet; add some, or load a preset\.$", id="empty"),
        pytest.param(
            design(MaxPool2d(kernel_size=9), *SCORES),
            r"^Layer 1, MaxPool2d: a window of 9 does not fit .* Fix it on the Design page first\.$",
            id="refused by a layer",
        ),
        pytest.param(
            PRESETS["lab-convnet"].architecture,
            r"^This design takes samples of 1 × 99 × 26, but “Handwritten digits” has samples of 1 × 8 × 8\.$",
            id="another input",
        ),
        pytest.param(
            design(Conv2d(out_channels=4, kernel_size=3)),
            r"^This design ends in 4 × 6 × 6; a classifier must end in one row of scores\. "
            r"Add a Flatten and a Linear with out_features 10 at the end\.$",
            id="ends in pictures",
        ),
        pytest.param(
            design(Flatten(), Linear(out_features=9)),
            r"^This design ends in 9 scores, but “Handwritten digits” has 10 classes\. "
            r"Give the last Linear layer out_features 10\.$",
            id="too few scores",
        ),
        pytest.param(
            design(Flatten(), ReLU()),
            r"^This design has no parameters, so there is nothing to train; add a Conv2d or a Linear\.$",
            id="nothing to learn",
        ),
    ],
)
def test_a_design_that_cannot_be_trained_is_told_why(architecture: Architecture, sentence: str) -> None:
    with pytest.raises(DesignError, match=sentence):
        check_trainable(architecture, CONFIG, DIGITS, LIMITS)


@pytest.mark.parametrize(
    "stack",
    [
        (Flatten(), BatchNorm1d(), Linear(out_features=10)),
        (MaxPool2d(kernel_size=8), BatchNorm2d(), *SCORES),
    ],
)
def test_batchnorm_of_single_values_needs_a_batch_of_two(stack: tuple[Layer, ...]) -> None:
    single = TrainConfig(batch_size=1)
    with pytest.raises(DesignError, match=r"^Layer 2, BatchNorm[12]d, takes mean .* Use a batch size of at least 2\.$"):
        check_trainable(design(*stack), single, DIGITS, LIMITS)
    check_trainable(design(*stack), TrainConfig(batch_size=2), DIGITS, LIMITS)
    check_trainable(design(BatchNorm2d(), *SCORES), single, DIGITS, LIMITS)


def test_groups_of_single_values_are_told() -> None:
    with pytest.raises(
        DesignError, match=r"^Layer 2, GroupNorm, has groups of a single value.* Use fewer groups than 64"
    ):
        check_trainable(design(Flatten(), GroupNorm(num_groups=64), Linear(out_features=10)), CONFIG, DIGITS, LIMITS)


def test_the_limit_of_parameters_is_exact() -> None:
    parameters = sum(p.numel() for p in build_model(design(*SCORES)).parameters())
    check_trainable(design(*SCORES), CONFIG, DIGITS, Settings(max_parameters=parameters))
    with pytest.raises(LimitError, match=r"^This design has 650 parameters; this server trains at most 649\.$"):
        check_trainable(design(*SCORES), CONFIG, DIGITS, Settings(max_parameters=parameters - 1))


def test_the_limit_of_memory_is_exact_and_grows_with_the_batch() -> None:
    config = CONFIG.changed(batch_size=1000)
    needed = training_bytes(design(*SCORES), 1000)
    check_trainable(design(*SCORES), config, DIGITS, Settings(max_training_bytes=needed))
    with pytest.raises(
        LimitError, match=r"^Training this design with batches of 1,000 needs at least 1 MiB, .* Use smaller batches"
    ):
        check_trainable(design(*SCORES), config, DIGITS, Settings(max_training_bytes=needed - 1))
    bigger = training_bytes(design(*SCORES), 1001)
    assert bigger - needed == 2 * activation_bytes(design(*SCORES))


def test_small_batches_do_not_hide_what_evaluation_needs() -> None:
    wide = design(Conv2d(out_channels=60_000, kernel_size=1), ReLU(), MaxPool2d(kernel_size=8), *SCORES)
    with pytest.raises(LimitError, match=r"fewer channels, or pool earlier"):
        check_trainable(wide, CONFIG.changed(batch_size=1), DIGITS, LIMITS)


BLIND = MaxPool2d(kernel_size=(1, 2), stride=1, padding=(0, 1), dilation=2)


@pytest.mark.parametrize("stack", [BLIND, Parallel(branches=((), (BLIND,)))])
def test_the_maximum_of_nothing_is_not_trained(stack: Layer) -> None:
    task = dataset((1, 8, 1), classes=2)
    with pytest.raises(DesignError, match=r"MaxPool2d, has a window .* whole width of 1\. .* use less padding"):
        check_trainable(design(stack, *SCORES, shape=task.shape), CONFIG, task, LIMITS)
    check_trainable(design(stack, *SCORES), CONFIG, DIGITS, LIMITS)


@pytest.mark.parametrize("name", PRESETS)
@pytest.mark.parametrize("shape", [(1, 8, 8), (1, 99, 26), (3, 32, 32), (5,)])
def test_an_adapted_design_can_be_trained(name: str, shape: tuple[int, ...]) -> None:
    task = dataset(shape, classes=7)
    fitted = adapt_to_dataset(PRESETS[name].architecture, task)
    if fitted is None:
        preset = PRESETS[name].architecture
        refusing = find_refusing_step(trace(preset.model_copy(update={"input_shape": shape})))
        assert len(shape) != len(preset.input_shape) or (refusing and not isinstance(refusing.layer, Linear))
        return
    check_trainable(
        fitted, CONFIG, task, Settings(max_parameters=2 * 10**8, max_training_bytes=2**34)
    )  # VGG-11 is large
    assert output_shape(fitted) == (7,)


def test_every_branch_is_adapted() -> None:
    branch = (Conv2d(out_channels=2, kernel_size=9), AdaptiveAvgPool2d(output_size=1))
    fitted = adapt_to_dataset(design(Parallel(branches=(branch,) * 5), *SCORES, shape=(1, 28, 28)), DIGITS)
    assert fitted
    assert output_shape(fitted) == (10,)


def test_only_the_last_linear_layer_is_adapted() -> None:
    stack = (Flatten(), Linear(out_features=20), Linear(out_features=3), LogSoftmax(dim=1))
    assert adapt_to_dataset(design(*stack, shape=(2, 5, 5)), DIGITS) == design(
        Flatten(), Linear(out_features=20), Linear(out_features=10), LogSoftmax(dim=1)
    )


def test_what_cannot_be_adapted_is_left_alone() -> None:
    assert adapt_to_dataset(design(), DIGITS) is None
    assert adapt_to_dataset(design(Flatten(), ReLU()), DIGITS) is None
    assert adapt_to_dataset(design(Linear(out_features=3), Conv2d(out_channels=2, kernel_size=3)), DIGITS) is None


def dataset(shape: tuple[int, ...], classes: int, samples: int = 5) -> Dataset:
    random = np.random.default_rng(0)

    def load(_progress: object) -> Content:
        return Content(random.random((3 * samples, *shape), np.float32), np.arange(3 * samples) % classes, names)

    names = tuple(map(str, range(classes)))
    return Dataset("noise", "Noise", "Nothing to learn.", shape, names, 3 * samples, load)
