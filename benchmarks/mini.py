"""``mini``: the embedded default, 100 questions in 25 topics, parallel in eleven languages, written for this project (CC0)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from robustir.benchmarks.files import chosen_languages
from robustir.disk.reading import read_json_lines
from robustir.languages import LANGUAGES
from robustir.types import Corpus, Qrels, QuerySet, Task, possible_settings

__all__ = ["Mini"]


class Mini:
    """A small parallel test collection: each question has one answer passage per language; its topic holds the distractors."""

    name = "mini"
    languages = LANGUAGES
    folder = None
    licence = "CC0-1.0"
    source = "written for robustir"

    def load(self, data: Path | None, languages: Sequence[str] | None = None) -> Task:
        """Return the task; ``data`` is ignored."""
        langs = chosen_languages(languages, self.languages, self.name)
        rows = [
            (lang, row)
            for lang in langs
            for _, row in read_json_lines(
                Path(__file__).parent / "mini" / f"{lang}.jsonl", ("id", "topic", "question", "passage")
            )
        ]
        by_source: dict[str, list[int]] = {}
        for position, (_, row) in enumerate(rows):
            by_source.setdefault(row["id"], []).append(position)
        row_langs = tuple(lang for lang, _ in rows)
        queries = QuerySet(
            ids=tuple(f"{lang}-q{row['id'][1:]}" for lang, row in rows),
            texts=tuple(row["question"] for _, row in rows),
            langs=row_langs,
            source_ids=tuple(row["id"] for _, row in rows),
            groups=tuple(row["topic"] for _, row in rows),
        )
        corpus = Corpus(
            ids=tuple(f"{lang}-p{row['id'][1:]}" for lang, row in rows),
            texts=tuple(row["passage"] for _, row in rows),
            langs=row_langs,
        )
        return Task(
            name=self.name,
            queries=queries,
            corpus=corpus,
            qrels=Qrels.from_rows(
                (query, passage, 1) for rows_of in by_source.values() for query in rows_of for passage in rows_of
            ),
            settings=possible_settings(queries, corpus),
            group_kind="topic",
            licence=self.licence,
            source=self.source,
        )
