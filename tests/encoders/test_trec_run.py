"""Rankings of other engines: how they are read, what is refused, and the ranks that come of them, by hand."""

from __future__ import annotations

import gzip
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from robustir.encoders.trec_run import TrecRun, _by_line, _quickly
from robustir.errors import DataError, SpecError
from robustir.planning.conditions import CLEAN, FLOOR, Condition
from robustir.planning.plan import Plan, make_plan
from robustir.planning.suite import Suite
from robustir.rundir.exporting import export_queries
from robustir.types import NOT_RETRIEVED, Corpus, Pools, Qrels, QuerySet, Ranks, Task
from tests.tiny import run_cells, suite_of, write_beir

TASK = Task(
    "toy",
    QuerySet.from_texts(["x", "y"], lang="en", ids=["q1", "q 2"]),
    Corpus(("a", "b", "c d", "e"), ("",) * 4, ("en",) * 4),
    Qrels.from_rows([(0, 0, 1), (1, 2, 1)]),
)
GOOD = "q1 Q0 a 1 2.5 me\nq1\tQ0\tb\t2\t-7\tme\r\n\nq%202 Q0 c%20d 9 1e-3 me\nq1 Q0 e 1 2.5 me\n"


def matrix(tmp_path: Path, text: str | bytes, name: str = "toy.clean.0.txt") -> list[list[float]]:
    content = text if isinstance(text, bytes) else text.encode()
    (tmp_path / name).write_bytes(content)
    found: list[list[float]] = TrecRun(str(tmp_path)).scores_of("toy.clean.0", TASK).toarray().tolist()
    return found


@pytest.mark.parametrize("pack", [str.encode, lambda text: gzip.compress(text.encode())])
def test_places_by_hand(tmp_path: Path, pack: Any) -> None:
    # Of q1 a and e are level at 2.5, b is below them with a negative score; the rank column says otherwise.
    assert matrix(tmp_path, pack(GOOD)) == [[2, 1, 0, 2], [0, 0, 1, 0]]


PLAIN = "q1 Q0 a 1 2.5 me\nq1 Q0 b 2 -7 me\nq%202 Q0 c%20d 9 1e-3 me\nq1 Q0 e 1 2.5 me"


@pytest.mark.parametrize("change", [str, lambda text: text + "\n", lambda text: text.replace("\n", "\r\n"), lambda text: text.replace(" ", "\t"),
                                    lambda text: text.replace(" ", "  ") + " \n", lambda text: "\ufeff" + text])  # fmt: skip
def test_however_columns_are_parted(tmp_path: Path, change: Any) -> None:
    assert matrix(tmp_path, change(PLAIN)) == [[2, 1, 0, 2], [0, 0, 1, 0]]


@given(st.lists(st.tuples(st.sampled_from(["q1", "q%202"]), st.sampled_from(["a", "b", "c%20d", "e"]),
                          st.floats(allow_nan=False, width=32)), min_size=1, unique_by=lambda row: row[:2]))  # fmt: skip
def test_reading_quickly_is_reading_line_by_line(rows: list[tuple[str, str, float]]) -> None:
    content = "".join(f"{query} Q0 {passage} 1 {score!r} x\n" for query, passage, score in rows).encode()
    quick, slow = _quickly(content, TASK), _by_line(Path("run"), content, TASK)
    assert quick is not None
    for column in ("query", "passage", "score", "line"):
        assert getattr(quick, column).tolist() == getattr(slow, column).tolist()


def test_scores_are_compared_in_single_precision(tmp_path: Path) -> None:
    near = "q1 Q0 a 1 1.00000000001 x\nq1 Q0 b 2 1.0 x\nq1 Q0 e 3 1e40 x\nq1 Q0 c%20d 3 inf x\n"
    assert matrix(tmp_path, near)[0] == [1, 1, 2, 2]  # beyond single precision everything is infinite


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("q1 Q0 a 1 2.5\n", r"txt:1: 5 columns"),
        ("\nq1 Q0 a 1 2.5 my tag\n", r"txt:2: 7 columns"),
        ("q9 Q0 a 1 2.5 x\n", r"txt:1: toy has no query 'q9'"),
        ("q1 Q0 z 1 2.5 x\n", r"txt:1: toy has no passage 'z'"),
        ("q1 Q0 a 1 much x\n", r"txt:1: the score 'much' is not a number"),
        ("q1 Q0 a 1 1 x\nq1 Q0 b 1 nan x\n", r"txt:2: the score is NaN"),
        ("q1 Q0 a 1 1 x\nq1 Q0 b 1 1 x\nq1 Q0 a 2 0 x\n", r"txt:3: the same query and passage as in line 1"),
        ("", r"lists no passage for any query"),
        (b"q1 Q0 a 1 1 x\nq1 Q0 \xff 1 1 x\n", r"txt:2: the line is not UTF-8"),
        (gzip.compress(b"q1 Q0 a 1 1 x\n", mtime=0)[:-9], r"cannot be unpacked"),
    ],
)
def test_bad_files_are_one_sentence(tmp_path: Path, text: str | bytes, message: str) -> None:
    with pytest.raises(DataError, match=message):
        matrix(tmp_path, text)


def test_what_is_named_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"no file matches .*nothing/\*\.txt"):
        TrecRun(str(tmp_path / "nothing" / "*.txt")).file_of("toy.clean.0")
    with pytest.raises(SpecError, match="give a pattern"):
        TrecRun(files="")
    with pytest.raises(DataError, match=r"index\.json is missing"):
        TrecRun(str(tmp_path / "index.json")).file_of("toy.clean.0")
    (tmp_path / "index.json").write_text("[]")
    with pytest.raises(DataError, match="expected an object"):
        TrecRun(str(tmp_path / "index.json")).file_of("toy.clean.0")
    (tmp_path / "index.json").write_text(json.dumps({"query_sets": [{"name": "toy.clean.0", "run": "mine.run"}]}))
    with pytest.raises(DataError, match=r"mine\.run is missing"):
        TrecRun(str(tmp_path / "index.json")).file_of("toy.clean.0")
    with pytest.raises(DataError, match="does not name it"):
        TrecRun(str(tmp_path / "index.json")).file_of("toy.typos.0")
    (tmp_path / "mine.run").write_text(GOOD)
    assert TrecRun(str(tmp_path / "index.json")).scores_of("toy.clean.0", TASK).nnz == 4
    for name in ("a.toy.clean.0.txt", "b.toy.clean.0.txt"):
        (tmp_path / name).write_text(GOOD)
    with pytest.raises(DataError, match=r"a\.toy\.clean\.0\.txt and .* both have its name"):
        TrecRun(str(tmp_path / "*.txt")).file_of("toy.clean.0")


def rank_all(out: Path, rankings: dict[str, dict[str, list[str]]]) -> None:
    """Write the TREC runs of an export: for the perturbation "" or its name, per query the passages from best to worst."""
    for row in json.loads((out / "index.json").read_text())["query_sets"]:
        lines = [
            f"{query} Q0 {passage} {place + 1} {-place} x\n"
            for query, passages in rankings[row["perturbation"]].items()
            for place, passage in enumerate(passages)
        ]
        (out / row["run"]).write_text("".join(lines))


def scored(tmp_path: Path, **fields: Any) -> tuple[Suite, Path]:
    task = write_beir(tmp_path / "task")
    noises = ("tests.tiny:OnlyA", "tests.tiny:English")
    suite = suite_of(task, perturbations=noises, severities=(0.5,), **fields)
    export_queries(suite, None, tmp_path / "out")
    return suite, tmp_path / "out"


CLEANLY = {"q1": ["f1", "d1", "d2"], "q2": ["f2", "d2"]}
NOISILY = {"q1": ["d3"], "q2": ["f1", "f2"]}


@pytest.mark.parametrize("keep_top", [0, 3])
@pytest.mark.parametrize("files", ["index.json", "*/runs/*.txt"])
def test_ranks_by_hand(tmp_path: Path, files: str, keep_top: int) -> None:
    suite, out = scored(tmp_path)
    rank_all(out, {"": CLEANLY, "tests.tiny:OnlyA": NOISILY, "tests.tiny:English": {"q1": ["d1"]}})
    plan, run, summary = run_cells(
        suite.replaced(encoders=(f"trec-run('{out}/{files}')",)), tmp_path / "run", keep_top=keep_top
    )
    assert (summary.cells, summary.failures) == (4, [])

    def ranks(condition: Condition) -> Ranks:
        return run.read_ranks(plan.cell(plan.tasks[0], plan.encoders[0], condition).key)

    # Judged: q1 d1, d3, f1; q2 d2, f1, f2. d* are English, f* German.
    no = NOT_RETRIEVED
    clean = ranks(CLEAN)
    assert clean.lang_rank.tolist() == [1, no, 1, 1, no, 1]
    assert clean.pool_rank.tolist() == [2, no, 1, 2, no, 1]
    # The second query is the same text as before; its ranking is read from the noisy file all the same.
    noisy = ranks(Condition("tests.tiny:OnlyA", 0.5))
    assert noisy.pool_rank.tolist() == [no, 1, no, no, 1, 2]
    english = ranks(Condition("tests.tiny:English", 0.5))
    assert english.pool_rank.tolist() == [1, no, no, 0, 0, 0]  # the German query is not scored
    # The floor: each language has one query, which is its own partner.
    assert ranks(FLOOR).pool_rank.tolist() == clean.pool_rank.tolist()


def test_the_floor_takes_the_ranking_of_another_query(tmp_path: Path) -> None:
    task = write_beir(
        tmp_path / "task",
        passages=[("d1", "en", "a"), ("d2", "en", "b")],
        queries=[("q1", "en", "a"), ("q2", "en", "b")],
        judgements=[("q1", "d1", 1), ("q2", "d2", 1)],
    )
    suite = suite_of(task)
    export_queries(suite, None, tmp_path / "out")
    rank_all(tmp_path / "out", {"": {"q1": ["d1"], "q2": ["d1", "d2"]}})
    plan, run, _ = run_cells(suite.replaced(encoders=(f"trec-run('{tmp_path}/out')",)), tmp_path / "run")
    keys = [plan.cell(plan.tasks[0], plan.encoders[0], condition).key for condition in (CLEAN, FLOOR)]
    assert [run.read_ranks(key).pool_rank.tolist() for key in keys] == [[1, 2], [1, NOT_RETRIEVED]]


def planned(suite: Suite, out: Path) -> Plan:
    return make_plan(suite.replaced(encoders=(f"trec-run('{out}/index.json')",)))


def test_the_plan_says_what_is_missing_before_anything_runs(tmp_path: Path) -> None:
    suite, out = scored(tmp_path)
    rank_all(out, {"": CLEANLY, "tests.tiny:OnlyA": NOISILY, "tests.tiny:English": {"q1": ["d1"]}})
    before = planned(suite, out)
    noisy = next((out / "task" / "runs").glob("*OnlyA*"))
    content = noisy.read_text()
    noisy.unlink()
    with pytest.raises(DataError, match=f"{noisy.name} is missing"):
        planned(suite, out)
    noisy.write_text(content + "q1 Q0 nosuch 9 -9 x\n")
    with pytest.raises(DataError, match=r"OnlyA.*txt:4: task has no passage 'nosuch'"):
        planned(suite, out)
    noisy.write_text(content.replace("d3", "d2"))
    after = planned(suite, out)
    changed = [one.condition for one, two in zip(before.cells(), after.cells(), strict=True) if one.key != two.key]
    assert changed == [Condition("tests.tiny:OnlyA", 0.5)]  # the other cells are kept
    # Queries of another seed are other queries, so rankings of the first are refused.
    with pytest.raises(DataError, match="export the queries again"):
        planned(suite.replaced(seed=9), out)


def test_queries_without_a_line_are_counted(tmp_path: Path) -> None:
    suite, out = scored(tmp_path)
    rank_all(out, {"": CLEANLY, "tests.tiny:OnlyA": {"q2": ["d1"]}, "tests.tiny:English": {"q1": ["d1"]}})
    task = planned(suite, out).tasks[0].task
    # Asked: two queries clean, two with OnlyA, and one of the two with English.
    said = "lists no passage for 1 of 5 queries, in 1 of its 3 rankings; these queries retrieved nothing and score 0"
    assert [note.partition(" ")[2] for note in task.notes] == [said]
    rank_all(out, {"": CLEANLY, "tests.tiny:OnlyA": NOISILY, "tests.tiny:English": {"q1": ["d1"]}})
    assert planned(suite, out).tasks[0].task.notes == ()


def test_rankings_cannot_be_attacked(tmp_path: Path) -> None:
    suite, out = scored(tmp_path)
    rank_all(out, {"": CLEANLY, "tests.tiny:OnlyA": NOISILY, "tests.tiny:English": {"q1": ["d1"]}})
    with pytest.raises(SpecError, match="no encoder to attack"):
        planned(suite.replaced(perturbations=("tests.tiny:ToLetter",)), out)
    against = f"""tests.tiny:ToLetter(against="trec-run('{out}/index.json')")"""
    with pytest.raises(SpecError, match="an attack needs an encoder that"):
        planned(suite.replaced(perturbations=(against,)), out)


def test_two_engines_stand_side_by_side(tmp_path: Path) -> None:
    suite, out = scored(tmp_path)
    rank_all(out, {"": CLEANLY, "tests.tiny:OnlyA": NOISILY, "tests.tiny:English": {"q1": ["d1"]}})
    shutil.copytree(out, tmp_path / "other")
    rank_all(tmp_path / "other", {"": NOISILY, "tests.tiny:OnlyA": CLEANLY, "tests.tiny:English": {"q1": ["d2"]}})
    both = tuple(f"{name}=trec-run('{tmp_path}/{folder}')" for name, folder in (("first", "out"), ("second", "other")))
    plan, run, summary = run_cells(suite.replaced(encoders=both), tmp_path / "run")
    assert (summary.cells, summary.failures) == (8, [])
    assert [encoder.name for encoder in plan.encoders] == ["first", "second"]
    clean = [run.read_ranks(plan.cell(plan.tasks[0], encoder, CLEAN).key).pool_rank for encoder in plan.encoders]
    no = NOT_RETRIEVED
    assert [ranks.tolist() for ranks in clean] == [[2, no, 1, 2, no, 1], [no, 1, no, no, 1, 2]]


def test_rankings_of_attacked_queries_are_scored(tmp_path: Path) -> None:
    """An attack on an encoder, replayed on another engine: its queries come from the run that made them."""
    from robustir.rundir.exporting import export_run

    task = write_beir(tmp_path / "task")
    suite = suite_of(task, perturbations=("tests.tiny:ToLetter(against='tests.tiny:Letters')",), severities=(0.5,))
    _, run, _ = run_cells(suite, tmp_path / "run")
    rows = export_run(run, None, tmp_path / "out")
    assert len(rows) == 3  # clean, attacked, and the random control
    rank_all(tmp_path / "out", {"": CLEANLY} | {row.perturbation: NOISILY for row in rows if row.perturbation})
    plan, again, summary = run_cells(suite.replaced(encoders=(f"trec-run('{tmp_path}/out')",)), tmp_path / "again")
    assert (summary.cells, summary.failures) == (4, [])
    attacked = plan.cell(plan.tasks[0], plan.encoders[0], Condition(rows[1].perturbation, 0.5))
    assert again.read_ranks(attacked.key).pool_rank.tolist() == [NOT_RETRIEVED, 1, NOT_RETRIEVED, NOT_RETRIEVED, 1, 2]


def test_a_passage_of_another_pool_is_no_candidate() -> None:
    from scipy.sparse import csr_matrix

    from robustir.ranking.pools import split_pools
    from robustir.ranking.search import rank_sparse, restrict

    pools = Pools(np.array([0, 1], dtype=np.int32), np.array([0, 1, 0, 1], dtype=np.int32))
    task = Task(
        "pairs", TASK.queries, TASK.corpus, Qrels.from_rows([(0, 2, 1), (1, 3, 1)]), settings=("cross",), pools=pools
    )
    scores = csr_matrix(np.array([[1, 3, 2, 0], [1, 0, 2, 3]], dtype=np.float32))
    ranks = []
    for part in split_pools(task):
        chosen = part.chosen(task, np.arange(2))
        own = part.localised(restrict(task.qrels, chosen)[0])
        found = rank_sparse((scores[chosen][:, part.passages],), part.corpus, own, queries=1, matches_only=True)
        ranks += found.ranks.pool_rank.tolist()
    assert ranks == [1, 1]
