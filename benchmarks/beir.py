"""``beir``: any folder in BEIR's layout (Thakur et al. 2021): corpus.jsonl, queries.jsonl, qrels/<split>.tsv."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from robustir.benchmarks.files import chosen_for_both, read_json_lines, read_text
from robustir.errors import DataError
from robustir.languages import normalise
from robustir.types import Corpus, Qrels, QuerySet, Task, possible_settings

__all__ = ["Beir"]


@dataclass
class _Rows:
    ids: list[str] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    langs: list[str] = field(default_factory=list)
    sources: list[str] = field(default_factory=list)
    groups: list[str] = field(default_factory=list)

    def take(self, rows: list[int]) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
        """Return ids, texts and languages of some rows."""
        return (
            tuple(self.ids[row] for row in rows),
            tuple(self.texts[row] for row in rows),
            tuple(self.langs[row] for row in rows),
        )

    def take_groups(self, rows: list[int]) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Return source ids and groups of some rows."""
        return tuple(self.sources[row] for row in rows), tuple(self.groups[row] for row in rows)


class Beir:
    """A folder with corpus.jsonl, queries.jsonl and qrels; the optional fields ``lang``, ``source_id`` and ``group`` are read.

    Without a ``lang`` field every text is in ``lang``. Queries that no judgement calls relevant are left out, as trec_eval does.

    folder: path of the folder. split: which judgements, the name of a file in qrels. lang: of texts without a ``lang`` field.
    """

    name = "beir"
    languages: tuple[str, ...] = ()  # whatever the folder holds
    folder: str | None = None
    licence = "see the folder"
    source = "a local folder in BEIR's layout"

    def __init__(self, folder: str, split: str = "test", lang: str = "en") -> None:
        self.path = Path(folder)
        self.split = split
        self.lang = lang

    def load(self, data: Path | None, languages: Sequence[str] | None = None) -> Task:
        """Return the task; a relative folder that is not here is looked for inside ``data``."""
        root = self.path
        if not root.is_dir() and data is not None and (data / self.path).is_dir():
            root = data / self.path
        if not root.is_dir():
            raise DataError(
                f"there is no folder {self.path}; a BEIR folder holds corpus.jsonl, queries.jsonl and qrels/{self.split}.tsv"
            )
        passages, queries = self._read(root / "corpus.jsonl"), self._read(root / "queries.jsonl")
        if not passages.ids:
            raise DataError(f"{root / 'corpus.jsonl'} holds no passage; a retrieval task needs at least one")
        if not queries.ids:
            raise DataError(f"{root / 'queries.jsonl'} holds no query; a retrieval task needs at least one")
        langs = set(chosen_for_both(languages, queries.langs, passages.langs, str(root)))
        corpus_rows = [row for row, lang in enumerate(passages.langs) if normalise(lang) in langs]
        judged = _read_qrels(root / "qrels" / f"{self.split}.tsv", queries.ids, passages.ids)
        position = {row: new for new, row in enumerate(corpus_rows)}
        relevant: dict[int, list[tuple[int, int]]] = {}
        for query, passage, gain in judged:
            if gain > 0 and passage in position:
                relevant.setdefault(query, []).append((position[passage], gain))
        kept = [row for row, lang in enumerate(queries.langs) if normalise(lang) in langs and row in relevant]
        chosen = QuerySet(*queries.take(kept), *queries.take_groups(kept))
        corpus = Corpus(*passages.take(corpus_rows))
        rows = [(new, passage, gain) for new, row in enumerate(kept) for passage, gain in relevant[row]]
        return Task(
            name=root.name or str(root),
            queries=chosen,
            corpus=corpus,
            qrels=Qrels.from_rows(rows),
            settings=possible_settings(chosen, corpus),
            group_kind="group"
            if any(name != group for name, group in zip(chosen.ids, chosen.groups, strict=True))
            else "query",
            licence=self.licence,
            source=str(root),
        )

    def _read(self, path: Path) -> _Rows:
        rows = _Rows()
        seen: dict[str, int] = {}
        for number, row in read_json_lines(path, ("_id", "text")):
            name = row["_id"]
            if not name:
                raise DataError(f"{path}:{number}: the id is empty; give every line one")
            if name in seen:
                raise DataError(
                    f"{path}:{number}: the id {name!r} stands already in line {seen[name]}; ids must be unique"
                )
            seen[name] = number
            rows.ids.append(name)
            rows.texts.append(f"{row['title']} {row['text']}".strip() if row.get("title") else row["text"])
            rows.langs.append(str(row.get("lang") or self.lang))
            rows.sources.append(str(row.get("source_id") or name))
            rows.groups.append(str(row.get("group") or name))
        return rows


def _read_qrels(path: Path, query_ids: Sequence[str], passage_ids: Sequence[str]) -> list[tuple[int, int, int]]:
    queries: Mapping[str, int] = {name: row for row, name in enumerate(query_ids)}
    passages: Mapping[str, int] = {name: row for row, name in enumerate(passage_ids)}
    rows = []
    for number, line in enumerate(read_text(path).split("\n"), start=1):
        if not line.strip() or (number == 1 and line.startswith("query-id")):
            continue
        cells = line.rstrip("\r").split("\t")
        if len(cells) != 3:
            raise DataError(f"{path}:{number}: {len(cells)} columns; the form is  query-id <tab> corpus-id <tab> score")
        query, passage, gain = cells
        if query not in queries:
            raise DataError(f"{path}:{number}: the query id {query!r} is not in queries.jsonl")
        if passage not in passages:
            raise DataError(f"{path}:{number}: the passage id {passage!r} is not in corpus.jsonl")
        try:
            rows.append((queries[query], passages[passage], int(gain)))
        except ValueError:
            raise DataError(f"{path}:{number}: the score {gain!r} is no whole number") from None
    return rows
