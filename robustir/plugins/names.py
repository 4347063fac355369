"""Names of specs for readers: short, distinct, and never a path of somebody's machine."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet

from robustir.errors import SpecError
from robustir.plugins.specs import Spec, parse

__all__ = [
    "CONTROL_OF",
    "check_name",
    "perturbation_names",
    "resolve_name",
    "short_name",
    "short_names",
    "without_local_paths",
]

_WIDEST = 40  # characters of a spec that is its own name
# The encoders that are nothing but the model that they read.
_READERS = frozenset({"static", "transformer"})
_SEPARATOR = re.compile(r"[/\\]")


def check_name(name: str) -> str:
    """Return a name that somebody gave, without blanks around it; raise ValueError if it cannot be one."""
    bare = name.strip()
    if not bare or len(bare) > 80 or not bare.isprintable() or _SEPARATOR.search(bare) or "=" in bare:
        raise ValueError(f"{name!r} is not a valid name; use up to 80 visible characters without slashes and '='")
    return bare


def short_name(spec: str) -> str:
    """Return the shortest name of a spec: the last part of the folder or model that it reads, else its own spelling.

    Paths inside lose their folders; a long spelling loses its arguments.
    """
    try:
        return _name(parse(spec))
    except SpecError:
        return spec


def short_names(specs: Iterable[str], given: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return a name for each distinct spec, in their order: the one that is ``given``, else a short one.

    Specs that would share a short name show the arguments that differ, and if that is not enough, more of their folders.
    """
    chosen = {spec: name for spec, name in (given or {}).items() if name}
    twice = [name for name, count in Counter(chosen.values()).items() if count > 1]
    if twice:
        raise SpecError(f"two encoders are called {twice[0]!r}; give each its own name")
    ordered = list(dict.fromkeys(specs))
    names = {spec: short_name(spec) for spec in ordered if spec not in chosen}
    groups: dict[str, list[str]] = {}
    for spec, name in names.items():
        groups.setdefault(name, []).append(spec)
    for group in groups.values():
        if len(group) > 1:
            names |= dict(zip(group, _apart(group), strict=True))
    uses = Counter((*chosen.values(), *names.values()))
    return {spec: chosen.get(spec) or (names[spec] if uses[names[spec]] == 1 else spec) for spec in ordered}


# A quoted path of this machine, absolute or from the working directory.
_LOCAL = re.compile(r"""['"](?:/|~|\.{1,2}[/\\]|[A-Za-z]:[/\\])""")


def without_local_paths(spec: str) -> str:
    """Return a spec as people may see it: if it holds a path of this machine, all its paths lose their folders."""
    return _spelled(parse(spec)) if _LOCAL.search(spec) else spec


def _apart(group: list[str]) -> list[str]:
    """Return distinct names of specs that share their short one."""
    parsed = [parse(spec) for spec in group]
    items = [{(key, repr(value)) for key, value in spec.kwargs} for spec in parsed]
    common = set.intersection(*items)
    for depth in range(1, 1 + max(map(_depth, parsed))):
        names = [_name(spec, depth, common) for spec in parsed]
        if len(set(names)) == len(names):
            return names
    return group


def _reads(spec: Spec) -> str:
    """Return the folder or model that a spec reads, "" for an encoder that is more than that."""
    if spec.is_path:
        return spec.name
    return spec.args[0] if spec.name in _READERS and spec.args and isinstance(spec.args[0], str) else ""


def _parts(path: str) -> list[str]:
    return [part for part in _SEPARATOR.split(path) if part not in {"", "."}] or [path]


def _depth(spec: Spec) -> int:
    return max(1, len(_parts(_reads(spec))))


def _name(spec: Spec, depth: int = 1, common: AbstractSet[tuple[str, str]] | None = None) -> str:
    """Return a name with ``depth`` parts of the folder and the arguments that are not ``common``; None: none that can go."""
    whole = _spelled(spec)
    if reads := _reads(spec):
        head, rest = "/".join(_parts(reads)[-depth:]), spec.args[1:]
        if common is None:
            return head
    elif common is None:
        return whole if len(whole) <= _WIDEST else spec.name
    else:
        head, rest = spec.name, spec.args
    kept = tuple((key, value) for key, value in spec.kwargs if (key, repr(value)) not in common)
    return head + _spelled(Spec("x", rest, kept))[1:]


def _spelled(spec: Spec) -> str:
    """Return a spec whose paths lost their folders, inside as well."""

    def shown(value: object) -> object:
        if isinstance(value, Spec):
            return Spec(_inner(value))
        if isinstance(value, str):
            return _inner(parse(value)) if "(" in value and _is_spec(value) else _last_part(value)
        return value

    return str(Spec(spec.name, tuple(map(shown, spec.args)), tuple((key, shown(value)) for key, value in spec.kwargs)))


def _inner(spec: Spec) -> str:
    """Return the name of a spec inside another: that of the model, if it does nothing but read one."""
    alone = len(spec.args) <= 1 and not spec.kwargs
    return _parts(_reads(spec))[-1] if alone and _reads(spec) else _spelled(spec)


def _is_spec(text: str) -> bool:
    try:
        parse(text)
    except SpecError:
        return False
    return True


def _last_part(text: str) -> str:
    """Return the last part of a path; text that is not a path stays."""
    return _parts(text)[-1] if _SEPARATOR.search(text) and text.strip("/\\.") else text


def resolve_name(asked: str, names: Mapping[str, str], kind: str = "encoder") -> str:
    """Return the name of the encoder (or another kind) that ``asked`` means: its name, its spec, or a part of either that one alone has.

    names: spec by name, of all of them in a run. Raises SpecError that shows what there is.
    """
    if asked in names:
        return asked
    same = [name for name, spec in names.items() if spec == asked or _alike(spec, asked)]
    if len(same) == 1:
        return same[0]
    parts = [name for name, spec in names.items() if asked.lower() in name.lower() or asked in spec]
    if len(parts) == 1:
        return parts[0]
    what = f"{asked!r} is a part of {len(parts)} {kind}s" if parts else f"the run has no {kind} {asked!r}"
    raise SpecError(f"{what}; its {kind}s are: {', '.join(parts or names)}")


def _alike(spec: str, asked: str) -> bool:
    """Whether two spellings say the same: blanks and quotes aside, or a path and the encoder that reads it."""
    try:
        there, here = parse(spec), parse(asked)
    except SpecError:
        return False
    if here.is_path and there.name in _READERS and len(there.args) == 1 and not there.kwargs:
        return there.args[0] == here.name
    return there == here


# A quoted file with a folder: absolute, or with an extension (a hub id has neither).
_FILE = re.compile(r"'(?:/[^']*/([^'/]+?)(?:\.[A-Za-z]\w*)?|[^'/][^']*/([^'/]+)\.[A-Za-z]\w*)'")


# An encoder in a folder, as an attack names it.
_FOLDER = re.compile(r"""=(["'])static\(\\?'(?:[^'"]*/)?([^'"/\\]+)\\?'\)\1""")
_CONTROL = re.compile(r"^random-control\((.*)\)$")
CONTROL_OF = "random control of "


def perturbation_names(specs: Iterable[str]) -> dict[str, str]:
    """Return how perturbations are called in text and tables, if that keeps them distinct.

    A file goes by its name alone, and so does a static encoder in a folder; the scale of its doses is not in the name of a
    noise. A random control says whose it is in words.
    """
    wanted = list(dict.fromkeys(specs))
    kept = {spec: spec for spec in wanted}
    for shorten in (_without_folders, lambda spec: _without_dose(_without_folders(spec))):
        names = {spec: shorten(spec) for spec in wanted}
        uses = Counter(names.values())
        kept |= {spec: name for spec, name in names.items() if uses[name] == 1}
    return {spec: _CONTROL.sub(rf"{CONTROL_OF}\1", name) for spec, name in kept.items()}


def _without_dose(spec: str) -> str:
    """Return a spec without its outermost dose."""
    try:
        parsed = parse(spec)
    except SpecError:
        return spec
    kept = tuple((key, value) for key, value in parsed.kwargs if key != "dose")
    return spec if kept == parsed.kwargs else str(Spec(parsed.name, parsed.args, kept))


def _without_folders(spec: str) -> str:
    named = _FILE.sub(lambda found: f"'{found[1] or found[2]}'", spec)
    return _FOLDER.sub(lambda found: f"='{found[2]}'", named)
