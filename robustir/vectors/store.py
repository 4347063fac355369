"""The content-addressed store of vectors: each distinct text is encoded once per encoder, ever.

A *unit* is the ordered list of distinct texts that one call of an encoder gets. An encoder that declares
``batch_invariant`` shares its vectors text by text. With any other, the last bits of a text's vector may depend on the
texts beside it, so vectors are kept per unit: a unit is found whole or encoded again whole, and a resumed run has the
bits of an uninterrupted one. Vectors of an encoder with ``cacheable = False`` (a live object without a digest of its
weights) are never stored.
"""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Sequence
from hashlib import blake2b
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from robustir.contracts import Encoder, Role
from robustir.disk.folders import cache_folder
from robustir.errors import EncoderError, InputError, RobustirError, RunError
from robustir.vectors.file import EmbeddingFile, Tables, Transaction

__all__ = ["EmbeddingStore", "EncodedUnit", "check_vectors", "default_folder"]

# Part of every key: raised when the layout of a record changes, so that an old store is never misread.
_FORMAT = b"robustir-embeddings-2"
_KEY_BYTES = 16
# This many texts from the store are encoded again at first, and then this many of every 1,024.
_TRIAL = 4
_REUSED_PER_TRIAL = 1_024
# How far a vector may move, as a share of its length. On another processor or in another batch it moves by about 1e-6 in
# float32, and 1e-2 in half precision.
_TOLERANCE = 1e-3
_HALF_TOLERANCE = 3e-2
_HEADER = struct.Struct("<QQ")  # rows, dimensions; 16 bytes keep the vectors aligned
# The place of a text's vector: key of the record and row in it.
_PLACE = np.dtype([("record", "<u8", (2,)), ("row", "<u8")])
_TABLES = ("records", "places", "encoders")


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
    """The distinct (text, language) pairs of a call in order of first appearance, and each row's place among them."""

    texts: list[str]
    langs: list[str] | None
    inverse: NDArray[np.intp]
    keys: list[bytes]


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
    base = blake2b(_FORMAT + identity, digest_size=_KEY_BYTES)
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
    return _Distinct([texts[row] for row in first], kept, inverse, list(places))


def _record_key(keys: Sequence[bytes]) -> bytes:
    return blake2b(b"record" + b"".join(keys), digest_size=_KEY_BYTES).digest()


def _checks(vectors: NDArray[np.float32]) -> NDArray[np.uint32]:
    return np.fromiter(map(zlib.crc32, vectors), dtype="<u4", count=len(vectors))


def _pack(vectors: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Make a record: header, vectors, one CRC-32 per row."""
    count, width = vectors.shape
    record = np.empty(_HEADER.size + 4 * count * (width + 1), dtype=np.uint8)
    record[: _HEADER.size] = np.frombuffer(_HEADER.pack(count, width), dtype=np.uint8)
    words = record[_HEADER.size :].view("<u4")
    rows = words[: count * width].view("<f4").reshape(count, width)
    rows[:] = vectors
    words[count * width :] = _checks(rows)
    return record


def _unpack(record: memoryview, rows: NDArray[np.uint64] | None) -> NDArray[np.float32]:
    """Return a copy of the vectors of a record, or of some rows; raise ValueError if the record is damaged."""
    count, width = _HEADER.unpack_from(record)
    if len(record) != _HEADER.size + 4 * count * (width + 1):
        raise ValueError("a record has a wrong length")
    vectors = np.frombuffer(record, "<f4", count * width, _HEADER.size).reshape(count, width)
    checks = np.frombuffer(record, "<u4", count, _HEADER.size + 4 * count * width)
    if rows is not None and len(rows) and int(rows.max()) >= count:
        raise ValueError("a record has too few rows")
    wanted = slice(None) if rows is None else rows
    taken = np.array(vectors[wanted], dtype=np.float32)
    if not np.array_equal(_checks(taken), checks[wanted]):
        raise ValueError("a vector does not match its checksum")
    return taken


class _Found(NamedTuple):
    """The stored part of a unit: places in it (ascending), their vectors float32 [places, d] (None: none)."""

    places: NDArray[np.intp]
    vectors: NDArray[np.float32] | None


class EmbeddingStore:
    """Vectors on disk, by encoder, revision, role, language (if the encoder uses it) and text.

    Any number of processes may use one store at a time.

    Args:
        path: folder of the store, on a local disk; None: :func:`default_folder`.
        map_size: bytes of address space to begin with.
        trial: how many texts from the store are encoded again, at first and then of every 1,024; 0 for none.

    Raises:
        RunError: by all methods, if the store is damaged or the disk is full.
    """

    def __init__(self, path: Path | str | None = None, *, map_size: int = 2**28, trial: int = _TRIAL) -> None:
        self.path = default_folder() if path is None else Path(path)
        self._file = EmbeddingFile(self.path, _TABLES, map_size)
        self._trial = trial
        self._tried: dict[tuple[str, str, Role], _Tried] = {}

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
        found = self._find(encoder, unit.keys)
        if found.vectors is not None:
            self._try(encoder, unit, role, found)
        missing = np.setdiff1d(np.arange(size), found.places, assume_unique=True)
        if len(missing):
            new = _encode(encoder, unit, missing, role)
            self._put(encoder, [unit.keys[place] for place in missing], new)
            distinct = _merge(encoder.name, size, found, _Found(missing, new))
        else:
            assert found.vectors is not None
            distinct = found.vectors
        vectors = distinct if size == len(texts) else distinct[unit.inverse]
        return EncodedUnit(vectors, len(missing), size - len(missing))

    def info(self) -> dict[str, Any]:
        """Return path, bytes on disk, number of vectors, and per encoder name, revision, dimensions and vectors."""
        encoders: list[dict[str, Any]] = []
        size = 0
        if self._file.data_path.exists():
            encoders = self._file.read(
                lambda transaction, tables: [
                    json.loads(bytes(value)) for _, value in transaction.cursor(tables["encoders"])
                ]
            )
            size = self._file.data_path.stat().st_size
        encoders.sort(key=lambda row: (row["name"], row["revision"]))
        entries = sum(row["vectors"] for row in encoders)
        return {"path": str(self.path), "entries": entries, "bytes": size, "encoders": encoders}

    def prune(self) -> None:
        """Delete all vectors, also from a damaged store."""
        self._file.delete()

    def close(self) -> None:
        """Close the file in this process; the store opens it again when it is used again."""
        self._file.close()

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

    def _find(self, encoder: Encoder, keys: Sequence[bytes]) -> _Found:
        nothing = _Found(np.empty(0, dtype=np.intp), None)
        if not keys or not _is_stored(encoder):
            return nothing

        def whole(transaction: Transaction, tables: Tables) -> _Found:
            record = transaction.get(_record_key(keys), db=tables["records"])
            return nothing if record is None else _Found(np.arange(len(keys)), _unpack(record, None))

        def shared(transaction: Transaction, tables: Tables) -> _Found:
            values = [transaction.get(key, db=tables["places"]) for key in keys]
            places = np.array([place for place, value in enumerate(values) if value is not None], dtype=np.intp)
            if not len(places):
                return nothing
            where = np.frombuffer(b"".join([value for value in values if value is not None]), dtype=_PLACE)
            records, which = np.unique(where["record"], axis=0, return_inverse=True)
            parts, order = [], []
            for number, key in enumerate(records):
                mine = np.flatnonzero(which == number)
                record = transaction.get(key.tobytes(), db=tables["records"])
                if record is None:
                    raise ValueError("a record is missing")
                parts.append(_unpack(record, where["row"][mine]))
                order.append(mine)
            vectors = np.empty((len(places), parts[0].shape[1]), dtype=np.float32)
            vectors[np.concatenate(order)] = np.concatenate(parts)
            return _Found(places, vectors)

        try:
            return self._file.read(shared if _is_shared(encoder) else whole)
        except (ValueError, struct.error) as error:
            raise self._file.damaged(str(error)) from error

    def _put(self, encoder: Encoder, keys: Sequence[bytes], vectors: NDArray[np.float32]) -> None:
        if not _is_stored(encoder):
            return
        record_key = _record_key(keys)
        record = _pack(vectors)
        places: list[tuple[bytes, bytes]] = []
        if _is_shared(encoder):
            rows = [record_key + row.to_bytes(8, "little") for row in range(len(keys))]
            places = sorted(zip(keys, rows, strict=True))

        def put(transaction: Transaction, tables: Tables) -> None:
            if transaction.put(record_key, record, db=tables["records"], overwrite=False):
                transaction.cursor(tables["places"]).putmulti(places, overwrite=False)
                _count(transaction, tables, encoder, vectors)

        self._file.write(put)


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


def _count(transaction: Transaction, tables: Tables, encoder: Encoder, vectors: NDArray[np.float32]) -> None:
    """Add to the number of stored vectors of an encoder."""
    key = blake2b(_frame(encoder.name) + _frame(encoder.revision), digest_size=_KEY_BYTES).digest()
    value = transaction.get(key, db=tables["encoders"])
    row = {"name": encoder.name, "revision": encoder.revision, "dimensions": vectors.shape[1], "vectors": 0}
    if value is not None:
        row = json.loads(bytes(value))
    row["vectors"] += len(vectors)
    transaction.put(key, json.dumps(row).encode(), db=tables["encoders"])
