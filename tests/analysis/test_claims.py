"""What the findings claim, from scores whose truth is known: who really loses what is put in, and must come out."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from robustir.analysis import AnalysisOptions, analyse
from robustir.analysis.claims import Claim, Evidence, Gap, Kind, decide, near_floor
from robustir.evidence.scores import QueryScores

Floats = NDArray[np.float64]
QUICK = AnalysisOptions(flips=1999, resamples=400, seed=1)
GROUPS, EACH = 48, 20
SIZE = GROUPS * EACH
NAN = math.nan


def objects(values: list[str]) -> NDArray[np.object_]:
    column = np.empty(len(values), dtype=object)
    column[:] = values
    return column


def world(
    *encoders: tuple[Floats, Floats],
    severities: tuple[float, ...] = (0.3,),
    noises: tuple[str, ...] = ("typos",),
    floor: float = 0.01,
    groups: NDArray[np.intp] | None = None,
) -> QueryScores:
    """A block of English queries; an encoder is its clean scores [v] and its noisy ones [conditions, v] or [v]."""
    clean = np.stack([one for one, _ in encoders])[:, None]
    conditions = tuple((noise, severity) for noise in noises for severity in severities)
    size = clean.shape[-1]
    noisy = np.stack([np.broadcast_to(other, (len(conditions), size)) for _, other in encoders])[:, :, None]
    of_group = np.arange(size) // EACH if groups is None else groups
    dose = np.repeat([[severity] for _, severity in conditions], size, axis=1)
    return QueryScores(
        benchmark="mini",
        setting="mono",
        query_id=objects([f"q{row:05d}" for row in range(size)]),
        source_id=objects([f"q{row:05d}" for row in range(size)]),
        group=objects([f"article {number:03d}" for number in of_group]),
        query_lang=objects(["en"] * size),
        passage_lang=objects(["en"] * size),
        encoders=tuple("abcdefgh"[: len(encoders)]),
        measures=("AP",),
        conditions=conditions,
        draws=1,
        clean=clean,
        floor=np.full_like(clean, floor),
        noisy=noisy,
        worst=noisy,
        word_edit_rate=dose,
        char_error_rate=dose / 4,
        unchanged=np.zeros_like(dose),
    )


def found_share(share: float, seed: int) -> Floats:
    """Scores of 1 for a share of the queries and 0 for the others, by articles that differ."""
    rng = np.random.default_rng(seed)
    ease = np.repeat(rng.normal(0, 0.05, GROUPS), EACH)
    return (rng.random(SIZE) < share + ease).astype(np.float64)


def kept(clean: Floats, share: float, seed: int) -> Floats:
    """What is left if each query that was found is lost with the probability 1 - share."""
    return clean * (np.random.default_rng(1000 + seed).random(SIZE) < share)


def level(mean: float, seed: int) -> Floats:
    """Scores about a mean, none of which is perfect."""
    rng = np.random.default_rng(seed)
    article = np.repeat(rng.normal(0, 0.01, GROUPS), EACH)
    return np.asarray(np.clip(mean + article + rng.normal(0, 0.03, SIZE), 0.0, 0.99))


def compared(block: QueryScores, options: AnalysisOptions = QUICK) -> Any:
    """The one declared comparison."""
    frame: Any = analyse([block], options).comparisons
    declared = frame[frame["family"].isin(["primary", "nothing changed"])]
    assert len(declared) == 1
    return declared.iloc[0]


def test_the_encoder_that_keeps_more_of_as_much_is_more_robust() -> None:
    a, b = found_share(0.8, 1), found_share(0.8, 2)
    for first, second, better in ((0.9, 0.6, "a"), (0.6, 0.9, "b")):
        row = compared(world((a, kept(a, first, 1)), (b, kept(b, second, 2))))
        assert (row.verdict, row.claim, row.favours) == (f"{better} more robust", "more robust", better)
        assert row.ahead == better
        assert row.loss_p_adjusted < 0.05
        assert row.loss_p_adjusted == max(row.p_adjusted, row.ratio_p_adjusted)


def test_levels_and_gaps_stand_in_the_row() -> None:
    a, b = found_share(0.8, 1), found_share(0.5, 2)
    noisy_a, noisy_b = kept(a, 0.9, 1), kept(b, 0.6, 2)
    row = compared(world((a, noisy_a), (b, noisy_b)))
    assert (row.clean_a, row.clean_b) == pytest.approx((a.mean(), b.mean()))
    assert (row.noisy_a, row.noisy_b) == pytest.approx((noisy_a.mean(), noisy_b.mean()))
    assert row.noisy_difference == pytest.approx(noisy_a.mean() - noisy_b.mean())
    assert row.noisy_low < row.noisy_difference < row.noisy_high
    assert row.clean_difference == pytest.approx(a.mean() - b.mean())
    both = (a == 1) & (b == 1)
    assert row.matched_share == pytest.approx(both.mean())
    assert row.matched_retention_a == pytest.approx(noisy_a[both].mean())
    assert row.matched_retention_b == pytest.approx(noisy_b[both].mean())
    assert row.matched_difference == pytest.approx(noisy_a[both].mean() - noisy_b[both].mean())
    assert row.matched_low < row.matched_difference < row.matched_high
    assert row.first_share == pytest.approx(both.mean())  # scores are 0 or 1


def test_equal_encoders_are_not_separated() -> None:
    a, b = found_share(0.7, 1), found_share(0.7, 2)
    row = compared(world((a, kept(a, 0.8, 1)), (b, kept(b, 0.8, 2))))
    assert (row.verdict, row.favours) == ("not separated", "")


def test_an_encoder_against_itself_is_not_separated_with_an_interval_of_nothing() -> None:
    a = found_share(0.7, 1)
    row = compared(world((a, kept(a, 0.8, 1)), (a, kept(a, 0.8, 1))))
    assert row.verdict == "not separated"
    assert (row.difference_in_differences, row.ci_low, row.ci_high, row.log_retention_ratio) == (0, 0, 0, 0)


def test_an_encoder_that_overtakes_another_does_so_on_any_scale() -> None:
    a, b = found_share(0.6, 1), found_share(0.8, 2)
    row = compared(world((a, kept(a, 0.95, 1)), (b, kept(b, 0.5, 2))))
    assert (row.verdict, row.claim, row.favours) == ("a overtakes b", "overtakes", "a")
    assert row.clean_high < 0 < row.noisy_low


def test_an_encoder_that_finds_only_the_easy_queries_is_not_called_more_robust() -> None:
    """On the queries that both find both keep 95%; the other one also finds hard ones, of which it keeps 60%."""
    rng = np.random.default_rng(0)
    easy = rng.random(SIZE) < 0.2
    b = easy.astype(np.float64)
    a = (easy | (rng.random(SIZE) < 0.7)).astype(np.float64)
    noisy_b = kept(b, 0.95, 1)
    noisy_a = np.where(easy, kept(a, 0.95, 2), kept(a, 0.6, 3))
    row = compared(world((a, noisy_a), (b, noisy_b)))
    assert row.log_ratio_high < 0  # of its own successes b keeps more ...
    assert row.matched_retention_a == pytest.approx(0.95, abs=0.03)
    assert (row.verdict, row.claim) == ("b loses less; a stays ahead", "loses less")
    assert row.ahead == "a"


def test_retention_on_the_same_queries_can_speak_against_a_claim() -> None:
    """a loses less over all its queries, but on those that both find b keeps more; neither is ahead under noise."""
    claim = decide(
        ("a", "b"),
        evidence(points=gap(0.05), shares=gap(0.2), noisy=Gap(0.0, -0.01, 0.01, 0.9), matched=(-0.03, NAN)),
    )
    assert claim.kind is Kind.LOSES_LESS
    assert claim.verdict == "a loses less, but not on the queries that both find"


def test_encoders_that_both_gain_are_not_said_to_lose() -> None:
    a, b = level(0.5, 1), level(0.5, 2)
    row = compared(world((a, a + 0.2 + level(0.02, 3)), (b, b + 0.05 + level(0.02, 4))))
    assert (row.verdict, row.favours) == ("a gains more", "a")


def test_an_encoder_that_falls_to_nothing_has_an_infinite_ratio_and_a_verdict() -> None:
    a, b = found_share(0.8, 1), found_share(0.8, 2)
    row = compared(world((a, kept(a, 0.9, 1)), (b, np.zeros(SIZE))))
    assert row.log_retention_ratio == math.inf
    assert row.ratio_p == pytest.approx(1 / 2000)
    assert row.verdict == "a more robust"
    assert compared(world((b, np.zeros(SIZE)), (a, kept(a, 0.9, 1)))).log_retention_ratio == -math.inf


@pytest.mark.parametrize(
    ("a", "b", "verdict", "favours"),
    [
        ((0.8, 0.7), (0.2, 0.1), "a loses less in shares only", ""),
        ((0.2, 0.15), (0.8, 0.6), "a loses less in points only", ""),
        ((0.2, 0.12), (0.8, 0.6), "the scales disagree", ""),
        ((0.8, 0.75), (0.6, 0.3), "a more robust", "a"),
        ((0.3, 0.28), (0.8, 0.6), "a loses less; b stays ahead", "a"),
    ],
)
def test_points_and_shares(a: tuple[float, float], b: tuple[float, float], verdict: str, favours: str) -> None:
    encoders = []
    for seed, (clean, noisy) in enumerate((a, b)):
        base = level(clean, seed)
        encoders.append((base, base * noisy / clean))
    row = compared(world(*encoders))
    assert (row.verdict, row.favours) == (verdict, favours)


def test_near_the_floor_is_one_rule_in_all_tables() -> None:
    a, b = level(0.8, 1), level(0.8, 2)
    noisy = (a, 0.9 * a), (b, 0.5 * b)
    for floor, near in ((0.19, False), (0.21, True), (0.9, True)):  # a quarter of 0.8 is 0.2
        found: Any = analyse([world(*noisy, floor=floor)], QUICK)
        for table in (found.scores, found.contrasts, found.comparisons, found.language_comparisons):
            assert set(table["near_floor"]) == {near}
        assert set(found.comparisons["verdict"]) == {"no claim: near the floor" if near else "a more robust"}
        assert found.contrasts["unstable"].all() == near
        # Who is ahead under noise is told all the same.
        assert set(found.comparisons["ahead"]) == {"a"}
    told = near_floor(np.array([0.8, 0.8, 0.8]), np.array([0.2, 0.1, NAN]), np.array([0.5, -0.1, 0.7]))
    assert told.tolist() == [False, True, False]


@pytest.mark.parametrize("clean", [0.1, 0.3, 0.37, 0.7, 1.0])
def test_a_floor_of_exactly_a_quarter_of_the_clean_score_is_not_near_it(clean: float) -> None:
    """Three times a twelfth is a quarter, though not in binary; a thousandth more is above it."""
    floors = np.array([3 * (clean / 12), 0.25 * clean, 0.25 * clean + 1e-3, np.nan])
    found = near_floor(np.full(4, clean), floors, np.array([0.1, 0.1, 0.1, 0.1]))
    assert found.tolist() == [False, False, True, False]
    told = near_floor(np.full(3, clean), np.full(3, 0.2 * clean), np.array([1e-3, 0.0, np.nan]))
    assert told.tolist() == [False, True, True]  # the interval of clean - floor must lie above 0


def test_noise_that_changes_nothing_is_said_to() -> None:
    a, b = level(0.8, 1), level(0.6, 2)
    found: Any = analyse([world((a, a), (b, b))], QUICK)
    assert set(found.comparisons["verdict"]) == {"nothing changed"}
    assert set(found.comparisons["family"]) == {"nothing changed"}
    assert set(found.contrasts["moved"]) == {0}


@pytest.mark.parametrize(("groups", "smallest"), [(2, 0.5), (4, 0.125), (5, 0.0625), (6, 0.03125)])
def test_few_groups_name_the_smallest_p_that_they_allow(groups: int, smallest: float) -> None:
    a, b = found_share(0.8, 1), found_share(0.8, 2)
    few = np.arange(SIZE) // (SIZE // groups)
    row = compared(world((a, kept(a, 0.95, 1)), (b, kept(b, 0.4, 2)), groups=few))
    assert row.smallest_p == pytest.approx(smallest)
    assert row.loss_p_adjusted == pytest.approx(smallest)
    assert row.verdict == ("a more robust" if smallest < 0.05 else "not separated")
    assert row.p_t < 0.05 or groups == 2  # the t-test for few groups stands beside it


def test_one_dominant_group_is_worth_few() -> None:
    a, b = found_share(0.8, 1), found_share(0.8, 2)
    uneven = np.concatenate([np.zeros(SIZE // 2, dtype=int), 1 + np.arange(SIZE // 2) // (EACH // 2)])
    row = compared(world((a, kept(a, 0.9, 1)), (b, kept(b, 0.6, 2)), groups=uneven))
    assert row.groups == 1 + SIZE // EACH
    assert row.effective_groups == pytest.approx(1 / (0.25 + 48 * (0.5 / 48) ** 2))  # 3.9


def test_one_group_allows_no_inference() -> None:
    a, b = found_share(0.8, 1), found_share(0.8, 2)
    row = compared(world((a, kept(a, 0.9, 1)), (b, kept(b, 0.6, 2)), groups=np.zeros(SIZE, dtype=int)))
    assert (row.verdict, row.smallest_p) == ("one group: no inference", 1.0)


def test_few_moving_queries_have_no_interval_and_a_reason() -> None:
    """Three queries of three articles move: a bootstrap would cover 57 to 87% instead of 95%."""
    a, b = found_share(0.8, 1), found_share(0.8, 2)
    noisy = a.copy()
    lost = [int(np.flatnonzero(a[start : start + EACH])[0]) + start for start in (0, 5 * EACH, 9 * EACH)]
    noisy[lost] = 0.0
    found: Any = analyse([world((a, noisy), (b, kept(b, 0.6, 2)), severities=(0.1, 0.3))], QUICK)
    row = found.contrasts.query("encoder == 'a' and severity == 0.3 and query_lang == 'all'").iloc[0]
    assert (row.moved, row.moved_groups, row.note) == (3, 3, "few groups moved")
    assert math.isnan(row.ci_low)
    assert math.isnan(row.ci_high)
    assert not row.separated
    assert row.delta == pytest.approx(-3 / SIZE)
    area = found.areas.query("encoder == 'a' and query_lang == 'all'").iloc[0]
    assert area.note == "few groups moved"
    assert math.isnan(area.ci_low)
    assert area.auc == pytest.approx(1 - 1.0 * (2 / 3 + 1 / 6) * 3 / a.sum())
    both: Any = analyse([world((a, noisy), (b, b))], QUICK).comparisons.iloc[0]
    assert (both.verdict, both.moved_groups) == ("no claim: few groups moved", 3)
    assert math.isnan(both.ci_low)
    assert math.isnan(both.log_ratio_low)


def test_limits_stay_within_what_is_possible() -> None:
    rng = np.random.default_rng(0)
    a, b = (np.where(rng.random(60) < 0.97, 1.0, 0.0) for _ in range(2))
    few = np.arange(60) // 12
    noisy = [one * (rng.random((2, 60)) < 0.3) for one in (a, b)]
    found: Any = analyse([world((a, noisy[0]), (b, noisy[1]), severities=(0.1, 0.3), groups=few)], QUICK)
    for table, low, high, bound in (
        (found.scores, "ci_low", "ci_high", (0, 1)),
        (found.contrasts, "ci_low", "ci_high", (-1, 1)),
        (found.curves, "ci_low", "ci_high", (0, 1)),
        (found.areas, "ci_low", "ci_high", (0, 1 / min(a.mean(), b.mean()))),
        (found.comparisons, "ci_low", "ci_high", (-2, 2)),
        (found.comparisons, "noisy_low", "noisy_high", (-1, 1)),
        (found.comparisons, "matched_low", "matched_high", (-1, 1)),
    ):
        limits = table[[low, high]].to_numpy()
        assert np.nanmin(limits) >= bound[0] - 1e-12
        assert np.nanmax(limits) <= bound[1] + 1e-12


def test_a_large_family_can_still_reject() -> None:
    """28 pairs under 20 noises with 999 flips: Holm could give no p below 0.56."""
    encoders = []
    noises = tuple(f"noise-{number}" for number in range(20))
    for seed in range(8):
        clean = found_share(0.8, seed)
        encoders.append((clean, np.stack([kept(clean, 0.9 if seed == 0 else 0.6, 50 * seed + n) for n in range(20)])))
    options = AnalysisOptions(flips=999, resamples=99, seed=1)
    frame: Any = analyse([world(*encoders, noises=noises)], options).comparisons
    declared = frame[frame["family"] == "primary"]
    assert len(declared) == 28 * 20
    assert set(declared["smallest_p"]) == {0.001}
    true = declared["encoder_a"] == "a"
    assert (declared[true]["favours"] == "a").mean() > 0.95
    assert not (declared[~true]["favours"] != "").any()


def test_one_severity_makes_no_curve_and_is_declared_itself() -> None:
    a, b = found_share(0.8, 1), found_share(0.8, 2)
    found: Any = analyse([world((a, kept(a, 0.9, 1)), (b, kept(b, 0.6, 2)))], QUICK)
    assert found.comparisons["severity"].tolist() == ["0.3"]
    assert found.comparisons["family"].tolist() == ["primary"]
    assert found.areas.empty


def test_curves_that_cross_are_said_to() -> None:
    a, b = found_share(0.8, 1), found_share(0.65, 2)
    noisy = np.stack([kept(a, 0.95, 1), kept(a, 0.35, 2)]), np.stack([kept(b, 0.95, 3), kept(b, 0.85, 4)])
    frame: Any = analyse([world((a, noisy[0]), (b, noisy[1]), severities=(0.1, 0.5))], QUICK).comparisons
    curve = frame[frame["severity"] == "curve"].iloc[0]
    assert curve["note"] == "the curves cross" or curve["claim"] == "overtakes"
    assert frame[frame["severity"] == "0.5"].iloc[0]["ahead"] == "b"
    assert frame[frame["severity"] == "0.1"].iloc[0]["ahead"] == "a"


def test_some_thousandths_are_no_query_won() -> None:
    """Passages that share no word with the query are tied at 0: their ids move them by some places, and no query is won."""
    a = found_share(0.5, 1)
    a = np.where(a > 0, a, 0.002)
    noisy = np.where(a < 1, 0.003, kept(a, 0.8, 1))  # the lost ones creep up while the mean falls
    found: Any = analyse([world((a, noisy), (a, noisy))], QUICK).contrasts
    row = found[(found["encoder"] == "a") & (found["query_lang"] == "all")].iloc[0]
    assert row.delta < -0.05
    assert row.probability_of_superiority == pytest.approx(0.5 - 0.5 * np.mean((a == 1) & (noisy < 1)))
    assert row.probability_of_superiority < 0.5


def gap(estimate: float, p: float = 0.001) -> Gap:
    return Gap(estimate, estimate - 0.01, estimate + 0.01, p)


def evidence(**changes: Any) -> Evidence:
    told: dict[str, Any] = {
        "points": gap(0.05),
        "shares": gap(0.2),
        "loss_p": 0.001,
        "noisy": gap(0.1),
        "clean": gap(0.05),
        "changes": (-0.05, -0.1),
        "matched": (0.02, 0.03),
        "groups": 48,
    }
    return Evidence(**{**told, **changes})


@pytest.mark.parametrize(
    ("changes", "verdict"),
    [
        ({}, "a more robust"),
        ({"loss_p": 0.05}, "not separated"),
        ({"loss_p": NAN}, "not separated"),
        ({"points": gap(0.05, 0.2), "loss_p": 0.2}, "a loses less in shares only"),
        ({"points": Gap(0.05, -0.01, 0.11, 0.01)}, "a loses less in shares only"),
        ({"points": Gap(0.05, 4e-16, 0.11, 0.01)}, "a loses less in shares only"),  # rounding alone is no side
        ({"shares": gap(0.2, 0.2), "loss_p": 0.2}, "a loses less in points only"),
        ({"shares": gap(-0.2)}, "the scales disagree"),
        (
            {"points": gap(-0.05), "shares": gap(-0.2), "noisy": gap(-0.1), "clean": gap(-0.1), "matched": (-0.1,)},
            "b more robust",
        ),
        ({"points": gap(0.05, 0.287), "shares": gap(0.2, 0.287), "loss_p": 0.287}, "not separated"),
        ({"noisy": gap(-0.1), "clean": gap(-0.2)}, "a loses less; b stays ahead"),
        ({"noisy": Gap(-0.01, -0.03, 0.01, 0.4)}, "a more robust"),
        ({"matched": (0.02, -0.01)}, "a loses less, but not on the queries that both find"),
        ({"matched": (NAN, NAN)}, "a more robust"),
        ({"clean": gap(-0.1)}, "a overtakes b"),
        ({"clean": gap(-0.1, 0.3)}, "a more robust"),
        ({"changes": (0.1, 0.02)}, "a gains more"),
        ({"floored": True}, "no claim: near the floor"),
        ({"few": True}, "no claim: few groups moved"),
        ({"still": True, "floored": True}, "nothing changed"),
        ({"groups": 1, "floored": True}, "one group: no inference"),
    ],
)
def test_a_verdict_needs_every_piece_of_evidence(changes: dict[str, Any], verdict: str) -> None:
    found = decide(("a", "b"), evidence(**changes))
    assert isinstance(found, Claim)
    assert found.verdict == verdict
    assert bool(found.favours) == (found.kind in {"more robust", "loses less", "gains more", "overtakes"})


@pytest.mark.slow
@pytest.mark.long
def test_families_of_nothing_hold_a_claim_at_most_as_often_as_they_may(capsys: pytest.CaptureFixture[str]) -> None:
    """Three encoders that lose alike under four noises: in what share of runs is anything claimed of loss?"""
    runs, false, told = 100, 0, 0
    options = AnalysisOptions(flips=999, resamples=199, seed=1)
    for run in range(runs):
        encoders = []
        for number in range(3):
            clean = found_share(0.7, 10 * run + number)
            encoders.append((clean, np.stack([kept(clean, 0.8, 100 * run + 10 * number + n) for n in range(4)])))
        frame: Any = analyse([world(*encoders, noises=("w", "x", "y", "z"))], options).comparisons
        declared = frame[frame["family"] == "primary"]
        false += bool((declared["favours"] != "").any())
        told += bool((declared["claim"] != "not separated").any())
    with capsys.disabled():
        print(f"complete nulls with a claim in favour of one: {false / runs:.3f}; with any claim: {told / runs:.3f}")
    assert false / runs < 0.09
    assert told / runs < 0.10
