"""From stored ranks to per-query scores, against scores worked out by hand and a naive loop."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from robustir.evidence.gather import benchmarks, gather
from robustir.evidence.per_query import score_tables
from robustir.evidence.scores import QueryScores
from robustir.rundir.directory import RunDirectory
from tests.tiny import JUDGEMENTS, PASSAGES, QUERIES, count_letters, run_cells, suite_of, write_beir


def by_setting(run: Any, measures: list[str]) -> dict[str, QueryScores]:
    (stored,) = benchmarks(run)
    return {scores.setting: scores for scores in gather(stored, measures)}


def test_scores_by_hand(tmp_path: Path) -> None:
    """Letters counts: q1 "a" gives f1 3, d1 2, d2 1, d3 and f2 0; q2 "b" gives d2 2, d1 and f2 1, d3 and f1 0.

    Equal scores are ordered by id, the greater first. Relevant: q1 d1 (2), d3, f1; q2 d2, f1 (3), f2.
    """
    _, run, _ = run_cells(
        suite_of(write_beir(tmp_path / "task"), perturbations=("tests.tiny:Nothing",)), tmp_path / "run"
    )
    found = by_setting(run, ["AP", "nDCG@10"])
    assert set(found) == {"mono", "cross", "multi"}
    mono, cross, multi = found["mono"], found["cross"], found["multi"]
    assert list(zip(mono.query_id, mono.query_lang, mono.passage_lang, strict=True)) == [
        ("q1", "en", "en"),
        ("q2", "de", "de"),
    ]
    assert list(zip(cross.query_id, cross.query_lang, cross.passage_lang, strict=True)) == [
        ("q1", "en", "de"),
        ("q2", "de", "en"),
    ]
    assert list(multi.passage_lang) == ["all", "all"]
    # q1 among d1, d2, d3: ranks 1 and 3. q2 among f2, f1: ranks 1 and 2.
    np.testing.assert_allclose(mono.clean[0, 0], [(1 + 2 / 3) / 2, 1.0])
    # q1 among f1, f2: rank 1. q2 among d2, d1, d3: rank 1.
    np.testing.assert_allclose(cross.clean[0, 0], [1.0, 1.0])
    # q1: f1, d1, d2, f2, d3 -> ranks 2, 5, 1. q2: d2, f2, d1, f1, d3 -> ranks 1, 4, 2.
    np.testing.assert_allclose(multi.clean[0, 0], [(1 + 1 + 3 / 5) / 3, (1 + 1 + 3 / 4) / 3])
    # Gains as they are, discounted by log2(rank + 1) (Järvelin & Kekäläinen 2002).
    q1 = (1 + 2 / math.log2(3) + 1 / math.log2(6)) / (2 + 1 / math.log2(3) + 1 / 2)
    q2 = (1 + 1 / math.log2(3) + 3 / math.log2(5)) / (3 + 1 / math.log2(3) + 1 / 2)
    np.testing.assert_allclose(multi.clean[0, 1], [q1, q2])
    # Level with another candidate in the pool alone. q1: d3 with f2. q2: f2 with d1, f1 with d3.
    assert mono.tied is not None
    assert cross.tied is not None
    assert mono.tied.tolist() == cross.tied.tolist() == [[0.0, 0.0]]
    assert multi.tied == pytest.approx(np.array([[1 / 3, 2 / 3]]))
    for scores in found.values():
        assert (scores.missed == 0).all()
        assert (scores.noisy == scores.clean[:, None]).all()
        assert (scores.worst == scores.clean[:, None]).all()
        assert (scores.unchanged == 1.0).all()
        assert (scores.word_edit_rate == 0.0).all()


def naive_ap(text: str, lang: str, relevant: set[str], setting: str, candidates: str) -> float:
    rows = [(key, body) for key, other, body in PASSAGES if setting == "multi" or other == candidates]
    scores = (count_letters([text]) @ count_letters([body for _, body in rows]).T)[0]
    order = [
        key for _, key in sorted(((score, key) for score, (key, _) in zip(scores, rows, strict=True)), reverse=True)
    ]
    wanted = relevant & {key for key, _ in rows}
    hits, total = 0, 0.0
    for rank, key in enumerate(order, start=1):
        if key in wanted:
            hits += 1
            total += hits / rank
    return total / len(wanted)


def test_draws_are_averaged_and_the_worst_is_kept(tmp_path: Path) -> None:
    suite = suite_of(
        write_beir(tmp_path / "task"), perturbations=("tests.tiny:Any3", "tests.tiny:English"), draws=4, severities=(0.5,)
    )  # fmt: skip
    plan, run, _ = run_cells(suite, tmp_path / "run")
    relevant = {query: {passage for other, passage, _ in JUDGEMENTS if other == query} for query, _, _ in QUERIES}
    keys = {
        cell.condition.draw: cell.queries_key
        for cell in plan.cells()
        if cell.condition.perturbation == "tests.tiny:Any3"
    }
    texts = [dict(zip(*run.read_noisy(keys[draw])[:2], strict=True)) for draw in range(4)]
    assert len({tuple(sorted(draw.items())) for draw in texts}) > 1
    for setting, scores in by_setting(run, ["AP"]).items():
        assert scores.conditions == (("tests.tiny:Any3", 0.5), ("tests.tiny:English", 0.5))
        for row, (query, lang, candidates) in enumerate(
            zip(scores.query_id, scores.query_lang, scores.passage_lang, strict=True)
        ):
            values = [naive_ap(draw[query], lang, relevant[query], setting, candidates) for draw in texts]
            assert scores.noisy[0, 0, 0, row] == pytest.approx(np.mean(values), abs=1e-12)
            assert scores.worst[0, 0, 0, row] == min(values)
            if lang == "en":  # q1 "a" becomes "c" in every draw
                expected = naive_ap("c", lang, relevant[query], setting, candidates)
                assert scores.noisy[0, 1, 0, row] == pytest.approx(expected, abs=1e-12)
                assert (scores.word_edit_rate[1, row], scores.char_error_rate[1, row]) == (1.0, 1.0)
            else:
                assert np.isnan(scores.noisy[0, 1, 0, row])
                assert np.isnan(scores.worst[0, 1, 0, row])
                assert np.isnan(scores.unchanged[1, row])


def test_the_worst_draw_of_a_distance_is_the_largest(tmp_path: Path) -> None:
    suite = suite_of(write_beir(tmp_path / "task"), perturbations=("tests.tiny:Any3",), draws=4, severities=(0.5,))
    _, run, _ = run_cells(suite, tmp_path / "run")
    scores = by_setting(run, ["RankDistance"])["multi"]
    rows = [
        row
        for table in score_tables(run, measures=["RankDistance"], setting="multi")
        for row in table.to_pylist()
        if row["perturbation"]
    ]
    for place, query in enumerate(scores.query_id):
        values = [row["value"] for row in rows if row["query_id"] == query]
        assert len(values) == 4
        assert scores.worst[0, 0, 0, place] == max(values)
        assert scores.noisy[0, 0, 0, place] == pytest.approx(np.mean(values), abs=1e-12)


def test_a_missing_cell_is_nan_and_the_others_stay(tmp_path: Path) -> None:
    suite = suite_of(write_beir(tmp_path / "task"), perturbations=("tests.tiny:OnlyA", "tests.tiny:Shout"))
    plan, run, _ = run_cells(suite, tmp_path / "run")
    before = by_setting(run, ["AP"])["mono"]
    gone = [cell for cell in plan.cells() if str(cell.condition) == "tests.tiny:OnlyA at 1, draw 0"]
    run.ranks_path(gone[0].key).unlink()
    after = by_setting(RunDirectory(run.path, partial=True), ["AP"])["mono"]
    missing = before.conditions.index(("tests.tiny:OnlyA", 1.0))
    assert np.isnan(after.noisy[0, missing]).all()
    kept = [row for row in range(len(before.conditions)) if row != missing]
    np.testing.assert_array_equal(after.noisy[0, kept], before.noisy[0, kept])
    np.testing.assert_array_equal(after.floor, before.floor)


def test_what_shares_no_word_with_the_query_is_found_nowhere(tmp_path: Path) -> None:
    queries = [{"_id": "q1", "text": "nile river"}, {"_id": "q2", "text": "unknown"}]
    passages = [("a", "the nile"), ("b", "a river, the river"), ("c", "the moon"), ("d", "the sun")]
    folder = tmp_path / "task"
    (folder / "qrels").mkdir(parents=True)
    write = [
        (folder / "queries.jsonl", queries),
        (folder / "corpus.jsonl", [{"_id": i, "text": t} for i, t in passages]),
    ]
    for path, rows in write:
        path.write_text("".join(json.dumps(row | {"lang": "en", "group": row["_id"]}) + "\n" for row in rows))
    lines = ["query-id\tcorpus-id\tscore", "q1\ta\t1", "q1\tc\t1", "q2\td\t1"]
    (folder / "qrels" / "test.tsv").write_text("\n".join(lines) + "\n")
    suite = suite_of(folder, encoders=("bm25",), perturbations=("tests.tiny:Nothing",))
    _, run, _ = run_cells(suite, tmp_path / "run")
    mono = by_setting(run, ["AP", "RR", "R@100", "nDCG@10"])["mono"]
    # "nile" and "river" are in one passage each; b holds river twice and is longer, and its score is the greater.
    assert mono.missed is not None
    assert mono.missed.tolist() == [[0.5, 1.0]]
    assert mono.clean[0, :, 0] == pytest.approx([1 / 2 / 2, 1 / 2, 1 / 2, (1 / math.log2(3)) / (1 + 1 / math.log2(3))])
    assert (mono.clean[0, :, 1] == 0).all()
    assert (mono.noisy == mono.clean[:, None]).all()
    # q1 with the words of q2 finds nothing; q2 with those of q1 finds a and b, and d is neither.
    assert (mono.floor == 0).all()
    assert mono.tied is not None
    assert (mono.tied == 0).all()
