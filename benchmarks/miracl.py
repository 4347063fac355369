"""``miracl``: monolingual retrieval from Wikipedia in 18 languages, judged by native speakers (Zhang et al. 2023)."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator, Sequence
from pathlib import Path

from robustir.benchmarks.files import chosen_languages, find_folder, read_text
from robustir.errors import DataError, SpecError
from robustir.types import Corpus, Qrels, QuerySet, Task

__all__ = ["Miracl"]

_SPLITS = ("dev", "train")
_POOLS = ("full", "judged")


class Miracl:
    """Questions against the passages of their own language's Wikipedia, in the layout that MIRACL publishes.

    The data folder holds ``miracl/miracl-v1.0-XX/topics/topics.miracl-v1.0-XX-SPLIT.tsv``, ``.../qrels/qrels.*.tsv`` and
    ``miracl/miracl-corpus-v1.0-XX/docs-*.jsonl.gz``. Corpora are separate, so the setting is mono. Groups
    are the articles of the first relevant passage.

    split: which topics. pool: "full", or "judged": only the passages that someone judged, relevant or not, which fits a
    small machine; its scores are higher than published ones and named apart.
    """

    name = "miracl"
    languages: tuple[str, ...] = tuple("ar bn de en es fa fi fr hi id ja ko ru sw te th yo zh".split())  # noqa: SIM905
    folder = "miracl"
    licence = "Apache-2.0 (texts CC-BY-SA)"
    source = "https://huggingface.co/datasets/miracl/miracl and miracl/miracl-corpus"

    def __init__(self, split: str = "dev", pool: str = "full") -> None:
        if split not in _SPLITS:
            raise SpecError(
                f"miracl: split is one of {', '.join(_SPLITS)}, not {split!r} (test judgements are not public)"
            )
        if pool not in _POOLS:
            raise SpecError(f"miracl: pool is one of {', '.join(_POOLS)}, not {pool!r}")
        self.split = split
        self.pool = pool

    def load(self, data: Path | None, languages: Sequence[str] | None = None) -> Task:
        """Return the task of the languages asked for, or of those whose folder is there."""
        root = find_folder(data, self.folder, self.name)
        here = tuple(lang for lang in self.languages if (root / f"miracl-v1.0-{lang}").is_dir())
        if not here:
            raise DataError(
                f"{root} holds no miracl-v1.0-XX/; put topics and qrels there, as published at {self.source}"
            )
        queries: list[tuple[str, str, str, str]] = []  # id, text, language, group
        passages: list[tuple[str, str, str]] = []  # id, text, language
        rows: list[tuple[int, int, int]] = []
        for lang in chosen_languages(languages, here, self.name):
            topics, judged = self._read(root / f"miracl-v1.0-{lang}", lang)
            wanted = {docid for judgements in judged.values() for docid in judgements}
            place = {}
            for docid, text in _documents(root / f"miracl-corpus-v1.0-{lang}"):
                if self.pool == "full" or docid in wanted:
                    place[docid] = len(passages)
                    passages.append((f"{lang}-{docid}", text, lang))
            for qid, text in topics:
                relevant = [docid for docid, gain in judged.get(qid, {}).items() if gain > 0]
                if not relevant:
                    continue  # as trec_eval does
                missing = [docid for docid in relevant if docid not in place]
                if missing:
                    raise DataError(
                        f"miracl {lang}: passage {missing[0]} of topic {qid} is not in the corpus; a docs-*.jsonl.gz is missing"
                    )
                rows += [(len(queries), place[docid], judged[qid][docid]) for docid in relevant]
                queries.append((f"{lang}-{qid}", text, lang, f"{lang}-{relevant[0].partition('#')[0]}"))
        ids, texts, langs, groups = zip(*queries, strict=True) if queries else ((), (), (), ())
        return Task(
            name=self.name if self.pool == "full" else "miracl-judged",
            queries=QuerySet(ids, texts, langs, ids, groups),
            corpus=Corpus(*zip(*passages, strict=True)) if passages else Corpus((), (), ()),
            qrels=Qrels.from_rows(rows),
            settings=("mono",),
            group_kind="article of the first relevant passage",
            licence=self.licence,
            source=self.source,
            settings_note="each language has a corpus and judgements of its own, so cross and multi are undefined",
        )

    def _read(self, folder: Path, lang: str) -> tuple[list[tuple[str, str]], dict[str, dict[str, int]]]:
        name = f"miracl-v1.0-{lang}-{self.split}.tsv"
        topics = []
        for number, line in _lines(folder / "topics" / f"topics.{name}"):
            qid, tab, text = line.partition("\t")
            if not tab or not qid or not text.strip():
                raise DataError(f"{folder / 'topics'}/topics.{name}:{number}: the form is  id <tab> question")
            topics.append((qid, text))
        judged: dict[str, dict[str, int]] = {}
        for number, line in _lines(folder / "qrels" / f"qrels.{name}"):
            cells = line.split()
            if len(cells) != 4 or not cells[3].lstrip("-").isdecimal():
                raise DataError(f"{folder / 'qrels'}/qrels.{name}:{number}: the form is  id Q0 passage relevance")
            judged.setdefault(cells[0], {})[cells[2]] = int(cells[3])
        return topics, judged


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    for number, line in enumerate(read_text(path).split("\n"), start=1):
        if line.strip():
            yield number, line.removesuffix("\r")


def _documents(folder: Path) -> Iterator[tuple[str, str]]:
    """Yield (docid, title and text) of every passage, file by file in numerical order."""
    paths = sorted(folder.glob("docs-*.jsonl*"), key=lambda path: (len(path.name), path.name))
    if not paths:
        raise DataError(
            f"{folder} holds no docs-*.jsonl.gz; get them from https://huggingface.co/datasets/miracl/miracl-corpus"
        )
    for path in paths:
        opened = gzip.open(path, "rt", encoding="utf-8") if path.suffix == ".gz" else path.open(encoding="utf-8")  # noqa: SIM115
        number = 0
        try:
            with opened as lines:
                for number, line in enumerate(lines, start=1):  # noqa: B007
                    row = json.loads(line)
                    yield row["docid"], f"{row.get('title', '')} {row['text']}".strip()
        except (EOFError, OSError, ValueError, KeyError, TypeError) as error:
            raise DataError(
                f"{path}:{number + 1}: not a passage of MIRACL ({error}); the download may be incomplete"
            ) from None
