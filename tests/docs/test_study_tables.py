"""The program that writes the tables of the study's page: lines worked out by hand, and the page that it reads."""

from __future__ import annotations

import csv
import importlib.util
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import ModuleType

import pytest

ATTACK = "adversarial(against=\"static('study-surrogates/x-y-12')\", passages='en')"
SCORES: tuple[str, ...] = (
    "benchmark",
    "setting",
    "measure",
    "perturbation",
    "severity",
    "strategy",
    "mean",
    "ci_low",
    "ci_high",
)
SCORES += ("delta", "delta_low", "delta_high", "seed_sd", "seen")
PAIRS: tuple[str, ...] = (
    "benchmark",
    "setting",
    "measure",
    "perturbation",
    "severity",
    "quantity",
    "strategy_a",
    "strategy_b",
)
PAIRS += ("difference", "ci_low", "ci_high", "p_adjusted", "loss_p_adjusted", "family", "claim", "verdict", "favours")
PAIRS += ("seen_a", "seen_b")


@pytest.fixture
def tables(root: Path) -> Iterator[ModuleType]:
    spec = importlib.util.spec_from_file_location("study_tables", root / "docs" / "study_tables.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["study_tables"] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    yield module
    del sys.modules["study_tables"]


def write(path: Path, columns: tuple[str, ...], rows: Sequence[Mapping[str, object]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns, restval="")
        writer.writeheader()
        writer.writerows(rows)


def level(strategy: str, noise: str, change: tuple[float, float, float], *, seen: bool = False) -> dict[str, object]:
    place = {"benchmark": "xquad-r", "setting": "mono", "measure": "AP", "strategy": strategy, "perturbation": noise}
    changes = dict(zip(("delta", "delta_low", "delta_high"), change, strict=True))
    clean = {"mean": 0.42712, "ci_low": 0.3961, "ci_high": 0.4592, "seed_sd": 0.00349}
    return {**place, **clean, **changes, "severity": "0.3" if noise else "0", "seen": seen}


def pair(noise: str, claim: str, verdict: str, favours: str, family: str = "strategies") -> dict[str, object]:
    place = {"benchmark": "xquad-r", "setting": "mono", "measure": "AP", "perturbation": noise, "family": family}
    figures = {
        "difference": -0.00004,
        "ci_low": -0.0123,
        "ci_high": 0.0123,
        "p_adjusted": 0.00004,
        "loss_p_adjusted": 0.00584,
    }
    names = {
        "strategy_a": "hybrid-robust",
        "strategy_b": "hybrid",
        "seen_a": noise.startswith("typos"),
        "seen_b": False,
    }
    quantity = {"quantity": "degradation" if noise else "clean", "severity": "0.3" if noise else "0"}
    return {**place, **figures, **names, **quantity, "claim": claim, "verdict": verdict, "favours": favours}


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A run with every kind of row that the page shows."""
    findings = tmp_path / "run" / "findings"
    findings.mkdir(parents=True)
    nan = float("nan")
    nothing = (nan, nan, nan)
    scores = [
        level("hybrid", "", nothing),
        level("hybrid", "typos(dose='cer:0.06')", (-0.1147, -0.1222, -0.1078)),
        level("hybrid", ATTACK, (-0.3, -0.31, -0.29)),
        level("x-x", "", nothing),
        level("x-x", "typos(dose='cer:0.06')", (0.0147, 0.0122, 0.0178), seen=True),
        {**level("x-x", "", nothing), "measure": "Hit@1"},
    ]
    pairs = [
        pair("", "", "", ""),
        pair("typos(dose='cer:0.06')", "more robust", "hybrid-robust more robust", "hybrid-robust"),
        pair("ocr(dose='cer:0.06')", "does not hold at equal dose", "hybrid more robust; does not hold at equal dose", ""),
        pair("mt-channel", "not separated", "not separated", ""),
        pair("asr", "loses less", "hybrid loses less; hybrid-robust stays ahead", "hybrid", "exploratory"),
        pair(f"random-control({ATTACK})", "in points only", "hybrid loses less in points only", "hybrid"),
        pair(ATTACK, "no claim: near the floor", "no claim: near the floor", ""),
    ]  # fmt: skip
    write(findings / "strategy_scores.csv", SCORES, scores)
    write(findings / "strategies.csv", PAIRS, pairs)
    return tmp_path / "run"


def test_levels_of_declared_noise(tables: ModuleType, run: Path) -> None:
    lines = tables.levels(tables.Run.read(run)).splitlines()
    assert lines[0] == "| benchmark, setting | strategy | clean | SD over seeds | `typos` | `ocr` | `mt-channel` |"
    assert lines[1] == "|---|---|---|---|---|---|---|"
    assert lines[2:] == [  # x-x first, as the page has it
        "| xquad-r, mono | `x-x` | 42.7 [39.6, 45.9] | 0.35 | +1.5 [1.2, 1.8] ‡ | – | – |",
        "| xquad-r, mono | `hybrid` | 42.7 [39.6, 45.9] | 0.35 | -11.5 [-12.2, -10.8] | – | – |",
    ]


def test_differences_with_their_verdicts(tables: ModuleType, run: Path) -> None:
    figures = "0.0 [-1.2, 1.2], p"
    start = "| xquad-r, mono | `hybrid-robust` - `hybrid` |"
    read = tables.Run.read(run)
    (declared,) = tables.differences(read).splitlines()[2:]
    assert declared == (
        f"{start} {figures} <0.0001 | **{figures} 0.0058** (R more robust) ‡ | "
        f"{figures} 0.0058 (H more robust (not at equal dose)) | {figures} 0.0058 |"
    )
    titles, _, attacked = tables.differences(read, attacks=True, clean=False).splitlines()
    assert titles.endswith("| A - B | loss under `attack on x-y` | loss under `control of attack on x-y` |")
    assert attacked.endswith(f"| {figures} 0.0058 (no claim: floor) | {figures} 0.0058 (H loses less in points only) |")
    explored = tables.differences(read, explored=True).splitlines()
    assert explored[0].endswith("| clean score | loss under `asr` |")
    assert explored[2].endswith("(H loses less; R ahead) |")


def test_the_page_keeps_what_is_not_given(tables: ModuleType, run: Path, root: Path) -> None:
    page = (root / "docs" / "hybrid-study.md").read_text(encoding="utf-8")
    assert set(re.findall(r"<!-- table: ([\w ]+) -->", page)) == set(tables.TABLES)
    written = tables.rewritten(page, {"recorded": tables.Run.read(run)})
    before, after = (re.split(r"<!-- table: ([\w ]+) -->\n", text) for text in (page, written))
    changed = [name for name, old, new in zip(before[1::2], before[2::2], after[2::2], strict=True) if old != new]
    assert changed == ["recorded differences"]
    assert before[1::2] == after[1::2]
    assert before[0] == after[0]


def test_what_is_wrong_is_said(tables: ModuleType, run: Path, tmp_path: Path) -> None:
    with pytest.raises(
        tables.FaultError, match=r"strategy_scores.csv is missing; run  robustir report .* --format csv"
    ):
        tables.Run.read(tmp_path)
    with pytest.raises(tables.FaultError, match="no table of other"):
        tables.rewritten("no table", {"other": tables.Run.read(run)})
    assert tables.main([]) == 2
    assert tables.main([f"study={tmp_path}"]) == 2
