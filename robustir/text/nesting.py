"""Whether what was edited at a lower severity is edited, in the same form, at a higher one, seen from the texts alone.

A clean text is cut into pieces. An edit puts a string in the place of a piece, or between two pieces. Edits nest if the
higher text can be read as the clean one with some edits, and the lower text as the clean one with some of the same
edits. :func:`nests` looks for such a reading; if there is none, an edit has another form in the higher text. An edit
that only took something away leaves nothing to read; :func:`taken_back` counts words instead.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Final, Literal

from robustir.languages import has_spaces
from robustir.text.clusters import clusters
from robustir.text.words import word_spans

__all__ = ["GRAINS", "Grain", "nests", "pieces", "taken_back"]

Grain = Literal["word", "cluster", "code point"]
GRAINS: Final[tuple[Grain, ...]] = ("word", "cluster", "code point")


def pieces(text: str, lang: str, grain: Grain) -> list[str]:
    """Cut a text into words and the clusters between them, into clusters, or into code points; joined they are the text.

    Words of scripts without spaces are not cut out: an edit may move their bounds.
    """
    if grain == "code point":
        return list(text)
    if grain == "cluster" or not has_spaces(lang):
        return clusters(text)
    parts, position = [], 0
    for start, stop in word_spans(text, lang):
        parts += [*clusters(text[position:start]), text[start:stop]]
        position = stop
    return [*parts, *clusters(text[position:])]


def nests(clean: Sequence[str], lower: str, higher: str) -> bool:
    """Whether there are edits of the pieces ``clean`` that give ``higher``, and some of the same edits that give ``lower``.

    An edit puts any string in the place of a piece, or between two. The search keeps, for every length of ``lower``, the
    set of lengths of ``higher`` that can go with it, as the bits of an integer: pieces * len(lower) operations.
    """
    every = (1 << len(higher) + 1) - 1
    same: dict[str, int] = {}  # where a character is in the higher text
    for place, character in enumerate(higher):
        same[character] = same.get(character, 0) | 1 << place
    reached = [0] * (len(lower) + 1)
    reached[0] = 1
    for piece in ["", *(part for word in clean for part in (word, ""))]:
        after = [0] * (len(lower) + 1)
        together = 0
        for place, lengths in enumerate(reached):
            if place:  # the edit of both texts goes on
                together = (together & same.get(lower[place - 1], 0)) << 1
            together |= lengths
            after[place] |= together
            if lengths and lower.startswith(piece, place):  # clean here; in the higher text, whatever follows
                after[place + len(piece)] |= every & -(lengths & -lengths)
        reached = after
    return bool(reached[-1] >> len(higher) & 1)


def taken_back(clean: str, lower: str, higher: str, lang: str) -> bool:
    """Whether a word (a cluster where there are no spaces) of ``clean`` is missing in ``lower`` but present again in ``higher``.

    Words are counted wherever they are, so moving them takes none away. Another edit may write the same word by chance.
    """
    there, low, high = (Counter(pieces(text, lang, "word")) for text in (clean, lower, higher))
    return any(
        low[piece] < count and high[piece] > low[piece]
        for piece, count in there.items()
        if any(map(str.isalnum, piece))
    )
