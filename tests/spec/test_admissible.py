from __future__ import annotations

from fractions import Fraction
from itertools import permutations, product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from refsort.spec import (
    KinkError,
    absolute,
    derivative,
    elementwise_interval,
    l1_ball_jacobians,
    leaky_relu,
    majorisation_excess,
    project_l1_ball,
    pullback,
    relu,
    sort_blocks,
    sort_excess,
)
from refsort.spec.sorting import group_sort

Vector = list[Fraction]
integers = st.integers(-4, 4).map(Fraction)


def inner(x: Vector, y: Vector) -> Fraction:
    return sum((a * b for a, b in zip(x, y, strict=True)), Fraction(0))


def robin_hood(g: Vector, v: Vector) -> bool:
    """Whether transfers from a larger to a smaller entry, each a mean of the vector and of a swap of it, turn g into v.

    Hardy, Littlewood, Polya: repair at every transfer one entry for good. Each transfer stays in the hull of the
    permutations, so success is a proof that v lies in the hull.
    """
    g, v = sorted(g, reverse=True), sorted(v, reverse=True)
    for _ in range(len(g)):
        if g == v:
            return True
        surplus = [i for i in range(len(g)) if g[i] > v[i]]
        deficit = [i for i in range(len(g)) if g[i] < v[i]]
        if not surplus or not deficit:
            return False
        j = deficit[0]
        givers = [i for i in surplus if i < j]
        if not givers:
            return False
        i = givers[-1]
        amount = min(g[i] - v[i], v[j] - g[j])
        if amount > g[i] - g[j]:
            return False
        g[i] -= amount
        g[j] += amount
    return g == v


@given(st.lists(st.tuples(integers, integers), min_size=1, max_size=4), st.booleans())
def test_majorisation_decides_membership_in_the_hull_of_permutations(
    pairs: list[tuple[Fraction, Fraction]], level: bool
) -> None:
    v, g = [a for a, _ in pairs], [b for _, b in pairs]
    if level:  # most random pairs differ in sum; here they do not, and the partial sums decide
        v[-1] += sum(g) - sum(v)
    excess = majorisation_excess(v, g)
    if excess == 0:
        assert robin_hood(g, v)
        return
    # Outside: some direction of 0s and 1s, or minus all 1s, separates v from every permutation of g, by the excess.
    directions = [[Fraction(t) for t in c] for c in product((0, 1), repeat=len(v))] + [[Fraction(-1)] * len(v)]
    gaps = [inner(c, v) - max(inner(c, list(p)) for p in permutations(g)) for c in directions]
    assert max(gaps) == excess > 0


@given(st.lists(integers, min_size=1, max_size=4), st.data())
def test_mixtures_of_permutations_are_accepted(g: Vector, data: st.DataObject) -> None:
    perms = data.draw(st.lists(st.permutations(g), min_size=1, max_size=5))
    weights = data.draw(st.lists(st.integers(1, 9), min_size=len(perms), max_size=len(perms)))
    v = [sum(w * p[i] for w, p in zip(weights, perms, strict=True)) / sum(weights) for i in range(len(g))]
    assert majorisation_excess(v, g) == 0


def test_rows_that_are_each_valid_are_not_jointly() -> None:
    # both rows of MaxMin at a tie answer "the first entry": each a subgradient, together no Jacobian
    assert sort_excess([5, 5], [1, 1], [2, 0], 2) == 1
    assert sort_excess([5, 5], [1, 1], [1, 1], 2) == 0


@given(st.integers(1, 4), st.integers(1, 2), st.data())
def test_blocks_partition_both_sides_and_share_the_value(size: int, count: int, data: st.DataObject) -> None:
    x = data.draw(st.lists(st.integers(0, 2), min_size=size * count, max_size=size * count))
    y = group_sort(x, size)
    blocks = sort_blocks(x, size)
    assert sorted(i for inputs, _ in blocks for i in inputs) == list(range(len(x)))
    assert [o for _, outputs in blocks for o in outputs] == list(range(len(x)))
    for inputs, outputs in blocks:
        assert len(inputs) == len(outputs)
        assert {x[i] for i in inputs} == {y[o] for o in outputs}
        assert len({x[i] for i in inputs}) == 1
        assert len({i // size for i in inputs + outputs}) == 1
    keys = [(inputs[0] // size, x[inputs[0]]) for inputs, _ in blocks]
    assert len(set(keys)) == len(keys)  # equal values of a group are never in two blocks


@settings(max_examples=60)
@given(st.sampled_from([(1, 3), (2, 2), (3, 1), (4, 1)]), st.data())
def test_limits_of_derivatives_at_nearby_points_are_admissible(shape: tuple[int, int], data: st.DataObject) -> None:
    size, count = shape
    vectors = st.lists(st.integers(0, 2), min_size=size * count, max_size=size * count)
    x, y_bar = data.draw(vectors), data.draw(vectors)
    order = data.draw(st.permutations(range(1, size * count + 1)))
    nearby = [t + Fraction(k, 1000) for t, k in zip(x, order, strict=True)]  # no ties, and distinct values stay ordered
    x_bar = pullback(lambda z: group_sort(z, size), nearby, y_bar)
    assert sort_excess(x, y_bar, x_bar, size) == 0
    if len(set(x)) == size * count:
        assert x_bar == pullback(lambda z: group_sort(z, size), x, y_bar)
    wrong = list(x_bar)
    wrong[0] += Fraction(1, 10**9)
    assert sort_excess(x, y_bar, wrong, size) == Fraction(1, 10**9)  # its block has the wrong sum, by that much


def test_a_cotangent_must_not_leave_its_block_or_its_group() -> None:
    assert sort_excess([1, 2], [10, 20], [20, 10], 2) == 10
    assert sort_excess([1, 1, 1, 1], [1, 2, 3, 4], [3, 4, 1, 2], 2) == 4  # sums 7 and 3, swapped between the groups
    assert sort_excess([1, 1, 1, 1], [1, 2, 3, 4], [3, 4, 1, 2], 4) == 0
    assert sort_excess([], [], [], 2) == 0


@pytest.mark.parametrize(
    ("name", "f"), [("relu", relu), ("absolute", absolute), ("leaky_relu", lambda x: leaky_relu(x, Fraction(1, 3)))]
)
@given(x=st.integers(-2, 2), g=integers)
def test_intervals_end_at_the_one_sided_derivatives(name: str, f, x: int, g: Fraction) -> None:
    h = Fraction(1, 10)
    (here,), (right,), (left,) = f([x]), f([x + h]), f([x - h])
    slopes = sorted(((here - left) / h * g, (right - here) / h * g))
    slope = Fraction(1, 3) if name == "leaky_relu" else None
    assert elementwise_interval(name, x, g, slope) == tuple(slopes)


def jacobian(v: Vector, radius: Fraction) -> tuple[tuple[Fraction, ...], ...]:
    d = len(v)
    columns = [derivative(lambda x: project_l1_ball(x, radius), v, [int(i == j) for i in range(d)]) for j in range(d)]
    return tuple(zip(*columns, strict=True))


STEPS = [Fraction(k, 1000) for k in (-20, -5, -1, 0, 1, 5, 20)]


@pytest.mark.parametrize(
    ("v", "radius", "count"),
    [
        ([Fraction(1, 4), Fraction(-1, 4), 0], 1, 1),  # inside
        ([3, -2, 0], 4, 1),  # outside, threshold 1/2, smooth
        ([2, -1], 1, 2),  # |v_2| is the threshold
        ([2, -1, 1], 1, 4),
        ([-2, 0, 1], 1, 2),
        ([1], 1, 2),  # on the sphere
        ([Fraction(1, 2), Fraction(-1, 2)], 1, 2),
        ([1, 0], 1, 4),
        ([-2, 0, 1], 3, 4),
        ([0, -1, 0], 1, 10),
    ],
)
def test_the_list_is_exactly_the_jacobians_found_nearby(v: list[Fraction], radius: int, count: int) -> None:
    v = [Fraction(x) for x in v]
    found = set()
    for step in product(STEPS, repeat=len(v)):
        try:
            found.add(jacobian([a + b for a, b in zip(v, step, strict=True)], Fraction(radius)))
        except KinkError:
            continue
    listed = [tuple(map(tuple, j)) for j in l1_ball_jacobians(v, radius)]
    assert len(set(listed)) == len(listed) == count
    assert set(listed) == found


def test_the_number_of_jacobians_is_capped_and_radii_checked() -> None:
    with pytest.raises(ValueError, match=r"there are 1 \+ 3\^4 Jacobians at v, more than the limit 81"):
        l1_ball_jacobians([1, 0, 0, 0, 0], 1, limit=81)
    assert len(l1_ball_jacobians([1, 0, 0, 0, 0], 1, limit=82)) == 82
    with pytest.raises(ValueError, match=r"1 \+ 3\^784 Jacobians at v, more than the limit 4096"):
        l1_ball_jacobians([1] + [0] * 784)
    with pytest.raises(ValueError, match=r"there are 2\^3 Jacobians at v, more than the limit 7"):
        l1_ball_jacobians([2, 1, -1, 1], 1, limit=7)
    with pytest.raises(ValueError, match="l1_ball_jacobians: the radius must be positive"):
        l1_ball_jacobians([1], 0)
    assert l1_ball_jacobians([]) == [[]]


def test_bad_input_is_named() -> None:
    with pytest.raises(ValueError, match="must share one length, got 2, 2 and 3"):
        sort_excess([1, 2], [1, 2], [1, 2, 3], 2)
    with pytest.raises(ValueError, match="group_size 2 does not divide the 3 features"):
        sort_blocks([1, 2, 3], 2)
    with pytest.raises(ValueError, match="must share one length, got 1 and 2"):
        majorisation_excess([1], [1, 2])
    with pytest.raises(ValueError, match="name must be relu, absolute or leaky_relu, got 'elu'"):
        elementwise_interval("elu", 1, 1)
    with pytest.raises(TypeError, match="a real number is needed, got None"):
        elementwise_interval("leaky_relu", 1, 1)
