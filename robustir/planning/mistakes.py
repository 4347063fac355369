"""Mistakes in a suite, in one line that names the key as a reader of the file would."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from robustir.disk.shapes import place, shortened

__all__ = ["explained"]

_SHOWN = 10  # mistakes


def explained(error: ValidationError, model: type[BaseModel]) -> str:
    """Return every mistake: the key, such as ``perturbations[2].severities``, and what is wrong with its value."""
    mistakes = error.errors()
    # Pydantic also calls a list too short if its only item is wrong.
    inner = {item["loc"][:depth] for item in mistakes for depth in range(len(item["loc"]))}
    told = [_explain(item, model) for item in mistakes if item["loc"] not in inner or item["type"] != "too_short"]
    more = f"; and {len(told) - _SHOWN} more" if len(told) > _SHOWN else ""
    return "; ".join(told[:_SHOWN]) + more


def _explain(item: Any, model: type[BaseModel]) -> str:
    where = place(item["loc"])
    if item["type"] == "extra_forbidden":
        known = _holder(model, item["loc"][:-1]).model_fields
        near = difflib.get_close_matches(str(item["loc"][-1]), known, n=1)
        return f"unknown key {where!r}" + (f" (did you mean {near[0]!r}?)" if near else f" (known: {', '.join(known)})")
    if item["type"] == "missing":
        return f"{where}: this key is missing"
    if item["type"] == "too_short":
        return f"{where}: name at least 1 item"
    message = shortened(item["msg"].removeprefix("Value error, "), 300)
    return f"{where}: {message}" if where else message


def _holder(model: type[BaseModel], keys: Sequence[object]) -> type[BaseModel]:
    """Return the model of the table at ``keys``."""
    for key in keys:
        field = model.model_fields.get(str(key))
        model = model if field is None else _inside(field.annotation) or model
    return model


def _inside(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((model for part in get_args(annotation) if (model := _inside(part)) is not None), None)
