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
_LEAST_LINKS = 0.25  # expected links below which a pair is noise
_LEAST_CHANCE = 0.04
_KEPT = 5
_PREFIXES = {"ar": ("وال", "بال", "كال", "فال", "لل", "ال")}


def induce(english: Sequence[str], other: Sequence[str], lang: str) -> list[Row]:
    """Return (English, other, p(other | English), p(English | other)) from aligned sentences, sorted.

    Only words of letters take part. A probability of 0 says that the pair is not among the kept ones in that direction.
    """
    left, right = _tokens(english, "en"), _tokens(other, lang)
    kept = [row for row in range(len(left)) if 0 < len(left[row]) <= _LONGEST and 0 < len(right[row]) <= _LONGEST]
    lefts, rights = [left[row] for row in kept], [right[row] for row in kept]
    left_ids, left_words = _numbered(lefts, "en")
    right_ids, right_words = _numbered(rights, lang)
    pairs = Pairs.of(left_ids, right_ids)
    expected = links(pairs)
    good = np.flatnonzero(expected >= _LEAST_LINKS)
    names = zip(pairs.left[good].tolist(), pairs.right[good].tolist(), expected[good].tolist(), strict=True)
    table = [(left_words[a], right_words[b], count) for a, b, count in names if _letters(left_words[a], right_words[b])]
    there = _conditional(table, lang)
    back = _conditional([(b, a, count) for a, b, count in table], "en")
    cased_left, cased_right = _usual_case(lefts, "en"), _usual_case(rights, lang)
    every = sorted(set(there) | {(a, b) for b, a in back})
    return [(cased_left[a], cased_right[b], there.get((a, b), 0.0), back.get((b, a), 0.0)) for a, b in every]


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


def _numbered(lines: Iterable[Sequence[str]], lang: str) -> tuple[list[list[int]], list[str]]:
    numbers: dict[str, int] = {}
    ids = [[numbers.setdefault(fold(word, lang), len(numbers)) for word in line] for line in lines]
    return ids, list(numbers)


def _usual_case(lines: Iterable[Sequence[str]], lang: str) -> dict[str, str]:
    """Return each folded word as it mostly stands inside a sentence; one seen only at the beginning is in lower case."""
    forms: dict[str, Counter[str]] = defaultdict(Counter)
    for line in lines:
        for place, word in enumerate(line):
            folded = fold(word, lang)
            forms[folded][word if place else folded] += 1
    return {
        folded: min(counts, key=lambda form: (-counts[form], form != folded, form)) for folded, counts in forms.items()
    }


def _letters(*words: str) -> bool:
    return all(any(letter.isalpha() for letter in word) and not any(map(str.isnumeric, word)) for word in words)


def _conditional(table: Iterable[tuple[str, str, float]], lang: str) -> dict[tuple[str, str], float]:
    """Return p(target | source) of the kept pairs; forms of one word count for the most frequent of them."""
    by_source: dict[str, list[tuple[str, float]]] = defaultdict(list)
    for source, target, count in table:
        by_source[source].append((target, count))
    kept = {}
    for source, targets in by_source.items():
        total = sum(count for _, count in targets)
        leaders: dict[str, float] = {}
        for target, count in sorted(targets, key=lambda pair: (-pair[1], pair[0])):
            leader = next((form for form in leaders if _same_word(form, target, lang)), target)
            leaders[leader] = leaders.get(leader, 0.0) + count
        best = sorted(leaders.items(), key=lambda pair: (-pair[1], pair[0]))[:_KEPT]
        kept.update({(source, form): count / total for form, count in best if count >= _LEAST_CHANCE * total})
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
