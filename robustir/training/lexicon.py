"""Lexicon induction: from parallel sentences to translation probabilities in both directions."""

from __future__ import annotations

import gzip
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np

from robustir.files import write_atomically
from robustir.perturbations.lexicons import Row, fold
from robustir.text.blocks import Block
from robustir.text.words import block_word_spans
from robustir.training.alignment import Pairs, links
from robustir.training.bitext import read_bitext

__all__ = ["build_lexicon", "induce", "write_lexicon"]

_LONGEST = 50  # words; longer sentences cost quadratically and align badly
_LEAST_LINKS = 0.4  # expected links below which a pair is noise
_LEAST_CHANCE = 0.04
_KEPT = 5
_LOWER = 0.2  # share of lower case from which a word is no name
_PREFIXES = {"ar": ("وال", "بال", "كال", "فال", "لل", "ال")}


def induce(english: Sequence[str], other: Sequence[str], lang: str) -> list[Row]:
    """Return (English, other, p(other | English), p(English | other)) from aligned sentences, sorted.

    Only words of letters take part. A probability of 0 says that the pair is not among the kept ones in that direction.
    """
    left, right = _tokens(english, "en"), _tokens(other, lang)
    kept = [row for row in range(len(left)) if 0 < len(left[row]) <= _LONGEST and 0 < len(right[row]) <= _LONGEST]
    left_ids, left_words = _numbered(_truecased([left[row] for row in kept], "en"))
    right_ids, right_words = _numbered(_truecased([right[row] for row in kept], lang))
    pairs = Pairs.of(left_ids, right_ids)
    expected = links(pairs)
    good = np.flatnonzero(expected >= _LEAST_LINKS)
    names = zip(pairs.left[good].tolist(), pairs.right[good].tolist(), expected[good].tolist(), strict=True)
    table = [(left_words[a], right_words[b], count) for a, b, count in names if _letters(left_words[a], right_words[b])]
    table = _one_case(_one_case(table, "en", side=0), lang, side=1)
    there = _conditional(table, lang)
    back = _conditional([(b, a, count) for a, b, count in table], "en")
    every = sorted(set(there) | {(a, b) for b, a in back})
    return [(a, b, there.get((a, b), 0.0), back.get((b, a), 0.0)) for a, b in every]


def _tokens(texts: Sequence[str], lang: str) -> list[list[str]]:
    """Return the words of each text, in their own case."""
    clean = [unicodedata.normalize("NFC", text) for text in texts]
    block = Block.join(clean)
    starts, stops = block_word_spans(block, lang)
    bounds = np.searchsorted(starts, block.offsets).tolist()
    spans = list(zip(starts.tolist(), stops.tolist(), strict=True))
    offsets = block.offsets.tolist()
    return [
        [clean[row][start - offsets[row] : stop - offsets[row]] for start, stop in spans[first:last]]
        for row, (first, last) in enumerate(pairwise(bounds))
    ]


def _numbered(lines: Iterable[Sequence[str]]) -> tuple[list[list[int]], list[str]]:
    numbers: dict[str, int] = {}
    ids = [[numbers.setdefault(word, len(numbers)) for word in line] for line in lines]
    return ids, list(numbers)


def _truecased(lines: Sequence[Sequence[str]], lang: str) -> list[list[str]]:
    """Return the lines with their first words as these mostly stand inside a sentence; so Rock and rock stay apart."""
    forms: dict[str, Counter[str]] = defaultdict(Counter)
    for line in lines:
        for word in line[1:]:
            forms[fold(word, lang)][word] += 1
    usual = {
        folded: min(counts, key=lambda form: (-counts[form], form != folded, form)) for folded, counts in forms.items()
    }

    def first(word: str) -> str:
        folded = fold(word, lang)
        return usual.get(folded, folded)

    return [[first(word) if place == 0 else word for place, word in enumerate(line)] for line in lines]


def _one_case(table: Sequence[tuple[str, str, float]], lang: str, *, side: int) -> list[tuple[str, str, float]]:
    """Keep of forms that differ in case alone the one with the most links; lower case from a fifth of them on."""
    mass: dict[str, dict[str, float]] = defaultdict(lambda: defaultdict(float))
    for row in table:
        word = (row[0], row[1])[side]
        mass[fold(word, lang)][word] += row[2]
    chosen = {
        folded: folded if forms[folded] >= _LOWER * sum(forms.values()) else min(forms, key=lambda f: (-forms[f], f))
        for folded, forms in mass.items()
    }
    return [row for row in table if chosen[fold((row[0], row[1])[side], lang)] == (row[0], row[1])[side]]


def _letters(*words: str) -> bool:
    return all(any(letter.isalpha() for letter in word) and not any(map(str.isnumeric, word)) for word in words)


def _conditional(table: Iterable[tuple[str, str, float]], lang: str) -> dict[tuple[str, str], float]:
    """Return p(target | source) of the kept pairs; forms of one word count for the most frequent of them."""
    by_source: dict[str, list[tuple[str, float]]] = defaultdict(list)
    for source, target, count in table:
        by_source[source].append((target, count))
    kept = {}
    for source, targets in by_source.items():
        leaders: dict[str, float] = {}
        for target, weight in sorted(targets, key=lambda pair: (-pair[1], pair[0])):
            leader = next((form for form in leaders if _same_word(form, target, lang)), target)
            leaders[leader] = leaders.get(leader, 0.0) + weight
        total = sum(leaders.values())
        best = sorted(leaders.items(), key=lambda pair: (-pair[1], pair[0]))[:_KEPT]
        kept.update({(source, form): weight / total for form, weight in best if weight >= _LEAST_CHANCE * total})
    return kept


def _same_word(one: str, other: str, lang: str) -> bool:
    """Whether two words look like forms of one: a common beginning of three letters and 60 per cent of the longer."""
    one, other = (_stripped(word, lang) for word in (one, other))
    longer = max(len(one), len(other))
    common = next((at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
    return common >= max(3, 0.6 * longer)


def _stripped(word: str, lang: str) -> str:
    for prefix in _PREFIXES.get(lang, ()):
        if word.startswith(prefix) and len(word) > len(prefix) + 1:
            return word[len(prefix) :]
    return word


def build_lexicon(data: Path, lang: str, out: Path) -> tuple[Path, int]:
    """Induce the lexicon of English and ``lang`` and write ``out/en-LANG.tsv.gz``; return the file and its number of pairs."""
    parts = read_bitext(data, lang)
    pairs = [pair for _, some in parts for pair in some]
    rows = induce([english for english, _ in pairs], [other for _, other in pairs], lang)
    sources = [f"{source.name}: {len(some)} sentence pairs, {source.licence}" for source, some in parts]
    path = out / f"en-{lang}.tsv.gz"
    write_lexicon(path, rows, [f"source: {line}" for line in sources])
    return path, len(rows)


def write_lexicon(path: Path, rows: Sequence[Row], facts: Sequence[str]) -> None:
    """Write rows with a header that says where they come from; the same rows give the same bytes."""
    header = [
        "# version: 1",
        "# made by: robustir lexicon build",
        "# columns: English, other language, p(other | English), p(English | other)",
        *(f"# {fact}" for fact in facts),
        f"# entries: {len(rows)}",
    ]
    body = [f"{english}\t{other}\t{there:.4g}\t{back:.4g}" for english, other, there, back in rows]
    raw = "\n".join([*header, *body, ""]).encode("utf-8")
    write_atomically(path, lambda temporary: temporary.write_bytes(gzip.compress(raw, 9, mtime=0)))
