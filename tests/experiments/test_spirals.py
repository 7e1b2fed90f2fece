import numpy as np
import pytest
import torch

from cnnviz.experiments.spirals import STEPS, SpiralsQuestion, build_stack, train, train_spirals, two_spirals

QUESTION = SpiralsQuestion()


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)


def test_only_the_stack_with_relu_learns_the_spirals_and_a_process_gives_the_same_answer() -> None:
    answer = train(QUESTION)
    assert answer.with_relu.accuracy > 0.95
    assert answer.without_relu.accuracy < 0.75
    assert len(answer.with_relu.losses) == STEPS
    assert answer.with_relu.losses[-1] < answer.with_relu.losses[0]
    other = train_spirals(QUESTION)
    assert np.allclose(other.points, answer.points)
    assert other.with_relu.accuracy > 0.95


def test_both_stacks_start_with_the_same_weights() -> None:
    plain, bent = (list(build_stack(QUESTION, relu=relu).parameters()) for relu in (False, True))
    assert len(plain) == 2 * (QUESTION.hidden_layers + 1)
    assert all(torch.equal(first, second) for first, second in zip(plain, bent, strict=True))


def test_the_boundary_without_relu_is_straight() -> None:
    probabilities = np.clip(np.array(train(QUESTION).without_relu.probabilities), 1e-6, 1 - 1e-6)
    logits = np.log(probabilities / (1 - probabilities))
    assert np.allclose(np.diff(logits, n=2, axis=0), 0, atol=1e-3)
    assert np.allclose(np.diff(logits, n=2, axis=1), 0, atol=1e-3)


def test_the_spirals_are_each_others_mirror_image_without_noise() -> None:
    x, y = two_spirals(SpiralsQuestion(noise=0))
    assert torch.equal(x[y == 0], -x[y == 1])
