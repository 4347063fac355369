"""What identifies code: digests of a user's modules, files and versions of libraries."""

from __future__ import annotations

import ast
import hashlib
import inspect
import sys
import sysconfig
from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

__all__ = ["class_token", "code_token", "is_users", "module_name", "module_token", "names_in"]

# Identified by the first number of their version, as for the encoders that come with robustir.
_BY_VERSION = frozenset({"torch", "transformers", "tokenizers", "numpy"})
_INSTALLED = ("site-packages", "dist-packages")


def module_name(value: object) -> str:
    """Return the name of the module that defines a class or function; a spawned process's main module is ``__main__``."""
    name = getattr(value, "__module__", None)
    return "__main__" if name == "__mp_main__" else name if isinstance(name, str) else "builtins"


def _file(name: str) -> Path | None:
    found = getattr(sys.modules.get(name), "__file__", None)
    return Path(found) if isinstance(found, str) and found.endswith(".py") else None


def is_users(name: str) -> bool:
    """Whether a module is the user's own: not part of Python, robustir or an installed package."""
    top = name.partition(".")[0]
    if top == "__main__":
        return True
    path = _file(name)
    if top in sys.stdlib_module_names or top == "robustir" or path is None:
        return False
    return not any(part in _INSTALLED for part in path.parts) and not path.is_relative_to(sysconfig.get_path("stdlib"))


def module_token(name: str) -> str:
    """Return what identifies a module's code; for a user's module, its file and those of the user's modules it uses.

    The file of a script is left out: it also says what to run, and the objects that its functions use are digested.
    """
    if is_users(name):
        files = sorted((found, path) for found, path in _reached(name).items() if found != "__main__")
        return f"{name} " + " ".join(f"{found}={_content(path)}" for found, path in files)
    top = name.partition(".")[0]
    if top in _BY_VERSION:
        return f"{name} {_version(top).partition('.')[0]}"
    if top in sys.stdlib_module_names:
        return name
    path = _file(name)
    return f"{name} {_version(top)} {'' if path is None else _raw(path, path.stat().st_mtime_ns)}"


def class_token(kind: type) -> str:
    """Return what identifies the code of a class: its modules and those of its bases."""
    names = sorted({module_name(base) for base in kind.__mro__} - {"builtins"})
    return f"{module_name(kind)}.{kind.__qualname__} {' '.join(map(module_token, names))}"


def code_token(code: CodeType) -> str:
    """Return what identifies compiled code that has no file, such as a notebook's: instructions, constants and names."""
    constants = [_constant(each) for each in code.co_consts]
    text = f"{code.co_code.hex()} {constants} {code.co_names} {code.co_varnames} {code.co_freevars}"
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _constant(value: object) -> str:
    """Return a constant of code as text; sets are sorted, as their order differs between processes."""
    if isinstance(value, CodeType):
        return code_token(value)
    if isinstance(value, frozenset):
        return f"{sorted(map(repr, value))}"
    return f"{[*map(_constant, value)]}" if isinstance(value, tuple) else repr(value)


def names_in(code: CodeType) -> Iterator[str]:
    """Yield the names of globals and attributes that code mentions, also in the functions inside it."""
    yield from code.co_names
    for each in code.co_consts:
        if isinstance(each, CodeType):
            yield from names_in(each)


def _reached(name: str) -> dict[str, Path]:
    """Return the files of a user's module and of all the user's modules that it uses, directly or indirectly."""
    found: dict[str, Path] = {}
    waiting = [name]
    while waiting:
        each = waiting.pop()
        path = _file(each)
        if each in found or path is None or not is_users(each):
            continue
        found[each] = path
        for value in list(vars(sys.modules[each]).values()):
            other = value.__name__ if isinstance(value, ModuleType) else module_name(value)
            if isinstance(value, ModuleType) or inspect.isclass(value) or inspect.isroutine(value):
                waiting.append(other)
    return found


def _content(path: Path) -> str:
    try:
        return _parsed(path, path.stat().st_mtime_ns, path.stat().st_size)
    except OSError:
        return "gone"


@cache
def _parsed(path: Path, changed: int, size: int) -> str:  # noqa: ARG001 - a file that changed is read again
    """Return the digest of a Python file's code; comments and blanks do not count."""
    raw = path.read_bytes()
    with suppress(SyntaxError, ValueError, RecursionError):
        raw = ast.dump(ast.parse(raw)).encode("utf-8", "surrogatepass")
    return hashlib.sha256(raw).hexdigest()[:16]


@cache
def _raw(path: Path, changed: int) -> str:  # noqa: ARG001 - as above
    return hashlib.sha256(path.read_bytes()).hexdigest()[:16]


@cache
def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        found: Any = getattr(sys.modules.get(package), "__version__", "")
        return str(found)
