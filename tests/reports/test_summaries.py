"""The section of summaries says what the tables say, and why something is missing."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pandas as pd
import pytest

from robustir.analysis import TABLES, Findings
from robustir.reports.blocks import Figure, Panel, Paragraph, Section, Table
from robustir.reports.renderers.figures import panel_svg
from robustir.reports.sections.summaries import summary_section
from robustir.reports.study import Study
from tests.reports.factory import Factory, table

WHERE = {"benchmark": "mini", "setting": "mono", "measure": "AP"}
ERROR = {**WHERE, "perturbation": "all", "reference": "bm25", "kinds": 2, "ce_low": 0.5, "ce_high": 1.0}


def section(**frames: list[dict[str, Any]]) -> Section | None:
    findings: Findings = Factory().findings()
    made: dict[str, Any] = {name: table(name, rows) for name, rows in frames.items()}
    return summary_section(Study.read(replace(findings, **made), findings.manifest))


def rows_of(found: Section | None, start: str) -> list[list[str]]:
    assert found is not None
    (one,) = [block for block in found.blocks if isinstance(block, Table) and block.id.startswith(start)]
    return [[" ".join(filter(None, (cell.text, cell.interval))) for cell in row] for row in one.rows]


def texts(found: Section | None) -> list[str]:
    assert found is not None
    return [block.text for block in found.blocks if isinstance(block, Paragraph)]


def test_without_any_of_the_tables_there_is_no_section() -> None:
    assert summary_section(Study.read(Factory().findings(), Factory().manifest())) is None
    assert {"corruption", "variance", "trend", "orders"} < set(TABLES)


def test_both_errors_or_the_reason() -> None:
    error = {**ERROR, "encoder": "hashing", "ce": 0.75, "relative_ce": 1.25, "relative_low": 1.0, "relative_high": 1.5}
    found = section(corruption=[error, {**error, "encoder": "random", "near_floor": True}])
    assert rows_of(found, "corruption") == [
        ["hashing", "0.75 [0.50, 1.00]", "1.25 [1.00, 1.50]", "2", ""],
        ["random", "0.75 [0.50, 1.00]", "1.25 [1.00, 1.50]", "2", "near its floor"],
    ]
    reason = "the reference bm25 is near its floor"
    assert texts(section(corruption=[{**WHERE, "perturbation": "all", "note": reason}])) == [
        f"No corruption errors: {reason}."
    ]


def test_shares_of_variance_and_the_trend() -> None:
    row = {**WHERE, "encoder": "hashing", "perturbation": "typos", "severity": 0.3}
    shares = {"group_share": 0.1, "question_share": 0.5, "language_share": 0.05, "interaction_share": 0.35}
    found = section(variance=[{**row, "sd": 0.2, **shares}])
    assert rows_of(found, "variance") == [
        ["typos, 0.3", "hashing", "20.0", "10\u202f%", "50\u202f%", "5\u202f%", "35\u202f%", "–", "–"]
    ]
    trend = {**row, "clean": 0.6, "noisy": 0.5, "expected": 0.45, "effective": 0.05, "ci_low": 0.02, "ci_high": 0.08}
    order = {**WHERE, "perturbation": "typos", "severity": 0.3, "tau": 0.9, "tau_low": 0.7, "tau_high": 1.0}
    found = section(trend=[trend], orders=[order])
    assert rows_of(found, "trend") == [["hashing", "60.0", "50.0", "45.0", "+5.0 [2.0, 8.0]"]]
    assert texts(found) == ["typos, 0.3: Kendall's tau between the clean and the noisy order is 0.90 [0.70, 1.00]."]


def test_of_few_encoders_there_is_the_scatter_and_the_reason_why_no_trend() -> None:
    row = {
        **WHERE,
        "perturbation": "typos",
        "severity": 0.3,
        "note": "3 encoders that are not variants; 8 make a trend",
    }
    scores = {"hashing": (0.6, 0.5), "bm25": (0.57, 0.34), "random": (0.03, 0.03)}
    trend = [{**row, "encoder": name, "clean": clean, "noisy": noisy} for name, (clean, noisy) in scores.items()]
    found = section(trend=trend, orders=[row])
    assert found is not None
    (drawn,) = (block for block in found.blocks if isinstance(block, Figure))
    assert drawn.caption.endswith("no Kendall's tau: 3 encoders that are not variants; 8 make a trend.")
    (panel,) = drawn.panels
    assert isinstance(panel, Panel)
    assert {one.name: (one.points[0].x, one.points[0].y) for one in panel.series} == {
        name: (pytest.approx(100 * clean), pytest.approx(100 * noisy)) for name, (clean, noisy) in scores.items()
    }
    assert drawn.keys == (("hashing", 0), ("bm25", 2), ("random", 3))
    assert not texts(found)
    assert panel_svg(drawn, panel).count("<title>hashing: 50.0 at 60.0</title>") == 1


def test_overlap_and_worst_draws_are_those_of_the_shown_severity() -> None:
    factory = Factory()
    findings = factory.findings()
    contrasts: pd.DataFrame = findings.contrasts.assign(
        overlap=findings.contrasts["severity"], overlap_low=0.1, overlap_high=0.9, draws=3, worst_draw=0.25
    )
    found = summary_section(Study.read(replace(findings, contrasts=contrasts), factory.manifest()))
    assert rows_of(replace_with(found, "overlap-mini-mono"), "overlap")[0][1:] == ["0.30 [0.10, 0.90]"] * 2
    worst = rows_of(replace_with(found, "worst-mini-mono"), "worst")
    assert worst[0][1].startswith("25.0")


def replace_with(found: Section | None, name: str) -> Section:
    assert found is not None
    return replace(
        found, blocks=tuple(block for block in found.blocks if isinstance(block, Table) and block.id == name)
    )


@pytest.mark.parametrize("draws", [0, 1])
def test_one_draw_has_no_worst(draws: int) -> None:
    factory = Factory()
    findings = factory.findings()
    one = replace(findings, contrasts=findings.contrasts.assign(draws=draws))
    assert summary_section(Study.read(one, factory.manifest())) is None
