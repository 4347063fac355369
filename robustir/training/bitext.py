"""The parallel sentences that lexicons are induced from. All are in ordinary case, by which names are told from words."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from robustir.errors import DataError

__all__ = ["SOURCES", "Source", "read_bitext"]


@dataclass(frozen=True, slots=True)
class Source:
    """One collection of parallel sentences and what may be done with it."""

    name: str
    licence: str


SOURCES = (
    Source("OPUS Tatoeba test sets v2021-08-07 (train/tatoeba-opus)", "CC BY 2.0 FR"),
    Source("WMT newstest 2008-2018 and IWSLT 2017 (wmt)", "research use"),
    Source("FLORES dev (flores/dev)", "CC BY-SA 4.0"),
)


def read_bitext(data: Path, lang: str) -> list[tuple[Source, list[tuple[str, str]]]]:
    """Return (source, [(English, other)]) for every collection that has the language.

    Raises DataError where there is none at all.
    """
    readers = (_tatoeba, _wmt, _flores)
    found = [(source, list(read(data, lang))) for source, read in zip(SOURCES, readers, strict=True)]
    kept = [(source, pairs) for source, pairs in found if pairs]
    if not kept:
        raise DataError(
            f"there is no parallel text of English and {lang} in {data}; expected is {data / 'train/tatoeba-opus' / f'en-{lang}.tsv'}"
        )
    return kept


def _lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").removesuffix("\n").split("\n") if path.is_file() else []


def _tatoeba(data: Path, lang: str) -> Iterator[tuple[str, str]]:
    for line in _lines(data / "train" / "tatoeba-opus" / f"en-{lang}.tsv"):
        english, _, other = line.partition("\t")
        yield english, other


def _wmt(data: Path, lang: str) -> Iterator[tuple[str, str]]:
    for line in _lines(data / "wmt" / f"en-{lang}.tsv"):
        _, _, pair = line.partition("\t")
        english, _, other = pair.partition("\t")
        yield english, other


def _flores(data: Path, lang: str) -> Iterator[tuple[str, str]]:
    folder = data / "flores" / "dev"
    yield from zip(_lines(folder / "en.txt"), _lines(folder / f"{lang}.txt"), strict=False)
