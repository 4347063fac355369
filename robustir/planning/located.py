"""Paths in a suite's file are relative to that file, whatever the working directory."""

from __future__ import annotations

import os
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from robustir.errors import SpecError
from robustir.plugins.paths import is_there
from robustir.plugins.specs import Spec, parse

if TYPE_CHECKING:
    from robustir.planning.suite import NamedEncoder, Suite

__all__ = ["located"]


def located(suite: Suite, folder: Path) -> Suite:
    """Return the suite with its paths, which are relative to ``folder``, made relative to the working directory.

    Paths are: specs that are paths, arguments that begin with a dot or name an existing file or folder, the patterns of
    strategies, and the keys of ``needs``. Commands get a ``cd`` to the folder in front.
    """
    current = Path.cwd()
    base = Path(os.path.abspath(folder))  # noqa: PTH100 - links stay as they are written
    if base == current:
        return suite
    inside = base.is_relative_to(current)

    def moved(path: str) -> str:
        if Path(path).expanduser().is_absolute():
            return path
        joined = os.path.normpath(base / path)
        return f"./{os.path.relpath(joined, current)}" if inside and Path(joined).is_relative_to(current) else joined

    def command(text: str) -> str:
        return f"cd {shlex.quote(moved('.'))} && {text}" if text else text

    def spec(text: str) -> str:
        return _spec(text, base, moved)

    def encoder(entry: str | NamedEncoder) -> str | NamedEncoder:
        return spec(entry) if isinstance(entry, str) else entry.model_copy(update={"spec": spec(entry.spec)})

    return suite.model_copy(
        update={
            "benchmarks": tuple(map(spec, suite.benchmarks)),
            "encoders": tuple(map(encoder, suite.encoders)),
            "optional": tuple(map(encoder, suite.optional)),
            "perturbations": tuple(
                noise.model_copy(update={"spec": spec(noise.spec)}) for noise in suite.perturbations
            ),
            "strategies": {
                name: strategy.model_copy(
                    update={"encoders": moved(strategy.encoders), "train": command(strategy.train)}
                )
                for name, strategy in suite.strategies.items()
            },
            "needs": {moved(path): command(text) for path, text in suite.needs.items()},
        }
    )


def _spec(text: str, base: Path, moved: Callable[[str], str]) -> str:
    """Return a spec with its paths moved; one without paths stays as it is written."""
    parsed = parse(text)
    if parsed.is_path:
        return moved(parsed.name) if _is_meant(parsed.name, base) else text

    def argument(value: object) -> object:
        if isinstance(value, Spec):
            return parse(_spec(str(value), base, moved))
        if not isinstance(value, str):
            return value
        if "(" in value and _is_spec(value):
            return _spec(value, base, moved)
        return moved(value) if _is_meant(value, base) else value

    relocated = Spec(
        parsed.name,
        tuple(map(argument, parsed.args)),
        tuple((key, argument(value)) for key, value in parsed.kwargs),
    )
    return text if relocated == parsed else str(relocated)


def _is_meant(text: str, base: Path) -> bool:
    """Whether an argument is a path: it begins with a dot, or holds a separator (as hub ids do, too) and exists."""
    if text.startswith(("./", "../", ".\\", "..\\")) or text in {".", ".."}:
        return True
    return ("/" in text or "\\" in text) and is_there(str(base / text))


def _is_spec(text: str) -> bool:
    try:
        parse(text)
    except SpecError:
        return False
    return True
