"""Work in threads: the order of results, nesting, what NumPy does about divisions by 0, and the same bytes."""

from __future__ import annotations

import threading
import warnings

import numpy as np
import pytest

from robustir.stats import ClusterSums, bootstrap_weights, interval, log_ratio_interval, randomisation_test, sign_flips
from robustir.stats import threads as threads_module
from robustir.stats.threads import in_threads


@pytest.fixture(params=[1, 4])
def cores(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr(threads_module, "cores", lambda: request.param)
    return int(request.param)


def test_results_have_the_order_of_the_pieces(cores: int) -> None:
    started = threading.Barrier(min(cores, 2), timeout=30)

    def square(number: int) -> int:
        if number < 2 and cores > 1:
            started.wait()  # two pieces are at work at once
        return number * number

    assert in_threads(square, range(20)) == [number * number for number in range(20)]
    assert in_threads(square, []) == []


@pytest.mark.usefixtures("cores")
def test_a_call_inside_another_uses_the_same_thread() -> None:
    def inner(_: int) -> set[str]:
        outer = threading.current_thread().name
        return {outer, *in_threads(lambda _: threading.current_thread().name, range(5))}

    assert all(len(names) == 1 for names in in_threads(inner, range(6)))


@pytest.mark.usefixtures("cores")
def test_an_error_reaches_the_caller() -> None:
    with pytest.raises(ZeroDivisionError):
        in_threads(lambda number: 1 // number, range(3))


@pytest.mark.usefixtures("cores")
def test_the_context_of_the_caller_holds() -> None:
    with warnings.catch_warnings(), np.errstate(divide="ignore"):
        warnings.simplefilter("error")
        found = in_threads(lambda value: float(np.float64(value) / np.float64(0.0)), [1.0, 2.0])
    assert found == [np.inf, np.inf]


def test_intervals_and_tests_have_the_same_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    counts = rng.integers(1, 30, size=(1, 48)).astype(np.float64)
    noisy, clean = (ClusterSums(rng.random((500, 1, 48)) * counts, counts) for _ in range(2))
    weights, flips = bootstrap_weights(48, 500, 0), sign_flips(48, 500, 0)
    found = []
    for cores in (1, 2, 4):
        monkeypatch.setattr(threads_module, "cores", lambda cores=cores: cores)
        means = interval(noisy, weights)
        ratios = log_ratio_interval([noisy], [clean], weights)
        p = randomisation_test(noisy.contributions - clean.contributions, flips)
        found.append(b"".join(part.tobytes() for part in (means.low, means.high, ratios.low, ratios.high, p)))
    assert len(set(found)) == 1
