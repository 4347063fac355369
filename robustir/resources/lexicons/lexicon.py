"""Lexicon induction: from parallel sentences to translation probabilities in both directions.

Words are aligned as lemmas, so that the counts of all forms of a word go together; which form represents a translation is
chosen afterwards (:mod:`robustir.resources.lexicons.citation`).
"""

from __future__ import annotations

import gzip
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import numpy as np

from robustir.disk.atomic import write_atomically
from robustir.errors import DataError
from robustir.perturbations.tables.lexicons import Row, fold
from robustir.resources.lexicons.alignment import Pairs, agreement
from robustir.resources.lexicons.bitext import read_bitext
from robustir.resources.lexicons.citation import choose_form, favoured_forms
from robustir.resources.lexicons.lemmas import Lemmas, bare_arabic, to_simplified
from robustir.text.blocks import Block
from robustir.text.compounds import block_whole_words

__all__ = ["Side", "build_lexicon", "induce", "read_frequency", "write_lexicon"]

_LONGEST = 50  # words; longer sentences cost quadratically and align badly
_FAINT = 0.01  # agreement below which two word tokens are not linked at all
_LEAST_LINKS = 1.0  # expected links of two lemmas below which the pair is noise: one sentence alone gives less
_POOLED = 1.0  # links that all forms of a word together add to those of one form
_LEAST_CHANCE = 0.04
_KEPT = 5
_LOWER = 0.2  # share of lower case from which a word is not a name

Counts = dict[str, dict[str, float]]
Forms = dict[tuple[str, str], dict[str, float]]


@dataclass(frozen=True, slots=True)
class Side:
    """What is known about the words of one language besides the bitext.

    lemma: the folded lemma of a word; frequency: occurrences of folded words in monolingual text.
    """

    lang: str
    lemma: Callable[[str], str]
    frequency: Mapping[str, int] = field(default_factory=dict)

    @classmethod
    def plain(cls, lang: str) -> Side:
        """Return a language without further knowledge: every word is its own lemma."""
        return cls(lang, lambda word: fold(word, lang))


def induce(
    english: Sequence[str],
    other: Sequence[str],
    lang: str,
    *,
    cased: Sequence[bool] | None = None,
    sides: tuple[Side, Side] | None = None,
) -> list[Row]:
    """Return (English, other, p(other | English), p(English | other)) from aligned sentences, sorted.

    Only words of letters take part. A probability of 0 says that the pair is not among the kept ones in that direction.
    cased: of each pair whether its capitals mean anything, all by default; sides: what is known about English and the other
    language, nothing by default.
    """
    ours, theirs = sides or (Side.plain("en"), Side.plain(lang))
    left, right = _tokens(english, "en"), _tokens(other, lang)
    kept = [row for row in range(len(left)) if 0 < len(left[row]) <= _LONGEST and 0 < len(right[row]) <= _LONGEST]
    trusted = [cased is None or cased[row] for row in kept]
    left = _truecased([left[row] for row in kept], trusted, "en")
    right = _truecased([right[row] for row in kept], trusted, lang)
    table = _linked(left, right, ours, theirs)
    seen = _cased_words(left, trusted, "en"), _cased_words(right, trusted, lang)
    table = [
        (a, b, count)
        for a, b, count in table
        if _letters(a, b) and fold(a, "en") in seen[0] and fold(b, lang) in seen[1]
    ]
    table = _one_case(_one_case(table, "en", side=0), lang, side=1)
    there = _directed(table, ours, theirs, copies=False)
    back = _directed([(b, a, count) for a, b, count in table], theirs, ours, copies=True)
    every = sorted(set(there) | {(a, b) for b, a in back})
    return [(a, b, there.get((a, b), 0.0), back.get((b, a), 0.0)) for a, b in every]


def _linked(
    left: Sequence[Sequence[str]], right: Sequence[Sequence[str]], ours: Side, theirs: Side
) -> list[tuple[str, str, float]]:
    """Align the lemmas and return (English form, other form, expected links)."""
    left_ids, left_words = _numbered(left)
    right_ids, right_words = _numbered(right)
    left_class, _ = _numbered([[_class(word, ours) for word in left_words]])
    right_class, _ = _numbered([[_class(word, theirs) for word in right_words]])
    pairs = Pairs.of(
        [[left_class[0][word] for word in line] for line in left_ids],
        [[right_class[0][word] for word in line] for line in right_ids],
    )
    agreed = agreement(pairs)
    strong = np.flatnonzero(agreed >= _FAINT)
    form = np.array([word for line in left_ids for word in line], dtype=np.int64)[pairs.left_at[strong]]
    answer = np.array([word for line in right_ids for word in line], dtype=np.int64)[pairs.right_at[strong]]
    codes, kind = np.unique(form * len(right_words) + answer, return_inverse=True)
    counts = np.bincount(kind, agreed[strong], minlength=len(codes)).tolist()
    names = zip((codes // len(right_words)).tolist(), (codes % len(right_words)).tolist(), counts, strict=True)
    return [(left_words[a], right_words[b], count) for a, b, count in names]


def _class(word: str, side: Side) -> str:
    """Return what a word is aligned as: its lemma; an English word with a capital is a name and stands for itself."""
    return word if side.lang == "en" and word != fold(word, "en") else side.lemma(word)


def _tokens(texts: Sequence[str], lang: str) -> list[list[str]]:
    """Return the words of each text, in their own case."""
    clean = [unicodedata.normalize("NFC", bare_arabic(text) if lang == "ar" else text) for text in texts]
    block = Block.join(clean)
    starts, stops = block_whole_words(block, lang)
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


def _truecased(lines: Sequence[Sequence[str]], cased: Sequence[bool], lang: str) -> list[list[str]]:
    """Return the lines with their first words, and lines whose case says nothing, as words are written inside a sentence."""
    forms: dict[str, Counter[str]] = defaultdict(Counter)
    for line, trusted in zip(lines, cased, strict=True):
        for word in line[1:] if trusted else ():
            forms[fold(word, lang)][word] += 1
    usual = {
        folded: min(counts, key=lambda form: (-counts[form], form != folded, form)) for folded, counts in forms.items()
    }

    def mostly(word: str) -> str:
        folded = fold(word, lang)
        return usual.get(folded, folded)

    return [
        [mostly(word) if place == 0 or not trusted else word for place, word in enumerate(line)]
        for line, trusted in zip(lines, cased, strict=True)
    ]


def _cased_words(lines: Sequence[Sequence[str]], cased: Sequence[bool], lang: str) -> set[str]:
    """Return the folded words of the lines whose case says something."""
    return {fold(word, lang) for line, trusted in zip(lines, cased, strict=True) if trusted for word in line}


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


@dataclass(frozen=True, slots=True)
class _Links:
    """Expected links in one direction, added up in the four ways that the choice of translations needs.

    by_word: source word (its lemma) -> target word; by_form: source form -> target word; forms_by_word, forms_by_form: (source
    word or form, target word) -> folded target form; attested: target word -> its folded forms; case: folded target form -> the
    form itself.
    """

    by_word: Counts
    by_form: Counts
    forms_by_word: Forms
    forms_by_form: Forms
    attested: dict[str, set[str]]
    case: dict[str, str]


def _counted(table: Sequence[tuple[str, str, float]], source: Side, target: Side) -> _Links:
    by_word, by_form = _nested(), _nested()
    forms_by_word: Forms = defaultdict(lambda: defaultdict(float))
    forms_by_form: Forms = defaultdict(lambda: defaultdict(float))
    attested: dict[str, set[str]] = defaultdict(set)
    for answer in target.frequency:
        attested[target.lemma(answer)].add(answer)
    for form, answer, count in table:
        word, meaning, folded = _class(form, source), _class(answer, target), fold(answer, target.lang)
        by_word[word][meaning] += count
        by_form[form][meaning] += count
        forms_by_word[word, meaning][folded] += count
        forms_by_form[form, meaning][folded] += count
        attested[meaning].add(folded)
    case = {fold(answer, target.lang): answer for _, answer, _ in table}
    return _Links(by_word, by_form, forms_by_word, forms_by_form, attested, case)


def _nested() -> Counts:
    return defaultdict(lambda: defaultdict(float))


def _directed(
    table: Sequence[tuple[str, str, float]], source: Side, target: Side, *, copies: bool
) -> dict[tuple[str, str], float]:
    """Return p(target form | source form) of the kept pairs.

    Without ``copies`` a form that is best translated by itself has no translation, and copies among the others are left out.
    """
    links = _counted(table, source, target)
    kept = {}
    for form in sorted(links.by_form):
        folded = fold(form, source.lang)
        found: dict[str, float] = {}
        for meaning, chance in _meanings(form, links, source):
            chosen = _target_form(form, meaning, links, source, target)
            found[chosen] = found.get(chosen, 0.0) + chance
        if not copies and next(iter(found), None) == folded:
            continue
        for chosen, chance in found.items():
            if copies or chosen != folded:
                kept[form, links.case.get(chosen, chosen)] = chance
    return kept


def _meanings(form: str, links: _Links, source: Side) -> list[tuple[str, float]]:
    """Return the target words of a source form with their probabilities, best first.

    A form's links count and, a little, those of all forms of its word.
    """
    pooled, direct = links.by_word[_class(form, source)], links.by_form[form]
    total, whole = sum(pooled.values()), sum(direct.values()) + _POOLED
    scores = {
        meaning: (direct.get(meaning, 0.0) + _POOLED * count / total) / whole
        for meaning, count in pooled.items()
        if count >= _LEAST_LINKS
    }
    best = sorted(scores.items(), key=lambda pair: (-pair[1], pair[0]))[:_KEPT]
    return [(meaning, chance) for meaning, chance in best if chance >= _LEAST_CHANCE]


def _target_form(form: str, meaning: str, links: _Links, source: Side, target: Side) -> str:
    word, attested = _class(form, source), links.attested[meaning]
    aligned = links.forms_by_form.get((form, meaning)) or links.forms_by_word[word, meaning]
    if source.lang == "en":
        favoured = favoured_forms(meaning, form, word, aligned, attested, target.lang)
    else:
        favoured = attested & {meaning} if fold(form, source.lang) == word else set()
    return choose_form(aligned, favoured, target.frequency)


def read_frequency(data: Path, lang: str) -> dict[str, int]:
    """Return how often each folded word occurs in the frequency list of a language. Raises DataError if there is none."""
    path = data / "frequency" / f"{lang}.txt"
    if not path.is_file():
        raise DataError(f"the frequency list {path} is missing; give the data folder with --data or ROBUSTIR_DATA")
    found: dict[str, int] = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        word, _, count = line.strip().rpartition(" ")
        folded = fold(bare_arabic(word) if lang == "ar" else word, lang)
        if folded and count.isdecimal():
            found[folded] = found.get(folded, 0) + int(count)
    return found


def build_lexicon(data: Path, lang: str, out: Path) -> tuple[Path, int]:
    """Induce the lexicon of English and ``lang`` and write ``out/en-LANG.tsv.gz``; return the file and its number of pairs.

    Raises MissingExtraError if the lemmatizer or the conversion of Chinese characters is not installed.
    """
    parts = read_bitext(data, lang)
    english, other = zip(*(pair for _, some in parts for pair in some), strict=True)
    if lang == "zh":
        other = tuple(map(to_simplified(), other))
    sides = Side("en", Lemmas("en"), read_frequency(data, "en")), Side(lang, Lemmas(lang), read_frequency(data, lang))
    rows = induce(english, other, lang, cased=[source.cased for source, some in parts for _ in some], sides=sides)
    facts = [f"source: {source.name}: {len(some)} sentence pairs, {source.licence}" for source, some in parts]
    facts.append("choice of forms: frequency lists of OPUS OpenSubtitles (CC BY-SA 4.0); lemmas of simplemma")
    path = out / f"en-{lang}.tsv.gz"
    write_lexicon(path, rows, facts)
    return path, len(rows)


def write_lexicon(path: Path, rows: Sequence[Row], facts: Sequence[str]) -> None:
    """Write rows with a header that says where they come from; the same rows give the same bytes."""
    header = [
        "# version: 2",
        "# made by: robustir lexicon build",
        "# columns: English, other language, p(other | English), p(English | other)",
        *(f"# {fact}" for fact in facts),
        f"# entries: {len(rows)}",
    ]
    body = [f"{english}\t{other}\t{there:.4g}\t{back:.4g}" for english, other, there, back in rows]
    raw = "\n".join([*header, *body, ""]).encode("utf-8")
    write_atomically(path, lambda temporary: temporary.write_bytes(gzip.compress(raw, 9, mtime=0)))
