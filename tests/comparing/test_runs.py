"""robustir compare: runs whose truth is known beside a baseline."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import robustir
from robustir.errors import InputError, RunError, SpecError
from robustir.rundir.directory import RunDirectory
from tests.cli.conftest import Invoke, invoke  # noqa: F401 - a fixture
from tests.comparing.conftest import TOPICS, MakeRun, task, uniform

MINE = {"mine": (0.1, 0.3)}
BASE = (0.1, 0.3)
EQUIVALENT = "equivalent"


def outcomes(table: pd.DataFrame) -> dict[tuple[str, float], str]:
    return {(row["quantity"], row["severity"]): row["outcome"] for row in table.to_dict("records")}


def test_a_revision_that_breaks_under_noise_alone(make_run: MakeRun) -> None:
    table = robustir.compare(make_run(MINE), make_run({"mine": (0.1, 0.5)}), margin=0.1)
    assert outcomes(table) == {
        ("clean", 0.0): "the same",
        ("noisy", 0.3): "worse",
        ("change", 0.3): "worse",
        ("noisy", 1.0): "worse",
        ("change", 1.0): "worse",
    }
    noisy = table[(table["quantity"] == "noisy") & (table["severity"] == 1.0)].iloc[0]
    # Scores by hand: 1 for a topic that is found, else what chance gives; so the gap is that of the shares, nearly.
    assert noisy["difference"] == pytest.approx(noisy["new"] - noisy["baseline"], abs=1e-12)
    assert noisy["ci_high"] < -0.1
    assert (noisy["n"], noisy["groups"]) == (240, 20)
    p, p_adjusted = (table[name].to_numpy(dtype=float) for name in ("p", "p_adjusted"))
    assert np.isnan(p).tolist() == [True, False, False, False, False]  # where nothing differs there is no test
    assert np.all(p_adjusted[1:] >= p[1:])
    assert np.all(p[1:] > 0)


def test_an_encoder_that_finds_nothing_loses_nothing_and_that_is_not_better(make_run: MakeRun) -> None:
    found = outcomes(robustir.compare(make_run(MINE), make_run({"mine": (0.99, 0.99)})))
    assert found["noisy", 1.0] == "worse"
    assert found["change", 1.0] == "near the floor"


def test_a_better_revision_and_back(make_run: MakeRun) -> None:
    base, better = make_run(MINE), make_run({"mine": (0.02, 0.1)})
    forth, back = robustir.compare(base, better), robustir.compare(better, base)
    assert set(forth.loc[forth["quantity"] != "change", "outcome"]) == {"better"}
    assert set(back.loc[back["quantity"] != "change", "outcome"]) == {"worse"}
    np.testing.assert_allclose(forth["difference"], -back["difference"], atol=1e-12)
    np.testing.assert_allclose(forth["ci_low"], -back["ci_high"], atol=1e-12)
    np.testing.assert_array_equal(forth["p"], back["p"])


def test_the_same_system_twice(make_run: MakeRun) -> None:
    table = robustir.compare(make_run(MINE), make_run(MINE, draws=2, keep_top=5))
    assert set(table["outcome"]) == {"the same"}
    (row,) = table.attrs["reproduced"]
    assert row["identical_ranks"] == 1.0
    assert row["largest_rank_difference"] == 0
    assert row["largest_score_difference"] == 0.0
    assert table.attrs["left_out"] == []


def test_equivalence_needs_a_margin_that_the_interval_fits_into(make_run: MakeRun) -> None:
    base, near = make_run(MINE), make_run({"mine": (0.11, 0.31)})
    assert EQUIVALENT not in set(robustir.compare(base, near)["outcome"])
    # A few of 20 groups moved: what can be said is that no more than two fifths of them do.
    wide = robustir.compare(base, near, margin=0.4)
    narrow = robustir.compare(base, near, margin=0.1)
    assert EQUIVALENT in set(wide["outcome"])
    assert EQUIVALENT not in set(narrow["outcome"])
    told = [row for row in wide.to_dict("records") if row["outcome"] == EQUIVALENT]
    assert all(-0.4 < row["equivalence_low"] <= row["equivalence_high"] < 0.4 for row in told)
    assert all(row["equivalence_p_adjusted"] < 0.05 for row in told)


def test_two_encoders_of_one_run(make_run: MakeRun) -> None:
    run = make_run({"a": BASE, "b": (0.02, 0.1), "c": (0.3, 0.6)}, keep_top=5)
    table = robustir.compare(run, encoders=("a", "c"))
    assert set(table["encoder"]) == {"c"}
    assert set(table["baseline_encoder"]) == {"a"}
    assert set(table.loc[table["quantity"] != "change", "outcome"]) == {"worse"}
    overlaps = table.attrs["overlaps"]
    assert {row["severity"] for row in overlaps} == {0.0, 0.3, 1.0}
    assert all(0 < row["overlap"] < 1 for row in overlaps)
    with pytest.raises(InputError, match="name both"):
        robustir.compare(run, encoders=("a", "a"))
    with pytest.raises(InputError, match="it has: a, b, c"):
        robustir.compare(run)
    with pytest.raises(SpecError, match="has no encoder 'x'"):
        robustir.compare(run, encoders=("a", "x"))


def test_the_order_of_several_encoders(make_run: MakeRun) -> None:
    first = make_run({"a": BASE, "b": (0.02, 0.1), "c": (0.3, 0.6)}, keep_top=5)
    second = make_run({"a": BASE, "b": (0.4, 0.7), "c": (0.3, 0.6)}, keep_top=5)
    table = robustir.compare(first, second)
    assert [row["tau"] for row in table.attrs["orders"]] == [
        pytest.approx(-1 / 3)
    ] * 3  # b before a and c, then after both
    assert {(row["best_baseline"], row["best_new"]) for row in table.attrs["orders"]} == {("b", "a")}
    overlaps = {row["encoder"]: row["overlap"] for row in table.attrs["overlaps"] if row["severity"] == 0}
    assert overlaps["a"] == overlaps["c"] == pytest.approx(1.0)
    assert overlaps["b"] < 0.9


def test_rankings_kept_by_default_overlap_as_those_of_an_export(make_run: MakeRun) -> None:
    pairs = []
    for options in ({"keep_top": 99}, {}):
        first = make_run({"a": BASE, "b": (0.02, 0.1)}, **options)
        second = make_run({"a": BASE, "b": (0.4, 0.7)}, **options)
        pairs.append(robustir.compare(first, second).attrs["overlaps"])
    assert len(pairs[0]) == len(pairs[1]) == 6
    for whole, kept in zip(*pairs, strict=True):
        assert kept | {"run": ""} == {**whole, "run": "", "overlap": pytest.approx(whole["overlap"])}


def test_another_seed_leaves_the_clean_scores_to_compare(make_run: MakeRun) -> None:
    table = robustir.compare(make_run(MINE), make_run({"mine": (0.4, 0.5)}, seed=2))
    assert outcomes(table) == {("clean", 0.0): "worse"}
    reasons = {item["what"]: item["reason"] for item in table.attrs["left_out"]}
    assert reasons["shuffle-words at 0.3"] == "the noisy queries differ: seed 1 against seed 2"


def test_other_severities_draws_and_noise_are_named(make_run: MakeRun) -> None:
    other = make_run({"mine": (0.1, 0.5)}, severities=[0.3, 0.6], draws=1, perturbations=["shuffle-words", "casing"])
    table = robustir.compare(make_run(MINE), other)
    assert set(table["severity"]) == {0.0, 0.3}
    assert outcomes(table)["noisy", 0.3] == "worse"
    reasons = {item["what"]: item["reason"] for item in table.attrs["left_out"]}
    assert reasons["shuffle-words at 0.3"] == "2 draws against 1; the shared draws are compared"
    assert reasons["shuffle-words at 0.6"] == reasons["shuffle-words at 1"] == "one run alone has scored it"
    assert "does not have this noise" in reasons["casing"]


def test_queries_that_one_run_alone_has_are_left_out(make_run: MakeRun) -> None:
    table = robustir.compare(make_run(MINE), make_run({"mine": (0.1, 0.5)}, limit=100))
    assert set(table["n"]) == {100}
    assert outcomes(table)["noisy", 1.0] == "worse"
    reasons = {item["what"]: item["reason"] for item in table.attrs["left_out"]}
    assert reasons["140 queries of topics"] == "one run alone has them"


def test_other_passages_are_another_search(make_run: MakeRun) -> None:
    with pytest.raises(RunError, match=r"topics \(mono\): 240 rows: the runs searched other passages"):
        robustir.compare(make_run(MINE), make_run(MINE, tasks=task(extra=20)))


def test_nothing_shared_is_one_message(make_run: MakeRun, invoke: Invoke) -> None:  # noqa: F811
    base, other = make_run(MINE), make_run(MINE, tasks=task(first=1000))
    with pytest.raises(RunError, match=r"share nothing that can be compared .*the runs share no query of it"):
        robustir.compare(base, other)
    result = invoke("compare", base.path, other.path)
    assert result.code == 2
    assert result.out == ""


def test_the_command(make_run: MakeRun, invoke: Invoke) -> None:  # noqa: F811
    base, worse, better = make_run(MINE), make_run({"mine": (0.1, 0.5)}), make_run({"mine": (0.02, 0.1)})
    shown = invoke("compare", base.path, worse.path, better.path)
    assert shown.code == 0, shown.err
    assert "shuffle-words 0.3" in shown.out
    assert "worse" in shown.out
    assert "better" in shown.out
    found = json.loads(invoke("compare", base.path, worse.path, "--json", "--margin", "0.05").out)
    assert [row["quantity"] for row in found["rows"]] == ["clean", "noisy", "change", "noisy", "change"]
    assert found["rows"][0]["p"] is None
    assert found["rows"][0]["name"].endswith("clean: clean")
    assert invoke("compare", base.path).code == 2
    assert invoke("compare", base.path, base.path.parent).code == 2
    assert invoke("compare", base.path, worse.path, "--margin", "2").code == 2


def test_a_query_that_was_rewritten_is_left_out(make_run: MakeRun) -> None:
    plain = task()
    texts = ("another topic 0", *plain.queries.texts[1:])
    changed = replace(plain, queries=replace(plain.queries, texts=texts))
    table = robustir.compare(make_run(MINE), make_run({"mine": (0.1, 0.5)}, tasks=changed))
    assert set(table["n"]) == {239}
    assert outcomes(table)["noisy", 1.0] == "worse"
    assert any(item["what"] == "1 queries of topics" for item in table.attrs["left_out"])
    assert "different data" in table.attrs["notes"][0]


def test_cells_that_a_run_lacks_are_named(make_run: MakeRun, tmp_path: Path) -> None:
    base = make_run(MINE)
    partial = RunDirectory(shutil.copytree(base.path, tmp_path / "partial"))
    for cell in partial.read_manifest().cells:
        if cell.severity == 1.0:
            partial.ranks_path(cell.key).unlink()
    with pytest.raises(RunError, match=r"is unfinished.*robustir resume"):
        robustir.compare(base, partial)
    table = robustir.compare(base, RunDirectory(partial.path, partial=True))
    assert any("is unfinished" in note for note in table.attrs["notes"])
    assert set(table["severity"]) == {0.0, 0.3}
    reasons = {item["what"]: item["reason"] for item in table.attrs["left_out"]}
    assert reasons["topics (mono): mine and mine, shuffle-words at 1"] == "one of them has no scores here"


def _checked(table: Any) -> None:
    """Nothing impossible: no p of 0, no limit beyond what scores allow, and a reason where there is no interval."""
    for name in ("p", "p_adjusted", "equivalence_p", "equivalence_p_adjusted"):
        p = table[name].dropna()
        assert ((p > 0) & (p <= 1)).all(), name
    known = table.dropna(subset=["ci_low"])
    most = np.where(known["quantity"] == "change", 2.0, 1.0)
    assert (known["ci_low"] >= -most - 1e-9).all()
    assert (known["ci_high"] <= most + 1e-9).all()
    for row in table[table["ci_low"].isna()].to_dict("records"):
        reasons = [note for note in table.attrs["notes"] if note.startswith(f"{row['benchmark']} ({row['setting']})")]
        assert row["outcome"] == "the same" or reasons, row


def test_one_query_and_one_group_are_told_nothing_of(make_run: MakeRun, invoke: Invoke) -> None:  # noqa: F811
    plain = task(40)
    single = replace(plain, queries=replace(plain.queries, groups=("g",) * 40))
    reason = "topics (mono): one group of queries, so no interval and no test: nothing is told"
    lost = next(number for number in range(TOPICS) if 0.3 < uniform(number) < 0.99)  # by the other run alone
    for tasks in (single, task(1, first=lost, extra=30)):
        base, other = make_run(MINE, tasks=tasks), make_run({"mine": (0.99, 0.99)}, tasks=tasks)
        table = robustir.compare(base, other, margin=0.1)
        _checked(table)
        assert set(table["outcome"]) <= {"not told", "the same", "near the floor"}
        assert reason in table.attrs["notes"]
        assert f"- {reason}" in " ".join(invoke("compare", base.path, other.path).out.split())


def test_all_scores_equal_is_the_same(make_run: MakeRun) -> None:
    base, other = make_run({"mine": (0.0, 0.0)}), make_run({"mine": (-0.5, -0.5)})
    table: Any = robustir.compare(base, other, margin=0.1)
    _checked(table)
    assert set(table["outcome"]) == {"the same"}
    assert set(table["difference"]) == {0.0}


def test_an_encoder_that_one_run_lacks_is_named(make_run: MakeRun) -> None:
    both = make_run({"a": BASE, "b": (0.02, 0.1)})
    table: Any = robustir.compare(both, make_run({"a": (0.1, 0.5)}))
    _checked(table)
    assert set(table["encoder"]) == {"a"}
    reasons = {item["what"]: item["reason"] for item in table.attrs["left_out"]}
    assert "does not have this encoder" in reasons["b"]
    with pytest.raises(InputError, match="share no encoder by name"):
        robustir.compare(both, make_run({"c": BASE, "d": BASE}))


def test_few_groups_have_limits_within_what_is_possible(make_run: MakeRun) -> None:
    plain = task(12)
    three = replace(plain, queries=replace(plain.queries, groups=tuple(f"g{at % 3}" for at in range(12))))
    table: Any = robustir.compare(make_run(MINE, tasks=three), make_run({"mine": (0.6, 0.9)}, tasks=three), margin=0.1)
    _checked(table)
    assert set(table["groups"]) == {3}
    assert not {"better", "worse"} & set(table["outcome"])  # three groups reach p = 0.25 at best
