"""Queries under attack: the encoder under test and the relevant passages are known, so this is a worst case."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from robustir.contracts import Attack, AttackOutcome, Encoder, Scorer, SeveritiesAttack
from robustir.errors import PerturbationError, RobustirError
from robustir.noise.applying import check_texts
from robustir.seeds import derive_keys
from robustir.text.distance import realised_dose
from robustir.types import QuerySet, Task

__all__ = ["attack_queries", "control_queries"]


def attack_queries(
    queries: QuerySet,
    task: Task,
    plugin: Attack,
    victim: Encoder | Scorer,
    *,
    severities: Sequence[float],
    seed: int,
    draw: int,
    passage_vectors: NDArray[np.float32] | None = None,
) -> list[tuple[QuerySet, AttackOutcome]]:
    """Return, per severity, the attacked queries with their dose and what the attack did to reach them.

    ``passage_vectors``: the victim's vectors of the task's corpus (None for a scorer without vectors). The attacked
    encoder stays out of the keys: every encoder is attacked with the same candidates. Raises PerturbationError where
    the attack breaks its contract.
    """
    known: dict[str, Any] = {"keys": _keys(plugin, queries, seed, draw), "passage_vectors": passage_vectors}
    try:
        if isinstance(plugin, SeveritiesAttack):
            outcomes = plugin.attack_severities(queries, task, victim, severities=severities, **known)
        else:
            outcomes = [plugin.attack(queries, task, victim, severity=severity, **known) for severity in severities]
    except RobustirError:
        raise
    except Exception as error:
        raise PerturbationError(f"{plugin.name} raised {type(error).__name__}: {error}") from error
    return [(_with_dose(plugin, queries, outcome.texts), outcome) for outcome in outcomes]


def control_queries(
    queries: QuerySet, task: Task, plugin: Attack, *, edits: Sequence[int], severity: float, seed: int, draw: int
) -> QuerySet:
    """Return the random control of an attack: as many edits per query as the attack made, chosen by chance."""
    keys = _keys(plugin, queries, seed, draw, "control")
    try:
        texts = plugin.control(queries, task, edits=edits, severity=severity, keys=keys)
    except RobustirError:
        raise
    except Exception as error:
        raise PerturbationError(f"the control of {plugin.name} raised {type(error).__name__}: {error}") from error
    return _with_dose(plugin, queries, texts)


def _keys(plugin: Any, queries: QuerySet, seed: int, draw: int, *parts: str) -> list[bytes]:
    return derive_keys((seed, 0, plugin.name, plugin.version, *parts), queries.langs, queries.ids, draw)


def _with_dose(plugin: Any, queries: QuerySet, texts: Sequence[str]) -> QuerySet:
    noisy = list(texts)
    check_texts(plugin, queries, noisy)
    return queries.with_texts(noisy, realised_dose(queries.texts, noisy, queries.langs))
