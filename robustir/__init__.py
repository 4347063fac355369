"""robustir: the robustness benchmark for multilingual and cross-lingual dense retrieval.

Everything here is loaded on first use, so that ``import robustir`` costs next to nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from robustir.version import __version__

if TYPE_CHECKING:
    from robustir.api import analyse, benchmark, compare, encoder, export_queries, perturb, render, run
    from robustir.types import Corpus, Qrels, QuerySet, Task

__all__ = [
    "Corpus",
    "Qrels",
    "QuerySet",
    "Task",
    "__version__",
    "analyse",
    "benchmark",
    "compare",
    "encoder",
    "export_queries",
    "perturb",
    "render",
    "run",
]

_TYPES = frozenset({"Corpus", "Qrels", "QuerySet", "Task"})


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module 'robustir' has no attribute {name!r}")
    return getattr(import_module("robustir.types" if name in _TYPES else "robustir.api"), name)
