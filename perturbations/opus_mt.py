"""Machine translation noise: a query goes to another language and back through OPUS-MT models."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import ClassVar, Final

from robustir.disk.download import is_offline
from robustir.errors import MissingExtraError, NotApplicableError, SpecError
from robustir.languages import LANGUAGES, normalise
from robustir.perturbations.mt.engines import DTYPES, has_ctranslate2, release
from robustir.perturbations.mt.marian import Marian
from robustir.perturbations.mt.whole import is_whole
from robustir.plugins.shown import Shown
from robustir.seeds import Stream

__all__ = ["HUB", "OpusMT"]

HUB = "Helsinki-NLP/opus-mt-{src}-{tgt}"
_BATCH: Final = 32  # texts
# Source language -> target languages among the eleven for which HUB names a model, by the list of opus-mt models in
# UKPLab/EasyNMT @ 3c9f9590206f, models/opus-mt/easynmt.json (Apache-2.0).
_PUBLISHED = {
    "ar": "de el en es ru tr", "de": "ar el en es vi", "el": "ar", "en": "ar de el es hi ru vi zh",
    "es": "ar de el en ru vi", "hi": "en", "ru": "ar en es vi", "th": "en", "tr": "ar en es", "vi": "de en es ru",
    "zh": "de en vi",
}  # fmt: skip
# How group models name the eleven: ISO 639-3, Chinese with its script.
_TOKENS = {
    "ar": ">>ara<<", "de": ">>deu<<", "el": ">>ell<<", "en": ">>eng<<", "es": ">>spa<<", "hi": ">>hin<<",
    "ru": ">>rus<<", "th": ">>tha<<", "tr": ">>tur<<", "vi": ">>vie<<", "zh": ">>cmn_Hans<<",
}  # fmt: skip


class OpusMT(Shown):
    """Round-trip translation with OPUS-MT, at a severity that picks the step of a ladder of pivots and rounds.

    The steps are, in order: for each pivot, 1 to ``rounds`` round trips; severity s picks step ceil(s * steps). With
    one pivot and one round every severity above 0 is the same noise. A batch translates as its texts do one by one: it
    holds texts of one token length, in transformers in double precision, in ctranslate2 in whole numbers or, in single
    precision, one text. The engines do not search alike, so the engine is part of the version. If a translation comes
    back empty, the query stays as it was.

    Args:
        pivot: code of the pivot language, or several from weak to strong noise.
        rounds: the most round trips through a pivot, 1 or more.
        models: template of a hub id or a folder, with {src} and {tgt}; models of the hub are downloaded when first
            needed.
        languages: codes of the languages to serve; by default those of the eleven whose models are on this machine and,
            if downloads are allowed, those for which OPUS-MT has published models.
        tokens: token of a group model by target language, such as {'zh': '>>cmn_Hant<<'}; by default the language's ISO
            639-3 code.
        beams: width of the beam search; 0 samples, seeded by each query's key.
        revision: branch, tag or commit of the hub models, or one for each pair, such as {'en-de': '6f31...'}.
        device: "cpu" or "cuda".
        dtype: "float64" or "float32" of transformers, "float32", "int8" or "int16" of ctranslate2; by default the first
            that the engine has.
        batch_size: texts at once; by default 32, or 1 of ctranslate2 in float32. A larger batch in float32 may differ
            from its texts one by one.
        max_length: of a translation, in tokens.
        engine: "transformers", "ctranslate2" (extra mt), which neither samples nor runs on "cuda" here, or "auto": the
            one that has the dtype, transformers if both have it.

    Raises:
        SpecError: for a pivot that is also served, a template without {src} and {tgt}, numbers out of range, or what the
            engine cannot do.
        MissingExtraError: without ctranslate2, if it is asked for, by its name or a dtype.
    """

    name: ClassVar[str] = "opus-mt"
    languages: frozenset[str] | None = frozenset()
    at_hand: frozenset[str]  # of the languages, those whose models are on this machine
    nested: ClassVar[bool] = False
    nesting_note: ClassVar[str] = "a translation rewords the whole query; severities are steps of a ladder"
    severity_meaning: ClassVar[str] = (
        "step ceil(severity * steps) of the ladder: for each pivot in order, 1 to n round trips"
    )
    needs: ClassVar[str] = (
        "its models are not on this machine: with a network they are downloaded when first needed (unless "
        "HF_HUB_OFFLINE or ROBUSTIR_OFFLINE is set); without one, name folders with models="
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
        revision: str | Mapping[str, str] | None = None,
        device: str = "cpu",
        dtype: str | None = None,
        batch_size: int | None = None,
        max_length: int = 256,
        engine: str = "auto",
    ) -> None:
        self.pivots: tuple[str, ...] = tuple(map(normalise, (pivot,) if isinstance(pivot, str) else pivot))
        if not self.pivots or rounds < 1:
            raise SpecError(f"opus-mt(pivot={pivot!r}, rounds={rounds!r}): give at least one pivot and one round")
        if "{src}" not in models or "{tgt}" not in models:
            raise SpecError(f"opus-mt(models={models!r}): write {{src}} and {{tgt}} in place of the languages")
        if beams < 0 or (batch_size is not None and batch_size < 1) or max_length < 3:
            raise SpecError("opus-mt: beams must be at least 0, batch_size at least 1 and max_length at least 3")
        self.engine = _engine(engine, beams, device, dtype)
        self.ladder = tuple((code, count) for code in self.pivots for count in range(1, rounds + 1))
        self.models, self.revision, self.device = models, revision, device
        self.dtype = dtype or DTYPES[self.engine][0]
        self.tokens = dict(tokens or {})
        self.beams, self.max_length = beams, max_length
        # MKL adds up single numbers in another order in larger batches; whole numbers have one sum.
        alone = self.engine == "ctranslate2" and self.dtype == "float32"
        self.batch_size = batch_size or (1 if alone else _BATCH)
        self._made: dict[tuple[str, str], Marian] = {}
        asked = (languages,) if isinstance(languages, str) else tuple(languages)
        if clash := sorted(set(asked) & set(self.pivots)):
            raise SpecError(f"opus-mt: {', '.join(clash)} cannot be its own pivot; choose another pivot")
        self.at_hand = frozenset(lang for lang in asked or LANGUAGES if self._is_here(lang))
        self.languages = frozenset(asked) or self.at_hand | frozenset(filter(self._is_published, LANGUAGES))

    def _marian(self, src: str, tgt: str) -> Marian:
        if (src, tgt) not in self._made:
            name = self.models.replace("{src}", src).replace("{tgt}", tgt)
            revision = self.revision.get(f"{src}-{tgt}") if isinstance(self.revision, Mapping) else self.revision
            self._made[src, tgt] = Marian(name, revision, self.device, self.dtype, self.engine)
        return self._made[src, tgt]

    def _pairs(self, lang: str) -> list[tuple[str, str]]:
        return [pair for code in self.pivots for pair in ((lang, code), (code, lang))]

    def _is_here(self, lang: str) -> bool:
        return lang not in self.pivots and all(self._marian(*pair).files.here for pair in self._pairs(lang))

    def _is_published(self, lang: str) -> bool:
        if self.models != HUB or is_offline() or lang in self.pivots:
            return False
        return all(tgt in _PUBLISHED.get(src, "").split() for src, tgt in self._pairs(lang))

    @cached_property
    def version(self) -> str:
        """What identifies the models (commits on the hub, digests of folders), and the engine with its release.

        Raises InputError if a model is neither here nor can be downloaded.
        """
        pairs = sorted({pair for lang in self.languages or () for pair in self._pairs(lang)})
        digests = [f"{src}-{tgt}={self._marian(src, tgt).files.identity}" for src, tgt in pairs]
        # A spec without a dtype means another kind of number in each engine.
        numbers = [f"dtype={self.dtype}"] if self.engine == "ctranslate2" else []
        return " ".join(["1", release(self.engine), *numbers, *digests])

    def __call__(self, text: str, *, lang: str, severity: float, rng: Stream) -> str:
        """Return ``text`` after the round trips; see :meth:`apply_batch`."""
        return self.apply_batch([text], langs=[lang], severity=severity, keys=[rng.key])[0]

    def apply_batch(
        self, texts: Sequence[str], *, langs: Sequence[str], severity: float, keys: Sequence[bytes]
    ) -> list[str]:
        """Return the texts after the round trips of the severity's step.

        Raises NotApplicableError for other languages, InputError if a model is neither here nor can be downloaded.
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
            if text.strip() and is_whole(text):  # a tokenizer cannot read half surrogates
                rows_of.setdefault(lang, []).append(row)
        for lang, rows in rows_of.items():
            translated = self._round_trips(
                [texts[row] for row in rows], lang, pivot, rounds, [keys[row] for row in rows]
            )
            for row, text in zip(rows, translated, strict=True):
                result[row] = text
        return result

    def _round_trips(
        self, texts: Sequence[str], lang: str, pivot: str, rounds: int, keys: Sequence[bytes]
    ) -> list[str]:
        current = list(texts)
        for hop, (src, tgt) in enumerate([(lang, pivot), (pivot, lang)] * rounds):
            marian = self._marian(src, tgt)
            token = marian.token(self.tokens.get(tgt, ""), _TOKENS.get(tgt, ""))
            seeds = None if self.beams else [Stream(key).bits(hop) >> 1 for key in keys]
            translated = marian.translate(
                [f"{token} {text}" if token else text for text in current],
                seeds,
                beams=self.beams,
                batch=self.batch_size,
                max_length=self.max_length,
            )
            current = [new.strip() or old for new, old in zip(translated, current, strict=True)]
        return [new if is_whole(new) else old for new, old in zip(current, texts, strict=True)]


def _engine(asked: str, beams: int, device: str, dtype: str | None) -> str:
    """Return the engine; "auto" depends on the arguments alone, so that a spec means one noise on every machine.

    Raises SpecError if it cannot do what is asked for, MissingExtraError if it is not installed.
    """
    if asked not in ("auto", *DTYPES):
        raise SpecError(f"opus-mt(engine={asked!r}): write 'auto', 'ctranslate2' or 'transformers'")
    engine = asked
    if asked == "auto":
        engine = next((name for name, dtypes in DTYPES.items() if dtype in dtypes), "transformers")
    if lack := _lacks_dtype(engine, dtype) or _lacks_way(engine, beams, device):
        raise SpecError(f"opus-mt: {engine} {lack}")
    if engine == "ctranslate2" and not has_ctranslate2():
        raise MissingExtraError("ctranslate2", "mt")
    return engine


def _lacks_way(engine: str, beams: int, device: str) -> str:
    if engine == "transformers":
        return ""
    if not beams:
        return "draws no samples that a seed repeats; write beams=1 or more, or engine='transformers'"
    return "" if device == "cpu" else f"runs on the CPU alone here, not on {device!r}; write engine='transformers'"


def _lacks_dtype(engine: str, dtype: str | None) -> str:
    known = DTYPES[engine]
    return "" if dtype is None or dtype in known else f"has no dtype {dtype!r}, only {', '.join(known)}"
