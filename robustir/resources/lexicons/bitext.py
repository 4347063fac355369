"""The parallel sentences that lexicons are induced from.

Names are told from words by their capitals, so a collection in lower case adds links but no words.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from robustir.errors import DataError
from robustir.resources.parallel_text import flores_dev, flores_outputs, mkqa, newstest, opus_tatoeba, opus_tatoeba_path

__all__ = ["SOURCES", "Source", "read_bitext"]


@dataclass(frozen=True, slots=True)
class Source:
    """One collection of parallel sentences and what may be done with it; cased: names have capitals in it."""

    name: str
    licence: str
    cased: bool = True


SOURCES = (
    Source("OPUS Tatoeba test sets v2021-08-07 (train/tatoeba-opus)", "CC BY 2.0 FR"),
    Source("WMT newstest 2008-2018 and IWSLT 2017 (wmt)", "research use"),
    Source("FLORES dev (flores/dev)", "CC BY-SA 4.0"),
    Source(
        "translations of FLORES dev by OPUS-MT, Argos and Bergamot (mt-outputs/flores-dev)",
        "MPL 2.0, texts CC BY-SA 4.0",
    ),
    Source("MKQA questions (train/mkqa-questions.jsonl)", "CC BY 3.0", cased=False),
)
_SYSTEMS = ("opusmt", "argos", "bergamot-base", "bergamot-tiny")  # open systems, trained on OPUS
_COPIES = 2  # words of a question left in English from which it holds a title


def read_bitext(data: Path, lang: str) -> list[tuple[Source, list[tuple[str, str]]]]:
    """Return (source, [(English, other)]) for every collection that has the language.

    Raises DataError if there is none at all.
    """
    readers = (_tatoeba, _wmt, _flores, _translated, _mkqa)
    found = [(source, list(read(data, lang))) for source, read in zip(SOURCES, readers, strict=True)]
    kept = [(source, pairs) for source, pairs in found if pairs]
    if not kept:
        raise DataError(f"{data} has no parallel text of English and {lang}; expected {opus_tatoeba_path(data, lang)}")
    return kept


def _tatoeba(data: Path, lang: str) -> Iterator[tuple[str, str]]:
    yield from opus_tatoeba(data, lang)


def _wmt(data: Path, lang: str) -> Iterator[tuple[str, str]]:
    for pairs in newstest(data, lang).values():
        yield from pairs


def _flores(data: Path, lang: str) -> Iterator[tuple[str, str]]:
    yield from zip(flores_dev(data, "en"), flores_dev(data, lang), strict=False)


def _translated(data: Path, lang: str) -> Iterator[tuple[str, str]]:
    """Yield what systems made of the English side, then what they made of the other, each beside its source."""
    for system in _SYSTEMS:
        yield from zip(flores_dev(data, "en"), flores_outputs(data, "en", lang).get(system, ()), strict=False)
        yield from zip(flores_outputs(data, lang, "en").get(system, ()), flores_dev(data, lang), strict=False)


def _mkqa(data: Path, lang: str) -> Iterator[tuple[str, str]]:
    """Yield the questions, except those that keep two English words in the other language: titles left as they are."""
    for question in mkqa(data):
        english, other = question.get("en", ""), question.get(lang, "")
        if english and other and len(set(english.lower().split()) & set(other.lower().split())) < _COPIES:
            yield english, other
