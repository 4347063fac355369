"""Distinct names for a plan's benchmarks, such as two splits of one folder, or two folders of one name."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePath

from robustir.errors import SpecError
from robustir.plugins.specs import Spec, parse

__all__ = ["distinct_names"]


def distinct_names(names: Sequence[str], specs: Sequence[str]) -> list[str]:
    """Return the names of benchmarks; equal names are told apart by the differences between their specs.

    Folders add the parts before their last one; other arguments follow in brackets. Equal specs keep equal names.

    Args:
        names: the benchmarks' own names.
        specs: their canonical specs, in the same order.
    """
    distinct = list(names)
    for name in {name for name in names if names.count(name) > 1}:
        rows = [row for row, other in enumerate(names) if other == name]
        for row, longer in zip(rows, _longer(name, [_parsed(specs[row]) for row in rows]), strict=True):
            distinct[row] = longer
    taken = set()
    for row, name in enumerate(distinct):  # a longer name may be another benchmark's own
        if name != names[row] and (names.count(name) or name in taken):
            distinct[row] = specs[row]
        taken.add(distinct[row])
    return distinct


def _parsed(spec: str) -> Spec:
    try:
        return parse(spec)
    except SpecError:  # a task from Python may have any name
        return Spec(spec)


def _longer(name: str, specs: Sequence[Spec]) -> list[str]:
    folders = [_folder(spec) for spec in specs]
    parts = [PurePath(folder).parts for folder in folders]
    heads = [name] * len(specs)
    if len(set(parts)) > 1:
        depth = 2
        while len({several[-depth:] for several in parts}) < len(set(parts)):
            depth += 1
        heads = ["/".join(several[-depth:]).replace("//", "/") or name for several in parts]
    shared = set.intersection(*(set(_others(spec, folder)) for spec, folder in zip(specs, folders, strict=True)))
    longer = []
    for head, spec, folder in zip(heads, specs, folders, strict=True):
        arguments = [part for part in _others(spec, folder) if part not in shared]
        longer.append(f"{head}({', '.join(arguments)})" if arguments else head)
    return longer


def _folder(spec: Spec) -> str:
    """Return the first argument if it is text, else ""."""
    return spec.args[0] if spec.args and isinstance(spec.args[0], str) else ""


def _others(spec: Spec, folder: str) -> list[str]:
    args = spec.args[1:] if folder else spec.args
    return [*map(repr, args), *(f"{key}={value!r}" for key, value in spec.kwargs)]
