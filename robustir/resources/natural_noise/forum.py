"""How often forum writers write words otherwise, counted in RoCS-MT's annotation, as the perturbation ``chat`` reads it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import Any, Final

import regex

from robustir.disk.reading import read_text
from robustir.errors import DataError
from robustir.perturbations.tables.chat_forms import ChatForms, chat_forms

__all__ = ["count_chat_rates"]

_COLUMNS: Final = ["docid", "sentid", "tokid", "raw", "norm", "manual"]
_SPACE: Final = "⎵"
_SHORTER: Final = frozenset(
    (
        *("acronymisation", "contraction", "devowelling", "truncation", "phonetic_distance", "words_to_digits"),
        *("digits_to_words", "abbreviation", "word_to_symbol", "double_to_single_character"),
    )
)
_FINAL: Final = frozenset(".?!")
_INNER: Final = frozenset(",;:")
_WORD: Final = regex.compile(r"[\p{L}\p{N}]")
_DIGITS: Final = 4
_OFTEN: Final = 5  # occurrences from which on a word has a rate of its own
_Token = tuple[str, str, frozenset[str]]  # as written, normalised, kinds of deviation


def count_chat_rates(path: Path) -> dict[str, Any]:
    """Return the content of the file of rates: of each kind, and of listed words, how often it is written where it could be.

    path: RoCS-annotated.tsv, a token per line. Words that could be written in a way are those that the lists of English (and
    the rules beside them) change. Raises DataError naming the line of a file that is not such a table.
    """
    counts: Counter[tuple[str, bool]] = Counter()
    listed: Counter[tuple[str, bool]] = Counter()
    words, forms = 0, chat_forms("en")
    for sentence in _sentences(path):
        counts.update(_of_sentence(sentence, forms))
        listed.update(_listed(sentence, forms))
        words += sum(bool(_WORD.search(norm)) for _, norm, _ in sentence)
    kinds = dict.fromkeys(kind for kind, _ in sorted(counts))
    rates = {kind: _share(counts, kind) for kind in kinds}
    seen = [word for word in forms.words if listed[word, True] + listed[word, False] >= _OFTEN]
    return {
        "language": "en",
        "source": "RoCS-MT (Bawden & Sagot 2023), English forum posts and their normalisation by hand, token by token",
        "made by": "robustir chat rates",
        "words": words,
        "rates": {kind: round(share, _DIGITS) for kind, share in rates.items()},
        "words of forms": {word: round(_share(listed, word, rates["forms"]), _DIGITS) for word in seen},
    }


def _share(counts: Counter[tuple[str, bool]], kind: str, expected: float = 0.0) -> float:
    """Return how often a kind was written where it could be; expected: a share that counts as two more chances."""
    chances = counts[kind, True] + counts[kind, False]
    weight = 2 * (expected > 0)
    return (counts[kind, True] + weight * expected) / max(1, chances + weight)


def _listed(sentence: list[_Token], forms: ChatForms) -> Iterator[tuple[str, bool]]:
    """Yield each listed word, and whether it was written in another form."""
    for raw, norm, labels in sentence:
        if raw and norm.lower() in forms.words:
            yield norm.lower(), _shorter(raw, norm, labels)


def _shorter(raw: str, norm: str, labels: frozenset[str]) -> bool:
    return raw.replace("’", "'").lower() != norm.lower() and bool(labels & _SHORTER)


def _sentences(path: Path) -> Iterator[list[_Token]]:
    lines = read_text(path).removesuffix("\n").split("\n")
    if lines[0].removesuffix("\r").split("\t") != _COLUMNS:
        raise DataError(f"{path}:1: expected the columns {', '.join(_COLUMNS)} of RoCS-MT's annotation")
    rows = []
    for number, line in enumerate(lines[1:], 2):
        cells = line.removesuffix("\r").split("\t")
        if len(cells) != len(_COLUMNS):
            raise DataError(f"{path}:{number}: expected {len(_COLUMNS)} columns, not {len(cells)}")
        rows.append(cells)
    for _, group in groupby(rows, key=lambda cells: (cells[0], cells[1])):
        yield [(raw, norm.replace("’", "'"), _labels(manual)) for _, _, _, raw, norm, manual in group]


def _labels(manual: str) -> frozenset[str]:
    return frozenset(label.strip().replace("-", "_").replace(" ", "_") for label in manual.split(",")) - {""}


def _of_sentence(sentence: list[_Token], forms: ChatForms) -> Iterator[tuple[str, bool]]:
    """Yield what could be written otherwise, and whether it was."""
    text = "".join(norm for _, norm, _ in sentence).replace(_SPACE, " ").lower()
    written = {norm.replace(_SPACE, " ").strip().lower() for raw, norm, _ in sentence if " " not in raw.strip()}
    for phrase in forms.phrases:
        some = len(regex.findall(rf"(?<!\p{{L}}){regex.escape(phrase)}(?!\p{{L}})", text))
        yield from ([("phrases", phrase in written)] if some else [])
    first = True
    last = max((place for place, (_, norm, _) in enumerate(sentence) if norm in _FINAL), default=-1)
    for place, (raw, norm, labels) in enumerate(sentence):
        if norm in _FINAL | _INNER:
            yield "final mark" if place == last else "mark", raw == ""
        if not _WORD.search(norm) or " " in norm.strip() or not raw:
            continue
        yield from _of_word(raw, norm, labels, forms)
        if norm[0].isupper() and norm[1:] == norm[1:].lower() and raw[0].isalpha():
            kind = (
                "lone capital" if len(norm) == 1 or norm.startswith("I'") else "first capital" if first else "capital"
            )
            yield kind, raw[0].islower()
        first = False


def _of_word(raw: str, norm: str, labels: frozenset[str], forms: ChatForms) -> Iterator[tuple[str, bool]]:
    folded, other = norm.lower(), raw.replace("’", "'").lower()
    if folded in forms.words:
        yield "forms", _shorter(raw, norm, labels)
    elif forms.without_vowels(folded):
        yield "vowels", "devowelling" in labels
    if folded in forms.lengthened:
        yield "lengthening", "elongation" in labels
    if forms.without_apostrophes(folded) != folded and _WORD.search(folded[-1]):
        yield "apostrophes", "'" not in other
