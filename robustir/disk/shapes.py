"""The shape that the content of a file must have, and the place of a mistake in it as a reader of the file would say."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any, Generic, TypeVar

from robustir.errors import DataError, InputError

__all__ = ["HIDDEN", "Shape", "place", "shaped", "shortened"]

T = TypeVar("T")

# The prefix of names that exist only inside pydantic: the tags of a union.
HIDDEN = "*"
_SAID = {"missing": "this key is missing", "model_type": "expected an object", "dict_type": "expected an object"}
_LONGEST = 60  # characters of a key or value in a message


class Shape(Generic[T]):
    """A type, such as ``list[Article]`` with ``Article`` a model of pydantic.

    strict: values are taken as they are, and nothing is converted.
    """

    def __init__(self, kind: Any, *, strict: bool = True) -> None:
        self.kind = kind
        self.strict = strict

    @cached_property
    def adapter(self) -> Any:
        """Pydantic's reader of the type."""
        from pydantic import TypeAdapter

        return TypeAdapter(self.kind)


def shaped(content: Any, shape: Shape[T], where: str, advice: str, *, error: type[InputError] = DataError) -> T:
    """Return a content that has a shape.

    Args:
        content: as JSON or TOML holds it.
        shape: what it must be.
        where: its file, and the line if there is one.
        advice: what to do about a mistake.
        error: what is raised.

    Raises:
        InputError: ``error``, naming the first key whose value is wrong.
    """
    from pydantic import ValidationError

    try:
        found: T = shape.adapter.validate_python(content, strict=shape.strict)
    except ValidationError as wrong:
        first = wrong.errors(include_url=False, include_context=False)[0]
        at = place(first["loc"])
        what = _SAID.get(first["type"], first["msg"].removeprefix("Value error, "))
        raise error(f"{where}: {f'{at}: ' if at else ''}{shortened(what, 300)}; {advice}") from None
    return found


def place(keys: Sequence[object]) -> str:
    """Return keys and positions (from 0) as one place: ``strategies.hybrid.encoders``, ``perturbations[2].draws``."""
    parts = [
        f"[{key}]" if isinstance(key, int) else f".{shortened(str(key))}"
        for key in keys
        if not str(key).startswith(HIDDEN)
    ]
    return "".join(parts).removeprefix(".")


def shortened(text: str, longest: int = _LONGEST) -> str:
    """Return a text for a message: its beginning if it is long, and nothing that a terminal or a file cannot hold."""
    plain = text if text.isprintable() else ascii(text)[1:-1]
    return plain if len(plain) <= longest else f"{plain[: longest - 3]}..."
