"""Perturbations and attacks as the rest of robustir sees them: one way to call a plugin, one place that reads its options.

:mod:`robustir.contracts` documents what a plugin must have and what it may have.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from robustir.contracts import AttackExtras, PerturbationExtras
from robustir.errors import NotApplicableError, PerturbationError, RobustirError, SpecError
from robustir.plugins.registry import create
from robustir.plugins.specs import Spec
from robustir.seeds import Stream

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from robustir.contracts import AttackOutcome, Encoder, Scorer
    from robustir.types import QuerySet, Task

__all__ = ["PreparedAttack", "PreparedPerturbation", "is_attack", "prepare", "unknown_languages"]

_ANYTHING = (Exception, SystemExit)  # of foreign code: it must not end the process without a word
_REQUIRED = ("name", "version", "languages", "nested", "__call__")


class PreparedPerturbation:
    """A perturbation behind one interface; made by :func:`prepare`.

    Attributes of the plugin are read when they are asked for: a version may take a while, or raise InputError.
    """

    def __init__(self, plugin: Any) -> None:
        self.plugin = plugin

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.name!r})"

    def _extra(self, name: str) -> Any:
        """Return an optional attribute of the plugin, or its documented default."""
        return getattr(self.plugin, name, getattr(PerturbationExtras, name))

    def _method(self, name: str) -> Any:
        """Return an optional method of the plugin, or None."""
        return getattr(self.plugin, name, None)

    @property
    def name(self) -> str:
        """What tables call it."""
        return self.plugin.name  # type: ignore[no-any-return]

    @property
    def version(self) -> str:
        """The version that enters the keys of random streams."""
        return self.plugin.version  # type: ignore[no-any-return]

    @property
    def cell_version(self) -> str:
        """The version that enters the keys of cells: a dose depends on its calibration as well."""
        return f"{self.version} calibrated {self.calibrated}" if self.calibrated else str(self.version)

    @property
    def languages(self) -> frozenset[str] | None:
        """The languages in which it works; None: any."""
        return self.plugin.languages  # type: ignore[no-any-return]

    @property
    def nested(self) -> bool:
        """Whether what is edited at a lower severity is edited in the same form at a higher one."""
        return self.plugin.nested  # type: ignore[no-any-return]

    @property
    def nesting_note(self) -> str:
        """Why it does not nest."""
        return self._extra("nesting_note")  # type: ignore[no-any-return]

    @property
    def claims(self) -> frozenset[str]:
        """What it says of its noise, names from :data:`robustir.contracts.CLAIMS`."""
        return self._extra("claims")  # type: ignore[no-any-return]

    @property
    def inside_clusters(self) -> bool:
        """Whether it edits inside grapheme clusters."""
        return self._extra("inside_clusters")  # type: ignore[no-any-return]

    @property
    def severity_meaning(self) -> str:
        """What a severity stands for."""
        return self._extra("severity_meaning")  # type: ignore[no-any-return]

    @property
    def source(self) -> str:
        """Where the idea, the rates or the data come from."""
        return self._extra("source")  # type: ignore[no-any-return]

    @property
    def needs(self) -> str:
        """What a user must give before it serves any language."""
        return self._extra("needs")  # type: ignore[no-any-return]

    @property
    def embedded_lang(self) -> str:
        """The language that is mixed into the queries, "" for none."""
        return self._extra("embedded_lang")  # type: ignore[no-any-return]

    @property
    def dose(self) -> str:
        """The realised dose that is asked for, such as ``cer:0.05``; "" for nominal severities."""
        return str(self._extra("dose"))

    @property
    def natural(self) -> bool:
        """Whether it is noise that people or systems at work made, as it was recorded."""
        return bool(self._extra("natural"))

    @property
    def calibrated(self) -> str:
        """The digest of the calibration that a dose depends on, "" without one."""
        return self._extra("calibrated")  # type: ignore[no-any-return]

    @property
    def scope(self) -> str:
        """What the languages can reach, in words."""
        return self._extra("scope")  # type: ignore[no-any-return]

    @property
    def at_hand(self) -> frozenset[str] | None:
        """Those of its languages for which nothing has to be downloaded; None: all."""
        return self._extra("at_hand")  # type: ignore[no-any-return]

    @property
    def downloads(self) -> bool:
        """Whether some of its languages need a download first."""
        return self.at_hand is not None and bool((self.languages or frozenset()) - self.at_hand)

    @property
    def needs_queries(self) -> bool:
        """Whether it needs query ids (``apply_queries``), so that bare texts are not enough."""
        return self._method("apply_queries") is not None

    @property
    def has_batch(self) -> bool:
        """Whether it has a batch route beside ``__call__``."""
        return self._method("apply_batch") is not None

    def applicable(self, languages: Sequence[str]) -> tuple[str, ...]:
        """Return those of ``languages`` in which it works, in their order."""
        known = self.languages
        return tuple(languages) if known is None else tuple(lang for lang in languages if lang in known)

    def ready(self, languages: Sequence[str]) -> tuple[str, ...]:
        """Return those of ``languages`` in which it works without a download."""
        at_hand = self.at_hand
        return tuple(lang for lang in self.applicable(languages) if at_hand is None or lang in at_hand)

    def refusal(self, lang: str) -> str:
        """Say why it does not work in ``lang``."""
        method = self._method("refusal")
        return str(method(lang)) if method is not None else "the perturbation does not know this language"

    def not_applicable(self, languages: Sequence[str], spec: str | None = None) -> NotApplicableError:
        """Return the error for languages in which it does not work; spec: what to call it, by default its name."""
        if self._method("refusal") is not None:
            return NotApplicableError("; ".join([*map(self.refusal, languages), self.scope]))
        return unknown_languages(spec or self.name, languages, self.languages)

    def example_queries(self) -> QuerySet | None:
        """Return queries that it has noise for, None if any text will do."""
        method = self._method("example_queries")
        queries: QuerySet | None = method() if method is not None else None
        return queries if queries is not None and len(queries) else None

    def apply(self, queries: QuerySet, *, severity: float, keys: Sequence[bytes]) -> list[Any]:
        """Return what the plugin makes of the queries, by its most specific route.

        keys: 16 bytes per query. Languages and texts are not checked. Raises PerturbationError for what the plugin raises.
        """
        by_query = self._method("apply_queries")
        if by_query is None:
            return self.apply_texts(queries.texts, queries.langs, severity=severity, keys=keys, ids=queries.ids)
        try:
            return list(by_query(queries, severity=severity, keys=keys))
        except RobustirError:
            raise
        except _ANYTHING as error:
            raise self._batch_error(error, len(queries)) from error

    def apply_texts(
        self,
        texts: Sequence[str],
        langs: Sequence[str],
        *,
        severity: float,
        keys: Sequence[bytes],
        ids: Sequence[str] | None = None,
    ) -> list[Any]:
        """Return what the plugin makes of texts without ids: in a batch if it has that route, else one by one.

        ids: names for error messages, by default the position. Raises PerturbationError for what the plugin raises.
        """
        by_batch = self._method("apply_batch")
        if by_batch is None:
            names = map(str, range(len(texts))) if ids is None else ids
            rows = zip(names, texts, langs, keys, strict=True)
            return [self.call(text, lang, severity=severity, key=key, name=name) for name, text, lang, key in rows]
        try:
            return list(by_batch(texts, langs=langs, severity=severity, keys=keys))
        except RobustirError:
            raise
        except _ANYTHING as error:
            raise self._batch_error(error, len(texts)) from error

    def call(self, text: str, lang: str, *, severity: float, key: bytes, name: str = "") -> Any:
        """Return what the plugin makes of one text by ``__call__``; name: the query's, for an error message."""
        try:
            return self.plugin(text, lang=lang, severity=severity, rng=Stream(key))
        except RobustirError:
            raise
        except _ANYTHING as error:
            raise PerturbationError(
                f"{self.name} raised {type(error).__name__} on query {name!r} ({text!r}): {error}"
            ) from error

    def _batch_error(self, error: BaseException, size: int) -> PerturbationError:
        return PerturbationError(f"{self.name} raised {type(error).__name__} on a batch of {size} queries: {error}")


class PreparedAttack(PreparedPerturbation):
    """An attack behind one interface; made by :func:`prepare`."""

    @property
    def against(self) -> str:
        """Spec of the attacked encoder, "" for every encoder of the suite in turn."""
        return self.plugin.against  # type: ignore[no-any-return]

    @property
    def passages(self) -> str:
        """Which passages are aimed at: "same" (those of the query's language) or a language."""
        return self.plugin.passages  # type: ignore[no-any-return]

    @property
    def objective(self) -> str:
        """What it makes worse: "margin" or "rank"."""
        return getattr(self.plugin, "objective", AttackExtras.objective)

    @property
    def has_ladder(self) -> bool:
        """Whether one search finds what several severities allow."""
        return self._method("attack_severities") is not None

    def attack(
        self,
        queries: QuerySet,
        task: Task,
        victim: Encoder | Scorer,
        *,
        severities: Sequence[float],
        keys: Sequence[bytes],
        passage_vectors: NDArray[np.float32] | None = None,
    ) -> list[AttackOutcome]:
        """Return the outcome at each severity. Raises PerturbationError for what the plugin raises."""
        known: dict[str, Any] = {"keys": keys, "passage_vectors": passage_vectors}
        ladder = self._method("attack_severities")
        try:
            if ladder is not None:
                return list(ladder(queries, task, victim, severities=severities, **known))
            return [self.plugin.attack(queries, task, victim, severity=severity, **known) for severity in severities]
        except RobustirError:
            raise
        except _ANYTHING as error:
            raise PerturbationError(f"{self.name} raised {type(error).__name__}: {error}") from error

    def control(
        self, queries: QuerySet, task: Task, *, edits: Sequence[int], severity: float, keys: Sequence[bytes]
    ) -> list[str]:
        """Return the random control's texts. Raises PerturbationError for what the plugin raises."""
        try:
            return list(self.plugin.control(queries, task, edits=edits, severity=severity, keys=keys))
        except RobustirError:
            raise
        except _ANYTHING as error:
            raise PerturbationError(f"the control of {self.name} raised {type(error).__name__}: {error}") from error


def unknown_languages(name: str, languages: Sequence[str], known: Iterable[str] | None) -> NotApplicableError:
    """Return the error of a perturbation for languages that are not among those it knows."""
    return NotApplicableError(
        f"{name} does not know {', '.join(languages)}; it works in: {', '.join(sorted(known or ())) or 'no language'}"
    )


def prepare(perturbation: str | Spec | object) -> PreparedPerturbation:
    """Return a perturbation (spec, plugin, or one prepared already) behind one interface; an attack as PreparedAttack.

    Raises SpecError for what is not a perturbation.
    """
    if isinstance(perturbation, PreparedPerturbation):
        return perturbation
    plugin: Any = create("perturbation", perturbation) if isinstance(perturbation, (str, Spec)) else perturbation
    if inspect.isclass(plugin):
        raise SpecError(f"the class {plugin.__name__} is not a perturbation; pass an instance")
    lacks = [part for part in _REQUIRED if not _has(plugin, part)]
    if lacks:
        raise SpecError(f"{plugin!r} is not a perturbation: it lacks {', '.join(lacks)}; give a spec such as  typos")
    return PreparedAttack(plugin) if is_attack(plugin) else PreparedPerturbation(plugin)


def is_attack(plugin: object) -> bool:
    """Whether a perturbation, or the class of one, is an attack."""
    return _has(plugin, "attack")


def _has(plugin: object, name: str) -> bool:
    """Whether an attribute is there; a property is not evaluated, as a version may take a while."""
    missing = object()
    return inspect.getattr_static(plugin, name, missing) is not missing or hasattr(plugin, name)
