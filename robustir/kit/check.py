"""What a plugin must satisfy, runnable by its author: ``robustir check SPEC`` or :func:`check`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from robustir.errors import RobustirError, SpecError
from robustir.kit.attacks import attack_laws
from robustir.kit.catalogue import SAMPLES
from robustir.kit.encoders import encoder_laws
from robustir.kit.perturbations import NASTY, perturbation_laws
from robustir.noise.prepared import PreparedAttack, PreparedPerturbation, prepare
from robustir.plugins.registry import Kind, canonical, create
from robustir.plugins.specs import parse

__all__ = ["Law", "check"]


@dataclass(frozen=True, slots=True)
class Law:
    """One law and whether it held; ``detail`` shows the first example that broke it."""

    name: str
    passed: bool
    detail: str = ""


def check(kind: Kind, spec: str) -> list[Law]:
    """Try the laws of a perturbation or an encoder; benchmarks are checked for parallel, well-formed tasks."""
    plugin = create(kind, spec)
    laws = [_law("the spec survives a round trip", lambda: _round_trip(kind, spec))]
    if kind == "perturbation":
        laws += _check_perturbation(prepare(plugin))
    elif kind == "encoder":
        from robustir.encoders.adapters import adapt

        laws += _check_encoder(adapt(plugin))
    else:
        laws.append(_law("it loads", lambda: _load(plugin)))
    return laws


def _law(name: str, examine: Callable[[], str | None]) -> Law:
    try:
        detail = examine()
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
    return None if len(task.qrels) else "no query has a relevant passage"


def _check_perturbation(perturbation: PreparedPerturbation) -> list[Law]:
    laws = attack_laws(perturbation) if isinstance(perturbation, PreparedAttack) else perturbation_laws(perturbation)
    return [_law(name, examine) for name, examine in laws]


def _check_encoder(encoder: Any) -> list[Law]:
    texts = [text for text in [*SAMPLES.values(), *NASTY] if text]
    langs = [lang for lang, _ in SAMPLES.items()] + ["en"] * (len(texts) - len(SAMPLES))
    if hasattr(encoder, "scores_of"):
        raise SpecError(
            "rankings from files have no laws; robustir plan SUITE --encoder ... says whether they are complete"
        )
    if not hasattr(encoder, "encode"):
        return [_law("it ranks a passage for its own words first", lambda: _self_retrieval(encoder))]
    return [_law(name, examine) for name, examine in encoder_laws(encoder, texts, langs)]


def _self_retrieval(scorer: Any) -> str | None:
    from robustir.types import Corpus, QuerySet

    langs, texts = tuple(SAMPLES), tuple(SAMPLES.values())
    scorer.index(Corpus(langs, texts, langs))
    scores = np.concatenate([block.copy() for block in scorer.blocks(QuerySet(langs, texts, langs, langs, langs))])
    wrong = [lang for row, lang in enumerate(langs) if scores[row].argmax() != row]
    return f"another passage scored higher in {', '.join(wrong)}" if wrong else None
