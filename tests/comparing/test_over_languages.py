"""Comparisons of runs over several languages: doses that differ, and differences that one language alone makes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from robustir.analysis.options import AnalysisOptions
from robustir.comparing.joined import BASELINE, NEW
from robustir.comparing.over_languages import language_notes
from robustir.comparing.table import adjusted, compared
from robustir.evidence.scores import QueryScores
from tests.analysis.conftest import make

CONDITIONS = (("typos", 0.1), ("typos", 0.2))
QUICK = AnalysisOptions(flips=4000, resamples=400, seed=1)
SMALL = 0.05  # the dose of English and German at the higher severity


def block(doses: Mapping[str, float], losses: tuple[Any, Any], languages: Mapping[str, float]) -> QueryScores:
    """Return scores of both runs: losses at a dose (new, baseline), doses by language at the higher severity (at the lower one a quarter).

    languages: what the new run gains on clean queries of a language.
    """
    plain = make(encoders=(NEW, BASELINE), measures=("AP",), conditions=CONDITIONS, questions=200, seed=3)
    dose = np.stack([share * np.array([doses[lang] for lang in plain.query_lang]) for share in (0.25, 1.0)])
    rng = np.random.default_rng(5)
    jitter = rng.uniform(0.9, 1.1, dose.shape[1])
    clean = np.full((2, 1, dose.shape[1]), 0.6)
    clean[0, 0] += np.array([languages.get(lang, 0.0) for lang in plain.query_lang]) * jitter
    noisy = np.stack([clean[side] - losses[side](dose)[:, None] * jitter for side in (0, 1)])
    changes = {"clean": clean, "noisy": noisy, "char_error_rate": dose, "floor": np.zeros_like(clean)}
    return make(encoders=(NEW, BASELINE), measures=("AP",), conditions=CONDITIONS, questions=200, seed=3, **changes)


def rows(found: QueryScores) -> Any:
    return adjusted(
        [{"run": "r", "encoder": "e", "baseline_encoder": "e", **row} for row in compared([found], QUICK, "AP", None)]
    )


def straight(dose: NDArray[np.float64]) -> NDArray[np.float64]:
    return 2 * dose


def bent(dose: NDArray[np.float64]) -> NDArray[np.float64]:
    """The same loss up to the dose that all languages reach, and twice as steep beyond."""
    return np.where(dose <= SMALL, 2 * dose, 4 * dose - 2 * SMALL)


def test_a_loss_that_only_the_largest_dose_shows_does_not_hold_at_equal_dose() -> None:
    table = rows(block({"de": SMALL, "en": SMALL, "th": 0.2}, (straight, bent), {}))
    last = table[(table["quantity"] == "change") & (table["severity"] == 0.2)].iloc[0]
    # In Thai 2 * 0.2 against 4 * 0.2 - 0.1 is lost, elsewhere the same: a third of 0.3 on average.
    assert last["difference"] == pytest.approx(0.1, rel=0.02)
    assert last["outcome"] == "better, but not at equal dose"
    assert last["dose_ratio"] == pytest.approx(4.0)
    assert last["equal_dose"] == pytest.approx(SMALL)
    assert last["equal_difference"] == pytest.approx(0.0, abs=1e-12)
    assert last["hangs_on"] == "th"
    assert (last["without_low"], last["without_high"]) == (pytest.approx(0.0, abs=1e-12), pytest.approx(0.15, rel=0.02))
    notes = list(language_notes(table.to_dict("records")))
    assert (
        "e, mini (mono), typos at 0.2: the change difference is not told from 0 without Thai; without each language in turn it is +0.0 to +14"
        in notes[1]
    )
    assert [
        note for note in notes if note.startswith("typos at 0.2 changed 4.0 times as many characters in one language")
    ]


def test_a_loss_in_every_language_holds() -> None:
    def more(dose: NDArray[np.float64]) -> NDArray[np.float64]:
        return 4 * dose

    table = rows(block({"de": SMALL, "en": SMALL, "th": 0.1}, (straight, more), {}))
    changes = table[table["quantity"] == "change"]
    assert set(changes["outcome"]) == {"better"}
    assert changes["equal_difference"].tolist() == pytest.approx([2 * SMALL / 4, 2 * SMALL], rel=0.02)
    assert set(table["hangs_on"]) == {""}
    assert list(language_notes(table.to_dict("records"))) == []  # twice the median dose is not over twice


def test_a_clean_gain_in_one_language_hangs_on_it() -> None:
    table = rows(block({"de": SMALL, "en": SMALL, "th": SMALL}, (straight, straight), {"de": 0.1}))
    clean = table[table["quantity"] == "clean"].iloc[0]
    assert clean["outcome"] == "better"
    assert clean["hangs_on"] == "de"
    assert np.isnan(clean["dose_ratio"])
    assert [
        note for note in language_notes(table.to_dict("records")) if ", clean queries: the clean difference" in note
    ]
