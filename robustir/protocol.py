"""The statistical protocol: the tests, corrections and intervals to choose from, and which of them go together.

Names alone, so that suites and options know them without loading the statistics.
"""

from __future__ import annotations

from typing import Literal, get_args

from robustir.errors import InputError

__all__ = [
    "CORRECTIONS",
    "INTERVALS",
    "TESTS",
    "Correction",
    "IntervalKind",
    "TestKind",
    "check_protocol",
    "correction_of",
]

TestKind = Literal["flips", "t", "bootstrap", "wilcoxon"]
Correction = Literal["max-t", "holm", "bh"]
IntervalKind = Literal["studentised", "percentile", "bca"]
TESTS: tuple[TestKind, ...] = get_args(TestKind)
CORRECTIONS: tuple[Correction, ...] = get_args(Correction)
INTERVALS: tuple[IntervalKind, ...] = get_args(IntervalKind)


def check_protocol(test: str, correction: str | None, *, declared: bool) -> None:
    """Raise InputError unless test and correction exist and go together; declared: whether hypotheses are declared."""
    if test not in TESTS:
        raise InputError(f"test {test!r}: use one of {', '.join(TESTS)}")
    if correction is not None and correction not in CORRECTIONS:
        raise InputError(f"correction {correction!r}: use one of {', '.join(CORRECTIONS)}")
    if correction == "max-t" and test != "flips":
        raise InputError(
            f"correction 'max-t' compares sign flips, which the test {test!r} does not make; use correction = 'holm' with it"
        )
    if correction == "bh" and declared:
        raise InputError(
            "correction 'bh' bounds the share of false claims, not their chance, so it cannot adjust declared hypotheses; "
            "use 'max-t' or 'holm', or declare nothing (exploratory = true in the suite)"
        )
    if correction == "max-t" and not declared:
        raise InputError("correction 'max-t' adjusts declared hypotheses, and nothing is declared; use 'bh' or 'holm'")


def correction_of(test: TestKind, correction: Correction | None, *, declared: bool) -> Correction:
    """Return the correction in use; None: max-T over declared sign flips, Holm over other declared tests, else BH."""
    if correction is not None:
        return correction
    return ("max-t" if test == "flips" else "holm") if declared else "bh"
