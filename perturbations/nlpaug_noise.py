"""Any text augmenter of the library nlpaug, made repeatable."""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, ClassVar, Final
from unittest.mock import patch

from robustir.errors import DataError, MissingExtraError, SpecError
from robustir.noise.prepared import unknown_languages
from robustir.perturbations.shared.random_state import random_state
from robustir.plugins.shown import Shown
from robustir.seeds import Stream

__all__ = ["Nlpaug"]

_LATIN: Final = frozenset(
    {"cs", "da", "de", "en", "es", "fi", "fr", "it", "nl", "no", "pl", "pt", "ro", "sv", "tr", "vi"}
)
_SPACED: Final = _LATIN | {"ar", "bg", "el", "he", "hi", "ru", "uk"}
# Whose texts an augmenter can serve; what takes lang= speaks that language, and all others must be told.
_LANGUAGES: Final[Mapping[str, frozenset[str]]] = {
    "char.OcrAug": frozenset({"en"}),  # its table of confusions is English
    "char.RandomCharAug": _LATIN,  # it writes Latin letters, and takes code points one by one
    "word.RandomWordAug": _SPACED,
    "word.SpellingAug": frozenset({"en"}),  # its dictionary of misspellings is English
    "word.SplitAug": _LATIN | {"bg", "el", "ru", "uk"},
}
_ISO_639_3: Final = {
    "ara": "ar", "bul": "bg", "cmn": "zh", "dan": "da", "ell": "el", "eng": "en", "fin": "fi", "fra": "fr", "heb": "he",
    "ita": "it", "nld": "nl", "pol": "pl", "por": "pt", "ron": "ro", "spa": "es", "swe": "sv", "tha": "th",
}  # fmt: skip


class Nlpaug(Shown):
    """An augmenter of nlpaug as noise: ``nlpaug('char.KeyboardAug', lang='de')``, ``nlpaug('word.RandomWordAug', action=swap)``.

    The severity is aug_word_p of the char family (aug_char_p, the share of a word's characters, remains the
    augmenter's) and aug_p of the word family; the limits on the number of edits are removed, so that it is a share.
    If nlpaug returns nothing, or something other than a text, the query stays as it was. nlpaug draws from global random
    states: they are seeded with the query's key for each call and restored afterwards. It joins words with its own spacing.

    Args:
        augmenter: family and class: ``char.`` or ``word.`` and the name of the class.
        languages: codes of the languages in which it works, if the augmenter does not say so itself (such as one with
            your own model or dictionary).
        **options: arguments of the augmenter itself, such as lang='de'.

    Raises:
        SpecError: for an unknown augmenter or option, one that the severity sets, or if its languages are not known.
        MissingExtraError: without nlpaug.
        DataError: if the augmenter needs a model or NLTK data that is not on this machine.
    """

    name: ClassVar[str] = "nlpaug"
    version: ClassVar[str] = "1"
    nested: ClassVar[bool] = False
    nesting_note: ClassVar[str] = "nlpaug first decides how many words to draw, so a higher severity edits other words"
    inside_clusters: ClassVar[bool] = True
    severity_meaning: ClassVar[str] = (
        "share of words that nlpaug draws, rounded up, at least one; words it protects (stopwords, short ones) are passed over"
    )
    source: ClassVar[str] = "Ma (2019), nlpaug, https://github.com/makcedward/nlpaug"
    languages: frozenset[str]

    def __init__(
        self, augmenter: str = "char.KeyboardAug", *, languages: Sequence[str] | str | None = None, **options: object
    ) -> None:
        make = _augmenter(augmenter)
        self._share = "aug_word_p" if augmenter.startswith("char.") else "aug_p"
        known = inspect.signature(make).parameters
        if self._share not in known:
            raise SpecError(
                f"nlpaug({augmenter!r}): it has no {self._share}, which a severity would set; choose another augmenter"
            )
        if given := sorted({self._share, "n", "num_thread"} & set(options)):
            raise SpecError(f"nlpaug({augmenter!r}): {given[0]} is set by the severity; leave it out")
        counts = (
            ("aug_word_min", "aug_word_max", "aug_char_min", "aug_char_max")
            if self._share == "aug_word_p"
            else ("aug_min", "aug_max")
        )
        settings: dict[str, object] = dict.fromkeys((name for name in counts if name in known), None) | options
        if unknown := sorted(set(settings) - set(known)):
            raise SpecError(f"nlpaug({augmenter!r}): it does not take {unknown[0]}; it takes: {', '.join(known)}")
        self.languages = _languages(augmenter, languages, settings.get("lang", _default(known, "lang")))
        with random_state(), _no_downloads(augmenter):
            self._augmenter = make(**settings)

    def __call__(self, text: str, *, lang: str, severity: float, rng: Stream) -> str:
        """Return what the augmenter makes of ``text``; NotApplicableError for a language that it does not know."""
        if lang not in self.languages:
            raise unknown_languages(f"{self.name} with this augmenter", [lang], self.languages)
        if severity == 0 or not text.strip():
            return text
        setattr(self._augmenter, self._share, severity)
        with random_state(rng.key), _no_downloads(type(self._augmenter).__name__):
            noisy = self._augmenter.augment(text)
        if isinstance(noisy, (list, tuple)):  # nlpaug before 1.1.11 returned a string
            noisy = noisy[0] if noisy else None
        return noisy if isinstance(noisy, str) and _is_text(noisy, text) else text

    def apply_batch(
        self, texts: Sequence[str], *, langs: Sequence[str], severity: float, keys: Sequence[bytes]
    ) -> list[str]:
        """Return the texts one by one, each from its own key: nlpaug has no other way to keep them apart."""
        return [
            self(text, lang=lang, severity=severity, rng=Stream(key))
            for text, lang, key in zip(texts, langs, keys, strict=True)
        ]


def _is_text(noisy: str, clean: str) -> bool:
    if not noisy.strip() or (unicodedata.combining(noisy[0]) and not unicodedata.combining(clean[0])):
        return False
    try:
        noisy.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _default(parameters: Mapping[str, inspect.Parameter], name: str) -> object:
    return parameters[name].default if name in parameters else None


def _augmenter(augmenter: str) -> Any:
    family, _, name = augmenter.partition(".")
    if family not in ("char", "word") or not name.endswith("Aug"):
        raise SpecError(
            f"nlpaug({augmenter!r}): write the family and the class, such as  'char.KeyboardAug'  or  'word.RandomWordAug'"
        )
    if importlib.util.find_spec("nlpaug") is None:
        raise MissingExtraError("nlpaug", "nlpaug")
    with random_state():
        module = importlib.import_module(f"nlpaug.augmenter.{family}")
    if not hasattr(module, name):
        augmenters = ", ".join(sorted(attribute for attribute in dir(module) if attribute.endswith("Aug")))
        raise SpecError(f"nlpaug({augmenter!r}): there is no {name}; nlpaug.augmenter.{family} has: {augmenters}")
    return getattr(module, name)


def _languages(augmenter: str, given: Sequence[str] | str | None, lang: object) -> frozenset[str]:
    if given is not None:
        return frozenset((given,) if isinstance(given, str) else given)
    if isinstance(lang, str):
        return frozenset({_ISO_639_3.get(lang, lang)})
    if augmenter in _LANGUAGES:
        return _LANGUAGES[augmenter]
    raise SpecError(f"nlpaug({augmenter!r}): say in which languages it works, such as  languages=('en', 'de')")


@contextmanager
def _no_downloads(augmenter: str) -> Iterator[None]:
    """Refuse NLTK's downloads, and name the model or word list that is missing."""

    def refuse(package: str, *_: object, **__: object) -> None:
        raise DataError(
            f"nlpaug: {augmenter} needs NLTK's {package!r}: run  python -m nltk.downloader {package}  (or set NLTK_DATA)"
        )

    try:
        if importlib.util.find_spec("nltk") is None:
            yield
            return
        with patch("nltk.download", refuse):
            yield
    except LookupError as error:
        if "nltk" not in str(error).lower():
            raise
        raise DataError(
            f"nlpaug: {augmenter} needs NLTK data: run  python -m nltk.downloader "
            "wordnet omw-1.4 averaged_perceptron_tagger_eng  (or set NLTK_DATA)"
        ) from error
    except OSError as error:
        raise DataError(
            f"nlpaug: {augmenter} needs a model that is not on this machine ({error}); give its local path as model_path"
        ) from error
