"""A run at a glance: the numbers are those of the findings, letters follow the verdicts, nothing unknown is invented."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import pytest

from robustir.errors import RunError
from robustir.reports.blocks import Table
from robustir.reports.document import build
from robustir.reports.overview import Overview, overview
from robustir.reports.study import Study
from tests.reports.factory import Factory


def made(factory: Factory | None = None, setting: str | None = None, measure: str | None = None) -> Overview:
    findings = (factory or Factory()).findings()
    return overview(Study.read(findings, findings.manifest, measure), setting)


def test_rows_hold_the_macro_scores_of_the_findings() -> None:
    factory = Factory()
    found = made(factory)
    assert [(one.benchmark, one.setting) for one in found.settings] == [
        ("mini", "mono"),
        ("mini", "cross"),
        ("mini", "multi"),
    ]
    mono = found.settings[0]
    assert [row.name for row in mono.encoders] == list(factory.encoders)
    for row in mono.encoders:
        assert row.clean == pytest.approx(factory.clean(row.name, "mono"))
        assert [(noise.name, noise.severity) for noise in row.noises] == [("typos", 0.3), ("shuffle-words", 0.3)]
        for noise in row.noises:
            noisy = factory.noisy(row.name, noise.name, "mono", 0.3)
            assert noise.noisy == pytest.approx(noisy)
            assert noise.retention == pytest.approx(noisy / row.clean)
            assert noise.delta == pytest.approx(noisy - row.clean)
    assert [row.near_floor for row in mono.encoders] == [False, False, False, True]


def test_letters_follow_the_verdicts_at_the_severity_shown() -> None:
    factory = Factory()
    findings = factory.findings()
    rows = findings.comparisons
    rows = rows[(rows["setting"] == "mono") & (rows["severity"] == "0.3") & (rows["perturbation"] == "typos")]
    claimed = {
        (favours, b if favours == a else a)
        for a, b, favours in zip(rows["encoder_a"], rows["encoder_b"], rows["favours"], strict=True)
        if favours
    }
    assert claimed  # or nothing would be tested
    mono = made(factory, "mono").settings[0]
    shown = {(row.name, worse) for row in mono.encoders for worse in row.noises[0].more_robust_than}
    assert shown == claimed


def test_what_failed_or_does_not_apply_is_counted_and_said() -> None:
    found = made()
    assert (found.cells, found.failed, found.not_applicable) == (100, 1, 1)
    notes = "\n".join(found.notes)
    assert "mini / random / typos at 0.5, draw 2: EncoderError" in notes
    assert "not applicable: shuffle-words in ja" in notes
    assert "near the floor" in notes
    assert "shuffle-words (Chinese)" in notes


def test_a_mean_over_fewer_languages_is_labelled() -> None:
    findings = Factory().findings()
    contrasts = findings.contrasts.assign(
        languages=[9 if name == "typos" else 11 for name in findings.contrasts["perturbation"]]
    )
    found = replace(findings, contrasts=contrasts, scores=findings.scores.assign(languages=11))
    mono = overview(Study.read(found, found.manifest)).settings[0]
    for row in mono.encoders:
        assert [(noise.languages, noise.of_languages) for noise in row.noises] == [(9, 11), (11, 11)]
    tables = {
        block.id: block
        for part in build(found, found.manifest).sections
        for block in part.blocks
        if isinstance(block, Table)
    }
    assert tables["differences-mini-typos"].rows[0][2].text == "62.0 (9 of 11 languages)"
    assert tables["differences-mini-shuffle-words"].rows[0][2].text == "62.0"


def test_another_measure_and_a_missing_setting() -> None:
    found = made(measure="nDCG@10", setting="cross")
    assert [one.measure for one in found.settings] == ["nDCG@10"]
    assert all(math.isnan(noise.noisy) for row in found.settings[0].encoders for noise in row.noises)
    with pytest.raises(RunError, match="it has: cross, mono, multi"):
        made(setting="cross-embedded")


def test_json_is_standard_and_names_every_row() -> None:
    text = json.dumps(made(measure="nDCG@10").as_json(), allow_nan=False)  # unknown numbers are null
    rows = json.loads(text)["results"]
    assert len(rows) == 3 * 4
    assert {row["name"] for row in rows} == set(Factory().encoders)
