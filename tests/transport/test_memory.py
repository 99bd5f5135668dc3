"""The guard speaks before anything is allocated."""

import tracemalloc

import numpy as np
import pytest

from refsort.transport import wasserstein1
from refsort.transport.memory import default_limit, needed


def test_a_problem_that_is_too_large_is_refused_before_it_is_allocated():
    x = np.zeros((50_000, 2))
    tracemalloc.start()
    with pytest.raises(MemoryError) as stopped:
        wasserstein1(x, x, memory=10**9)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 10 * x.nbytes  # copies of the samples, and no matrix: that is 25,000 times as large
    words = str(stopped.value)
    for part in ("50000 x 50000 points by assignment", "20.2 GB", "the limit is 1.0 GB", "subsamples", "critic"):
        assert part in words


def test_a_programme_needs_more_than_an_assignment_and_the_line_needs_little():
    rng = np.random.default_rng(0)
    x, y = rng.random((200, 2)), rng.random((201, 2))
    limit = 10**7
    assert wasserstein1(x, y[:200], memory=limit).method == "assignment"
    with pytest.raises(MemoryError, match="200 x 201 points by programme"):
        wasserstein1(x, y, memory=limit)
    assert wasserstein1(x[:, 0], y[:, 0], memory=limit).method == "line"


@pytest.mark.parametrize(
    ("n", "m", "method"), [(300, 300, "assignment"), (60, 50, "programme"), (4000, 1, "one point")]
)
def test_the_estimate_covers_what_is_traced(n, m, method):
    rng = np.random.default_rng(0)
    d = 1 if method == "line" else 3
    x, y = rng.random((n, d)), rng.random((m, d))
    wasserstein1(np.zeros((3, 2)), np.zeros((2, 2)))  # imports
    tracemalloc.start()
    wasserstein1(x, y, method=method)
    _, peak = tracemalloc.get_traced_memory()  # NumPy's share; HiGHS's is measured by hand, see PROGRAMME_BYTES
    tracemalloc.stop()
    assert peak <= needed(n, m, method)


def test_the_default_is_half_of_the_machine():
    assert 2**28 < default_limit() < 2**50
