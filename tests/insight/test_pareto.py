import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from cnnviz.insight.pareto import pareto_front

SOME = st.lists(st.tuples(st.integers(1, 6), st.integers(0, 6)), max_size=20)


@given(SOME)
def test_on_the_front_are_those_that_nobody_beats(points: list[tuple[int, int]]) -> None:
    costs, gains = (np.array([point[axis] for point in points], float) for axis in (0, 1))
    beaten = [any(c <= cost and g >= gain and (c, g) != (cost, gain) for c, g in points) for cost, gain in points]
    assert pareto_front(costs, gains).tolist() == [not is_beaten for is_beaten in beaten]
