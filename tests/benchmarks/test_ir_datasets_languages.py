"""The languages of a collection of ir_datasets: those that the package declares, or those that are given; never a guess."""

from __future__ import annotations

import sys
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from robustir.benchmarks.ir_datasets import IrDatasets
from robustir.errors import NotApplicableError, SpecError


class Collection:
    """One document and one query that it answers, in the package's words."""

    def __init__(self, queries: str | None, documents: str | None) -> None:
        self.queries, self.documents = queries, documents

    def queries_lang(self) -> str | None:
        return self.queries

    def docs_lang(self) -> str | None:
        return self.documents

    def __getattr__(self, name: str) -> Any:
        if name.startswith("has_"):
            return lambda: True
        rows = {
            "docs_iter": SimpleNamespace(doc_id="d", default_text=lambda: "a text"),
            "queries_iter": SimpleNamespace(query_id="q", default_text=lambda: "a query"),
            "qrels_iter": SimpleNamespace(query_id="q", doc_id="d", relevance=1),
        }
        return lambda: iter([rows[name]])


# As ir_datasets 0.6.3 declares them (queries, documents): tests/comparison/test_ir_datasets.py asks the package itself.
DECLARED = {
    "beir/scifact/test": ("en", "en"),
    "wikiclir/de": ("en", "de"),
    "clueweb12/b13/clef-ehealth/cs": ("cs", "en"),
    "hc4/zh/test": (None, "zh"),
    "istella22/test": ("it", None),
    "aol-ia": (None, None),
    "mmarco/v2/dt/dev": ("dt", "dt"),
}


@pytest.fixture(autouse=True)
def _package(monkeypatch: pytest.MonkeyPatch) -> None:
    module = ModuleType("ir_datasets")
    monkeypatch.setattr(module, "load", lambda name: Collection(*DECLARED[name]), raising=False)
    monkeypatch.setitem(sys.modules, "ir_datasets", module)


@pytest.mark.parametrize(
    ("collection", "given", "languages", "settings"),
    [
        ("beir/scifact/test", {}, ("en", "en"), ("mono",)),
        ("wikiclir/de", {}, ("en", "de"), ("cross",)),
        ("clueweb12/b13/clef-ehealth/cs", {}, ("cs", "en"), ("cross",)),
        ("hc4/zh/test", {"lang": "en"}, ("en", "zh"), ("cross",)),
        ("hc4/zh/test", {"lang": "zho"}, ("zh", "zh"), ("mono",)),
        ("istella22/test", {"passage_lang": "it"}, ("it", "it"), ("mono",)),
        ("aol-ia", {"lang": "en", "passage_lang": "en"}, ("en", "en"), ("mono",)),
        ("mmarco/v2/dt/dev", {"lang": "nl", "passage_lang": "nl"}, ("nl", "nl"), ("mono",)),
        ("beir/scifact/test", {"lang": "de", "passage_lang": "de"}, ("de", "de"), ("mono",)),
    ],
)
def test_declared_or_given(
    collection: str, given: dict[str, Any], languages: tuple[str, str], settings: tuple[str, ...]
) -> None:
    task = IrDatasets(collection, **given).load(None)
    assert (*task.queries.langs, *task.corpus.langs) == languages
    assert task.settings == settings


@pytest.mark.parametrize(
    ("collection", "given", "message"),
    [
        ("hc4/zh/test", {}, "declares no language of its queries for hc4/zh/test; .* ir-datasets('hc4/zh/test', lang='en', passage_lang='zh')"),
        ("hc4/zh/test", {"passage_lang": "zh"}, "no language of its queries"),
        ("istella22/test", {}, "declares no language of its documents .* ir-datasets('istella22/test', lang='it', passage_lang='it')"),
        ("aol-ia", {}, "no language of its queries and no language of its documents"),
        ("aol-ia", {"lang": "en"}, "no language of its documents"),
        ("mmarco/v2/dt/dev", {}, "queries in 'dt', which is not a known code and documents in 'dt'"),
    ],
)  # fmt: skip
def test_what_is_not_declared_is_asked_for(collection: str, given: dict[str, Any], message: str) -> None:
    with pytest.raises(SpecError, match=message.replace("(", r"\(").replace(")", r"\)")):
        IrDatasets(collection, **given).load(None)


def test_a_choice_of_languages_must_leave_both() -> None:
    with pytest.raises(NotApplicableError, match=r"wikiclir/de: no query is left in de: .* name en too"):
        IrDatasets("wikiclir/de").load(None, ["de"])
