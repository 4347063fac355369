"""Queries under attack: the encoder under test and the relevant passages are known, so this is a worst case."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from robustir.contracts import AttackOutcome, Encoder, Scorer
from robustir.noise.applying import check_texts, noise_keys
from robustir.noise.prepared import PreparedAttack
from robustir.text.distance import realised_dose
from robustir.types import QuerySet, Task

__all__ = ["attack_queries", "control_queries"]


def attack_queries(
    queries: QuerySet,
    task: Task,
    attack: PreparedAttack,
    victim: Encoder | Scorer,
    *,
    severities: Sequence[float],
    seed: int,
    draw: int,
    passage_vectors: NDArray[np.float32] | None = None,
) -> list[tuple[QuerySet, AttackOutcome]]:
    """Return, per severity, the attacked queries with their dose and what the attack did to reach them.

    ``passage_vectors``: the victim's vectors of the task's corpus (None for a scorer without vectors). The attacked
    encoder stays out of the keys: every encoder is attacked with the same candidates. Raises PerturbationError if
    the attack breaks its contract.
    """
    keys = noise_keys(attack, queries, seed=seed, draw=draw)
    outcomes = attack.attack(queries, task, victim, severities=severities, keys=keys, passage_vectors=passage_vectors)
    return [(_with_dose(attack, queries, outcome.texts), outcome) for outcome in outcomes]


def control_queries(
    queries: QuerySet,
    task: Task,
    attack: PreparedAttack,
    *,
    edits: Sequence[int],
    severity: float,
    seed: int,
    draw: int,
) -> QuerySet:
    """Return the random control of an attack: as many edits per query as the attack made, chosen by chance."""
    keys = noise_keys(attack, queries, "control", seed=seed, draw=draw)
    texts = attack.control(queries, task, edits=edits, severity=severity, keys=keys)
    return _with_dose(attack, queries, texts)


def _with_dose(attack: PreparedAttack, queries: QuerySet, texts: Sequence[str]) -> QuerySet:
    noisy = list(texts)
    check_texts(attack.name, queries, noisy)
    return queries.with_texts(noisy, realised_dose(queries.texts, noisy, queries.langs))
