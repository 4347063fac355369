"""Tables on disk: the same bytes every time, and the same tables back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from robustir.analysis import TABLES, AnalysisOptions, analyse, empty_table, read_findings, write_findings
from robustir.errors import RunError
from robustir.evidence.scores import QueryScores

MakeBlock = Callable[..., QueryScores]
QUICK = AnalysisOptions(flips=100, resamples=100, seed=1)


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


@pytest.fixture(scope="module")
def findings(make_block: MakeBlock) -> Any:
    blocks = [make_block("mono"), make_block("multi", measures=("AP", "RankDistance"))]
    texts = {"clean_text": 'a "quoted", <b>\r\ntext', "noisy_text": "NA", "query_id": "007", "passage_lang": "no"}
    numbers = {"severity": 0.1, "draw": 2, "clean": 1.0, "noisy": np.nan, "clean_rank": 1.0, "noisy_rank": np.nan}
    example: Any = pd.DataFrame([{**dict.fromkeys(TABLES["examples"], ""), **texts, **numbers}])
    found: Any = analyse(blocks, QUICK)
    return replace(found, examples=example.astype(empty_table("examples").dtypes.to_dict()))


def test_writing_reading_and_writing_again_gives_the_same_bytes(findings: Any, tmp_path: Path) -> None:
    write_findings(findings, tmp_path / "one")
    assert set(contents(tmp_path / "one")) == {f"{name}.csv" for name in TABLES}
    back = read_findings(tmp_path / "one")
    write_findings(back, tmp_path / "two")
    assert contents(tmp_path / "one") == contents(tmp_path / "two")
    write_findings(findings, tmp_path / "one")  # over what is there
    assert contents(tmp_path / "one") == contents(tmp_path / "two")


def test_what_is_read_is_what_was_written(findings: Any, tmp_path: Path) -> None:
    write_findings(findings, tmp_path)
    back: Any = read_findings(tmp_path)
    for name, table in findings.tables().items():
        assert back.tables()[name].dtypes.to_dict() == table.dtypes.to_dict()
        pd.testing.assert_frame_equal(back.tables()[name], table, rtol=1e-9, atol=0)
    assert (back.bias["perturbation"] == "").any()
    assert back.examples.loc[0, "noisy_text"] == "NA"
    assert back.examples.loc[0, "query_id"] == "007"


def test_numbers_have_ten_digits_and_gaps_are_empty(findings: Any, tmp_path: Path) -> None:
    table = findings.areas.assign(auc=1 / 3, dose_low=np.nan)
    write_findings(replace(findings, areas=table), tmp_path)
    head, first, *_ = (tmp_path / "areas.csv").read_bytes().split(b"\n")
    assert head.decode().split(",") == list(TABLES["areas"])
    row = dict(zip(TABLES["areas"], first.decode().split(","), strict=True))
    assert row["auc"] == "0.3333333333"
    assert row["dose_low"] == ""


def test_further_columns_stay_at_the_end(findings: Any, tmp_path: Path) -> None:
    write_findings(replace(findings, areas=findings.areas.assign(extra=1.5)), tmp_path)
    assert list(read_findings(tmp_path).areas.columns) == [*TABLES["areas"], "extra"]


def test_a_failed_write_leaves_the_old_file(findings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_findings(findings, tmp_path)
    before = contents(tmp_path)

    def fail(*_: object, **__: object) -> None:
        raise OSError("the disk is full")

    monkeypatch.setattr(pd.DataFrame, "to_csv", fail)
    with pytest.raises(RunError, match="full"):
        write_findings(findings, tmp_path)
    assert contents(tmp_path) == before


def test_missing_and_damaged_tables_are_named(findings: Any, tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"scores\.csv cannot be read"):
        read_findings(tmp_path)
    write_findings(findings, tmp_path)
    (tmp_path / "curves.csv").write_text("benchmark,encoder\nmini,labse\n", encoding="utf-8")
    with pytest.raises(RunError, match=r"curves\.csv"):
        read_findings(tmp_path)
