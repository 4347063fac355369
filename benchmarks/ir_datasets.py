"""``ir-datasets``: any test collection of the ir_datasets catalogue by its id (MacAvaney et al. 2021)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from robustir.benchmarks.files import chosen_languages
from robustir.errors import DataError, MissingExtraError, NotApplicableError
from robustir.types import Corpus, Qrels, QuerySet, Task

__all__ = ["IrDatasets"]


class IrDatasets:
    """A collection such as ``ir-datasets('beir/scifact/test')``: its documents, queries and judgements, in one language.

    The package ir_datasets finds, checks and caches the files by its own rules. Queries without a
    relevant document are left out.

    collection: its id there. lang: the language of all texts; by default what the collection says, else English.
    """

    name = "ir-datasets"
    languages: tuple[str, ...] = ()  # whatever the collection holds
    folder: str | None = None
    licence = "see the collection"
    source = "https://ir-datasets.com"

    def __init__(self, collection: str, lang: str | None = None) -> None:
        self.collection = collection
        self.lang = lang

    def load(self, data: Path | None, languages: Sequence[str] | None = None) -> Task:
        """Return the task; ``data`` is not looked at."""
        try:
            ir_datasets: Any = import_module("ir_datasets")
        except ImportError:
            raise MissingExtraError("ir_datasets", "ir-datasets") from None
        try:
            found: Any = ir_datasets.load(self.collection)
        except KeyError:
            raise DataError(
                f"ir_datasets knows no collection {self.collection!r}; see https://ir-datasets.com"
            ) from None
        for part in ("docs", "queries", "qrels"):
            if not getattr(found, f"has_{part}")():
                raise NotApplicableError(
                    f"{self.collection} has no {part}; name a collection with a split, such as beir/scifact/test"
                )
        lang = self.lang or found.queries_lang() or "en"
        chosen_languages(languages, (lang,), self.collection)
        documents = {doc.doc_id: doc.default_text() for doc in found.docs_iter()}
        texts = {query.query_id: query.default_text() for query in found.queries_iter()}
        place = {name: row for row, name in enumerate(documents)}
        judged: dict[str, dict[str, int]] = {}
        for row in found.qrels_iter():
            if row.relevance > 0 and row.query_id in texts and row.doc_id in place:
                judged.setdefault(row.query_id, {})[row.doc_id] = row.relevance
        ids = tuple(name for name in texts if name in judged)
        return Task(
            name=re.sub(r"[^a-z0-9]+", "-", self.collection.lower()).strip("-"),
            queries=QuerySet(ids, tuple(texts[name] for name in ids), (lang,) * len(ids), ids, ids),
            corpus=Corpus(tuple(documents), tuple(documents.values()), (lang,) * len(documents)),
            qrels=Qrels.from_rows(
                (query, place[doc], gain) for query, name in enumerate(ids) for doc, gain in judged[name].items()
            ),
            settings=("mono",),
            group_kind="query",
            licence=self.licence,
            source=f"ir_datasets {self.collection}",
        )
