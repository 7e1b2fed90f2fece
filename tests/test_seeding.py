"""Random numbers of torch's shared generator, drawn by many threads at once."""

from concurrent.futures import ThreadPoolExecutor

import torch
from torch import nn

from cnnviz.experiments.dropout import drop
from cnnviz.inside.subject import build_untrained
from cnnviz.seeding import seeded
from tests.designs import NET


def test_threads_that_draw_at_once_get_what_each_gets_alone_and_leave_the_generator_as_it_was() -> None:
    def draw(seed: int) -> torch.Tensor:
        dropped = torch.from_numpy(drop(0.5, seed=seed).in_training).flatten()
        with seeded(seed):
            weights = torch.cat([nn.Linear(64, 64).weight.detach().flatten() for _ in range(10)])
        return torch.cat(
            [dropped, weights, *(one.detach().flatten() for one in build_untrained(NET, seed).parameters())]
        )

    before = torch.get_rng_state()
    alone = [draw(seed) for seed in range(20)]
    with ThreadPoolExecutor(8) as threads:
        together = list(threads.map(draw, range(20)))
    assert all(torch.equal(one, other) for one, other in zip(alone, together, strict=True))
    assert torch.equal(torch.get_rng_state(), before)


def test_the_numbers_are_those_of_torchs_own_seed() -> None:
    expected = torch.rand(5, generator=torch.Generator().manual_seed(3))
    with seeded(3):
        assert torch.equal(torch.rand(5), expected)
