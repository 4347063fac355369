"""What a plugin must satisfy, runnable by its author: ``robustir check SPEC`` or :func:`check`."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from robustir.errors import RobustirError, SpecError
from robustir.kit.attacks import attack_laws
from robustir.kit.catalogue import SAMPLES
from robustir.kit.encoders import encoder_laws
from robustir.kit.fidelity import NotTried
from robustir.kit.perturbations import NASTY, perturbation_laws
from robustir.noise.prepared import PreparedAttack, PreparedPerturbation, prepare
from robustir.plugins.registry import Kind, canonical, create
from robustir.plugins.specs import parse

__all__ = ["Law", "check"]


@dataclass(frozen=True, slots=True)
class Law:
    """One law and whether it held; ``detail`` shows the first example that broke it, or why the law was not tried."""

    name: str
    passed: bool
    detail: str = ""
    tried: bool = True


Examine: TypeAlias = Callable[[], str | None]  # returns what broke the law, None if nothing did


def check(kind: Kind, spec: str, begin: Callable[[int, int], object] | None = None) -> list[Law]:
    """Try the laws of a perturbation or an encoder; benchmarks are checked for parallel, well-formed tasks.

    begin: called with the number of laws tried and of all, before each and after the last.
    """
    plugin = create(kind, spec)
    laws: list[tuple[str, Examine]] = [("the spec survives a round trip", lambda: _round_trip(kind, spec))]
    if kind == "perturbation":
        laws += _perturbation_laws(prepare(plugin))
    elif kind == "encoder":
        from robustir.encoders.adapters import adapt

        laws += _encoder_laws(adapt(plugin))
    else:
        laws.append(("it loads", lambda: _load(plugin)))
    tried: list[Law] = []
    for name, examine in laws:
        if begin is not None:
            begin(len(tried), len(laws))
        tried.append(_law(name, examine))
    if begin is not None:
        begin(len(tried), len(laws))
    return tried


def _law(name: str, examine: Callable[[], str | None]) -> Law:
    try:
        detail = examine()
    except NotTried as why:
        return Law(name, passed=True, detail=str(why), tried=False)
    except RobustirError as error:
        return Law(name, passed=False, detail=str(error))
    except Exception as error:  # noqa: BLE001 - a plugin may raise anything, and its author wants to see what
        return Law(name, passed=False, detail=f"{type(error).__name__}: {error}")
    return Law(name, passed=detail is None, detail=detail or "")


def _round_trip(kind: Kind, spec: str) -> str | None:
    spelled = canonical(kind, spec)
    if str(parse(spelled)) != spelled or canonical(kind, spelled) != spelled:
        return f"{spec!r} is spelled {spelled!r}, which reads back as {canonical(kind, spelled)!r}"
    return None


def _load(benchmark: Any) -> str | None:
    from robustir.disk.folders import data_folder

    task = benchmark.load(data_folder(), None)
    return None if len(task.qrels) else "none of the queries has a relevant passage"


def _perturbation_laws(perturbation: PreparedPerturbation) -> Iterable[tuple[str, Examine]]:
    return attack_laws(perturbation) if isinstance(perturbation, PreparedAttack) else perturbation_laws(perturbation)


def _encoder_laws(encoder: Any) -> Iterable[tuple[str, Examine]]:
    texts = [text for text in [*SAMPLES.values(), *NASTY] if text]
    langs = [lang for lang, _ in SAMPLES.items()] + ["en"] * (len(texts) - len(SAMPLES))
    if hasattr(encoder, "scores_of"):
        raise SpecError(
            "rankings from files have no laws; robustir plan SUITE --encoder ... says whether they are complete"
        )
    if not hasattr(encoder, "encode"):
        return [("it ranks a passage for its own words first", lambda: _self_retrieval(encoder))]
    return encoder_laws(encoder, texts, langs)


def _self_retrieval(scorer: Any) -> str | None:
    from robustir.types import Corpus, QuerySet

    langs, texts = tuple(SAMPLES), tuple(SAMPLES.values())
    scorer.index(Corpus(langs, texts, langs))
    scores = np.concatenate([block.copy() for block in scorer.blocks(QuerySet(langs, texts, langs, langs, langs))])
    wrong = [lang for row, lang in enumerate(langs) if scores[row].argmax() != row]
    return f"another passage scored higher in {', '.join(wrong)}" if wrong else None
