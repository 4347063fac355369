"""The parts of an object as digests: its attributes, arrays, weights and functions, and those of all that it holds."""

from __future__ import annotations

import enum
import functools
import hashlib
import logging
import re
import sys
import threading
import weakref
from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from pathlib import PurePath
from types import BuiltinFunctionType, FunctionType, MethodType, ModuleType
from typing import Any

import numpy as np

from robustir.encoders.live.sources import class_token, code_token, is_users, module_name, module_token, names_in

__all__ = ["Snapshot", "take_snapshot"]

_PLAIN = (str, int, float, complex, bool, bytes, bytearray, type(None), type(Ellipsis), range)
_HALVES = ("float16", "bfloat16", "float8", "int8")
# Attributes without influence on vectors: paths, origins, descriptions, machinery.
_NOT_VECTORS = frozenset(
    {
        *("__dict__", "__weakref__", "_commit_hash", "_hf_peft_config_loaded", "_load_init_kwargs", "_loss_function"),
        *("_model_card_text", "_model_card_vars", "_model_config", "_name_or_path", "_processor_class", "cache_dir"),
        *("cache_folder", "generation_config", "init_inputs", "init_kwargs", "local_files_only", "logger"),
        *("merges_file", "model_card_data", "mteb_model_meta", "name_or_path", "special_tokens_map_file"),
        *("tokenizer_file", "torch_dtype", "transformers_version", "verbose", "vocab_file", "warnings_issued"),
    }
)
_MODULE_MACHINERY = frozenset(
    {
        *("_backward_hooks", "_backward_pre_hooks", "_buffers", "_compiled_call_impl", "_forward_hooks"),
        *("_forward_hooks_always_called", "_forward_hooks_with_kwargs", "_forward_pre_hooks"),
        *("_forward_pre_hooks_with_kwargs", "_is_full_backward_hook", "_load_state_dict_post_hooks"),
        *("_load_state_dict_pre_hooks", "_modules", "_non_persistent_buffers_set", "_parameters"),
        *("_state_dict_hooks", "_state_dict_pre_hooks"),
    }
)
_IGNORED = (logging.Logger, threading.Thread, weakref.ref, type(threading.Lock()), type(threading.RLock()))


class Snapshot:
    """The parts of an object.

    Args:
        units: a digest of every part by its path.
        unknown: the paths of parts that could not be identified.
        weights: the paths of the parameters of torch modules.
        modules: the torch modules.
        half: whether any weights have less than 32 bits.
    """

    def __init__(self) -> None:
        self.units: dict[str, str] = {}
        self.unknown: list[str] = []
        self.weights: set[str] = set()
        self.modules: list[Any] = []
        self.half = False


def take_snapshot(root: object, *, without: AbstractSet[int] = frozenset(), weights: bool = True) -> Snapshot:
    """Return the parts of an object.

    Args:
        root: the object.
        without: ids of torch modules to leave out.
        weights: whether to digest the parameters of torch modules.
    """
    walk = _Walk(without, weights=weights)
    walk.visit("", root)
    return walk.found


class _Walk:
    def __init__(self, without: AbstractSet[int], *, weights: bool) -> None:
        self.found = Snapshot()
        self._without = without
        self._weights = weights
        self._seen: dict[int, str] = {}
        self._held: list[object] = []  # keeps visited objects alive, so that their ids stay unique
        self._globals: set[tuple[str, str]] = set()
        self._torch = sys.modules.get("torch")

    def _emit(self, path: str, *tokens: object) -> None:
        raw = "\0".join(map(str, tokens)).encode("utf-8", "surrogatepass")
        before = self.found.units.get(path, "")
        self.found.units[path] = hashlib.sha256(before.encode() + raw).hexdigest()

    def visit(self, path: str, value: Any) -> None:
        """Digest ``value`` and all that it holds."""
        if isinstance(value, _IGNORED):
            return
        if _is_leaf(value):
            self._emit(path, type(value).__name__, self._plain(value))
            return
        if id(value) in self._seen:
            self._emit(path, "again", self._seen[id(value)])
            return
        self._seen[id(value)] = path
        self._held.append(value)
        tokenizer: Any = getattr(sys.modules.get("tokenizers"), "Tokenizer", None)
        if tokenizer is not None and isinstance(value, tokenizer):
            self._emit(path, "tokenizer", value.to_str())
            return
        if tokenizer is not None and isinstance(getattr(value, "backend_tokenizer", None), tokenizer):
            self._visit_tokenizer(path, value)
            return
        for kind, visitor in self._visitors():
            if isinstance(value, kind):
                visitor(path, value)
                return
        self._visit_object(path, value)

    def _visitors(self) -> list[tuple[Any, Callable[[str, Any], None]]]:
        found: list[tuple[Any, Callable[[str, Any], None]]] = []
        if self._torch is not None:
            found += [(self._torch.nn.Module, self._visit_module), (self._torch.Generator, self._visit_generator)]
        return [
            *found,
            (type, self._visit_class),
            (ModuleType, lambda path, value: self._emit(path, "module", module_token(value.__name__))),
            (FunctionType, self._visit_function),
            (MethodType, self._visit_method),
            (functools.partial, self._visit_partial),
            ((BuiltinFunctionType, np.ufunc), self._visit_named),
            ((property, functools.cached_property, staticmethod, classmethod), self._visit_descriptor),
            (Mapping, self._visit_mapping),
            ((list, tuple), self._visit_sequence),
            ((set, frozenset), self._visit_set),
            (np.random.Generator, lambda path, value: self.visit(path, value.bit_generator.state)),
            (np.random.RandomState, lambda path, value: self.visit(path, value.get_state())),
        ]

    def _plain(self, value: Any) -> str:
        """Return the text or digest of a value without attributes, or of a container of such."""
        if isinstance(value, np.ndarray):
            raw = np.ascontiguousarray(value).tobytes()
            return f"{value.dtype}{value.shape}{hashlib.sha256(raw).hexdigest()}"
        if self._torch is not None and isinstance(value, self._torch.Tensor):
            return self._tensor(value)
        if isinstance(value, Mapping):
            return "{" + ",".join(f"{self._plain(key)}:{self._plain(item)}" for key, item in value.items()) + "}"
        if isinstance(value, (list, tuple)):
            return "[" + ",".join(map(self._plain, value)) + "]"
        if isinstance(value, (set, frozenset)):
            return "{" + ",".join(sorted(map(self._plain, value))) + "}"
        if isinstance(value, enum.Enum):
            return f"{type(value).__qualname__}.{value.name}"
        if isinstance(value, re.Pattern):
            return f"{value.pattern!r}{value.flags}"
        if isinstance(value, PurePath):
            return str(value)
        if isinstance(value, (np.dtype, np.generic, *_PLAIN)):
            return repr(value)
        return str(getattr(value, "type", value))  # a device of torch is cpu or cuda, whatever its number

    def _tensor(self, value: Any) -> str:
        name = str(value.dtype).removeprefix("torch.")
        self.found.half = self.found.half or name.startswith(_HALVES)
        where = f"{name}{list(value.shape)}{value.device.type}"
        try:
            flat = value.detach().cpu().contiguous().reshape(-1).view(self._torch.uint8)  # type: ignore[union-attr]
            return where + hashlib.sha256(flat.numpy().data if flat.numel() else b"").hexdigest()
        except (RuntimeError, TypeError, NotImplementedError):
            return where + hashlib.sha256(repr(value).encode()).hexdigest()

    def _visit_attributes(self, path: str, value: object, skipped: AbstractSet[str]) -> None:
        attributes = dict(getattr(value, "__dict__", {}))
        for base in type(value).__mro__:
            slots = base.__dict__.get("__slots__", ())
            for name in (slots,) if isinstance(slots, str) else slots:
                if hasattr(value, name):
                    attributes.setdefault(name, getattr(value, name))
        for name in sorted(attributes.keys() - skipped):
            self.visit(f"{path}.{name}", attributes[name])

    def _visit_object(self, path: str, value: Any) -> None:
        self._visit_kind(path, type(value))
        own_state = getattr(type(value), "__getstate__", None)
        is_ours = is_users(module_name(type(value)))
        if callable(own_state) and own_state is not getattr(object, "__getstate__", None) and not is_ours:
            try:
                self.visit(f"{path}.__getstate__", value.__getstate__())
            except Exception:  # noqa: BLE001 - foreign code
                self.found.unknown.append(path)
            return
        if hasattr(value, "__dict__") or any(base.__dict__.get("__slots__") for base in type(value).__mro__):
            self._visit_attributes(path, value, _NOT_VECTORS)
            return
        try:
            reduced = value.__reduce_ex__(4)
        except Exception:  # noqa: BLE001 - as above
            self.found.unknown.append(path)
            return
        if isinstance(reduced, str):
            self._emit(path, reduced)
        else:
            parts = [list(part) if index > 2 and part is not None else part for index, part in enumerate(reduced)]
            self.visit(f"{path}.__reduce__", parts[1:])

    def _visit_kind(self, path: str, kind: type) -> None:
        """Digest the code of an object's class, and the functions and attributes of the user's classes."""
        self._emit(path, class_token(kind))
        for base in kind.__mro__:
            if not is_users(module_name(base)):
                continue
            for name, held in sorted(vars(base).items()):
                # Python's own notes come and go.
                if name != "_abc_impl" and (not name.startswith("__") or isinstance(held, FunctionType)):
                    self.visit(f"{path}<{base.__qualname__}>.{name}", held)

    def _visit_class(self, path: str, value: type) -> None:
        self._visit_kind(path, value)

    def _visit_function(self, path: str, value: FunctionType) -> None:
        name = module_name(value)
        self._emit(path, value.__qualname__, module_token(name))
        if not is_users(name) and value.__closure__ is None:
            return
        self._emit(path, code_token(value.__code__))
        for word, held in (("defaults", value.__defaults__), ("keywords", value.__kwdefaults__)):
            if held:
                self.visit(f"{path}({word})", held)
        for variable, cell in zip(value.__code__.co_freevars, value.__closure__ or (), strict=True):
            try:
                self.visit(f"{path}({variable})", cell.cell_contents)
            except ValueError:  # a cell that is empty yet
                self._emit(path, "empty", variable)
        if is_users(name):
            self._visit_globals(name, value)
        if value.__dict__:
            self.visit(f"{path}(attributes)", value.__dict__)

    def _visit_globals(self, module: str, function: FunctionType) -> None:
        for name in sorted(set(names_in(function.__code__)) & function.__globals__.keys()):
            value = function.__globals__[name]
            is_foreign = isinstance(value, (type, FunctionType)) and not is_users(module_name(value))
            if (module, name) in self._globals or isinstance(value, ModuleType) or is_foreign:
                continue
            self._globals.add((module, name))
            self.visit(f"global {module}.{name}", value)

    def _visit_method(self, path: str, value: MethodType) -> None:
        self.visit(f"{path}(function)", value.__func__)
        self.visit(f"{path}(self)", value.__self__)

    def _visit_partial(self, path: str, value: functools.partial[Any]) -> None:
        self.visit(f"{path}(partial)", [value.func, value.args, value.keywords])

    def _visit_descriptor(self, path: str, value: Any) -> None:
        for name in ("fget", "func", "__func__"):
            if (function := getattr(value, name, None)) is not None:
                self.visit(f"{path}({name})", function)

    def _visit_named(self, path: str, value: Any) -> None:
        owner = getattr(value, "__self__", None)
        self._emit(path, getattr(value, "__qualname__", value))
        if owner is not None and not isinstance(owner, (ModuleType, type)):
            self.visit(f"{path}(self)", owner)

    def _visit_mapping(self, path: str, value: Mapping[Any, Any]) -> None:
        self._emit(path, type(value).__qualname__, len(value))
        for number, (key, item) in enumerate(value.items()):
            place = f"{path}[{key!r}]" if isinstance(key, (str, int)) else f"{path}[{number}]"
            if not isinstance(key, (str, int)):
                self.visit(f"{place}(key)", key)
            self.visit(place, item)

    def _visit_sequence(self, path: str, value: Sequence[Any]) -> None:
        self._emit(path, type(value).__qualname__, len(value))
        for number, item in enumerate(value):
            self.visit(f"{path}[{number}]", item)

    def _visit_set(self, path: str, value: AbstractSet[Any]) -> None:
        parts = []
        for item in value:
            inner = _Walk(self._without, weights=self._weights)
            inner.visit("", item)
            self.found.unknown += [path] * bool(inner.found.unknown)
            parts.append(hashlib.sha256(repr(sorted(inner.found.units.items())).encode()).hexdigest())
        self._emit(path, "set", *sorted(parts))

    def _visit_generator(self, path: str, value: Any) -> None:
        self.visit(path, value.get_state())

    def _visit_tokenizer(self, path: str, value: Any) -> None:
        """Digest a tokenizer of transformers without truncation and padding, which it sets before every call."""
        from tokenizers import Tokenizer

        copied = Tokenizer.from_str(value.backend_tokenizer.to_str())
        copied.no_truncation()
        copied.no_padding()
        self._emit(path, class_token(type(value)), copied.to_str())
        self._visit_attributes(path, value, _NOT_VECTORS | {"_tokenizer"})

    def _visit_module(self, path: str, value: Any) -> None:
        self.found.modules.append(value)
        children = value._modules  # noqa: SLF001 - in their order, which a chain of modules follows
        self._visit_kind(path, type(value))
        self._emit(path, *(name for name, child in children.items() if id(child) not in self._without))
        self._visit_attributes(path, value, _NOT_VECTORS | _MODULE_MACHINERY)
        for hooks in (value._forward_hooks, value._forward_pre_hooks):  # noqa: SLF001 - they change what comes out
            if hooks:
                self.visit(f"{path}(hooks)", list(hooks.values()))
        for name, tensor in value._buffers.items():  # noqa: SLF001 - as above
            self.visit(f"{path}.{name}", tensor)
        for name, tensor in value._parameters.items() if self._weights else ():  # noqa: SLF001 - as above
            self.found.weights.add(f"{path}.{name}")
            self.visit(f"{path}.{name}", tensor)
        for name, child in children.items():
            if child is not None and id(child) not in self._without:
                self.visit(f"{path}.{name}", child)


def _is_leaf(value: object) -> bool:
    """Whether neither a value nor anything in it has attributes of its own."""
    if isinstance(value, dict):
        return all(_is_leaf(key) and _is_leaf(item) for key, item in value.items())
    if isinstance(value, (list, tuple, set, frozenset)):
        return all(map(_is_leaf, value))
    if isinstance(value, np.ndarray):
        return not value.dtype.hasobject
    if isinstance(value, (*_PLAIN, enum.Enum, re.Pattern, PurePath, np.dtype, np.generic)):
        return True
    torch: Any = sys.modules.get("torch")
    return torch is not None and isinstance(
        value, (torch.Tensor, torch.dtype, torch.device, torch.layout, torch.memory_format)
    )
