"""The sentence of a passage that a question is about: passages of some collections are long, and candidates are sentences."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence

from robustir.languages import has_spaces

__all__ = ["answering_sentences"]

# After a mark that ends a sentence, but not after an initial: a full stop of Latin letters needs a space, one of Chinese
# does not.
_BREAK = re.compile(r"(?<=[.!?؟।])(?<!\b\w\.)\s+|(?<=[。！？])\s*|\n+")
_LETTERS = {True: 4, False: 2}  # of an n-gram, in languages with and without spaces
_SHORTEST = {True: 12, False: 4}  # characters: what is shorter (an abbreviation, a heading) stays with what follows


def answering_sentences(pairs: Sequence[tuple[str, str]], lang: str) -> list[str]:
    """Return of each (question, passage) the sentence that shares most with the question.

    Shared are character n-grams, each weighted by its inverse document frequency over all sentences, divided by the
    square root of the sentence's number of them. A passage that shares nothing is returned whole.
    """
    split = {passage: _sentences(passage, lang) for _, passage in pairs}
    grams = {sentence: _grams(sentence, lang) for sentences in split.values() for sentence in sentences}
    seen = Counter(gram for found in grams.values() for gram in found)
    weight = {gram: math.log(len(grams) / count) for gram, count in seen.items()}
    chosen = []
    for question, passage in pairs:
        asked = _grams(question, lang)
        shared = {
            sentence: sum(weight[gram] for gram in sorted(asked & grams[sentence]))
            / math.sqrt(len(grams[sentence]) or 1)
            for sentence in split[passage]
        }
        best = max(shared, key=shared.__getitem__, default=passage)
        chosen.append(best if shared.get(best, 0.0) > 0 else passage)
    return chosen


def _sentences(passage: str, lang: str) -> list[str]:
    found: list[str] = []
    for part in filter(None, map(str.strip, _BREAK.split(passage))):
        if found and len(found[-1]) < _SHORTEST[has_spaces(lang)]:
            found[-1] += f" {part}"
        else:
            found.append(part)
    return found


def _grams(text: str, lang: str) -> set[str]:
    """Return the n-grams of each word, with a space at either end, or of the text without spaces."""
    size = _LETTERS[has_spaces(lang)]
    words = [f" {word} " for word in text.lower().split()] if has_spaces(lang) else ["".join(text.lower().split())]
    return {word[at : at + size] for word in words for at in range(max(1, len(word) - size + 1))}
