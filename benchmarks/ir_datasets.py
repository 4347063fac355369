"""``ir-datasets``: any test collection of the ir_datasets catalogue by its id (MacAvaney et al. 2021)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from robustir.benchmarks.files import chosen_for_both
from robustir.benchmarks.judgements import Judgement, JudgementPolicy, judge
from robustir.errors import DataError, MissingExtraError, NotApplicableError, SpecError
from robustir.languages import is_known
from robustir.types import Corpus, QuerySet, Task, possible_settings

__all__ = ["IrDatasets"]


class IrDatasets:
    """A collection such as ``ir-datasets('beir/scifact/test')``: its documents, queries and judgements.

    The package ir_datasets finds, checks and caches the files by its own rules. Queries without a judgement are left out.

    Args:
        collection: its id in the catalogue.
        lang, passage_lang: the languages of queries and documents; needed if the package does not declare them.
        no_relevant: for a query without relevant documents: 'zero' scores it 0, 'skip' leaves it out.
        missing: for judgements with unknown ids: 'never-found' counts the document as never found, 'strict' refuses.
        exclude_identical_ids: True: a document with the query's own id is not a candidate. None: it is one, and a note
            says so.
    """

    name = "ir-datasets"
    languages: tuple[str, ...] = ()  # whatever the collection holds
    folder: str | None = None
    licence = "see the collection"
    source = "https://ir-datasets.com"

    def __init__(
        self,
        collection: str,
        lang: str | None = None,
        passage_lang: str | None = None,
        no_relevant: str = "zero",
        missing: str = "never-found",
        exclude_identical_ids: bool | None = None,
    ) -> None:
        self.collection = collection
        self.policy = JudgementPolicy(no_relevant, missing, exclude_identical_ids)
        self.lang = lang
        self.passage_lang = passage_lang

    def load(self, data: Path | None, languages: Sequence[str] | None = None) -> Task:
        """Return the task; ``data`` is ignored."""
        collection = self._collection()
        lang, passage_lang = self._languages(collection)
        chosen_for_both(languages, (lang,), (passage_lang,), self.collection)
        documents = {doc.doc_id: doc.default_text() for doc in collection.docs_iter()}
        texts = {query.query_id: query.default_text() for query in collection.queries_iter()}
        ids = tuple(texts)
        judged = judge(
            (
                Judgement(row.query_id, row.doc_id, int(row.relevance), number)
                for number, row in enumerate(collection.qrels_iter(), start=1)
            ),
            QuerySet(ids, tuple(texts.values()), (lang,) * len(ids), ids, ids),
            Corpus(tuple(documents), tuple(documents.values()), (passage_lang,) * len(documents)),
            self.policy,
            where=f"{self.collection}, judgement {{}}".format,
        )
        return Task(
            name=re.sub(r"[^a-z0-9]+", "-", self.collection.lower()).strip("-"),
            queries=judged.queries,
            corpus=judged.corpus,
            qrels=judged.qrels,
            settings=possible_settings(judged.queries, judged.corpus),
            group_kind="query",
            licence=self.licence,
            source=f"ir_datasets {self.collection}",
            exclude_identical_ids=judged.exclude_identical_ids,
            counts=judged.counts,
            notes=judged.notes,
        )

    def _collection(self) -> Any:
        """Return the collection of ir_datasets; raise InputError if it is unknown, not installed, or lacks a part."""
        try:
            ir_datasets: Any = import_module("ir_datasets")
        except ImportError:
            raise MissingExtraError("ir_datasets", "ir-datasets") from None
        try:
            collection: Any = ir_datasets.load(self.collection)
        except KeyError:
            raise DataError(
                f"{self.collection!r} is not a collection of ir_datasets; see https://ir-datasets.com"
            ) from None
        for part in ("docs", "queries", "qrels"):
            if not getattr(collection, f"has_{part}")():
                raise NotApplicableError(
                    f"{self.collection} has no {part}; name a collection with a split, such as beir/scifact/test"
                )
        return collection

    def _languages(self, collection: Any) -> tuple[str, str]:
        """Return the languages of queries and documents, as given or else as declared; raise SpecError without either."""
        declared = (collection.queries_lang(), collection.docs_lang())
        given = (self.lang, self.passage_lang)
        lang, passage_lang = (
            name or (code if code and is_known(code) else None) for name, code in zip(given, declared, strict=True)
        )
        if lang and passage_lang:
            return lang, passage_lang
        says = " and ".join(
            f"{what} in {code!r}, which is not a known code" if code else f"no language of its {what}"
            for what, code, chosen in zip(("queries", "documents"), declared, (lang, passage_lang), strict=True)
            if not chosen
        )
        raise SpecError(
            f"ir_datasets declares {says} for {self.collection}; look at its texts and name the languages, for example  "
            f"ir-datasets('{self.collection}', lang='{lang or 'en'}', passage_lang='{passage_lang or lang or 'en'}')"
        )
