"""What an attack does where it edits: a gate that leaves queries alone must not hide it, nor be hidden itself."""

from __future__ import annotations

from typing import Any

import numpy as np

from robustir.analysis import AnalysisOptions, analyse
from robustir.types import Treatment
from tests.analysis.conftest import make

OPTIONS = AnalysisOptions(flips=99, resamples=99)
ATTACK = (("adversarial", 0.2), ("adversarial", 0.4), ("typos", 0.2))


def test_the_change_over_edited_queries_alone() -> None:
    rng = np.random.default_rng(5)
    plain = make(conditions=ATTACK, encoders=("labse",), measures=("AP",))
    spared = rng.uniform(size=(2, len(plain.query_id))) < [[0.6], [0.3]]
    spared[0, plain.query_lang == "th"] = True  # a language in which the gate lets nothing through
    noisy, unchanged = plain.noisy.copy(), plain.unchanged.copy()
    for condition in range(2):
        noisy[0, condition, 0, spared[condition]] = plain.clean[0, 0, spared[condition]]
        unchanged[condition] = np.where(spared[condition], 1.0, 0.0)
    block = make(
        conditions=ATTACK,
        encoders=("labse",),
        measures=("AP",),
        noisy=noisy,
        unchanged=unchanged,
        treatments={"adversarial": Treatment(attacked="labse", passages="same")},
    )
    rows = analyse([block], OPTIONS).contrasts.set_index(["perturbation", "severity", "query_lang"])
    for condition, severity in enumerate((0.2, 0.4)):
        means = []
        for lang in ("de", "en", "th"):
            row = rows.loc[("adversarial", severity, lang)]
            own = (block.query_lang == lang) & ~spared[condition]
            share = own.sum() / (block.query_lang == lang).sum()
            assert row["edited_share"] == share
            if not own.any():
                assert np.isnan(row["edited_delta"])
                continue
            expected = (noisy[0, condition, 0] - block.clean[0, 0])[own].mean()
            means.append(expected)
            assert abs(row["edited_delta"] - expected) < 1e-12
            assert abs(row["delta"] - share * expected) < 1e-12  # the others changed nothing
            assert row["edited_low"] < row["edited_delta"] < row["edited_high"]
        assert abs(rows.loc[("adversarial", severity, "all")]["edited_delta"] - np.mean(means)) < 1e-12
    assert rows.loc["typos"][["edited_share", "edited_delta", "edited_low", "edited_high"]].isna().all(axis=None)


def test_draws_that_left_a_query_alone_do_not_count() -> None:
    plain = make(conditions=ATTACK[:1], encoders=("labse",), measures=("AP",))
    rng = np.random.default_rng(3)
    edits = rng.integers(0, 4, len(plain.query_id)) / 3  # the share of three draws that changed a query
    drop = rng.uniform(-0.3, 0.1, edits.shape)  # in these, on average
    block = make(
        conditions=ATTACK[:1],
        encoders=("labse",),
        measures=("AP",),
        noisy=plain.clean[:, None] + edits * drop,
        unchanged=(1 - edits)[None],
        treatments={"adversarial": Treatment(attacked="labse", passages="same")},
    )
    rows = analyse([block], OPTIONS).contrasts.set_index("query_lang")
    for lang in ("de", "en", "th"):
        own = (block.query_lang == lang) & (edits > 0)
        assert abs(rows.loc[lang]["edited_delta"] - drop[own].mean()) < 1e-12


def test_an_attack_that_edits_nothing() -> None:
    plain = make(conditions=ATTACK[:1], encoders=("labse",), measures=("AP",))
    block = make(
        conditions=ATTACK[:1],
        encoders=("labse",),
        measures=("AP",),
        noisy=np.broadcast_to(plain.clean[:, None], plain.noisy.shape),
        unchanged=np.ones_like(plain.unchanged),
        treatments={"adversarial": Treatment(attacked="labse", passages="same")},
    )
    rows: Any = analyse([block], OPTIONS).contrasts
    assert (rows["edited_share"] == 0).all()
    assert rows["edited_delta"].isna().all()
