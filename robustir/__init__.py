"""robustir: the robustness benchmark for multilingual and cross-lingual dense retrieval.

Everything here is loaded on first use, so that ``import robustir`` costs next to nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from robustir.version import __version__

if TYPE_CHECKING:
    from robustir.analysis import Findings
    from robustir.api import analyse, benchmark, compare, encoder, export_queries, perturb, render, run
    from robustir.errors import (
        BoundViolatedError,
        CellError,
        CodeRefusedError,
        DataError,
        EncoderError,
        InputError,
        MissingExtraError,
        NotApplicableError,
        PerturbationError,
        RobustirError,
        RunError,
        SpecError,
        TrainingError,
        UnknownNameError,
    )
    from robustir.planning.suite import Suite, load_suite
    from robustir.rundir.directory import RunDirectory
    from robustir.seeds import Stream
    from robustir.types import Corpus, Qrels, QuerySet, Task

__all__ = [
    "BoundViolatedError",
    "CellError",
    "CodeRefusedError",
    "Corpus",
    "DataError",
    "EncoderError",
    "Findings",
    "InputError",
    "MissingExtraError",
    "NotApplicableError",
    "PerturbationError",
    "Qrels",
    "QuerySet",
    "RobustirError",
    "RunDirectory",
    "RunError",
    "SpecError",
    "Stream",
    "Suite",
    "Task",
    "TrainingError",
    "UnknownNameError",
    "__version__",
    "analyse",
    "benchmark",
    "compare",
    "encoder",
    "export_queries",
    "load_suite",
    "perturb",
    "render",
    "run",
]

# Where names come from; errors end in Error, and the rest is in robustir.api.
_HOMES = {
    "Corpus": "types",
    "Findings": "analysis.findings",
    "Qrels": "types",
    "QuerySet": "types",
    "RunDirectory": "rundir.directory",
    "Stream": "seeds",
    "Suite": "planning.suite",
    "Task": "types",
    "load_suite": "planning.suite",
}


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module 'robustir' has no attribute {name!r}")
    home = _HOMES.get(name, "errors" if name.endswith("Error") else "api")
    return getattr(import_module(f"robustir.{home}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
