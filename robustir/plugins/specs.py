"""Spec strings: ``name(arg, key=value)``, ``package.module:object`` or a path; ``parse(str(x)) == x``."""

from __future__ import annotations

import ast
import itertools
import re
from dataclasses import dataclass

from robustir.errors import SpecError
from robustir.plugins.paths import hint

__all__ = ["Spec", "parse"]

_DEEPEST, _LONGEST = 30, 20_000  # brackets and characters; nobody writes more, and reading takes their product
_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_KEY = re.compile(r"\s*([A-Za-z_]\w*)\s*=(?!=)")
_OBJECT = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*(\.[A-Za-z_]\w*)*")
# A whole quoted string, or one character (a quote by itself was never closed).
_PIECE = re.compile(r"""'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*"|.""", re.DOTALL)
_CLOSING = {"(": ")", "[": "]", "{": "}"}


@dataclass(frozen=True, slots=True)
class Spec:
    """What to build: a registered name, a ``module:object`` or a path, with bound arguments; keywords are sorted."""

    name: str
    args: tuple[object, ...] = ()
    kwargs: tuple[tuple[str, object], ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "kwargs", tuple(sorted(self.kwargs, key=lambda item: item[0])))

    @property
    def is_object(self) -> bool:
        """Whether the name is ``package.module:object``."""
        return _OBJECT.fullmatch(self.name) is not None

    @property
    def is_path(self) -> bool:
        """Whether the name is a path (it contains a slash or backslash or begins with a dot)."""
        return _looks_like_path(self.name)

    def __str__(self) -> str:
        parts = [_show(value) for value in self.args] + [f"{key}={_show(value)}" for key, value in self.kwargs]
        return f"{self.name}({', '.join(parts)})" if parts else self.name


def _show(value: object) -> str:
    return str(value) if isinstance(value, Spec) else repr(value)


def _depth(text: str) -> int:
    """Return how many brackets are open at most, those in quotes too."""
    steps = (1 if character in "([{" else -1 for character in text if character in "()[]{}")
    return max(itertools.accumulate(steps), default=0)


def _looks_like_path(text: str) -> bool:
    return "/" in text or "\\" in text or text.startswith(".")


def parse(text: str) -> Spec:
    """Parse a spec string; raise SpecError that shows where and what was expected."""
    stripped = text.strip()
    if _depth(stripped) > _DEEPEST or len(stripped) > _LONGEST:
        raise SpecError(
            f"{stripped[:60]!r}...: a spec holds at most {_LONGEST} characters and {_DEEPEST} open brackets"
        )
    if not stripped:
        raise SpecError("an empty spec; write a name such as  typos  or  transformer('some/model')")
    head = stripped.partition("(")[0]
    if _looks_like_path(head):
        return Spec(stripped)
    if _OBJECT.fullmatch(stripped):
        return Spec(stripped)
    name, opening, rest = stripped.partition("(")
    name = name.rstrip()
    if not _NAME.fullmatch(name) and not _OBJECT.fullmatch(name):
        raise SpecError(
            f"{text!r}: {name!r} is not a valid name; "
            + (hint(name) or "names are lower-case letters and digits joined by hyphens, such as  shuffle-words")
        )
    if not opening:
        return Spec(name)
    if not rest.rstrip().endswith(")"):
        raise SpecError(f"{text!r}: the bracket after {name!r} is not closed")
    return _parse_arguments(text, name, rest.rstrip()[:-1])


def _parse_arguments(text: str, name: str, inside: str) -> Spec:
    args: list[object] = []
    kwargs: dict[str, object] = {}
    for part in _split(text, inside):
        match = _KEY.match(part)
        if match is None:
            if kwargs:
                raise SpecError(
                    f"{text!r}: the value {part.strip()!r} comes after a named one; put it first or name it"
                )
            args.append(_parse_value(text, part))
            continue
        key = match.group(1)
        if key in kwargs:
            raise SpecError(f"{text!r}: {key} is given twice")
        kwargs[key] = _parse_value(text, part[match.end() :])
    return Spec(name, tuple(args), tuple(kwargs.items()))


def _parse_value(text: str, part: str) -> object:
    stripped = part.strip()
    try:
        return ast.literal_eval(stripped)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        pass
    try:
        return parse(stripped)
    except SpecError as error:
        raise SpecError(f"{text!r}: {stripped!r} is neither a Python literal nor a spec ({error})") from None


def _split(text: str, inside: str) -> list[str]:
    """Split at top-level commas, outside brackets and quotes."""
    parts = [""]
    expected: list[str] = []
    for match in _PIECE.finditer(inside):
        piece = match.group()
        if piece in {"'", '"'}:
            raise SpecError(f"{text!r}: a quote is not closed")
        if piece in _CLOSING:
            expected.append(_CLOSING[piece])
        elif piece in _CLOSING.values() and (not expected or expected.pop() != piece):
            raise SpecError(f"{text!r}: the brackets do not match")
        if piece == "," and not expected:
            parts.append("")
        else:
            parts[-1] += piece
    if expected:
        raise SpecError(f"{text!r}: a bracket is not closed")
    if not parts[-1].strip():
        parts.pop()  # nothing at all, or a comma at the end
    if any(not part.strip() for part in parts):
        raise SpecError(f"{text!r}: there is an empty argument")
    return parts
