"""From a spec string to an object and back, through entry points. A plugin is imported only when it is asked for.

In an uninstalled checkout, which has no entry points, the table in the adjacent ``pyproject.toml`` is used.
"""

from __future__ import annotations

import difflib
import functools
import importlib
import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any, Literal, get_args

from robustir.errors import RobustirError, SpecError, UnknownNameError
from robustir.plugins.code import admit
from robustir.plugins.doses import parse_dose
from robustir.plugins.installed import installed_points
from robustir.plugins.paths import encoder_reader, hint, kind_at
from robustir.plugins.specs import Spec, parse

__all__ = ["KINDS", "Kind", "Registered", "canonical", "create", "factory", "kinds_of", "registered", "set_aside"]

Kind = Literal["perturbation", "encoder", "benchmark"]
KINDS: tuple[Kind, ...] = get_args(Kind)

# What a path means, per kind: the factory that takes it as its first argument.
_READERS: Mapping[Kind, Callable[[str], str]] = {"encoder": encoder_reader, "benchmark": lambda _: "beir"}

# Every perturbation takes ``dose=`` (and then ``calibration=``), unless it has such a parameter of its own.
_DOSED = "robustir.perturbations.dosed:Dosed"


@dataclass(frozen=True, slots=True)
class Registered:
    """One entry of the registry; nothing is imported until :meth:`load`."""

    kind: Kind
    name: str
    target: str  # "package.module:attribute"
    package: str  # the distribution that brings it

    def load(self) -> Callable[..., Any]:
        """Import the factory; a plugin that cannot be imported is named with its error."""
        try:
            return _import_target(self.target)
        except RobustirError:
            raise
        except (Exception, SystemExit) as error:  # a plugin that ends the process would end it without a word
            raise SpecError(
                f"the {self.kind} {self.name!r} from the package {self.package!r} cannot be imported "
                f"({type(error).__name__}: {error}); repair it or uninstall it:  pip uninstall {self.package}"
            ) from error


def _import_target(target: str) -> Callable[..., Any]:
    module, _, attribute = target.partition(":")
    value: Any = importlib.import_module(module)
    for part in attribute.split("."):
        value = getattr(value, part)
    return value  # type: ignore[no-any-return]


def _from_checkout(kind: Kind) -> list[EntryPoint]:
    import tomllib

    path = Path(__file__).resolve().parents[2] / "pyproject.toml"
    if not path.is_file():
        return []
    project = tomllib.loads(path.read_text(encoding="utf-8")).get("project", {})
    group = f"robustir.{kind}s"
    if project.get("name") != "robustir":
        return []
    return [EntryPoint(name, value, group) for name, value in project.get("entry-points", {}).get(group, {}).items()]


def registered(kind: Kind) -> Mapping[str, Registered]:
    """Return the entries of one kind by name, sorted; nothing is imported. Names in dispute are in :func:`set_aside`."""
    return _entries(kind)[0]


def set_aside(kind: Kind) -> Mapping[str, str]:
    """Return why entries of one kind are not used, by name: a built-in has the name, or two packages bring it."""
    return _entries(kind)[1]


@cache
def _entries(kind: Kind) -> tuple[Mapping[str, Registered], Mapping[str, str]]:
    group = f"robustir.{kind}s"
    installed = [(package, point) for package, point in installed_points().points if point.group == group]
    if not any(package == "robustir" for package, _ in installed):
        installed += [("robustir", point) for point in _from_checkout(kind)]
    brought: dict[str, list[Registered]] = {}
    for package, point in installed:
        entry = Registered(kind, point.name, point.value, package)
        others = brought.setdefault(point.name, [])
        if all(other.target != entry.target for other in others):
            others.append(entry)
    entries: dict[str, Registered] = {}
    aside: dict[str, str] = {}
    for name, several in sorted(brought.items()):
        own = next((entry for entry in several if entry.package == "robustir"), None)
        rest = " and ".join(entry.package for entry in several if entry is not own)
        if own or len(several) == 1:
            entries[name] = own or several[0]
        if own and len(several) > 1:
            aside[name] = f"the {kind} {name!r} of {rest} has the name of a built-in, which is used; uninstall {rest}"
        elif len(several) > 1:
            aside[name] = f"two packages bring a {kind} called {name!r}: {rest}; uninstall one of them"
    return entries, aside


def _resolve(kind: Kind, spec: Spec) -> tuple[Callable[..., Any], Spec]:
    if spec.is_object:
        admit(spec.name)
        try:
            return _import_target(spec.name), spec
        except (ImportError, AttributeError) as error:
            raise SpecError(
                f"{spec.name}: {error}; the form is  package.module:object  and the module must be importable from here"
            ) from error
    if spec.is_path:
        if kind not in _READERS:
            raise SpecError(f"{spec.name!r} is a path, but a {kind} is given by name or as  package.module:object")
        if kind == "encoder" and kind_at(spec.name) == "benchmark":
            raise SpecError(f"{spec.name} holds queries and passages, so it is a benchmark: give it with --benchmark")
        return _resolve(kind, Spec(_READERS[kind](spec.name), (spec.name,)))
    entries = registered(kind)
    if spec.name not in entries:
        if spec.name in set_aside(kind):
            raise SpecError(set_aside(kind)[spec.name])
        near = difflib.get_close_matches(spec.name, entries, n=3)
        known = f"did you mean {', '.join(near)}?" if near else f"there are: {', '.join(entries)}"
        raise UnknownNameError(
            f"{spec.name!r} is not a known {kind}; {hint(spec.name) or known}  (robustir list {kind}s)"
        )
    return entries[spec.name].load(), spec


def _dosed(kind: Kind, spec: Spec) -> tuple[Spec, dict[str, Any]]:
    """Return the spec without a dose, and the arguments of the dose (none for a spec without one)."""
    given = dict(spec.kwargs)
    if kind != "perturbation" or "dose" not in given:
        return spec, {}
    make, _ = _resolve(kind, spec)
    if (inspect.isroutine(make) or inspect.isclass(make)) and "dose" in inspect.signature(make).parameters:
        return spec, {}
    asked: dict[str, Any] = {key: _plain(given.pop(key)) for key in ("dose", "calibration") if key in given}
    return Spec(spec.name, spec.args, tuple(given.items())), asked | {"dose": str(parse_dose(asked["dose"]))}


def factory(kind: Kind, spec: str | Spec) -> Callable[..., Any]:
    """Return what the spec names (class, function or object) without building it."""
    return _resolve(kind, parse(spec) if isinstance(spec, str) else spec)[0]


def _plain(value: object) -> object:
    """A bare word such as ``mean`` in ``pooling=mean`` is a string; a spec with arguments stays one."""
    return value.name if isinstance(value, Spec) and not value.args and not value.kwargs else value


def _bind(kind: Kind, make: Callable[..., Any], spec: Spec) -> inspect.BoundArguments:
    args = [_plain(value) for value in spec.args]
    kwargs = {key: _plain(value) for key, value in spec.kwargs}
    try:
        signature = inspect.signature(make)
    except ValueError:  # of some classes in C
        raise SpecError(
            f"{spec} does not say what it takes, so it cannot serve as {kind}; wrap it in a class"
        ) from None
    try:
        return signature.bind(*args, **kwargs)
    except TypeError as error:
        known = ", ".join(str(parameter) for parameter in signature.parameters.values()) or "none"
        raise SpecError(
            f"{spec}: {error}; its parameters are: {known}  (robustir describe {kind}:{spec.name})"
        ) from None


def create(kind: Kind, spec: str | Spec) -> Any:
    """Build what a spec names. Raises SpecError (or a subclass) with what to do."""
    parsed, dose = _dosed(kind, parse(spec) if isinstance(spec, str) else spec)
    if dose:
        return _import_target(_DOSED)(parsed, **dose)
    make, resolved = _resolve(kind, parsed)
    if not callable(make) or (resolved.is_object and not inspect.isclass(make) and _is_instance(kind, make)):
        if resolved.args or resolved.kwargs:
            raise SpecError(f"{parsed}: {resolved.name} is an object, not a class, so it does not take arguments")
        return make
    if kind == "encoder" and resolved == Spec(resolved.name) and _is_function_of_texts(make):
        return make
    bound = _bind(kind, make, resolved)
    try:
        made = make(*bound.args, **bound.kwargs)
    except RobustirError:
        raise
    except (TypeError, ValueError) as error:
        raise SpecError(f"{parsed}: {error}  (robustir describe {kind}:{resolved.name})") from error
    # A text has a method encode; what else an encoder or a perturbation needs is asked where it is adapted.
    if isinstance(made, (str, bytes)) or (kind == "benchmark" and not _is_instance(kind, made)):
        raise SpecError(
            f"{parsed} gives a {type(made).__name__}, which cannot serve as {kind}: that has {' or '.join(_MARKS[kind])}; give the"
            f" module:object of one, or a name  (robustir list {kind}s)"
        )
    return made


def kinds_of(spec: Spec) -> list[Kind]:
    """Return what a ``module:object`` can be, by what it has."""
    target = _resolve("encoder", spec)[0]
    return [kind for kind in KINDS if _is_instance(kind, target)]


_MARKS: Mapping[Kind, tuple[str, ...]] = {
    "perturbation": ("nested",),
    "encoder": ("encode", "encode_query", "encode_queries", "blocks"),
    "benchmark": ("load",),
}


def _is_function_of_texts(value: object) -> bool:
    """Whether a function is itself the encoder: one that makes an encoder can be called without arguments."""
    if not inspect.isroutine(value) and not isinstance(value, functools.partial):
        return False
    signature = inspect.signature(value)
    needed = [each for each in signature.parameters.values() if each.default is each.empty]
    return bool(needed) and needed[0].kind in (needed[0].POSITIONAL_ONLY, needed[0].POSITIONAL_OR_KEYWORD)


def _is_instance(kind: Kind, value: object) -> bool:
    return any(hasattr(value, mark) for mark in _MARKS[kind])


def canonical(kind: Kind, spec: str | Spec) -> str:
    """Return the canonical spelling: keywords instead of positions where possible, sorted, without defaults.

    Specs inside are spelled the same way if the class says what they name: ``spec_parameters`` maps a parameter to its kind.
    """
    parsed, dose = _dosed(kind, parse(spec) if isinstance(spec, str) else spec)
    if dose:
        inner = parse(canonical(kind, parsed))
        return str(Spec(inner.name, inner.args, (*inner.kwargs, *dose.items())))
    make, resolved = _resolve(kind, parsed)
    if not callable(make) or (not resolved.args and not resolved.kwargs):
        return str(resolved)
    bound = _bind(kind, make, resolved)
    named: Mapping[str, Kind] = getattr(make, "spec_parameters", {})
    args: list[object] = []
    kwargs: dict[str, object] = {}
    for name, value in bound.arguments.items():
        parameter = bound.signature.parameters[name]
        if parameter.kind is inspect.Parameter.VAR_POSITIONAL:
            args.extend(_spelled(named[name], item, parameter) if name in named else item for item in value)
            continue
        if parameter.kind is inspect.Parameter.VAR_KEYWORD:
            kwargs.update(value)
            continue
        if name in named:
            value = _spelled(named[name], value, parameter)
        if parameter.default is inspect.Parameter.empty and parameter.kind is not inspect.Parameter.KEYWORD_ONLY:
            args.append(value)
        elif type(value) is not type(parameter.default) or value != parameter.default:
            kwargs[name] = value
    return str(Spec(resolved.name, tuple(args), tuple(kwargs.items())))


def _spelled(kind: Kind, value: object, parameter: inspect.Parameter) -> object:
    """Return a spec inside another in its canonical spelling: as a string if the default is one, else as a spec."""
    if not isinstance(value, (str, Spec)) or not value:
        return value
    text = canonical(kind, value)
    return text if isinstance(parameter.default, str) else parse(text)
