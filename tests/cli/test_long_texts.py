"""A query of a million characters: refused by name, unless it is asked for."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

import robustir
from robustir.errors import DataError
from robustir.noise.lengths import LONGEST, check_lengths
from tests.tiny import JUDGEMENTS, QUERIES, write_beir

LOG = "error at line 17 of the log " * 36_000


def test_the_first_is_named_and_the_others_counted() -> None:
    texts = ["a" * LONGEST, "b" * (LONGEST + 1), "c" * 300_000, "d"]
    check_lengths("query", ["1", "2", "3", "4"], texts[:1], LONGEST)
    told = r"query '2' has 100,001 characters, more than 100,000, and 1 other is too long as well; .* --longest 300000 "
    with pytest.raises(DataError, match=told):
        check_lengths("query", ["1", "2", "3", "4"], texts, LONGEST)
    with pytest.raises(DataError, match="and 3 others are too long"):
        check_lengths("query", ["1", "2", "3", "4"], texts, 0)
    check_lengths("query", ["1", "2", "3", "4"], texts, 300_000)


def test_perturb_refuses_a_log_and_takes_it_if_asked(tmp_path: Path, invoke) -> None:
    texts = tmp_path / "texts"
    texts.write_text(f"where is the nile\n{LOG}\n", encoding="utf-8")
    refused = invoke("perturb", "typos", "-l", "en", "-s", "0.5", texts)
    assert refused.code == 2
    assert f"text '1' has {len(LOG):,} characters, more than 100,000" in refused.err
    assert refused.out == ""
    begin = time.process_time()
    taken = invoke("perturb", "typos", "-l", "en", "-s", "0.5", "--longest", len(LOG), texts)
    assert time.process_time() - begin < 15  # 40 s by the distance of whole texts
    assert taken.code == 0
    assert len(taken.out.splitlines()[1]) == pytest.approx(len(LOG), rel=0.05)
    few = invoke("perturb", "typos", "-l", "en", "-s", "0.5", "--longest", "9", "--jsonl", tmp_path / "rows")
    assert few.code == 2
    (tmp_path / "rows").write_text(json.dumps({"_id": "q17", "text": "0123456789"}) + "\n", encoding="utf-8")
    few = invoke("perturb", "typos", "-l", "en", "-s", "0.5", "--longest", "9", "--jsonl", tmp_path / "rows")
    assert "text 'q17' has 10 characters, more than 9; " in few.err


def test_a_collection_with_a_log_among_its_queries(tmp_path: Path, invoke) -> None:
    queries = (*QUERIES, ("pasted", "en", LOG[:150_000]))
    task = write_beir(tmp_path / "task", queries=queries, judgements=(*JUDGEMENTS, ("pasted", "d1", 1)))
    base = (
        "plan",
        "quickstart",
        "--benchmark",
        task,
        "--encoder",
        "bm25",
        "--perturbation",
        "typos",
        "-o",
        tmp_path / "o",
    )
    refused = invoke(*base)
    assert refused.code == 2
    assert "task: query 'pasted' has 150,000 characters, more than 100,000; " in refused.err
    assert "--longest 150000" in refused.err
    assert "longest = 150000" in refused.err
    allowed = invoke(*base, "--longest", "150000", "--json")
    assert "characters" not in allowed.err
    assert json.loads(allowed.out)["cells"]
    suite = {
        "name": "long", "benchmarks": [str(task)], "encoders": ["bm25"], "perturbations": ["typos"], "severities": [0.5],
        "draws": 1, "exploratory": True, "statistics": {"resamples": 99, "flips": 99},
    }  # fmt: skip
    with pytest.raises(DataError, match="pasted"):
        robustir.run(suite, tmp_path / "run", formats=["csv"])
    run = robustir.run(suite | {"longest": 200_000}, tmp_path / "run", formats=["csv"])
    again = robustir.run(suite, tmp_path / "run", longest=150_000, formats=["csv"])  # it changes no result, so no plan
    assert run.read_manifest().plan == again.read_manifest().plan
    with pytest.raises(DataError, match="--longest 150000"):
        robustir.export_queries(suite, tmp_path / "queries")
