"""Machine translation noise: a query goes to another language and back through OPUS-MT models."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import ClassVar

from robustir.errors import NotApplicableError, SpecError
from robustir.perturbations.marian import Marian
from robustir.seeds import Stream
from robustir.text.scripts import LANGUAGES

__all__ = ["HUB", "OpusMT"]

HUB = "Helsinki-NLP/opus-mt-{src}-{tgt}"
_DTYPES = ("float32", "float64")


class OpusMT:
    """Round-trip translation with OPUS-MT, at a severity that picks the step of a ladder of pivots and rounds.

    The steps are, in order: for each pivot, 1 to ``rounds`` round trips; severity s picks step ceil(s * steps). With
    one pivot and one round every severity above 0 is the same noise. Batches hold texts of one token length, and
    numbers are double, so that a batch translates as its texts do one by one. A translation that comes back empty
    leaves the query as it was.

    pivot: a language, or several from weak to strong noise. rounds: the most round trips through a pivot. models:
    template of a hub id or a folder, with {src} and {tgt}. languages: those to serve; by default those of the eleven
    whose models are on this machine (none is downloaded). tokens: target language to the token of a group model, such
    as {'tr': '>>tur<<'}. beams: beam search; 0 samples, seeded by each query's key. revision: of the hub models.
    device: "cpu" or "cuda". dtype: "float64", or "float32", in which a batch may differ from its texts one by one.
    batch_size: texts at once. max_length: in tokens.
    """

    name: ClassVar[str] = "opus-mt"
    languages: frozenset[str] | None = frozenset()
    nested: ClassVar[bool] = False
    nesting_note: ClassVar[str] = "a translation words the whole query anew; severities are steps of a ladder"
    severity_meaning: ClassVar[str] = (
        "step ceil(severity * steps) of the ladder: for each pivot in order, 1 to n round trips"
    )
    needs: ClassVar[str] = (
        "get models, such as  hf download Helsinki-NLP/opus-mt-en-de  and  opus-mt-de-en, or name folders with models="
    )
    source: ClassVar[str] = (
        "Tiedemann and Thottingal (2020), OPUS-MT: building open translation services for the world; round trips: "
        "Sennrich et al. (2016), Improving neural machine translation models with monolingual data"
    )

    def __init__(
        self,
        pivot: str | Sequence[str] = "de",
        rounds: int = 1,
        models: str = HUB,
        languages: Sequence[str] = (),
        tokens: Mapping[str, str] | None = None,
        beams: int = 4,
        revision: str | None = None,
        device: str = "cpu",
        dtype: str = "float64",
        batch_size: int = 32,
        max_length: int = 256,
    ) -> None:
        self.pivots: tuple[str, ...] = (pivot,) if isinstance(pivot, str) else tuple(pivot)
        if not self.pivots or rounds < 1:
            raise SpecError(f"opus-mt(pivot={pivot!r}, rounds={rounds!r}): give at least one pivot and one round")
        if "{src}" not in models or "{tgt}" not in models:
            raise SpecError(f"opus-mt(models={models!r}): write {{src}} and {{tgt}} where the languages go")
        if dtype not in _DTYPES or beams < 0 or batch_size < 1 or max_length < 2:
            raise SpecError(
                f"opus-mt: dtype is one of {', '.join(_DTYPES)}, beams at least 0, batch_size 1, max_length 2"
            )
        self.ladder = tuple((code, count) for code in self.pivots for count in range(1, rounds + 1))
        self.models, self.revision, self.device, self.dtype = models, revision, device, dtype
        self.tokens = dict(tokens or {})
        self.beams, self.batch_size, self.max_length = beams, batch_size, max_length
        self._made: dict[tuple[str, str], Marian] = {}
        asked = (languages,) if isinstance(languages, str) else tuple(languages)
        if clash := sorted(set(asked) & set(self.pivots)):
            raise SpecError(f"opus-mt: {', '.join(clash)} cannot be its own pivot; choose another")
        self.languages = frozenset(asked) or frozenset(lang for lang in LANGUAGES if self._is_here(lang))

    def _marian(self, src: str, tgt: str) -> Marian:
        if (src, tgt) not in self._made:
            name = self.models.replace("{src}", src).replace("{tgt}", tgt)
            self._made[src, tgt] = Marian(name, self.revision, self.device, self.dtype)
        return self._made[src, tgt]

    def _pairs(self, lang: str) -> list[tuple[str, str]]:
        return [pair for code in self.pivots for pair in ((lang, code), (code, lang))]

    def _is_here(self, lang: str) -> bool:
        return lang not in self.pivots and all(self._marian(*pair).folder for pair in self._pairs(lang))

    @cached_property
    def version(self) -> str:
        """The digests of all weights, and transformers' release: other weights are another noise. DataError: no model."""
        from importlib.metadata import version

        pairs = sorted({pair for lang in self.languages or () for pair in self._pairs(lang)})
        digests = [f"{src}-{tgt}={self._marian(src, tgt).identity}" for src, tgt in pairs]
        return " ".join(["1", f"transformers={version('transformers').partition('.')[0]}", *digests])

    def __call__(self, text: str, *, lang: str, severity: float, rng: Stream) -> str:
        """Return ``text`` after the round trips; see :meth:`apply_batch`."""
        return self.apply_batch([text], langs=[lang], severity=severity, keys=[rng.key])[0]

    def apply_batch(
        self, texts: Sequence[str], *, langs: Sequence[str], severity: float, keys: Sequence[bytes]
    ) -> list[str]:
        """Return the texts after the round trips of the severity's step.

        Raises NotApplicableError for other languages, DataError with the command that gets a missing model.
        """
        result = list(texts)
        if severity == 0:
            return result
        known = self.languages or frozenset()
        if missing := sorted(set(langs) - known):
            raise NotApplicableError(
                f"opus-mt has no models for {', '.join(missing)} here; it works in: {sorted(known)}"
            )
        pivot, rounds = self.ladder[math.ceil(severity * len(self.ladder)) - 1]
        rows_of: dict[str, list[int]] = {}
        for row, (text, lang) in enumerate(zip(texts, langs, strict=True)):
            if text.strip() and _is_whole(text):  # a tokenizer cannot read half surrogates
                rows_of.setdefault(lang, []).append(row)
        for lang, rows in rows_of.items():
            made = self._round_trips([texts[row] for row in rows], lang, pivot, rounds, [keys[row] for row in rows])
            for row, text in zip(rows, made, strict=True):
                result[row] = text
        return result

    def _round_trips(
        self, texts: Sequence[str], lang: str, pivot: str, rounds: int, keys: Sequence[bytes]
    ) -> list[str]:
        current = list(texts)
        for hop, (src, tgt) in enumerate([(lang, pivot), (pivot, lang)] * rounds):
            token = self.tokens.get(tgt, "")
            marian = self._marian(src, tgt)
            marian.check_token(token)
            seeds = None if self.beams else [Stream(key).bits(hop) >> 1 for key in keys]
            made = marian.translate(
                [f"{token} {text}" if token else text for text in current],
                seeds,
                beams=self.beams,
                batch=self.batch_size,
                max_length=self.max_length,
            )
            current = [new.strip() or old for new, old in zip(made, current, strict=True)]
        return [new if _is_whole(new) else old for new, old in zip(current, texts, strict=True)]


def _is_whole(text: str) -> bool:
    """Whether a text has no half surrogate pair and does not begin with a mark that lacks its base."""
    return not unicodedata.category(text[0]).startswith("M") and not any("\ud800" <= char <= "\udfff" for char in text)
