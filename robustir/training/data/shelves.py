"""Training pairs as shelves: items that exist in the same languages, so that only the languages differ between samplings."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

from robustir.disk.reading import read_json_lines
from robustir.errors import DataError
from robustir.resources.lexicons.correspondence import check_correspondence
from robustir.resources.parallel_text import flores_dev, mkqa, newstest, newstest_path, opus_tatoeba, opus_tatoeba_path
from robustir.training.data.glosses import gloss
from robustir.training.data.sentences import answering_sentences
from robustir.training.data.unseen import TestSentences

__all__ = ["LICENCES", "Pairs", "Shelf", "read_pairs"]

_QA_SETS = "SQuAD train (CC BY-SA 4.0), TQuAD, CMRC 2018, ARCD/SOQAL, a Vietnamese QA set"
LICENCES: Mapping[str, str] = {
    "tatoeba": "OPUS Tatoeba test sets v2021-08-07, CC BY 2.0 FR",
    "wmt": "WMT newstest 2008-2018 and IWSLT 2017, research use",
    "flores": "FLORES dev, CC BY-SA 4.0",
    "mkqa": "MKQA questions, CC BY 3.0",
    "qa": f"question-passage pairs: {_QA_SETS}",
    "qa-sentences": f"a sentence of the passage to each question of qa: {_QA_SETS}",
    "neighbours": "neighbouring sentences of FLORES dev (CC BY-SA 4.0) and WMT newstest (research use)",
    "contexts": "sentences of FLORES dev (CC BY-SA 4.0) and WMT newstest (research use) with a neighbour",
    "glossed": "SQuAD train (CC BY-SA 4.0), word by word through the lexicons of code-switch (their sources are in its docs)",
}


@dataclass(slots=True)
class Shelf:
    """Items of one source with both sides in each of ``langs``.

    left, right: language -> number of each item's text in :attr:`Pairs.texts`. whole: left and right are the same
    sentence (a translation), so that a monolingual pair has to be made from a part of it.
    """

    source: str
    langs: tuple[str, ...]
    left: dict[str, list[int]]
    right: dict[str, list[int]]
    whole: bool

    def __len__(self) -> int:
        return len(self.left[self.langs[0]])


@dataclass(slots=True)
class Pairs:
    """All shelves, the distinct texts they speak of, and how many items were dropped because a test set holds them."""

    texts: list[str] = field(default_factory=list)
    shelves: list[Shelf] = field(default_factory=list)
    dropped: Counter[str] = field(default_factory=Counter)
    _number: dict[str, int] = field(default_factory=dict)

    def add(self, text: str) -> int:
        """Return the number of a text."""
        number = self._number.setdefault(text, len(self.texts))
        if number == len(self.texts):
            self.texts.append(text)
        return number


# (left, right) by language; left is right for a translation
_Item = tuple[Mapping[str, str], Mapping[str, str]]


def read_pairs(data: Path, sources: Sequence[str], languages: Sequence[str], *, longest: int) -> Pairs:
    """Read the pairs of some sources in some languages, cut to ``longest`` characters.

    Raises DataError if a source has no pairs, or if lines of parallel text do not correspond.
    """
    pairs, unseen = Pairs(), TestSentences.read(data)
    for source in sources:
        found: dict[tuple[str, ...], list[_Item]] = defaultdict(list)
        for left, right in _READERS[source](data, frozenset(languages)):
            if any(text in unseen for text in (*left.values(), *right.values())):
                pairs.dropped[source] += 1
                continue
            langs = tuple(lang for lang in languages if lang in left and lang in right)
            if langs:
                found[langs].append((left, right))
        if not found:
            raise DataError(f"the source {source!r} has no pairs in {', '.join(languages)} under {data}")
        for langs, items in sorted(found.items()):
            pairs.shelves.append(_shelf(pairs, source, langs, items, longest))
    return pairs


def _shelf(pairs: Pairs, source: str, langs: tuple[str, ...], items: list[_Item], longest: int) -> Shelf:
    left = {lang: [pairs.add(item[0][lang][:longest]) for item in items] for lang in langs}
    right = {lang: [pairs.add(item[1][lang][:longest]) for item in items] for lang in langs}
    return Shelf(source, langs, left, right, whole=all(one is other for one, other in items))


def _same(texts: Mapping[str, str]) -> _Item:
    return texts, texts


def _tatoeba(data: Path, langs: frozenset[str]) -> Iterator[_Item]:
    for lang in sorted(langs - {"en"}):
        pairs = opus_tatoeba(data, lang)
        check_correspondence(pairs, str(opus_tatoeba_path(data, lang)))
        yield from (_same({"en": english, lang: other}) for english, other in pairs)


def _newstest(data: Path, langs: frozenset[str]) -> dict[str, dict[str, dict[str, str]]]:
    """Return set -> English sentence -> language -> sentence: the sets of one year share their English."""
    sets: dict[str, dict[str, dict[str, str]]] = defaultdict(dict)
    for lang in sorted(langs - {"en"}):
        for name, pairs in newstest(data, lang).items():
            check_correspondence(pairs, f"{newstest_path(data, lang)}, {name}")
            for english, other in pairs:
                sets[name].setdefault(english, {"en": english})[lang] = other
    return sets


def _wmt(data: Path, langs: frozenset[str]) -> Iterator[_Item]:
    for sentences in _newstest(data, langs).values():
        yield from map(_same, sentences.values())


def _multiparallel(data: Path, langs: frozenset[str]) -> list[dict[str, str]]:
    columns = {lang: flores_dev(data, lang) for lang in sorted(langs)}
    columns = {lang: lines for lang, lines in columns.items() if lines}
    counts = set(map(len, columns.values()))
    if len(counts) > 1:
        raise DataError(f"{data / 'flores/dev'}: the files have {sorted(counts)} lines; they must be parallel")
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def _flores(data: Path, langs: frozenset[str]) -> Iterator[_Item]:
    yield from map(_same, _multiparallel(data, langs))


def _neighbours(data: Path, langs: frozenset[str]) -> Iterator[_Item]:
    """Yield each sentence with the next one, in the languages that have both."""
    yield from _neighbouring(data, langs)


def _contexts(data: Path, langs: frozenset[str]) -> Iterator[_Item]:
    """Yield a sentence and the passage of two sentences that it begins or, every other time, ends: the pool of comparisons.

    Like a question and the passage that answers it, both sides share words, and exist in one language and in two.
    """
    for number, pair in enumerate(_neighbouring(data, langs)):
        first, second = pair
        yield pair[number % 2], {lang: f"{first[lang]} {second[lang]}" for lang in first}


def _neighbouring(data: Path, langs: frozenset[str]) -> Iterator[tuple[dict[str, str], dict[str, str]]]:
    """Yield each sentence of text in the order of its documents, and the next one, in the languages that have both."""
    documents: Iterable[list[dict[str, str]]] = [
        _multiparallel(data, langs),
        *(list(sentences.values()) for _, sentences in sorted(_newstest(data, langs).items())),
    ]
    for sentences in documents:
        for first, second in pairwise(sentences):
            both = first.keys() & second.keys()
            if len(both) >= 2:
                kept = [lang for lang in first if lang in both]
                yield {lang: first[lang] for lang in kept}, {lang: second[lang] for lang in kept}


def _mkqa(data: Path, langs: frozenset[str]) -> Iterator[_Item]:
    for question in mkqa(data):
        yield _same({lang: question[lang] for lang in sorted(langs & question.keys())})


def _qa(data: Path, langs: frozenset[str]) -> Iterator[_Item]:
    for lang in sorted(langs):
        path = data / "train" / "qa" / f"{lang}.jsonl"
        for _, row in read_json_lines(path, ("question", "passage")) if path.is_file() else ():
            yield {lang: row["question"]}, {lang: row["passage"]}


def _qa_sentences(data: Path, langs: frozenset[str]) -> Iterator[_Item]:
    """Yield questions with the sentence of their passage that shares most with them."""
    for lang in sorted(langs):
        pairs = [(left[lang], right[lang]) for left, right in _qa(data, frozenset({lang}))]
        for (question, _), sentence in zip(pairs, answering_sentences(pairs, lang), strict=True):
            yield {lang: question}, {lang: sentence}


def _glossed(data: Path, langs: frozenset[str]) -> Iterator[_Item]:
    """Yield the English questions and passages, in English and glossed in the other languages."""
    for left, right in _qa(data, frozenset({"en"})):
        yield _with_glosses(left["en"], langs), _with_glosses(right["en"], langs)


def _with_glosses(text: str, langs: frozenset[str]) -> dict[str, str]:
    return {lang: text if lang == "en" else gloss(text, lang) for lang in sorted(langs)}


_READERS: Mapping[str, Callable[[Path, frozenset[str]], Iterator[_Item]]] = {
    "tatoeba": _tatoeba,
    "wmt": _wmt,
    "flores": _flores,
    "mkqa": _mkqa,
    "qa": _qa,
    "qa-sentences": _qa_sentences,
    "neighbours": _neighbours,
    "contexts": _contexts,
    "glossed": _glossed,
}
