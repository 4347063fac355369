"""Mixed text against passages in the language mixed in is a stratum of its own."""

from __future__ import annotations

from typing import Any

import numpy as np

from robustir.analysis import AnalysisOptions, analyse
from robustir.evidence.strata import strata
from robustir.types import Treatment
from tests.analysis.conftest import MakeBlock

MIXED = {"typos": Treatment(embedded_lang="en")}


def test_strata_are_apart_and_complete(make_block: MakeBlock) -> None:
    block = make_block("cross", treatments=MIXED)
    cross, embedded = strata(block)
    towards = block.passage_lang == "en"
    assert (cross.setting, embedded.setting) == ("cross", "cross-embedded")
    assert np.isnan(cross.noisy[:, :2][..., towards]).all()
    assert np.array_equal(cross.noisy[:, :2][..., ~towards], block.noisy[:, :2][..., ~towards])
    assert np.array_equal(cross.noisy[:, 2], block.noisy[:, 2])  # shuffle-words mixes nothing in
    assert set(embedded.passage_lang) == {"en"}
    assert embedded.conditions == (("typos", 0.1), ("typos", 0.3))
    assert np.array_equal(embedded.noisy, block.noisy[:, :2][..., towards])
    assert np.array_equal(embedded.clean, block.clean[..., towards])


def test_every_perturbation_keeps_to_its_own_embedded_language(make_block: MakeBlock) -> None:
    treatments = {**MIXED, "shuffle-words": Treatment(embedded_lang="th")}
    cross, embedded = strata(make_block("cross", treatments=treatments))
    assert set(embedded.passage_lang) == {"en", "th"}
    for block, apart in ((cross, False), (embedded, True)):
        for row, (name, _) in enumerate(block.conditions):
            towards = block.passage_lang == treatments[name].embedded_lang
            there = np.isfinite(block.noisy[:, row]).all(axis=(0, 1))
            assert np.array_equal(there, towards if apart else ~towards)


def test_other_settings_and_plain_noise_stay_as_they_are(make_block: MakeBlock) -> None:
    for block in (make_block("mono", treatments=MIXED), make_block("multi", treatments=MIXED), make_block("cross")):
        assert list(strata(block)) == [block]


def test_no_macro_average_pools_the_strata(make_block: MakeBlock) -> None:
    block = make_block("cross", treatments=MIXED)
    found = analyse(strata(block), AnalysisOptions(flips=99, resamples=99)).contrasts
    rows: Any = found[(found["perturbation"] == "typos") & (found["measure"] == "AP")]
    pairs = rows[rows["query_lang"] != "all"]
    for setting, languages in (("cross", {"de", "th"}), ("cross-embedded", {"en"})):
        own = pairs[pairs["setting"] == setting]
        assert set(own["passage_lang"]) == languages
        macro = rows[(rows["setting"] == setting) & (rows["query_lang"] == "all")].set_index(["encoder", "severity"])
        for key, part in own.groupby(["encoder", "severity"]):
            assert abs(macro.loc[key, "delta"] - part["delta"].mean()) < 1e-12
    assert set(rows["embedded_lang"]) == {"en"}
