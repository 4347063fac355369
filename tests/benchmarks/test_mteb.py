"""mteb's retrieval tasks as benchmarks: on task objects as mteb 1 and 2 hold them, and on the package's own class."""

from __future__ import annotations

import sys
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from robustir.benchmarks.mteb import Mteb
from robustir.errors import DataError, MissingExtraError, NotApplicableError, SpecError

CORPUS = {"d1": {"title": "Nil", "text": "Ein Fluss."}, "d2": {"title": "", "text": "Ein Berg."}}
QUERIES = {"q1": "Fluss?", "q2": "Meer?"}
RELEVANT = {"q1": {"d1": 2, "d2": 0}, "q2": {"d2": 0}}


def metadata(langs: Any = ("deu-Latn",), **fields: Any) -> SimpleNamespace:
    known = {
        "name": "OwnTask", "type": "Retrieval", "modalities": ["text"], "eval_langs": langs if isinstance(langs, dict) else list(langs),
        "eval_splits": ["test"], "license": "cc0-1.0", "dataset": {"path": "own", "revision": "abc"},
    }  # fmt: skip
    return SimpleNamespace(**known | fields)


class First:
    """A task as mteb 1 holds it: dictionaries by subset, if there are several, and split."""

    ignore_identical_ids = False

    def __init__(self, described: SimpleNamespace, subset: str | None = None) -> None:
        self.metadata, self.subset = described, subset

    def load_data(self) -> None:
        for part, rows in (("corpus", CORPUS), ("queries", QUERIES), ("relevant_docs", RELEVANT)):
            splits = dict.fromkeys(self.metadata.eval_splits, rows)
            setattr(self, part, splits if self.subset is None else {self.subset: splits})


class Second(First):
    """A task as mteb 2 holds it: tables with ids, in one nested dictionary."""

    def load_data(self) -> None:
        parts = {
            "corpus": [{"id": key, **row} for key, row in CORPUS.items()],
            "queries": [{"id": key, "text": text} for key, text in QUERIES.items()],
            "relevant_docs": RELEVANT,
            "top_ranked": None,
        }
        self.dataset = {self.subset or "default": dict.fromkeys(self.metadata.eval_splits, parts)}


@pytest.mark.parametrize("kind", [First, Second])
def test_a_task_of_one_language(kind: type[First]) -> None:
    task = Mteb(kind(metadata())).load(None)
    assert (task.name, task.licence, task.source) == ("owntask", "cc0-1.0", "mteb OwnTask, revision abc")
    assert (task.corpus.ids, task.corpus.texts) == (("d1", "d2"), ("Nil Ein Fluss.", "Ein Berg."))
    assert (task.queries.ids, task.queries.langs, task.settings) == (("q1", "q2"), ("de", "de"), ("mono",))
    relevant = [
        (query, passage)
        for query, passage, gain in zip(task.qrels.query, task.qrels.passage, task.qrels.gain, strict=True)
        if gain > 0
    ]
    assert relevant == [(0, 0)]
    assert "1 query has no relevant passage and scores 0" in " ".join(task.notes)
    assert Mteb(kind(metadata()), no_relevant="skip").load(None).queries.ids == ("q1",)


@pytest.mark.parametrize("kind", [First, Second])
def test_subsets_splits_and_languages_are_named_where_there_are_several(kind: type[First]) -> None:
    pairs = {"de-en": ["deu-Latn", "eng-Latn"], "zh": ["zho-Hans", "zho-Hans"]}
    several = metadata(pairs, eval_splits=["validation", "dev"])
    with pytest.raises(SpecError, match="mteb's OwnTask: name a subset; known are: de-en, zh"):
        Mteb(kind(several)).load(None)
    with pytest.raises(SpecError, match="it has no subset 'fr'"):
        Mteb(kind(several), subset="fr").load(None)
    with pytest.raises(SpecError, match="name a split; known are: validation, dev"):
        Mteb(kind(several), subset="zh").load(None)
    task = Mteb(kind(several, "zh"), subset="zh", split="dev").load(None, ["zh-CN"])
    assert (task.name, task.queries.langs, task.settings) == ("owntask-zh-dev", ("zh", "zh"), ("mono",))
    message = r"declares the languages de, en and does not say .* mteb\('OwnTask', subset='de-en', lang='de', passage_lang='en'\)"
    with pytest.raises(SpecError, match=message):
        Mteb(kind(several, "de-en"), subset="de-en", split="dev").load(None)
    task = Mteb(kind(several, "de-en"), subset="de-en", split="dev", lang="eng", passage_lang="de").load(None)
    assert (set(task.queries.langs), set(task.corpus.langs), task.settings) == ({"en"}, {"de"}, ("cross",))


def test_programming_languages_are_no_languages_of_texts() -> None:
    assert set(Mteb(Second(metadata(["eng-Latn", "python-Code"]))).load(None).corpus.langs) == {"en"}


def test_what_the_task_says_of_identical_ids_is_kept() -> None:
    class Same(Second):
        ignore_identical_ids = True

        def load_data(self) -> None:
            super().load_data()
            self.dataset["default"]["test"]["queries"].append({"id": "d2", "text": "Ein Berg."})
            self.dataset["default"]["test"]["relevant_docs"] = {**RELEVANT, "d2": {"d1": 1}}

    assert Mteb(Same(metadata())).load(None).exclude_identical_ids
    assert not Mteb(Same(metadata()), exclude_identical_ids=False).load(None).exclude_identical_ids


def test_what_is_no_text_retrieval_is_refused() -> None:
    with pytest.raises(NotApplicableError, match="OwnTask is not a text retrieval task"):
        Mteb(First(metadata(type="STS"))).load(None)
    with pytest.raises(NotApplicableError, match="not a text retrieval task"):
        Mteb(First(metadata(modalities=["text", "image"]))).load(None)


def test_names_and_failures(monkeypatch: pytest.MonkeyPatch) -> None:
    class Unreachable(First):
        def load_data(self) -> None:
            raise ConnectionError("no route\nto the hub")

    def get_task(name: str, hf_subsets: list[str] | None = None) -> Any:
        if name == "Nothing":
            raise KeyError("Did you mean: NFCorpus?")
        return Unreachable(metadata()) if name == "Away" else Second(metadata())

    module = ModuleType("mteb")
    monkeypatch.setattr(module, "get_task", get_task, raising=False)
    monkeypatch.setitem(sys.modules, "mteb", module)
    assert Mteb("OwnTask").load(None).name == "owntask"
    with pytest.raises(DataError, match=r"'Nothing' is not a task of mteb: Did you mean: NFCorpus\?"):
        Mteb("Nothing").load(None)
    with pytest.raises(DataError, match="mteb could not load OwnTask: no route to the hub; it needs the network once"):
        Mteb("Away").load(None)
    monkeypatch.setitem(sys.modules, "mteb", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'robustir\[mteb\]'"):
        Mteb("OwnTask").load(None)
