"""Where a run goes if nobody says: a folder for the suite, and one of its own for every way in which options change it."""

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
    """Return the folder of a run of ``suite`` that options made ``asked``: ``runs/SUITE``, or beside it.

    The same options always give the same folder: its name says what they are, as far as that is short, and a digest.
    """
    changes = {
        name: value
        for name, value in asked.model_dump(mode="json").items()
        if name != "exploratory" and value != suite.model_dump(mode="json")[name]
    }
    if not changes:
        return RUNS / suite.name
    digest = hashlib.sha256(json.dumps(changes, sort_keys=True).encode()).hexdigest()[:6]
    words = "-".join(word for name, value in changes.items() for word in _words(name, value))
    slug = re.sub(r"[^a-z0-9.]+", "-", words.lower())[:_WIDEST].strip("-.")
    return RUNS / "-".join(part for part in (suite.name, slug, digest) if part)


def _words(name: str, value: Any) -> Iterator[str]:
    """Yield what stands for a changed value in a folder's name."""
    if isinstance(value, (list, tuple)):
        for each in value:
            yield from _words("", each)
    elif isinstance(value, dict):
        if "spec" in value:
            yield value.get("name") or short_name(value["spec"])
    elif isinstance(value, str):
        yield short_name(value)
    elif value is not None:
        yield f"{name}-{value}".strip("-")
