"""The profile of noise that changes whole words, as recognisers of speech do, and its rates as the perturbation ``asr`` reads them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

import regex

from robustir.perturbations.tables.heard import CLASSES, KINDS, heard_words
from robustir.perturbations.tables.lexicons import fold
from robustir.resources.natural_noise.pairs import Pairs
from robustir.resources.natural_noise.profile import jensen_shannon
from robustir.resources.natural_noise.word_alignment import Group, aligned_words
from robustir.text.words import words

__all__ = ["WordProfile", "count_word_rates", "rounded", "word_distances"]

_DIGITS: Final = 4
_FINAL: Final = regex.compile(r"[.?!\u037e;\u061f\u0964\u3002\uff1f\uff01]$")
_INNER: Final = regex.compile(r"(?<=[\p{L}\p{N}])[,;:.\"”)](?=\s)")
_POSSESSIVE: Final = regex.compile("['’]s?$")
_SIDES: Final = ("capital", "final", "mark")


@dataclass(slots=True)
class WordProfile:
    """What noise did to words: counts by kind, by class of word, of new words, and of what is beside words.

    wrong: clean words that another word, or none, or several stand for; kinds: of these (KINDS), and of words added;
    classes, wrong_classes: words and wrong words by class (CLASSES); new: words of a noisy text that its clean one lacks;
    unknown: those of them that are in no dictionary; longer: texts in which words were lost or added, by plain edits.
    """

    texts: int = 0
    longer: int = 0
    new: int = 0
    unknown: int = 0
    kinds: Counter[tuple[str, str]] = field(default_factory=Counter)
    classes: Counter[str] = field(default_factory=Counter)
    wrong_classes: Counter[str] = field(default_factory=Counter)
    sides: Counter[str] = field(default_factory=Counter)

    def add(self, clean: str, noisy: str, lang: str, dictionary: Collection[str]) -> None:
        """Count one pair of texts."""
        from rapidfuzz.distance import Levenshtein

        table = heard_words(lang)
        ours, theirs = ([fold(word, lang) for word in words(text, lang)] for text in (clean, noisy))
        self.texts += 1
        self.longer += any(edit.tag in ("insert", "delete") for edit in Levenshtein.editops(ours, theirs))
        for word in theirs:
            if word not in ours:
                self.new += 1
                bare = _POSSESSIVE.sub("", word)
                self.unknown += not (word in dictionary or bare in dictionary or bare.isdigit())
        self.classes.update(map(table.class_of, ours))
        for group in aligned_words(ours, theirs):
            if group[0] != group[1]:
                self._count(group, table.class_of)
        self.sides.update(_sides(clean, noisy))

    def _count(self, group: Group, class_of: Any) -> None:
        clean, noisy = group
        if set(clean) <= set(noisy):
            self.kinds["added", ""] += len(noisy) - len(clean)
            return
        kind = _kind(len(clean), len(noisy))
        for word in clean:
            found = class_of(word)
            self.wrong_classes[found] += 1
            self.kinds[kind, _frame(found)] += 1

    @property
    def word_rate(self) -> float:
        """The share of words that are wrong."""
        return self.wrong_classes.total() / max(1, self.classes.total())

    def kind_shares(self, frame: str = "") -> dict[str, float]:
        """Return the shares of kinds among wrong words, of "function" or "content" words if one is given."""
        counts: Counter[str] = Counter()
        for (kind, of), count in self.kinds.items():
            if kind in KINDS and frame in ("", of):
                counts[kind] += count
        return {kind: counts[kind] / max(1, counts.total()) for kind in KINDS}

    @property
    def added(self) -> float:
        """Words added for each wrong word."""
        return self.kinds["added", ""] / max(1, self.wrong_classes.total())

    def class_shares(self) -> dict[str, float]:
        """Return the share of each class of word among wrong words."""
        return {name: self.wrong_classes[name] / max(1, self.wrong_classes.total()) for name in CLASSES}

    def class_rates(self) -> dict[str, float]:
        """Return the share of words that are wrong, by class."""
        return {name: self.wrong_classes[name] / max(1, self.classes[name]) for name in CLASSES}

    def side_rates(self) -> dict[str, float]:
        """Return which share of first capitals, of final marks and of marks inside a text is lost."""
        return {side: self.sides[f"lost {side}"] / max(1, self.sides[side]) for side in _SIDES}

    def as_row(self) -> dict[str, Any]:
        """Return the profile as plain values."""
        return {
            "texts": self.texts,
            "words that are wrong": self.word_rate,
            "new words in no dictionary": self.unknown / max(1, self.new),
            "texts with words lost or added": self.longer / max(1, self.texts),
            "kinds": self.kind_shares(),
            "added": self.added,
            "rates": self.class_rates(),
            "classes": self.class_shares(),
            "sides": self.side_rates(),
        }


def _kind(clean: int, noisy: int) -> str:
    if not noisy:
        return "left out"
    return "replaced" if clean == noisy else "split" if clean < noisy else "joined"


def _frame(found: str) -> str:
    return "function" if found == "function" else "content"


def _sides(clean: str, noisy: str) -> Iterator[str]:
    """Yield what could be lost beside words, and what was."""
    if clean[:1].isupper():
        yield from ("capital", *([] if noisy[:1].isupper() else ["lost capital"]))
    if _FINAL.search(clean):
        yield from ("final", *([] if _FINAL.search(noisy) else ["lost final"]))
    marks, left = len(_INNER.findall(clean)), len(_INNER.findall(noisy))
    yield from ("mark",) * marks
    yield from ("lost mark",) * max(0, marks - left)


def word_distances(one: WordProfile, other: WordProfile) -> dict[str, float]:
    """Return the Jensen-Shannon distances of kinds and of classes of wrong words, and their mean."""
    found = {
        "kinds": jensen_shannon(one.kind_shares(), other.kind_shares()),
        "classes": jensen_shannon(one.class_shares(), other.class_shares()),
    }
    return found | {"mean": sum(found.values()) / len(found)}


def count_word_rates(pairs: Pairs, lang: str, source: str, dictionary: Collection[str]) -> dict[str, Any]:
    """Return the content of a file of rates of wrong words.

    wrong: the share of wrong words; classes: the same by class of word; function, content: shares of kinds; added: words
    added for each wrong one; sides: shares of capitals, final marks and other marks that are lost.
    """
    profile = WordProfile()
    for clean, noisy in zip(pairs.clean, pairs.noisy, strict=True):
        profile.add(clean, noisy, lang, dictionary)
    rates = {
        "wrong": profile.word_rate,
        "classes": profile.class_rates(),
        "function": profile.kind_shares("function"),
        "content": profile.kind_shares("content"),
        "added": profile.added,
        "sides": profile.side_rates(),
    }
    return {
        "language": lang,
        "source": source,
        "made by": "robustir naturalness --words --rates",
        "words": profile.classes.total(),
        **rounded(rates),
    }


def rounded(value: Any) -> Any:
    """Return a value, or those of a table at any depth, with numbers of four digits behind the point."""
    if isinstance(value, dict):
        return {key: rounded(inner) for key, inner in value.items()}
    return round(value, _DIGITS) if isinstance(value, float) else value
