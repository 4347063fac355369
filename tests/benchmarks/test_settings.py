"""Which settings a collection has, by the languages of its queries and passages; every value counted by hand."""

from __future__ import annotations

from pathlib import Path

import pytest

from robustir.benchmarks.beir import Beir
from robustir.benchmarks.noiseqa import NoiseQA
from robustir.errors import NotApplicableError
from robustir.evidence.per_query import score_tables
from robustir.planning.plan import make_plan
from robustir.types import Corpus, QuerySet, possible_settings
from tests.tiny import Row, run_cells, suite_of, write_beir

ENGLISH: tuple[Row, ...] = (("d1", "en", "aab"), ("d2", "en", "abb"), ("d3", "en", "c"))
GERMAN: tuple[Row, ...] = (("f1", "de", "aaaab"), ("f2", "de", "bc"))


@pytest.mark.parametrize(
    ("queries", "passages", "settings"),
    [
        (["en"], ["en"], ("mono",)),
        (["de"], ["en"], ("cross",)),
        (["en", "de"], ["en"], ("mono", "cross")),
        (["en"], ["en", "de"], ("mono", "cross", "multi")),
        (["en", "de"], ["en", "de"], ("mono", "cross", "multi")),
        (["fr"], ["en", "de"], ("cross", "multi")),
        (["en", "fr"], ["en", "de"], ("mono", "cross", "multi")),
        (["zho"], ["zh-CN"], ("mono",)),
    ],
)
def test_settings_by_languages(queries: list[str], passages: list[str], settings: tuple[str, ...]) -> None:
    ids = tuple(map(str, range(len(passages))))
    found = possible_settings(
        QuerySet.from_texts(["x"] * len(queries), lang=queries), Corpus(ids, ids, tuple(passages))
    )
    assert found == settings


def reciprocal_ranks(folder: Path, out: Path) -> dict[tuple[str, str, str, str], float]:
    """Return RR of clean queries by setting, query, its language and the passages'."""
    _, run, _ = run_cells(suite_of(folder, perturbations=(), measures=("RR",)), out)
    rows = [row for table in score_tables(run) for row in table.to_pylist()]
    return {(row["setting"], row["query_id"], row["query_lang"], row["passage_lang"]): row["value"] for row in rows}


def test_one_language_of_passages_and_several_of_queries(tmp_path: Path) -> None:
    queries: tuple[Row, ...] = (("q1", "en", "a"), ("q2", "de", "b"))
    folder = write_beir(tmp_path / "mine", ENGLISH, queries, [("q1", "d2", 1), ("q2", "d3", 1)])
    # Cosines of "a" with d1, d2, d3: 2/√5, 1/√5, 0; of "b": 1/√5, 2/√5, 0.
    assert reciprocal_ranks(folder, tmp_path / "run") == {
        ("mono", "q1", "en", "en"): 1 / 2,
        ("cross", "q2", "de", "en"): pytest.approx(1 / 3),
    }


def test_one_language_of_queries_and_several_of_passages(tmp_path: Path) -> None:
    queries: tuple[Row, ...] = (("q1", "en", "a"), ("q2", "en", "b"))
    judged = [("q1", "d2", 1), ("q1", "f1", 1), ("q2", "f2", 1)]
    folder = write_beir(tmp_path / "mine", (*ENGLISH, *GERMAN), queries, judged)
    # "a": f1 4/√17, d1 2/√5, d2 1/√5, then zeros; "b": d2 2/√5, f2 1/√2, d1 1/√5, f1 1/√17, d3 0.
    assert reciprocal_ranks(folder, tmp_path / "run") == {
        ("mono", "q1", "en", "en"): 1 / 2,
        ("cross", "q1", "en", "de"): 1,
        ("cross", "q2", "en", "de"): 1,
        ("multi", "q1", "en", "all"): 1,
        ("multi", "q2", "en", "all"): 1 / 2,
    }


def test_an_attack_leaves_out_queries_without_passages_in_their_language(tmp_path: Path) -> None:
    queries: tuple[Row, ...] = (("q1", "en", "where is the water"), ("q2", "de", "wo ist das wasser"))
    folder = write_beir(tmp_path / "mine", ENGLISH, queries, [("q1", "d2", 1), ("q2", "d3", 1)])
    attack = "adversarial(against='tests.tiny:Letters')"
    plan = make_plan(suite_of(folder, perturbations=(attack,)))
    assert {lang for _, _, lang in plan.not_applicable} == {"de"}


def test_languages_that_leave_nothing_say_what_to_name(tmp_path: Path) -> None:
    folder = write_beir(
        tmp_path / "mine", ENGLISH, [("q1", "de", "a"), ("q2", "fr", "b")], [("q1", "d1", 1), ("q2", "d1", 1)]
    )
    message = r"no passage is left in de: its queries are in de, fr, its passages in en; name en too"
    with pytest.raises(NotApplicableError, match=message):
        Beir(str(folder)).load(None, ["de"])
    with pytest.raises(NotApplicableError, match=r"no query is left in en: .* name de or fr too"):
        Beir(str(folder)).load(None, ["eng"])
    with pytest.raises(NotApplicableError, match="has no es; its languages are: de, fr, en"):
        Beir(str(folder)).load(None, ["es"])
    assert Beir(str(folder)).load(None, ["deu", "en"]).queries.ids == ("q1",)


@pytest.mark.data
def test_noiseqa_is_english_alone(data: Path) -> None:
    with pytest.raises(NotApplicableError, match="noiseqa has no de; its languages are: en"):
        NoiseQA().load(data, ["de"])
