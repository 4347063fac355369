"""The default folder of a run: one per suite, and another for each set of options that change the suite."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from robustir.planning.suite import Suite
from robustir.plugins.names import short_name

__all__ = ["run_folder"]

RUNS = Path("runs")
_WIDEST = 48  # characters of a name, before its digest


def run_folder(suite: Suite, asked: Suite) -> Path:
    """Return the default folder of a run of ``asked``, which options made of ``suite``.

    It is ``runs/SUITE``, or beside it: the same options always give the same name, which tells them briefly and ends in
    a digest.
    """
    changes = {
        name: value
        for name, value in asked.model_dump(mode="json").items()
        if value != suite.model_dump(mode="json")[name]
    }
    if not changes:
        return RUNS / suite.name
    digest = hashlib.sha256(json.dumps(changes, sort_keys=True).encode()).hexdigest()[:6]
    words = "-".join(word for name, value in changes.items() for word in _words(name, value))
    slug = re.sub(r"[^a-z0-9.]+", "-", words.lower())[:_WIDEST].strip("-.")
    return RUNS / "-".join(part for part in (suite.name, slug, digest) if part)


def _words(name: str, value: Any) -> Iterator[str]:
    """Yield the words for a changed value in a folder's name."""
    if isinstance(value, (list, tuple)):
        for item in value:
            yield from _words("", item)
    elif isinstance(value, dict):
        if "spec" in value:
            yield value.get("name") or short_name(value["spec"])
    elif isinstance(value, str):
        yield short_name(value)
    elif value is not None:
        yield f"{name}-{value}".strip("-")
