"""JSON and TOML from untrusted files: any malformed text is an error of its format, even deep nesting."""

from __future__ import annotations

import json
import tomllib
from typing import Any

__all__ = ["parse_json", "parse_toml"]

_TOO_DEEP = "nested too deeply"


def parse_json(text: str | bytes) -> Any:
    """Return the content of a JSON text; raises json.JSONDecodeError (a ValueError), also if it is nested too deeply."""
    try:
        return json.loads(text)
    except RecursionError:
        raise json.JSONDecodeError(_TOO_DEEP, "", 0) from None


def parse_toml(text: str) -> dict[str, Any]:
    """Return the content of a TOML text; raises tomllib.TOMLDecodeError (a ValueError), also if it is nested too deeply."""
    try:
        return tomllib.loads(text)
    except RecursionError:
        raise tomllib.TOMLDecodeError(_TOO_DEEP) from None
