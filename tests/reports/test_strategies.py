"""Training strategies in the report: levels with their spread over seeds, differences with their marks, and one sentence."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pandas as pd
import pytest

from robustir.analysis import Findings
from robustir.reports.blocks import Document, Figure, IntervalPanel, Section, Table
from robustir.reports.document import build
from robustir.reports.renderers.html import render_html
from robustir.reports.renderers.pdf import compile_pdf
from tests.reports.factory import Factory, table

NOISES = ("typos", "shuffle-words")


def level(strategy: str, noise: str, setting: str, mean: float, delta: float) -> dict[str, Any]:
    return {
        "benchmark": "mini", "setting": setting, "measure": "AP", "perturbation": noise,
        "severity": "curve" if noise else "0", "strategy": strategy, "mean": mean, "ci_low": mean - 0.02,
        "ci_high": mean + 0.02, "delta": delta, "delta_low": delta - 0.01, "delta_high": delta + 0.01,
        "retention": 0.9, "seeds": 12, "seed_sd": 0.0123, "seed_low": mean - 0.03, "seed_high": mean + 0.03,
        "groups": 9, "n": 100, "seen": noise == "typos" and strategy == "robust", "in_domain": strategy == "x-x",
        "attacked": "", "embedded_lang": "",
    }  # fmt: skip


def gap(a: str, b: str, noise: str, quantity: str, setting: str, **changes: Any) -> dict[str, Any]:
    made = {
        "benchmark": "mini", "setting": setting, "measure": "AP", "perturbation": noise,
        "severity": "curve" if noise else "0", "quantity": quantity, "strategy_a": a, "strategy_b": b, "a": -0.1,
        "b": -0.12, "difference": 0.02, "ci_low": 0.01, "ci_high": 0.03, "log_retention_ratio": 0.05,
        "log_ratio_low": 0.02, "log_ratio_high": 0.08, "p": 0.004, "p_adjusted": 0.008, "family": "strategies",
        "verdict": f"{a} more robust" if quantity == "degradation" else "", "separated": True, "loss_p_adjusted": 0.008,
        "favours": a if quantity == "degradation" else "", "claim": "more robust" if quantity == "degradation" else "",
        "seeds": 12, "seed_sd": 0.01, "groups": 9,
        "n": 100, "seen_a": noise == "typos" and a == "robust", "seen_b": False, "robust_training": a == "robust",
        "attacked": "", "embedded_lang": "", "in_domain": "x-x" in (a, b),
    }  # fmt: skip
    return made | changes


def findings(**changes: Any) -> Findings:
    levels, gaps = [], []
    for setting in ("mono", "cross"):
        for noise in ("", *NOISES):
            levels += [level(strategy, noise, setting, 0.5, -0.1) for strategy in ("x-x", "hybrid", "robust")]
            quantities = ("noisy", "degradation") if noise else ("clean",)
            for quantity in quantities:
                gaps += [gap(a, b, noise, quantity, setting) for a, b in (("hybrid", "x-x"), ("robust", "hybrid"))]
    gaps = [row | changes if row["quantity"] == "degradation" else row for row in gaps]
    made = Factory(encoders=("hashing",)).findings()
    return replace(made, strategies=table("strategies", gaps), strategy_scores=table("strategy_scores", levels))


def section(document: Document) -> Section:
    return next(one for one in document.sections if one.id == "strategies")


def tables(document: Document) -> dict[str, Table]:
    return {block.id: block for block in section(document).blocks if isinstance(block, Table)}


@pytest.fixture(scope="module")
def document() -> Document:
    made = findings()
    return build(made, made.manifest)


def test_levels_show_spread_over_seeds_and_mark_what_was_seen(document: Document) -> None:
    shown = tables(document)["strategies-mini"]
    texts = [[cell.text for cell in row] for row in shown.rows]
    assert texts[0] == ["mono", "x-x\u00a0§", "12", "50.0", "1.23", "47.0 to 53.0", "−10.0", "−10.0"]
    assert shown.rows[0][3].interval == "[48.0, 52.0]"
    assert texts[2] == ["mono", "robust", "12", "50.0", "1.23", "47.0 to 53.0", "−10.0\u00a0‡", "−10.0"]
    assert "met this kind of noise in training" in shown.note
    assert "in-domain" in shown.note
    assert [column.title for column in shown.columns[-2:]] == list(NOISES)


def test_differences_hold_score_and_loss_with_adjusted_p(document: Document) -> None:
    shown = tables(document)["strategy-differences-mini"]
    assert len(shown.rows) == 2 * 2 * 3
    clean, typos = shown.rows[0], shown.rows[1]
    assert [cell.text for cell in clean] == [
        "mono",
        "hybrid − x-x\u00a0§",
        "clean queries",
        "+2.0",
        "0.0080",
        "–",
        "–",
        "–",
        "–",
    ]
    assert [cell.text for cell in typos[2:]] == [
        "typos",
        "+2.0",
        "0.0080",
        "+2.0",
        "0.05",
        "0.0080",
        "hybrid more robust",
    ]
    assert typos[5].interval == "[1.0, 3.0]"
    seen = next(row for row in shown.rows if row[1].text.startswith("robust\u00a0‡"))
    assert seen[2].text == "typos"


def test_the_verdict_is_that_of_the_findings() -> None:
    made = findings(verdict="not separated", claim="not separated", favours="")
    built = build(made, made.manifest)
    verdicts = {
        row[8].text for row in tables(built)["strategy-differences-mini"].rows if row[2].text != "clean queries"
    }
    assert verdicts == {"not separated"}
    assert "8 read “not separated”; no strategy was shown to lose less" in built.summary[1]


def test_the_third_sentence_names_unseen_noise_only() -> None:
    made = findings()
    rows: pd.DataFrame = made.strategies
    large = (rows["strategy_a"] == "robust") & (rows["perturbation"] == "typos") & (rows["quantity"] == "degradation")
    rows.loc[large, "difference"] = 0.2
    sentence = build(made, made.manifest).summary[1]
    assert "8 read “more robust”" in sentence
    assert (
        "hybrid more robust (against x-x) under typos on mini, mono (by 2.0 points, interval [1.0, 3.0], adjusted p = 0.0080)"
        in sentence
    )


def test_of_one_seed_the_sentence_claims_nothing() -> None:
    made = findings(seeds=1, verdict="one seed: no claim about a strategy", favours="")
    sentence = build(made, made.manifest).summary[1]
    assert sentence.endswith("and nothing is claimed of strategies.")
    assert "more robust" not in sentence


def test_many_noises_share_out_among_tables() -> None:
    made = findings()
    frame: pd.DataFrame = made.strategy_scores
    noisy = frame[frame["perturbation"] == "typos"]
    more = [noisy.assign(perturbation=f"noise-{number}", setting="mono") for number in range(9)]
    made = replace(made, strategy_scores=pd.concat([frame, *more], ignore_index=True))
    shown = tables(build(made, made.manifest))
    first, second = shown["strategies-mini"], shown["strategies-mini-4"]
    assert [column.title for column in first.columns[6:]] == [*NOISES, "noise-0", "noise-1"]
    assert [column.title for column in second.columns] == ["Setting", "Strategy", *(f"noise-{n}" for n in range(2, 9))]
    assert {row[0].text for row in second.rows} == {"mono"}  # nothing of these noises is known in the other setting
    assert {row[0].text for row in first.rows} == {"mono", "cross"}


def test_what_was_not_declared_is_no_strong_claim() -> None:
    made = findings(family="exploratory")
    rows = tables(build(made, made.manifest))["strategy-differences-mini"].rows
    noisy = [row for row in rows if row[2].text != "clean queries"]
    assert {row[2].text for row in noisy} == {f"{noise} (exploratory)" for noise in NOISES}
    assert {row[8].mark for row in noisy} == {"faint"}


def test_the_figure_has_a_row_per_noise_and_an_interval_per_pair(document: Document) -> None:
    figure = next(block for block in section(document).blocks if isinstance(block, Figure))
    panel = figure.panels[0]
    assert isinstance(panel, IntervalPanel)
    assert (panel.title, panel.rows) == ("mono", NOISES)
    assert [(series.name, len(series.points)) for series in panel.series] == [
        ("hybrid − x-x", 2),
        ("robust − hybrid", 2),
    ]
    assert (panel.series[0].points[1].x, panel.series[0].points[1].y) == pytest.approx((2.0, 1.0))
    assert figure.x_max >= 3.0


def test_html_and_pdf_carry_the_section(document: Document) -> None:
    page = render_html(document)
    assert 'id="strategies"' in page
    assert page.count("difference in loss (points of mAP)</text>") == 2
    content, _ = compile_pdf(document)
    assert content.startswith(b"%PDF")


def test_attacks_stand_in_tables_of_their_own() -> None:
    made = findings()
    assert made.manifest is not None
    entries = tuple(replace(one, attacked="hashing") for one in made.manifest.perturbations if one.name != "typos")
    attacked = {"attacked": "hashing"}
    for frame in (made.strategies, made.strategy_scores):
        frame.loc[frame["perturbation"] == "shuffle-words", list(attacked)] = list(attacked.values())
    shown = tables(build(made, replace(made.manifest, perturbations=entries)))
    assert {row[2].text for row in shown["strategy-differences-mini"].rows} == {"clean queries", "typos"}
    assert {row[2].text for row in shown["strategy-differences-mini-under-attack"].rows} == {"shuffle-words"}


def test_a_run_without_strategies_has_no_such_section() -> None:
    made = Factory().findings()
    assert "strategies" not in {one.id for one in build(made, made.manifest).sections}
