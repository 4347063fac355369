"""``hinglish-top``: requests to an assistant, in English and as bilingual people put them (Agarwal et al. 2023)."""

from __future__ import annotations

import hashlib
import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from robustir.benchmarks.bitext import read_lines
from robustir.benchmarks.files import chosen_languages, find_folder
from robustir.errors import DataError, NotApplicableError, SpecError
from robustir.types import Corpus, Qrels, QuerySet, Setting, Task

__all__ = ["HinglishTop"]

_COLUMNS = ["en_query", "cs_query", "en_parse", "cs_parse", "domain"]
_SPLITS = ("test", "validation", "train")
_FINDS = ("paraphrase", "counterpart")
_HINGLISH = "hi-Latn"
_INTENT = re.compile(r"\[\s*(IN:\w+)")
_SLOT = re.compile(r"\[\s*(SL:\w+)([^\[\]]*)\]")
_WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class _Request:
    """A row: its number from 0, its English and Hinglish texts, and what it asks for."""

    line: str
    english: str
    hinglish: str
    parse: str
    domain: str

    @property
    def words(self) -> str:
        """The words of the English text in lower case: requests that differ in marks alone are one."""
        return _words(self.english)

    @property
    def frame(self) -> str:
        """Its intents and the values of its innermost slots; "" without slots, when the intent alone says too little."""
        slots = sorted(f"{name}={_words(words)}" for name, words in _SLOT.findall(self.parse))
        return " ".join([*sorted(_INTENT.findall(self.parse)), *slots]) if slots else ""


class HinglishTop:
    """Requests to an assistant: find another wording, or the same request in the other language.

    What bilingual people made of the English requests, in romanised Hindi mixed with English, is natural noise on these:
    ``recorded(file='natural/hinglish-top/test.tsv', column='cs_query')``.

    Args:
        find: "paraphrase": an English request finds the English requests with the same intents and slots in other words
            (half of these are queries, half are passages beside all other requests; mono). "counterpart": a request finds
            what people made of it in the other language, both ways; all counterparts of equal English words are
            relevant (cross).
        split: "test", "validation" or "train".

    Raises:
        SpecError: for another value.
    """

    name = "hinglish-top"
    languages: tuple[str, ...] = ("en", _HINGLISH)
    folder = "natural/hinglish-top"
    licence = "Apache-2.0"
    source = "https://github.com/google-research-datasets/Hinglish-TOP-Dataset @ fdd3998"

    def __init__(self, find: str = "paraphrase", split: str = "test") -> None:
        if find not in _FINDS or split not in _SPLITS:
            raise SpecError(f"hinglish-top: find must be one of {', '.join(_FINDS)}, split one of {', '.join(_SPLITS)}")
        self.find = find
        self.split = split

    def load(self, data: Path | None, languages: Sequence[str] | None = None) -> Task:
        """Return the task from ``data/natural/hinglish-top/SPLIT.tsv``."""
        folder = find_folder(data, self.folder, self)
        requests = _read(folder / f"{self.split}.tsv")
        langs = chosen_languages(languages, self.languages, self.name)
        if self.find == "counterpart":
            if len(langs) < 2:
                raise NotApplicableError(f"{self.name}(find='counterpart') needs both languages: en and {_HINGLISH}")
            queries, corpus, rows = _counterparts(requests)
            setting: Setting = "cross"
        else:
            if "en" not in langs:
                raise NotApplicableError(f"{self.name} finds paraphrases of English requests; name en")
            queries, corpus, rows = _paraphrases(requests)
            setting = "mono"
        parts = [
            self.name,
            *([self.find] if self.find != "paraphrase" else []),
            *([self.split] * (self.split != "test")),
        ]
        return Task(
            name="-".join(parts),
            queries=queries,
            corpus=corpus,
            qrels=Qrels.from_rows(rows),
            settings=(setting,),
            group_kind="request with its paraphrases" if setting == "mono" else "English request",
            licence=self.licence,
            source=self.source,
            settings_note=f"{self.name}(find='{self.find}') is {setting} alone",
        )


def _words(text: str) -> str:
    return " ".join(_WORD.findall(text.lower()))


def _read(path: Path) -> list[_Request]:
    """Return the rows with an English and a Hinglish text; raise DataError naming a line without five columns."""
    lines = read_lines(path)
    if lines[0].split("\t") != _COLUMNS:
        raise DataError(f"{path}:1: expected the columns {', '.join(_COLUMNS)}; get the file again")
    requests = []
    for number, line in enumerate(lines[1:]):
        cells = [cell.strip() for cell in line.split("\t")]
        if len(cells) != len(_COLUMNS) or not (cells[0] and cells[1]):
            raise DataError(
                f"{path}:{number + 2}: expected {len(_COLUMNS)} columns with a text in the first two, not {len(cells)} columns"
            )
        requests.append(_Request(f"{number:04d}", cells[0], cells[1], cells[2], cells[4]))
    return requests


_Parts = tuple[QuerySet, Corpus, list[tuple[int, int, int]]]


def _paraphrases(requests: Sequence[_Request]) -> _Parts:
    """Return queries, corpus and judgements: within a frame every other wording, in the order of hashes, is a query."""
    distinct = list({request.words: request for request in reversed(requests)}.values())[::-1]
    frames: dict[str, list[_Request]] = defaultdict(list)
    for request in distinct:
        frames[request.frame or request.line].append(request)
    asked: dict[str, str] = {}  # line of a query: its frame
    for frame, members in frames.items():
        ordered = sorted(members, key=lambda one: hashlib.sha256(one.words.encode()).digest())
        asked |= {one.line: frame for one in ordered[1::2]}
    kept = [request for request in distinct if request.line not in asked]
    frame_of = {request.line: frame for frame, members in frames.items() for request in members}
    relevant: dict[str, list[int]] = defaultdict(list)
    for row, request in enumerate(kept):
        relevant[frame_of[request.line]].append(row)
    ask = [request for request in distinct if request.line in asked]
    queries = QuerySet(
        ids=tuple(f"en-q{request.line}" for request in ask),
        texts=tuple(request.english for request in ask),
        langs=("en",) * len(ask),
        source_ids=tuple(request.line for request in ask),
        groups=tuple(asked[request.line] for request in ask),
    )
    corpus = Corpus(
        tuple(f"en-p{request.line}" for request in kept), tuple(one.english for one in kept), ("en",) * len(kept)
    )
    return queries, corpus, [(row, found, 1) for row, one in enumerate(ask) for found in relevant[asked[one.line]]]


def _counterparts(requests: Sequence[_Request]) -> _Parts:
    """Return queries, corpus and judgements of both directions; texts that occur twice are one query and one passage."""
    sides = {"en": "english", _HINGLISH: "hinglish"}
    texts: dict[tuple[str, str], _Request] = {}
    for request in requests:
        for lang, side in sides.items():
            texts.setdefault((lang, getattr(request, side)), request)
    place = {key: row for row, key in enumerate(texts)}
    linked: set[tuple[int, int]] = set()
    by_words: dict[str, list[_Request]] = defaultdict(list)
    for request in requests:
        by_words[request.words].append(request)
    for same in by_words.values():
        english = {place["en", one.english] for one in same}
        hinglish = {place[_HINGLISH, one.hinglish] for one in same}
        linked |= {pair for one in english for other in hinglish for pair in ((one, other), (other, one))}
    rows = list(texts.items())
    queries = QuerySet(
        ids=tuple(f"{lang}-q{one.line}" for (lang, _), one in rows),
        texts=tuple(text for (_, text), _ in rows),
        langs=tuple(lang for (lang, _), _ in rows),
        source_ids=tuple(one.line for _, one in rows),
        groups=tuple(one.words or one.line for _, one in rows),
    )
    corpus = Corpus(tuple(f"{lang}-p{one.line}" for (lang, _), one in rows), queries.texts, queries.langs)
    return queries, corpus, [(ask, found, 1) for ask, found in sorted(linked)]
