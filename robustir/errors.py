"""One exception tree. Every message says what went wrong and what to do next."""

from __future__ import annotations

__all__ = [
    "BoundViolatedError",
    "CellError",
    "CodeRefusedError",
    "DataError",
    "EncoderError",
    "InputError",
    "MissingExtraError",
    "NotApplicableError",
    "PerturbationError",
    "RobustirError",
    "RunError",
    "SpecError",
    "TrainingError",
    "UnknownNameError",
]


class RobustirError(Exception):
    """Base of all errors that robustir raises on purpose; ``exit_code`` is what the command line returns."""

    exit_code = 1


class InputError(RobustirError):
    """The input or the usage is wrong; exit code 2."""

    exit_code = 2


class SpecError(InputError):
    """A spec string, its arguments or a suite cannot be understood."""


class UnknownNameError(SpecError):
    """No perturbation, encoder, benchmark, measure or suite has this name."""


class CodeRefusedError(InputError):
    """A suite or a run names code that the user has not confirmed."""


class DataError(InputError):
    """A data file is missing or malformed; the message names file and line."""


class NotApplicableError(InputError):
    """A perturbation cannot work in the language asked for; the message names the languages that work."""


class MissingExtraError(InputError):
    """An optional part is not installed; the message holds the command that installs it."""

    def __init__(self, module: str, extra: str) -> None:
        super().__init__(f"{module} is not installed: run  pip install 'robustir[{extra}]'")


class RunError(InputError):
    """A run directory is missing, damaged, or belongs to another plan."""


class TrainingError(InputError):
    """A training cannot go on, such as when its loss is not a number; the last good checkpoint is kept."""


class CellError(RobustirError):
    """Something failed inside one cell; the runner records it and continues (exit code 3).

    trace: the lines of the first error's traceback, if that was raised in another process.
    """

    exit_code = 3
    trace: str = ""


class PerturbationError(CellError):
    """A perturbation raised, or returned something that breaks the contract."""


class EncoderError(CellError):
    """An encoder raised, or returned vectors of a wrong shape, type or value."""


class BoundViolatedError(RobustirError):
    """A ``--fail-if`` bound is violated."""

    exit_code = 4
