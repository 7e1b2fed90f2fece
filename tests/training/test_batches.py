import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from cnnviz.data.splits import Part
from cnnviz.training.batches import Batches
from cnnviz.training.prepared_data import to_device


def numbered(samples: int, batch_size: int, seed: int | None = None) -> Batches:
    """Samples whose x and y are their own number."""
    number = torch.arange(samples)
    return Batches(number, number, batch_size, None if seed is None else torch.Generator().manual_seed(seed))


@settings(max_examples=200, deadline=None)
@given(st.integers(1, 60), st.integers(1, 70), st.none() | st.integers(0, 9))
def test_a_pass_gives_every_sample_once_with_its_label(samples: int, batch_size: int, seed: int | None) -> None:
    batches = numbered(samples, batch_size, seed)
    seen = list(batches)
    assert all(torch.equal(x, y) for x, y in seen)
    assert sorted(torch.cat([x for x, _ in seen]).tolist()) == list(range(samples))
    assert len(batches) == len(seen)


@settings(max_examples=200, deadline=None)
@given(st.integers(2, 60), st.integers(2, 70))
def test_a_batch_has_the_size_asked_for_and_none_has_a_single_sample(samples: int, batch_size: int) -> None:
    sizes = [len(y) for _, y in numbered(samples, batch_size)]
    assert all(size == batch_size for size in sizes[:-1])
    assert min(sizes) >= 2
    assert sizes[-1] <= batch_size + 1


def test_a_last_single_sample_joins_the_batch_before_it() -> None:
    assert [len(y) for _, y in numbered(9, 4)] == [4, 5]
    assert [len(y) for _, y in numbered(10, 4)] == [4, 4, 2]
    assert [len(y) for _, y in numbered(1, 4)] == [1]


def test_the_same_seed_gives_the_same_order_and_every_pass_another() -> None:
    batches, same_batches = numbered(50, 8, seed=1), numbered(50, 8, seed=1)
    first, second = (
        [torch.cat([y for _, y in loader]).tolist() for _ in range(2)] for loader in (batches, same_batches)
    )
    assert first == second
    assert first[0] != first[1]
    assert first[0] != torch.cat([y for _, y in numbered(50, 8, seed=2)]).tolist()


def test_without_a_generator_the_order_stays() -> None:
    assert torch.cat([y for _, y in numbered(50, 8)]).tolist() == list(range(50))


def test_the_order_leaves_the_global_generator_alone() -> None:
    before = torch.get_rng_state()
    list(numbered(50, 8, seed=1))
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("shape", [(5,), (1, 8, 8)])
def test_resident_tensors_are_the_split(shape: tuple[int, ...]) -> None:
    split = Part(np.ones((3, *shape), np.float32), np.arange(3))
    x, y = to_device(split, torch.device("cpu"))
    assert (x.dtype, y.dtype) == (torch.float32, torch.int64)
    np.testing.assert_array_equal(x, split.x)
    np.testing.assert_array_equal(y, split.y)
