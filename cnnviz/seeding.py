"""Torch's global random generator, which all threads share, seeded for one of them at a time."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import torch

_drawing = threading.Lock()


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Has torch's generator on the CPU begin at a seed within the block, alone among the threads; restores it after.

    For what takes no generator of its own: initial weights, dropout, RReLU. Blocks must not lie in each other.
    """
    with _drawing, torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        yield
