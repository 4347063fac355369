"""Entry points of the installed packages, read one package at a time: a broken one is set aside, and the others work."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.metadata import Distribution, EntryPoint, distributions

__all__ = ["Installed", "installed_points"]

_OURS = "robustir."


@dataclass(frozen=True, slots=True)
class Installed:
    """What the packages of this environment register.

    points: (package, entry point) of the groups ``robustir.*``, in the order of the import path; unreadable: a sentence for
    every package whose entry points cannot be read.
    """

    points: tuple[tuple[str, EntryPoint], ...]
    unreadable: tuple[str, ...]


@cache
def installed_points() -> Installed:
    """Read the entry points of every installed package."""
    points: list[tuple[str, EntryPoint]] = []
    unreadable = []
    seen = set()
    for where, dist in _packages():
        try:
            found = [point for point in dist.entry_points if point.group.startswith(_OURS)]
            name = dist.metadata["Name"] or where
        except Exception as error:  # noqa: BLE001 - damaged files of a stranger, in any way
            unreadable.append(
                f"the entry points of the package {where} cannot be read ({type(error).__name__}: {error}); install it"
                " again, or uninstall it"
            )
            continue
        key = re.sub(r"[-_.]+", "-", name).lower()
        if key not in seen:  # of two copies the first on the path is the one that is imported
            points += [(name, point) for point in found]
        seen.add(key)
    return Installed(tuple(points), tuple(unreadable))


def _packages() -> Iterator[tuple[str, Distribution]]:
    """Yield what every package's folder of metadata is called, and the package."""
    for dist in distributions():
        folder = getattr(dist, "_path", None)  # there is no public name for it, and the metadata may be unreadable
        yield getattr(folder, "stem", None) or "without a name", dist
