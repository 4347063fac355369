"""A retrieval task made of the installed mteb's own class (1 or 2), without network, read as a benchmark."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from robustir.benchmarks.mteb import Mteb
from robustir.errors import DataError
from robustir.types import Task

pytestmark = pytest.mark.comparison
mteb: Any = pytest.importorskip("mteb", reason="needs the extra mteb")
SECOND = not mteb.__version__.startswith("1.")

CORPUS = {"d1": {"title": "aa", "text": "b"}, "d2": {"title": "", "text": "abb"}, "d3": {"title": "", "text": "c"}}


def own_task(langs: Any, ignore: bool = False) -> Any:
    """Return a task of mteb's retrieval class that holds three passages and two queries per subset."""
    base: Any = import_module(f"mteb.abstasks.{'retrieval' if SECOND else 'AbsTaskRetrieval'}").AbsTaskRetrieval
    described_by: Any = import_module(f"mteb.abstasks.{'task_metadata' if SECOND else 'TaskMetadata'}").TaskMetadata
    unknown = (
        "reference", "date", "domains", "task_subtypes", "license", "annotations_creators", "dialect", "sample_creation",
        "bibtex_citation",
    )  # fmt: skip
    described = described_by(
        name="RobustirOwnTask",
        dataset={"path": "own/none", "revision": "0" * 40},
        description="three passages",
        type="Retrieval",
        category="t2t" if SECOND else "s2p",
        modalities=["text"],
        eval_splits=["test"],
        eval_langs=langs,
        main_score="ndcg_at_10",
        **dict.fromkeys(unknown),
    )

    class Own(base):  # type: ignore[misc]  # mteb is not always there
        metadata = described
        ignore_identical_ids = ignore

        def load_data(self, **_options: Any) -> None:
            parts = (CORPUS, {"q1": "a", "d2": "b"}, {"q1": {"d2": 1}, "d2": {"d1": 1, "d3": 1}})
            for name, rows in zip(("corpus", "queries", "relevant_docs"), parts, strict=True):
                setattr(
                    self, name, {key: {"test": rows} for key in langs} if isinstance(langs, dict) else {"test": rows}
                )
            if SECOND:
                self.convert_v1_dataset_format_to_v2(num_proc=None)
            self.data_loaded = True

    return Own()


def test_a_task_of_the_installed_mteb() -> None:
    task = Mteb(own_task(["deu-Latn"])).load(None)
    assert task.name == "robustirowntask"
    assert task.corpus.texts == ("aa b", "abb", "c")
    assert {*task.queries.langs, *task.corpus.langs} == {"de"}
    assert judged(task) == {("q1", "d2"): 1, ("d2", "d1"): 1, ("d2", "d3"): 1}


def test_identical_ids_and_subsets() -> None:
    assert not Mteb(own_task(["deu-Latn"])).load(None).exclude_identical_ids
    assert Mteb(own_task(["deu-Latn"], ignore=True)).load(None).exclude_identical_ids
    several = own_task({"de": ["deu-Latn"], "zh": ["zho-Hans"]})
    assert set(Mteb(several, subset="zh").load(None).corpus.langs) == {"zh"}


def test_names_are_mteb_s(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="'NFCorpuss' is not a task of mteb"):
        Mteb("NFCorpuss").load(tmp_path)
    assert Mteb("NFCorpus")._find().metadata.name == "NFCorpus"


def judged(task: Task) -> dict[tuple[str, str], float]:
    rows = zip(task.qrels.query, task.qrels.passage, task.qrels.gain, strict=True)
    return {(task.queries.ids[query], task.corpus.ids[passage]): float(gain) for query, passage, gain in rows}
