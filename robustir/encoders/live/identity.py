"""What identifies a live model: a digest of its code, settings, functions, tokenizers and weights."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import count
from typing import Any, TypeAlias
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from robustir.contracts import Role
from robustir.encoders.live.state import Snapshot, take_snapshot

__all__ = ["FIRST", "SECOND", "Identity", "identify", "index_noting_changes"]

Encode: TypeAlias = Callable[[Sequence[str], Role], Any]
_ROLES: tuple[Role, ...] = ("query", "passage")
FIRST = ("a river in the north", "how long is it?")
SECOND = ("other words", "and a text that is a little longer than those")
# Of scorers: the digests, before indexing, of the parts that indexing changed ("" for new parts).
_INDEXED: WeakKeyDictionary[Any, dict[str, str]] = WeakKeyDictionary()
_RUNNING = count()  # makes texts that no model has met before
# Parts of a model of transformers that many users of its last layer leave unused, and whose weights are then random.
_HEADS = ("pooler", "lm_head", "cls", "classifier")


@dataclass(frozen=True)
class Identity:
    """What identifies a model.

    Args:
        digest: 32 hex digits over everything that decides its vectors, as far as it can be identified.
        complete: whether all of it could be identified.
        half: whether it has weights of less than 32 bits.
    """

    digest: str
    complete: bool
    half: bool


def identify(model: object, encode: Encode | None) -> Identity:
    """Return what identifies a live model.

    A few words are encoded first: parts that a model loads or sets on first use belong to it, parts that every use changes
    (counters, cached texts) do not. Heads of transformers without influence on the vectors do not count. A model that
    fails on these words is identified without them.

    Args:
        model: the live object.
        encode: makes its vectors; None for a scorer.
    """
    if encode is None or not _used(encode, FIRST):
        snapshot = take_snapshot(model)
        snapshot.units = {**snapshot.units, **_before_index(model)}
        return Identity(_digest(snapshot, frozenset()), not snapshot.unknown, snapshot.half)
    loose = take_snapshot(model, weights=False)
    unused = frozenset(_unused_heads(loose.modules, encode))
    first = take_snapshot(model, without=unused)
    _used(encode, [f"{text} {next(_RUNNING)}" for text in SECOND])
    second = take_snapshot(model, without=unused, weights=False)
    moving = frozenset(
        path
        for path in (first.units.keys() | second.units.keys()) - first.weights
        if first.units.get(path) != second.units.get(path)
    )
    unknown = [path for path in first.unknown if not _is_under(path, moving)]
    return Identity(_digest(first, moving), not unknown, first.half)


def index_noting_changes(model: Any, corpus: object) -> None:
    """Let a scorer index a corpus, and remember the changed parts: an old index must not identify it."""
    before = take_snapshot(model).units
    model.index(corpus)
    after = take_snapshot(model).units
    changed = {
        path: before.get(path, "") for path in before.keys() | after.keys() if before.get(path) != after.get(path)
    }
    with suppress(TypeError):  # an object without weak references
        _INDEXED[model] = {**changed, **_before_index(model)}


def _before_index(model: object) -> dict[str, str]:
    try:
        return _INDEXED.get(model, {})
    except TypeError:
        return {}


def _used(encode: Encode, texts: Sequence[str]) -> bool:
    """Encode some words in both roles; return whether that worked."""
    try:
        for role in _ROLES:
            encode(texts, role)
    except Exception:  # noqa: BLE001 - foreign code; the error shows again when the user's texts are encoded
        return False
    return True


def _is_under(path: str, moving: frozenset[str]) -> bool:
    return path in moving or any(path.startswith((f"{part}[", f"{part}.", f"{part}(")) for part in moving)


def _digest(snapshot: Snapshot, moving: frozenset[str]) -> str:
    digest = hashlib.sha256()
    for path, unit in sorted(snapshot.units.items()):
        if unit and not _is_under(path, moving):
            digest.update(f"{path}={unit}\0".encode("utf-8", "surrogatepass"))
    return digest.hexdigest()[:32]


def _unused_heads(modules: Sequence[Any], encode: Encode) -> Iterator[int]:
    """Yield the ids of heads that can be silenced without changing any vector."""
    kind = getattr(sys.modules.get("transformers.modeling_utils"), "PreTrainedModel", None)
    heads = [
        head
        for module in modules
        if kind is not None and isinstance(module, kind)
        for name, head in module.named_children()
        if name in _HEADS
    ]
    usual = [np.asarray(encode(FIRST, role)) for role in _ROLES] if heads else []
    yield from (id(head) for head in heads if _is_idle(head, usual, encode))


def _is_idle(head: Any, usual: Sequence[NDArray[Any]], encode: Encode) -> bool:
    hooks = [part.register_forward_hook(_silence) for part in head.modules()]
    try:
        silenced = [np.asarray(encode(FIRST, role)) for role in _ROLES]
    except Exception:  # noqa: BLE001 - a head that cannot be silenced is used
        return False
    finally:
        for hook in hooks:
            hook.remove()
    return all(
        before.shape == after.shape and np.allclose(before, after, 1e-5, 1e-6)
        for before, after in zip(usual, silenced, strict=True)
    )


def _silence(_module: Any, _given: Any, output: Any) -> Any:
    """Return zeros instead of a module's output."""
    torch: Any = sys.modules["torch"]
    if isinstance(output, torch.Tensor):
        return torch.zeros_like(output)
    if isinstance(output, (tuple, list)):
        return type(output)(_silence(None, None, part) for part in output)
    return output
