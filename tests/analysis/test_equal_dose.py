"""Means over languages at one realised dose, and without each language in turn, from scores whose truth is known."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from string import ascii_lowercase
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from robustir.analysis import AnalysisOptions, Findings, analyse, empty_table
from robustir.analysis.equal_dose import EqualDose, dose_ratio
from robustir.analysis.estimator import Layout
from robustir.analysis.uneven import uneven_doses, with_dose_ratios
from robustir.evidence.scores import QueryScores, TrainedSeed
from tests.analysis.test_claims import objects

Floats = NDArray[np.float64]
QUICK = AnalysisOptions(flips=1999, resamples=400, seed=1)
GROUPS, EACH = 40, 5
SEVERITIES = (0.1, 0.2, 0.3)
ALIKE: dict[str, float] = dict.fromkeys(("de", "el", "en", "es", "ru"), 0.2)  # characters changed at severity 1
HEAVY: dict[str, float] = {
    **ALIKE,
    "th": 0.8,
    "zh": 0.8,
}  # four times the dose, as typing errors counted in characters give them


def straight(dose: Floats) -> Floats:
    return 1.0 * dose


def late(dose: Floats) -> Floats:
    """Loses less than ``straight`` up to a dose of 0.08, and collapses beyond."""
    return np.where(dose <= 0.08, 0.8 * dose, 0.8 * dose + 3.0 * (dose - 0.08))


def world(dose_at_1: Mapping[str, float], *losses: Any, severities: tuple[float, ...] = SEVERITIES) -> QueryScores:
    """A mono block in which encoder "a", "b", ... loses what the k-th function says of the dose, plus chance."""
    rng = np.random.default_rng(5)
    langs, size = list(dose_at_1), GROUPS * EACH
    lang = np.repeat(langs, size)
    question = np.tile(np.arange(size), len(langs))
    factor = np.repeat(list(dose_at_1.values()), size)
    dose = np.array(severities)[:, None] * factor * (1 + 0.2 * np.where(question % 2, 1, -1))  # some queries more
    article = rng.normal(0, 0.03, GROUPS)[question // EACH]
    clean = np.stack([np.clip(0.8 + article + rng.normal(0, 0.04, len(lang)), 0, 0.99) for _ in losses])[:, None]
    mean_dose = np.array(severities)[:, None] * factor  # the loss follows the mean dose, so that truth is one number
    noisy = np.stack([clean[k] - loss(mean_dose) + rng.normal(0, 0.01, dose.shape) for k, loss in enumerate(losses)])
    noisy = np.clip(noisy, 0, 1)[:, :, None]
    return QueryScores(
        benchmark="mini",
        setting="mono",
        query_id=objects([f"{one}-{q:04d}" for one, q in zip(lang, question, strict=True)]),
        source_id=objects([f"q{q:04d}" for q in question]),
        group=objects([f"article {q // EACH:03d}" for q in question]),
        query_lang=objects(list(lang)),
        passage_lang=objects(list(lang)),
        encoders=tuple(ascii_lowercase[: len(losses)]),
        measures=("AP",),
        conditions=tuple(("typos", severity) for severity in severities),
        draws=1,
        clean=clean,
        floor=np.full_like(clean, 0.01),
        noisy=noisy,
        worst=noisy,
        word_edit_rate=dose,
        char_error_rate=dose,
        unchanged=np.zeros_like(dose),
    )


def declared(found: Findings) -> Any:
    frame: Any = found.comparisons
    rows = frame[frame["family"] == "primary"]
    assert len(rows) == 1
    return rows.iloc[0]


def at(found: Findings, encoder: str, severity: float) -> Any:
    frame: Any = found.contrasts
    rows = frame[(frame["encoder"] == encoder) & (frame["severity"] == severity) & (frame["query_lang"] == "all")]
    return rows.iloc[0]


def test_two_languages_with_four_times_the_dose_do_not_decide_who_is_more_robust() -> None:
    found = analyse([world(HEAVY, straight, late)], QUICK)
    row = declared(found)
    assert row.difference_in_differences > 0.02  # the collapse in th and zh outweighs five languages
    assert row.verdict == "a more robust; does not hold at equal dose"
    assert (row.claim, row.favours) == ("does not hold at equal dose", "")
    assert (row.equal_verdict, row.equal_favours) == ("b more robust", "b")
    assert row.equal_low < row.equal_difference < row.equal_high < 0
    assert row.equal_p_adjusted < 0.05
    assert row.equal_dose == pytest.approx(0.06)
    assert row.equal_difference == pytest.approx(-0.2 * 0.06 / 2, abs=0.001)  # the mean over the doses from 0 to 0.06
    assert "at 6.0% of the characters in every language: b more robust" in row.note
    assert row.dose_ratio == pytest.approx(4)


def test_changes_at_one_dose_are_those_put_in() -> None:
    found = analyse([world(HEAVY, straight, late)], QUICK)
    for severity in SEVERITIES:
        dose = 0.2 * severity
        for encoder, share in (("a", 1.0), ("b", 0.8)):
            row = at(found, encoder, severity)
            assert row.equal_dose == pytest.approx(dose)
            assert row.equal_delta == pytest.approx(-share * dose, abs=0.001)
            assert row.equal_low < row.equal_delta < row.equal_high
            assert row.delta < row.equal_delta - 0.01  # at unequal doses much more is lost
            assert row.dose_ratio == pytest.approx(4)


def test_at_equal_doses_nothing_is_qualified() -> None:
    row = declared(analyse([world(ALIKE, straight, late)], QUICK))
    assert (row.verdict, row.favours, row.note) == ("b more robust", "b", "")
    assert row.equal_verdict == row.verdict
    assert row.equal_difference == pytest.approx(row.difference_in_differences)
    assert (row.equal_low, row.equal_high) == pytest.approx((row.ci_low, row.ci_high))
    assert row.dose_ratio == pytest.approx(1)
    assert row.hangs_on == ""


def test_a_claim_that_holds_at_both_doses_stays() -> None:
    def twice(dose: Floats) -> Floats:
        return 2.0 * dose

    row = declared(analyse([world(HEAVY, straight, twice)], QUICK))
    assert (row.verdict, row.favours, row.equal_verdict) == ("a more robust", "a", "a more robust")
    assert row.equal_difference == pytest.approx(0.06 / 2, abs=0.001)
    assert row.difference_in_differences > 0.05


def test_one_language_has_nothing_to_compare() -> None:
    found = analyse([world({"en": 0.2}, straight, late)], QUICK)
    row = declared(found)
    assert row.verdict == "b more robust"
    assert row.equal_verdict == ""
    assert np.isnan([row.equal_dose, row.equal_difference, row.without_low, row.without_high, row.dose_ratio]).all()


def test_languages_that_the_noise_leaves_alone_take_no_part_at_one_dose() -> None:
    found = analyse([world({**ALIKE, "zh": 0.0}, straight, late)], QUICK)
    row = at(found, "a", 0.3)
    assert row.equal_dose == pytest.approx(0.06)
    assert row.equal_delta == pytest.approx(-0.06, abs=0.001)
    assert row.delta == pytest.approx(-0.06 * 5 / 6, abs=0.001)


def test_a_claim_that_hangs_on_one_language_says_so() -> None:
    doses = {**ALIKE, "th": 0.2}
    block = world(doses, straight, straight)
    thai = block.query_lang == "th"
    noisy = block.noisy.copy()
    noisy[1][..., thai] -= 0.1  # b alone, in Thai alone
    found = analyse([replace(block, noisy=noisy)], QUICK)
    row = declared(found)
    assert (row.favours, row.hangs_on) == ("a", "th")
    assert "there is no claim without th" in row.note
    assert row.without_low == pytest.approx(0, abs=0.002)
    assert row.without_high > row.difference_in_differences


def test_the_range_without_each_language_is_that_of_runs_without_it() -> None:
    doses = {**ALIKE, "th": 0.8}
    block = world(doses, straight, late)
    found = analyse([block], QUICK)
    rows: Any = found.comparisons
    whole = rows[rows["severity"] == "0.3"].iloc[0]
    alone: list[Any] = []
    changes: list[float] = []
    for lang in doses:
        kept = np.flatnonzero(block.query_lang != lang)
        fields: dict[str, Any] = {
            name: values[..., kept] for name, values in vars(block).items() if isinstance(values, np.ndarray)
        }
        part = analyse([replace(block, **fields)], QUICK)
        frame: Any = part.comparisons
        alone.append(frame[frame["severity"] == "0.3"].iloc[0])
        changes.append(at(part, "b", 0.3).delta)
    differences = [one.difference_in_differences for one in alone]
    assert (whole.without_low, whole.without_high) == pytest.approx((min(differences), max(differences)))
    row = at(found, "b", 0.3)
    assert (row.without_low, row.without_high) == pytest.approx((min(changes), max(changes)))


def test_between_the_severities_a_change_is_interpolated() -> None:
    doses = np.array([[0.02, 0.02, 0.05], [0.08, 0.04, 0.03], [0.10, 0.09, 0.30]])  # the last language is out of order
    layout = Layout.of(np.ones((3, 4)))
    found = EqualDose.of(doses, layout, np.array([0, 1, 2]))
    assert found is not None
    assert found.dose == pytest.approx([0.02, 0.03, 0.09, 0.09])
    values = np.array([-1.0, -3.0, -9.0])
    for view in range(3):
        order = np.argsort(doses[:, view])
        points, levels = np.append(0, doses[order, view]), np.append(0, values[order])
        for row in range(3):
            expected = np.interp(found.dose[row], points, levels)
            assert found.weights[row, :, view] @ values == pytest.approx(expected)
        grid = np.linspace(0, 0.09, 100_001)
        assert found.weights[3, :, view] @ values == pytest.approx(np.interp(grid, points, levels).mean(), abs=1e-3)
    assert found.uneven.tolist() == [True, True, True, True]
    assert dose_ratio(np.array([0.02, 0.02, 0.05, np.nan, 0.0])) == pytest.approx(2.5)


def test_languages_with_more_than_twice_the_median_dose_are_named() -> None:
    frame: Any = empty_table("validity")
    doses = {"de": 0.04, "en": 0.05, "es": 0.06, "th": 0.18, "zh": 0.2, "sw": np.nan}
    rows = [
        {"benchmark": "mini", "perturbation": "typos", "severity": severity, "query_lang": lang, "char_error_rate": dose * share}
        for severity, share in ((0.1, 0.5), (0.2, 1.0))
        for lang, dose in doses.items()
    ]  # fmt: skip
    rows += [{**row, "perturbation": "ocr", "char_error_rate": 0.05} for row in rows]
    frame = with_dose_ratios(
        frame.reindex(range(len(rows))).assign(**{name: [row[name] for row in rows] for name in rows[0]})
    )
    assert frame["dose_ratio"].iloc[3] == pytest.approx(3)
    found = uneven_doses(frame.to_dict("records"))
    assert [(one.perturbation, one.severity) for one in found] == [("typos", 0.1), ("typos", 0.2)]
    assert dict(found[1].doses) == pytest.approx({"zh": 0.2, "th": 0.18})
    assert found[1].median == pytest.approx(0.06)
    assert found[1].sentence.startswith(
        "typos at severity 0.2 changed 20.0% of the characters in Chinese and 18.0% in Thai, but 6.0% in the median language"
    )


def strategies(block: QueryScores, seeds: int = 7) -> Any:
    """The declared comparison of two strategies, of which the first ``seeds`` encoders are one."""
    trained = {
        name: TrainedSeed("one" if at < seeds else "two", at % seeds, ()) for at, name in enumerate(block.encoders)
    }
    options = AnalysisOptions(flips=199, resamples=199, compare=(("one", "two"),))
    frame: Any = analyse([replace(block, trained=trained)], options).strategies
    rows = frame[(frame["family"] == "strategies") & (frame["quantity"] == "degradation")]
    assert len(rows) == 1
    return rows.iloc[0]


def test_strategies_are_compared_at_one_dose_too() -> None:
    row = strategies(world(HEAVY, *[straight] * 7, *[late] * 7))
    assert row.difference > 0.02
    assert row.verdict == "one more robust; does not hold at equal dose"
    assert (row.claim, row.favours) == ("does not hold at equal dose", "")
    assert (row.equal_verdict, row.equal_favours) == ("two more robust", "two")
    assert row.equal_dose == pytest.approx(0.06)
    assert row.equal_difference == pytest.approx(-0.2 * 0.06 / 2, abs=0.001)
    assert row.equal_low < row.equal_difference < row.equal_high < 0
    assert row.dose_ratio == pytest.approx(4)


def test_strategies_without_each_language() -> None:
    block = world({**ALIKE, "th": 0.2}, *[straight] * 14)
    noisy = block.noisy.copy()
    noisy[7:, ..., block.query_lang == "th"] -= 0.1  # the second strategy, in Thai alone
    row = strategies(replace(block, noisy=noisy))
    assert (row.favours, row.hangs_on) == ("one", "th")
    assert "there is no claim without th" in row.note
    assert row.without_low == pytest.approx(0, abs=0.002)
    assert row.without_high == pytest.approx(row.difference * 6 / 5, abs=0.002)
    assert row.equal_verdict == row.verdict
