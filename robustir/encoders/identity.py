"""What identifies a live model: a digest of its weights, settings, tokenizer and code."""

from __future__ import annotations

import hashlib
import inspect
import sys
from collections.abc import Iterator
from types import ModuleType
from typing import Any

__all__ = ["live_digest"]

_PLAIN = (str, int, float, bool, bytes, type(None))


def live_digest(model: object) -> str | None:
    """Return 32 hex digits of everything seen to change a live model's vectors, or None where that cannot be told.

    That is: the weights of every torch module that the object is or holds, the settings (plain attributes) of object
    and modules, fast tokenizers, and the source of the object's class. Without a torch module or a source there is no
    digest.
    """
    modules = dict(_modules(model))
    try:
        source = inspect.getsource(type(model))
    except (OSError, TypeError):
        return None
    if not modules:
        return None
    digest = hashlib.sha256(f"{type(model).__qualname__}\0{source}".encode())
    for name, value in _settings(model):
        digest.update(f"{name}={value}\0".encode("utf-8", "surrogatepass"))
    for name, module in sorted(modules.items()):
        digest.update(f"{name}:{module!r}\0".encode())
        for inner_name, inner in module.named_modules():
            for setting, value in _settings(inner):
                digest.update(f"{inner_name}.{setting}={value}\0".encode("utf-8", "surrogatepass"))
        for key, tensor in sorted(module.state_dict().items()):
            digest.update(f"{key}:{_describe(tensor)}\0".encode())
            digest.update(_raw(tensor))
    return digest.hexdigest()[:32]


def _modules(model: object) -> Iterator[tuple[str, Any]]:
    """Yield the torch modules that an object is, or holds as attributes up to two deep."""
    torch = sys.modules.get("torch")  # an object that holds a module has imported torch
    if not isinstance(torch, ModuleType):
        return
    module_type: Any = torch.nn.Module
    if isinstance(model, module_type):
        yield "", model
        return
    for name, value in vars(model).items() if hasattr(model, "__dict__") else ():
        if isinstance(value, module_type):
            yield name, value
        elif hasattr(value, "__dict__") and not isinstance(value, (type, ModuleType)):
            for inner_name, inner in vars(value).items():
                if isinstance(inner, module_type):
                    yield f"{name}.{inner_name}", inner


def _settings(model: object) -> Iterator[tuple[str, str]]:
    """Yield plain attributes, sorted, and the definition of fast tokenizers."""
    attributes = vars(model) if hasattr(model, "__dict__") else {}
    for name, value in sorted(attributes.items()):
        if _is_plain(value):
            yield name, repr(value)
        elif hasattr(value, "backend_tokenizer"):
            yield name, value.backend_tokenizer.to_str()


def _is_plain(value: object) -> bool:
    if isinstance(value, (list, tuple)):
        return all(map(_is_plain, value))
    if isinstance(value, dict):
        return all(_is_plain(key) and _is_plain(item) for key, item in value.items())
    return isinstance(value, _PLAIN)


def _describe(value: object) -> str:
    return f"{getattr(value, 'dtype', type(value))}{list(getattr(value, 'shape', ()))}"


def _raw(value: Any) -> bytes:
    """Return the bytes of a tensor of any dtype; other state is represented by its repr."""
    import torch

    if not isinstance(value, torch.Tensor):
        return repr(value).encode()
    flat: bytes = value.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy().tobytes()
    return flat
