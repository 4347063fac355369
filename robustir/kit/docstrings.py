"""Sections of docstrings (``Args:``, ``Raises:``): what ``robustir describe`` shows about a plugin's parameters and errors."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

__all__ = ["Explained", "explained"]

_HEADER = re.compile(r"(Args|Raises|Returns|Yields|Example|Examples|Note):\s*")
_ENTRY = re.compile(r" {4}(\*{0,2}\w+(?:, \*{0,2}\w+)*)(?: \([^)]*\))?:(?:\s+(.*))?")


@dataclass(frozen=True, slots=True)
class Explained:
    """What a docstring says. description: all but its sections; parameters, raises: meaning by name, without the last stop."""

    description: str = ""
    parameters: dict[str, str] = field(default_factory=dict)
    raises: dict[str, str] = field(default_factory=dict)


def explained(thing: object) -> Explained:
    """Return what a class or function says about itself, in the sections that Google's style guide for Python names.

    A parameter that a class takes over from its base may be explained there. Errors are only those that the thing itself names.
    """
    classes = [base for base in getattr(thing, "__mro__", (thing,)) if base is not object]
    texts = [_sections(inspect.getdoc(base) if base is thing else base.__doc__ or "") for base in classes]
    parameters: dict[str, str] = {}
    for sections in texts:
        for name, meaning in _entries(sections.get("Args", [])):
            parameters.setdefault(name.lstrip("*"), meaning)
    own = texts[0] if texts else {}
    return Explained("\n".join(own.get("", [])).strip(), parameters, dict(_entries(own.get("Raises", []))))


def _sections(text: str | None) -> dict[str, list[str]]:
    """Return the lines of each section; those before any header, and after a section's end, under ""."""
    sections: dict[str, list[str]] = {"": []}
    name = ""
    for line in inspect.cleandoc(text or "").splitlines():
        header = _HEADER.fullmatch(line)
        if header is not None:
            name = header.group(1)
            continue
        if name and line and not line.startswith(" "):
            name = ""
        sections.setdefault(name, []).append(line)
    return sections


def _entries(lines: list[str]) -> Iterator[tuple[str, str]]:
    """Yield (name, meaning) of ``name: meaning``, with what is indented further; several names may share a meaning."""
    names: list[str] = []
    words: list[str] = []

    def done() -> Iterator[tuple[str, str]]:
        meaning = " ".join(words).rstrip(".").replace("``", "")
        yield from ((name, meaning) for name in names)

    for line in lines:
        entry = _ENTRY.fullmatch(line)
        if entry is not None:
            yield from done()
            names, words = entry.group(1).split(", "), []
            line = entry.group(2) or ""
        words += line.split()
    yield from done()
