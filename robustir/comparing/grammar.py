"""The syntax of bounds: ``retention(mE5, typos, 0.2) < 0.9``, ``ahead(mE5, bm25, typos)``, ``delta < -0.1``."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from robustir.comparing.quantities import ONE, TWO
from robustir.errors import SpecError

__all__ = ["EVERY", "FIELDS", "GRAMMAR", "POINTS", "Bound", "parse_bound", "parse_bounds"]

EVERY = "*"
POINTS = ("effect_size", "worst_draw")  # fields without an interval: the estimate is judged alone
FIELDS = ("delta", "noisy", "clean", "retention", "relative_drop", *POINTS)
GRAMMAR = f"""write one of
  {", ".join(ONE)}:  retention(ENCODER, NOISE, SEVERITY) < NUMBER
  {", ".join(TWO)}:  loss(A, B, NOISE, SEVERITY) > NUMBER
  ahead(A, B, NOISE, SEVERITY), or not ahead(...)
  {", ".join(FIELDS)} of every contrast:  retention < NUMBER
with <, <=, > or >=; without SEVERITY or NOISE all of them are judged, NOISE may be clean (score and gap), {EVERY} is every encoder or
noise, and setting=mono, benchmark=NAME, measure=M restrict the bound"""

_SHAPE = re.compile(
    r"\s*(?P<negated>not\s+)?(?P<name>[a-z_]+)\s*(?:\((?P<inside>.*)\))?\s*"
    r"(?:(?P<sign><=|>=|<|>)\s*(?P<number>[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?))?\s*",
    re.DOTALL,
)
_CHOICE = re.compile(r"(setting|benchmark|measure)\s*=\s*(.*)", re.DOTALL)
_NEGATED = {"<": ">=", ">=": "<", ">": "<=", "<=": ">"}
_OPEN, _CLOSED = "([{", ")]}"


@dataclass(frozen=True, slots=True)
class Bound:
    """An expression over a run: a quantity of encoders under noise, a sign and a number.

    encoders: one or two names, "*" for every one; noise: a name, "clean", or "*"; severity: None for every one. plain:
    a field of every contrast, in every measure. chosen: setting, benchmark and measure, if named.
    """

    text: str
    quantity: str
    sign: str
    number: float
    encoders: tuple[str, ...] = (EVERY,)
    noise: str = EVERY
    severity: float | None = None
    chosen: Mapping[str, str] = field(default_factory=dict)
    plain: bool = False

    def negated(self) -> Bound:
        """Return the bound that is met exactly if this one is not."""
        return replace(self, sign=_NEGATED[self.sign])


def parse_bounds(bounds: Sequence[str]) -> tuple[Bound, ...]:
    """Read several expressions; raise SpecError with the grammar for the first invalid one."""
    return tuple(map(parse_bound, bounds))


def parse_bound(text: str) -> Bound:
    """Read one expression; raise SpecError with the grammar if it is invalid."""
    shape = _SHAPE.fullmatch(text)
    if shape is None:
        raise _mistake(text, "it does not have the form of a bound")
    name, inside = shape["name"], shape["inside"]
    if name == "ahead":
        if inside is None or shape["sign"]:
            raise _mistake(text, "ahead names two encoders and takes no number")
        found = Bound(text, "gap", ">", 0.0)
        return _with_arguments(found.negated() if shape["negated"] else found, inside)
    if shape["negated"]:
        raise _mistake(text, "not is allowed only before ahead")
    if not shape["sign"]:
        raise _mistake(text, "a sign and a number are missing, such as  < 0.9")
    bound = Bound(text, name, shape["sign"], float(shape["number"]))
    if inside is not None:
        if name not in ONE and name not in TWO:
            raise _mistake(text, f"{name} is not a quantity of an encoder")
        return _with_arguments(bound, inside)
    if name not in FIELDS:
        raise _mistake(text, f"{name} is not a field of the contrasts")
    if name in {"noisy", "clean"}:
        return replace(bound, quantity="score", noise="clean" if name == "clean" else EVERY, plain=True)
    return replace(bound, plain=True)


def _mistake(text: str, why: str) -> SpecError:
    return SpecError(f"bound {text!r}: {why}; {GRAMMAR}")


def _with_arguments(bound: Bound, inside: str) -> Bound:
    """Fill in encoders, noise, severity, setting, benchmark and measure."""
    chosen: dict[str, str] = {}
    given: list[str] = []
    for part in _parts(bound.text, inside):
        choice = _CHOICE.fullmatch(part)
        if choice:
            chosen[choice[1]] = _unquoted(choice[2])
        elif chosen:
            raise _mistake(
                bound.text,
                f"{part!r} comes after a choice such as setting=mono; encoders, noise and severity come first",
            )
        else:
            given.append(_unquoted(part))
    count = 2 if bound.quantity in TWO else 1
    if not count <= len(given) <= count + 2:
        who = "two encoders" if count == 2 else "an encoder"
        raise _mistake(bound.text, f"give {who}, a noise and a severity, not {len(given)} names")
    encoders, (noise, severity) = tuple(given[:count]), (*given[count:], EVERY, EVERY)[:2]
    if noise == "clean" and bound.quantity not in {"score", "gap"}:
        raise _mistake(bound.text, f"{bound.quantity} needs noise, and clean is not noise")
    if "measure" in chosen:
        chosen["measure"] = _measure(bound.text, chosen["measure"])
    return replace(bound, encoders=encoders, noise=noise, severity=_severity(bound.text, severity), chosen=chosen)


def _measure(text: str, name: str) -> str:
    from robustir.measures import parse_measure

    try:
        return str(parse_measure(name))
    except SpecError as error:
        raise SpecError(f"bound {text!r}: {error}") from None


def _severity(text: str, given: str) -> float | None:
    if given == EVERY:
        return None
    try:
        value = float(given)
    except ValueError:
        raise _mistake(text, f"{given!r} is not a valid severity") from None
    if not 0 < value <= 1:
        raise _mistake(text, f"severity {given} must be above 0 and at most 1")
    return value


def _parts(text: str, inside: str) -> list[str]:
    """Split at commas outside of brackets and quotes: names may be specs with arguments of their own."""
    parts, depth, quote, start = [], 0, "", 0
    for at, letter in enumerate(inside):
        if quote:
            quote = "" if letter == quote else quote
        elif letter in "'\"":
            quote = letter
        elif letter in _OPEN:
            depth += 1
        elif letter in _CLOSED:
            depth -= 1
        elif letter == "," and depth == 0:
            parts.append(inside[start:at])
            start = at + 1
    if depth or quote:
        raise _mistake(text, "a bracket or quote is not closed")
    found = [part.strip() for part in (*parts, inside[start:])]
    if not all(found):
        raise _mistake(text, "a name is missing between commas")
    return found


def _unquoted(name: str) -> str:
    quoted = len(name) > 1 and name[0] in "'\"" and name[0] == name[-1] and name[0] not in name[1:-1]
    return name[1:-1] if quoted else name
