"""The content-addressed store of vectors: each distinct text is encoded once per encoder, ever.

A *unit* is the ordered list of distinct texts that one call of an encoder gets. An encoder that declares
``batch_invariant`` shares its vectors text by text. With any other, the last bits of a text's vector may depend on the
texts beside it, so vectors are kept per unit: a unit is found whole or encoded again whole, and a resumed run has the
bits of an uninterrupted one. Vectors of an encoder with ``cacheable = False`` (a live object without a digest of its
weights) are never stored.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator, Sequence
from contextlib import suppress
from hashlib import blake2b
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from robustir.contracts import Encoder, Role
from robustir.disk.folders import cache_folder
from robustir.errors import EncoderError, InputError, RobustirError, RunError
from robustir.vectors.file import KEY_BYTES, DamagedError, read_head, read_vectors, write_vectors
from robustir.vectors.places import RECORD, Places

__all__ = ["EmbeddingStore", "EncodedUnit", "check_vectors", "default_folder"]

# Part of every key: raised when the layout of a file changes, so that an old store is never misread.
_FORMAT = b"robustir-embeddings-3"
# This many texts from the store are encoded again at first, and then this many of every 1,024.
_TRIAL = 4
_REUSED_PER_TRIAL = 1_024
# How far a vector may move, as a share of its length. On another processor or in another batch it moves by about 1e-6 in
# float32, and 1e-2 in half precision.
_TOLERANCE = 1e-3
_HALF_TOLERANCE = 3e-2
_OF_ENCODER = re.compile(r"[0-9a-f]{32}")
_BEFORE = ("data.mdb", "lock.mdb")  # of stores written before format 3: only deleted


def default_folder() -> Path:
    """Return ``$ROBUSTIR_CACHE/embeddings``, else the embeddings in the user's cache folder."""
    return cache_folder() / "embeddings"


def check_vectors(vectors: object, n: int, name: str) -> NDArray[np.float32]:
    """Return ``vectors`` (C-contiguous) if they are float32 [n, d], d > 0, and finite; else raise EncoderError."""
    if not isinstance(vectors, np.ndarray):
        raise EncoderError(
            f"{name} returned {type(vectors).__name__} instead of a NumPy array; return float32 of shape [{n}, d]"
        )
    if vectors.ndim != 2 or vectors.shape[0] != n or vectors.shape[1] == 0:
        raise EncoderError(
            f"{name} returned shape {list(vectors.shape)} for {n} texts; return float32 of shape [{n}, d]"
        )
    if vectors.dtype != np.float32:
        raise EncoderError(f"{name} returned {vectors.dtype}; return float32 (vectors.astype(numpy.float32))")
    finite = np.isfinite(vectors).all(axis=1)
    if not finite.all():
        rows = np.flatnonzero(~finite)
        raise EncoderError(
            f"{name} returned NaN or infinity in row {rows[0]} (in {len(rows)} of {n} rows); "
            "check that text, and try dtype=float32 if the encoder computes in half precision"
        )
    return np.ascontiguousarray(vectors)


class EncodedUnit(NamedTuple):
    """Vectors float32 [n, d], and how many distinct texts were encoded and how many came from the store."""

    vectors: NDArray[np.float32]
    encoded: int
    reused: int


class _Distinct(NamedTuple):
    """The distinct (text, language) pairs of a call in order of first appearance, and each row's place among them.

    identity: the digest of what is common to their keys: encoder, revision, role, and how vectors are kept.
    """

    texts: list[str]
    langs: list[str] | None
    inverse: NDArray[np.intp]
    keys: list[bytes]
    identity: bytes


def _frame(part: str) -> bytes:
    raw = part.encode("utf-8", "surrogatepass")
    return len(raw).to_bytes(4, "little") + raw


def _is_shared(encoder: Encoder) -> bool:
    """Whether vectors are kept text by text."""
    return bool(getattr(encoder, "batch_invariant", False))


def _is_stored(encoder: Encoder) -> bool:
    return bool(getattr(encoder, "cacheable", True))


def _distinct(encoder: Encoder, texts: Sequence[str], role: Role, langs: Sequence[str] | None) -> _Distinct:
    if encoder.uses_langs and langs is None:
        raise InputError(f"{encoder.name} needs to know the language of every text; give langs")
    used: Sequence[str] = langs if encoder.uses_langs and langs is not None else [""] * len(texts)
    if len(used) != len(texts) or (langs is not None and len(langs) != len(texts)):
        raise InputError(f"{len(texts)} texts but {len(langs or ())} languages; give one language per text")
    kept_by = "text" if _is_shared(encoder) else "unit"
    identity = b"".join(map(_frame, (kept_by, encoder.name, encoder.revision, role)))
    base = blake2b(_FORMAT + identity, digest_size=KEY_BYTES)
    frames = {lang: _frame(lang) for lang in set(used)}
    places: dict[bytes, int] = {}
    first: list[int] = []
    inverse = np.empty(len(texts), dtype=np.intp)
    for row, (text, lang) in enumerate(zip(texts, used, strict=True)):
        digest = base.copy()
        digest.update(frames[lang] + text.encode("utf-8", "surrogatepass"))
        place = places.setdefault(digest.digest(), len(places))
        if place == len(first):
            first.append(row)
        inverse[row] = place
    kept = None if langs is None else [langs[row] for row in first]
    return _Distinct([texts[row] for row in first], kept, inverse, list(places), base.digest())


class _Found(NamedTuple):
    """The stored part of a unit: places in it (ascending), their vectors float32 [places, d] (None: none)."""

    places: NDArray[np.intp]
    vectors: NDArray[np.float32] | None


class EmbeddingStore:
    """Vectors on disk, by encoder, revision, role, language (if the encoder uses it) and text.

    Any number of processes may use one store at a time. Every vector is checked against its digest when it is read; a
    file with damage is deleted, its texts are encoded again, and ``take_damaged`` names it.

    Args:
        path: folder of the store; None: :func:`default_folder`.
        trial: how many texts from the store are encoded again, at first and then of every 1,024; 0 for none.

    Raises:
        RunError: by all methods, if the disk is full or refuses.
    """

    def __init__(self, path: Path | str | None = None, *, trial: int = _TRIAL) -> None:
        self.path = default_folder() if path is None else Path(path)
        self._trial = trial
        self._tried: dict[tuple[str, str, Role], _Tried] = {}
        self._places: dict[bytes, Places] = {}
        self._damaged: list[str] = []

    def vectors(
        self, encoder: Encoder, texts: Sequence[str], role: Role, langs: Sequence[str] | None = None
    ) -> NDArray[np.float32]:
        """Return float32 vectors [n, d]; see :meth:`encode_unit`."""
        return self.encode_unit(encoder, texts, role=role, langs=langs).vectors

    def encode_unit(
        self, encoder: Encoder, texts: Sequence[str], *, role: Role, langs: Sequence[str] | None = None
    ) -> EncodedUnit:
        """Return the vectors of ``texts`` in order, encoding only what the store lacks, each distinct text once.

        The distinct texts, in order of first appearance, are the unit. A few stored texts are encoded again as a check.

        Raises:
            RunError: if the encoder no longer makes the stored vectors.
            EncoderError: if the encoder fails or breaks the contract; nothing is stored then.
        """
        if not texts:
            raise InputError("texts is empty; give at least one text to encode")
        unit = _distinct(encoder, texts, role, langs)
        size = len(unit.keys)
        found = self._find(encoder, unit)
        if found.vectors is not None:
            self._try(encoder, unit, role, found)
        missing = np.setdiff1d(np.arange(size), found.places, assume_unique=True)
        if len(missing):
            new = _encode(encoder, unit, missing, role)
            self._put(encoder, unit, [unit.keys[place] for place in missing], new)
            distinct = _merge(encoder.name, size, found, _Found(missing, new))
        else:
            assert found.vectors is not None
            distinct = found.vectors
        vectors = distinct if size == len(texts) else distinct[unit.inverse]
        return EncodedUnit(vectors, len(missing), size - len(missing))

    def take_damaged(self) -> list[str]:
        """Return what damage was found since this was last called: the file and what is wrong with it."""
        damaged, self._damaged = self._damaged, []
        return damaged

    def info(self) -> dict[str, Any]:
        """Return path, bytes on disk, number of vectors, and per encoder name, revision, dimensions and vectors.

        Files whose head is damaged count as bytes alone.
        """
        counts: dict[tuple[str, str, int], int] = {}
        for path in self._records():
            with suppress(DamagedError):
                head = read_head(path, _name_of(path))
                if head is not None:
                    maker = json.loads(head.maker)
                    row = (maker["name"], maker["revision"], head.width)
                    counts[row] = counts.get(row, 0) + len(head.keys)
        encoders = [
            {"name": name, "revision": revision, "dimensions": width, "vectors": count}
            for (name, revision, width), count in sorted(counts.items())
        ]
        size = sum(path.stat().st_size for path in self.path.rglob("*") if path.is_file())
        return {"path": str(self.path), "entries": sum(counts.values()), "bytes": size, "encoders": encoders}

    def prune(self) -> None:
        """Delete all vectors, damaged or not; what other processes read meanwhile, they encode again."""
        self._places.clear()
        try:
            for path in [*self.path.glob("*/*"), *(self.path / name for name in _BEFORE)]:
                if path.name in _BEFORE or _OF_ENCODER.fullmatch(path.parent.name):
                    _remove(path)
        except OSError as error:
            raise RunError(
                f"cannot delete the embedding store {self.path} ({error.strerror or error}); make the folder writable, or "
                "end the programs that use it, and try again"
            ) from error
        for folder in self.path.glob("*/"):
            with suppress(OSError):  # what is not ours, or what another process just wrote into
                folder.rmdir()

    def _records(self) -> Iterator[Path]:
        with suppress(FileNotFoundError):  # nothing is stored, or another process prunes
            for folder in sorted(self.path.iterdir()):
                if _OF_ENCODER.fullmatch(folder.name):
                    yield from (path for path in sorted(folder.iterdir()) if RECORD.fullmatch(path.name))

    def _try(self, encoder: Encoder, unit: _Distinct, role: Role, found: _Found) -> None:
        """Encode a few texts again that the store holds, and raise RunError if their vectors have changed."""
        tried = self._tried.setdefault((encoder.name, encoder.revision, role), _Tried())
        tried.reused += len(found.places)
        if self._trial == 0 or (tried.texts and tried.texts * _REUSED_PER_TRIAL >= tried.reused * self._trial):
            return
        assert found.vectors is not None
        chosen = _for_trial(unit, found.places, self._trial)
        tried.texts += len(chosen)
        now = _encode(encoder, unit, found.places[chosen], role)
        before = found.vectors[chosen]
        apart = _apart(before, now)
        worst = int(np.argmax(apart))
        if apart[worst] > _tolerance(encoder):
            raise _changed(encoder.name, unit.texts[found.places[chosen[worst]]], apart[worst])

    def _find(self, encoder: Encoder, unit: _Distinct) -> _Found:
        if not _is_stored(encoder):
            return _Found(np.empty(0, dtype=np.intp), None)
        folder = self.path / unit.identity.hex()
        if not _is_shared(encoder):
            vectors = self._read(_record(folder, unit.keys), None, unit.keys)
            return _Found(np.arange(len(unit.keys) if vectors is not None else 0), vectors)
        known = self._places.setdefault(unit.identity, Places(folder))
        where = known.find(unit.keys, self._drop)
        found: list[tuple[NDArray[np.intp], NDArray[np.float32]]] = []
        for number in np.unique(where[:, 0][where[:, 0] >= 0]):
            places = np.flatnonzero(where[:, 0] == number)
            vectors = self._read(known.path(number), where[places, 1], [unit.keys[place] for place in places])
            if vectors is None:
                known.forget(number)
            else:
                found.append((places, vectors))
        if not found:
            return _Found(np.empty(0, dtype=np.intp), None)
        if len({vectors.shape[1] for _, vectors in found}) > 1:
            raise EncoderError(
                f"{encoder.name} returned vectors of several dimensions under one revision; "
                "change its revision with its vectors, or delete the old ones with  robustir cache prune"
            )
        places = np.concatenate([places for places, _ in found])
        order = np.argsort(places)
        return _Found(places[order], np.concatenate([vectors for _, vectors in found])[order])

    def _read(self, path: Path, rows: NDArray[np.intp] | None, keys: Sequence[bytes]) -> NDArray[np.float32] | None:
        """Return vectors of a file; None if it is not there or damaged, and then it is deleted."""
        try:
            return read_vectors(path, _name_of(path), rows, keys)
        except DamagedError as error:
            self._drop(path, error)
            return None

    def _drop(self, path: Path, error: DamagedError) -> None:
        self._damaged.append(f"{path} ({error})")
        try:
            _remove(path)
        except OSError as refused:
            raise RunError(
                f"{path} is damaged ({error}) and cannot be deleted ({refused.strerror or refused}); delete it, and its "
                "vectors are encoded again when needed"
            ) from refused

    def _put(self, encoder: Encoder, unit: _Distinct, keys: Sequence[bytes], vectors: NDArray[np.float32]) -> None:
        if _is_stored(encoder):
            path = _record(self.path / unit.identity.hex(), keys)
            maker = json.dumps({"name": encoder.name, "revision": encoder.revision}).encode()
            write_vectors(path, _name_of(path), maker, keys, vectors)


def _record(folder: Path, keys: Sequence[bytes]) -> Path:
    """Return the file of the vectors of texts."""
    return folder / f"{blake2b(b'record' + b''.join(keys), digest_size=KEY_BYTES).hexdigest()}.vectors"


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _name_of(path: Path) -> bytes:
    """Return what the digest of a file covers of its place, so that no file passes for another."""
    return f"{path.parent.name}/{path.name}".encode()


class _Tried:
    """How many texts of an encoder came from the store in this process, and how many of these were encoded again."""

    def __init__(self) -> None:
        self.reused = 0
        self.texts = 0


def _for_trial(unit: _Distinct, places: NDArray[np.intp], number: int) -> NDArray[np.intp]:
    """Return which texts at ``places`` to encode again: the longest, and others evenly from first to last."""
    lengths = [len(unit.texts[place]) for place in places]
    even = np.linspace(0, len(places) - 1, number - 1).round().astype(np.intp)
    return np.unique([int(np.argmax(lengths)), *even])


def _tolerance(encoder: Encoder) -> float:
    return _HALF_TOLERANCE if str(getattr(encoder, "dtype", "")).endswith(("16", "8")) else _TOLERANCE


def _apart(before: NDArray[np.float32], now: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return how far vectors have moved, as a share of their length; infinity if they have another width."""
    if before.shape != now.shape:
        return np.full(len(before), np.inf)
    length = np.maximum(np.linalg.norm(before.astype(np.float64), axis=1), np.linalg.norm(now, axis=1))
    moved: NDArray[np.float64] = np.linalg.norm(before.astype(np.float64) - now, axis=1)
    return moved / np.where(length == 0, 1.0, length)


def _changed(name: str, text: str, apart: float) -> RunError:
    how = "they have another width" if np.isinf(apart) else f"they differ by {apart:.2%} of their length"
    return RunError(
        f"{name} no longer makes its stored vectors ({how} for {text[:40]!r}), but its revision is the same. If its code, "
        "weights or settings changed, raise its revision; two encoders must not share name and revision; or delete all "
        "stored vectors:  robustir cache prune"
    )


def _merge(name: str, size: int, found: _Found, new: _Found) -> NDArray[np.float32]:
    assert new.vectors is not None
    if found.vectors is None:
        return new.vectors
    width, before = new.vectors.shape[1], found.vectors.shape[1]
    if width != before:
        raise EncoderError(
            f"{name} returned {width} dimensions, but the same revision gave {before} before; "
            "change its revision with its vectors, or delete the old ones with  robustir cache prune"
        )
    merged = np.empty((size, width), dtype=np.float32)
    merged[found.places] = found.vectors
    merged[new.places] = new.vectors
    return merged


def _encode(encoder: Encoder, unit: _Distinct, places: NDArray[np.intp], role: Role) -> NDArray[np.float32]:
    texts = [unit.texts[place] for place in places]
    langs = None if unit.langs is None else [unit.langs[place] for place in places]
    try:
        vectors = encoder.encode(texts, role=role, langs=langs)
    except RobustirError:
        raise
    except Exception as error:
        raise EncoderError(f"{encoder.name} failed on {len(texts)} texts: {type(error).__name__}: {error}") from error
    return check_vectors(vectors, len(texts), encoder.name)
