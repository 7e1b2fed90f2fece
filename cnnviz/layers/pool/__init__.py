"""Pools: one number per window, from each channel on its own.

window_pool.py       Pool, the base of those whose window moves by a stride
max_pool.py          the largest value
avg_pool.py          the mean
lp_pool.py           the p-norm
adaptive_pool.py     a fixed number of windows, whatever the size of the input
fractional_pool.py   windows at random places
"""

from cnnviz.layers.base import Layer
from cnnviz.layers.pool import adaptive_pool, avg_pool, fractional_pool, lp_pool, max_pool

KINDS: tuple[type[Layer], ...] = (
    *max_pool.KINDS,
    *avg_pool.KINDS,
    *lp_pool.KINDS,
    *adaptive_pool.KINDS,
    *fractional_pool.KINDS,
)
"""The kinds of this family, in the order in which the palette shows them."""
