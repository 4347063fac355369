"""Small blocks of per-query scores, made up: three languages, unequal articles."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from robustir.evidence.scores import QueryScores
from robustir.types import Setting

LANGS = ("de", "en", "th")
CONDITIONS = (("typos", 0.1), ("typos", 0.3), ("shuffle-words", 0.5))
MakeBlock = Callable[..., QueryScores]


def _objects(values: list[str]) -> NDArray[np.object_]:
    column = np.empty(len(values), dtype=object)
    column[:] = values
    return column


def _views(setting: Setting) -> list[tuple[str, str]]:
    if setting == "mono":
        return [(lang, lang) for lang in LANGS]
    if setting == "multi":
        return [(lang, "all") for lang in LANGS]
    return [(query, passage) for query in LANGS for passage in LANGS if query != passage]


def make(
    setting: Setting = "mono",
    *,
    encoders: tuple[str, ...] = ("labse", "mbert"),
    measures: tuple[str, ...] = ("AP", "R@10"),
    conditions: tuple[tuple[str, float], ...] = CONDITIONS,
    questions: int = 40,
    seed: int = 0,
    **changes: Any,
) -> QueryScores:
    """Return a block with random scores; ``changes`` replace its fields."""
    rng = np.random.default_rng(seed)
    views = _views(setting)
    article = np.sort(rng.integers(0, 9, questions))
    rows = len(views) * questions
    severity = np.array([value for _, value in conditions])
    dose = severity[:, None] * rng.uniform(0.5, 1.0, (len(conditions), rows))
    clean = rng.uniform(0.3, 1.0, (len(encoders), len(measures), rows))
    loss = severity[None, :, None, None] * rng.uniform(-0.3, 1.0, (len(encoders), len(conditions), len(measures), rows))
    noisy = np.clip(clean[:, None] - loss, 0.0, 1.0)
    fields: dict[str, Any] = {
        "benchmark": "mini",
        "setting": setting,
        "query_id": _objects([f"{query}-{q:03d}" for query, _ in views for q in range(questions)]),
        "source_id": _objects([f"s{q:03d}" for _ in views for q in range(questions)]),
        "group": _objects([f"article {article[q]}" for _ in views for q in range(questions)]),
        "query_lang": _objects([query for query, _ in views for _ in range(questions)]),
        "passage_lang": _objects([passage for _, passage in views for _ in range(questions)]),
        "encoders": encoders,
        "measures": measures,
        "conditions": conditions,
        "draws": 3,
        "clean": clean,
        "floor": rng.uniform(0.0, 0.05, clean.shape),
        "noisy": noisy,
        "worst": noisy * 0.9,
        "word_edit_rate": dose,
        "char_error_rate": dose / 5,
        "unchanged": 1 - dose,
    }
    return QueryScores(**{**fields, **changes})


@pytest.fixture(scope="session")
def make_block() -> MakeBlock:
    """A factory of blocks."""
    return make
