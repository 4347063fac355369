"""Whether a perturbation keeps what it claims to keep: the laws of :data:`robustir.contracts.CLAIMS`, for ``robustir check``."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from functools import cache, cached_property
from typing import Final, NamedTuple
from unicodedata import normalize

import regex

from robustir.contracts import CLAIMS
from robustir.kit.catalogue import SAMPLES
from robustir.kit.probes import PROBES
from robustir.languages import LANGUAGES, has_spaces
from robustir.noise.prepared import PreparedPerturbation
from robustir.perturbations.casing import lowered
from robustir.perturbations.tables.lexicons import fold, function_words, load_lexicon
from robustir.seeds import derive_key
from robustir.text.clusters import clusters
from robustir.text.kept import negations
from robustir.text.protected import probable_names
from robustir.text.sounds import speaker
from robustir.text.words import words
from robustir.types import QuerySet

__all__ = ["NotTried", "claim_laws"]

SOUND: Final = 0.85  # share of respelled words that must sound like the word: espeak-ng errs, too
UNKNOWN: Final = 0.1  # share of new words that may be in no dictionary: the dictionaries are not complete
_SEVERITIES: Final = (0.3, 1.0)
_DISPUTED: Final = 2  # words that sound otherwise say nothing: the questions may hold few that are respelled
_REPEATS: Final = 25  # draws of each question
_SHOWN: Final = 3
_NUMBER: Final = regex.compile(r"\p{N}+(?:[.,:٫٬]\p{N}+)*")


class NotTried(Exception):  # noqa: N818 - not an error: a law that cannot be tried here
    """A law cannot be tried on this machine; the message says what is missing."""


class _Pair(NamedTuple):
    lang: str
    clean: str
    noisy: str

    def shown(self) -> str:
        return f"{self.lang}, {self.clean!r} became {self.noisy!r}"


def claim_laws(perturbation: PreparedPerturbation) -> list[tuple[str, Callable[[], str | None]]]:
    """Return a law for each claim as (name, examination); an examination returns what broke the law, or None.

    An examination raises NotTried if a tool or questions for it are not here.
    """
    kit = _Kit(perturbation)
    examinations: dict[str, Callable[[], str | None]] = {
        "keeps-names": kit.names,
        "keeps-numbers": kit.numbers,
        "keeps-negations": kit.negations,
        "writes-words": kit.writes_words,
        "keeps-sound": kit.sound,
        "survives-nfkc": kit.seen,
    }
    return [
        (f"{meaning} ({claim})", examinations[claim])
        for claim, meaning in CLAIMS.items()
        if claim in perturbation.claims
    ]


class _Kit:
    def __init__(self, perturbation: PreparedPerturbation) -> None:
        self.made = perturbation

    @cached_property
    def pairs(self) -> list[_Pair]:
        """The changed texts, each once."""
        queries = self.made.example_queries() or self._questions()
        keys = [derive_key("claims", number) for number in range(len(queries))]
        found = [
            _Pair(lang, clean, noisy)
            for severity in _SEVERITIES
            for lang, clean, noisy in zip(
                queries.langs,
                queries.texts,
                self.made.apply(queries, severity=severity, keys=keys),
                strict=True,
            )
        ]
        return [pair for pair in dict.fromkeys(found) if pair.clean != pair.noisy]

    def _questions(self) -> QuerySet:
        rows = [
            (lang, text)
            for lang in self.made.ready(sorted(PROBES))
            for text in (*PROBES[lang], SAMPLES[lang])
            for _ in range(_REPEATS)
        ]
        if not rows:
            raise NotTried(f"not tried: there are questions in {', '.join(sorted(PROBES))} alone")
        langs, texts = zip(*rows, strict=True)
        return QuerySet.from_texts(texts, lang=langs)

    def _lost(self, what: str, of: Callable[[str, str], Counter[str]]) -> str | None:
        """Return examples of texts that hold something less often than the clean ones."""
        found = ((pair, of(pair.clean, pair.lang) - of(pair.noisy, pair.lang)) for pair in self.pairs)
        lost = [f"{pair.shown()}: without {', '.join(sorted(gone))}" for pair, gone in found if gone]
        return f"{len(lost)} of {len(self.pairs)} changed texts lost {what}: {_some(lost)}" if lost else None

    def names(self) -> str | None:
        held = {pair.clean: _names(pair.clean, pair.lang) for pair in self.pairs}
        lost = [
            f"{pair.shown()}: without {name}"
            for pair in self.pairs
            for name in held[pair.clean]
            if name not in _written(pair.noisy, pair.lang)
        ]
        return f"{len(lost)} times a name was lost: {_some(lost)}" if lost else None

    def numbers(self) -> str | None:
        return self._lost("a number", lambda text, _: Counter(_NUMBER.findall(text)))

    def negations(self) -> str | None:
        return self._lost("a negation", negations)

    def writes_words(self) -> str | None:
        also = self.made.embedded_lang
        new, unknown = 0, []
        for pair in self.pairs:
            known = _dictionary(pair.lang) | (_dictionary(also) if also in LANGUAGES else frozenset())
            own = {fold(word, pair.lang) for word in words(pair.clean, pair.lang)}
            for word in words(pair.noisy, pair.lang):
                folded = fold(word, pair.lang)
                if folded in own or _NUMBER.search(word) or (not has_spaces(pair.lang) and word in pair.clean):
                    continue
                new += 1
                if folded not in known and not (not has_spaces(pair.lang) and _is_cut(folded, known | own)):
                    unknown.append(f"{word!r} ({pair.shown()})")
        if len(unknown) <= UNKNOWN * new:
            return None
        return f"{len(unknown)} of {new} new words are in no dictionary of robustir's: {_some(unknown)}"

    def sound(self) -> str | None:
        voice = speaker()
        if voice is None:
            raise NotTried("not tried: espeak-ng is not installed (Debian: apt-get install espeak-ng)")
        faults = []
        for lang in dict.fromkeys(pair.lang for pair in self.pairs):
            respelled = [(pair, old, new) for pair in self.pairs if pair.lang == lang for old, new in _replaced(pair)]
            other = [
                f"{new!r} for {old!r} ({pair.shown()})"
                for pair, old, new in respelled
                if not voice.same(lang, lowered(old, lang), lowered(new, lang))
            ]
            if len(other) > max(_DISPUTED, (1 - SOUND) * len(respelled)):
                faults.append(f"{len(other)} of {len(respelled)} respelled words sound otherwise: {_some(other)}")
        return "; ".join(faults) or None

    def seen(self) -> str | None:
        undone = [pair.shown() for pair in self.pairs if _undone(pair)]
        return (
            f"NFKC undoes an edit in {len(undone)} of {len(self.pairs)} changed texts: {_some(undone)}"
            if undone
            else None
        )


def _some(examples: Sequence[str]) -> str:
    return "; ".join(examples[:_SHOWN])


def _names(text: str, lang: str) -> list[str]:
    """Return the probable names of a text, in small letters."""
    return [lowered(word, lang) for word in probable_names(words(text, lang), lang)]


def _written(text: str, lang: str) -> frozenset[str] | str:
    """Return the words of a text, or the text where words are not set apart, in small letters."""
    small = lowered(text, lang)
    return frozenset(words(small, lang)) if has_spaces(lang) else small


@cache
def _dictionary(lang: str) -> frozenset[str]:
    """Return the words of the lexicons of a language, and their parts."""
    others = [other for other in LANGUAGES if other != "en"] if lang == "en" else ["en"]
    known = {fold(word, lang) for word in function_words(lang)}
    for other in others:
        known |= load_lexicon(lang, other).entries.keys()
    parts = {part for word in known for part in words(word, lang)}
    return frozenset(known | parts)


def _is_cut(run: str, known: frozenset[str] | set[str]) -> bool:
    """Whether a run of letters without spaces is a row of known words: words that come to be neighbours may be cut otherwise."""
    reached = {0}
    for stop in range(1, len(run) + 1):
        if any(run[start:stop] in known for start in reached):
            reached.add(stop)
    return len(run) in reached


def _replaced(pair: _Pair) -> Iterator[tuple[str, str]]:
    """Yield stretches of words that gave way to others: words, in languages without spaces characters."""
    from rapidfuzz.distance import Levenshtein

    spaced = has_spaces(pair.lang)
    clean, noisy = (words(text, pair.lang) if spaced else clusters(text) for text in (pair.clean, pair.noisy))
    between = " " if spaced else ""
    for edit in Levenshtein.opcodes(clean, noisy):
        if edit.tag == "replace":
            old, new = clean[edit.src_start : edit.src_end], noisy[edit.dest_start : edit.dest_end]
            if len(old) == len(new) and spaced:
                yield from zip(old, new, strict=True)
            else:
                yield between.join(old), between.join(new)


def _undone(pair: _Pair) -> bool:
    if normalize("NFKC", pair.clean) == normalize("NFKC", pair.noisy):
        return True
    return any(normalize("NFKC", old) == normalize("NFKC", new) for old, new in _replaced(pair))
