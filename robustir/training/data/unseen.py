"""The sentences of the test sets, which no training may see."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from robustir.benchmarks.xquad_r import paragraphs
from robustir.disk.reading import read_text

__all__ = ["TestSentences", "normalised"]


def normalised(text: str) -> str:
    """Return the letters and digits of a text alone, case-folded (NFKC)."""
    return "".join(char for char in unicodedata.normalize("NFKC", text).casefold() if char.isalnum())


@dataclass(frozen=True, slots=True)
class TestSentences:
    """The normalised sentences of the test sets that the data folder holds."""

    __test__ = False  # not a test class, despite its name: for pytest

    sentences: frozenset[str]

    def __contains__(self, text: object) -> bool:
        return isinstance(text, str) and normalised(text) in self.sentences

    @classmethod
    def read(cls, data: Path) -> TestSentences:
        """Read XQuAD-R, Tatoeba, NTREX and FLORES devtest; one that is missing is skipped."""
        return cls(frozenset(found for text in _texts(data) if (found := normalised(text))))


def _texts(data: Path) -> Iterator[str]:
    plain = (*data.glob("tatoeba-v1/tatoeba.*"), *data.glob("ntrex/*.txt"), *data.glob("flores/devtest/*.txt"))
    for path in plain:
        yield from read_text(path).split("\n")
    for path in data.glob("xquad-r/*.json"):
        for _, _, paragraph in paragraphs(path):
            yield paragraph.context
            yield from paragraph.sentences
            yield from (question.question for question in paragraph.qas)
