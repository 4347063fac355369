"""The manifest: everything that a run depended on, so that a reader can judge and repeat it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from functools import cache
from typing import Any

from pydantic import TypeAdapter, ValidationError

from robustir.disk.parsing import parse_json
from robustir.disk.shapes import place
from robustir.errors import RunError
from robustir.planning.conditions import Condition
from robustir.planning.schema import SCHEMA
from robustir.planning.suite import Suite
from robustir.types import Setting, Treatment

__all__ = [
    "BenchmarkEntry",
    "CellEntry",
    "Checkout",
    "Counts",
    "EncoderEntry",
    "FailedEntry",
    "IndexEntry",
    "Manifest",
    "NoiseEntry",
    "RefusedEntry",
    "TrainingEntry",
    "shown_cell",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class BenchmarkEntry:
    """One benchmark: its source, its sizes, and notes on its data."""

    name: str
    spec: str
    digest: str
    queries_key: str
    settings: tuple[Setting, ...]
    settings_note: str = ""
    exclude_identical_ids: bool = False
    judgements: Mapping[str, int] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    languages: tuple[str, ...]
    written_languages: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    label_notes: tuple[str, ...] = ()
    queries: int
    queries_per_language: Mapping[str, int] = field(default_factory=dict)
    passages: int
    pool_sizes: Mapping[str, int] = field(default_factory=dict)
    groups: int
    group_kind: str = "group"
    licence: str = ""
    source: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingEntry:
    """An encoder's known training. in_domain: benchmarks of the run whose own collection it was trained on."""

    name: str
    sampling: str
    seed: int
    sources: tuple[str, ...]
    noise: tuple[str, ...]
    in_domain: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class EncoderEntry:
    """One encoder or scorer. vectors: whether it makes vectors; strategy: the training strategy whose seed it is."""

    name: str
    spec: str
    revision: str
    vectors: bool
    strategy: str | None = None
    training: TrainingEntry | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NoiseEntry:
    """One perturbation, with the fields of its :class:`~robustir.types.Treatment`."""

    name: str
    spec: str
    version: str
    severities: tuple[float, ...]
    draws: int
    exploratory: bool = False
    attacked: str = ""
    control: bool = False
    passages: str = ""
    embedded_lang: str = ""
    dose: str = ""
    natural: bool = False
    imitates: tuple[str, ...] = ()

    @property
    def treatment(self) -> Treatment:
        """The perturbation's properties, without its name."""
        return Treatment(**{one.name: getattr(self, one.name) for one in fields(Treatment)})


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusedEntry:
    """A language of a benchmark in which a perturbation does not work, and why."""

    benchmark: str
    perturbation: str
    language: str
    reason: str


def shown_cell(benchmark: str, encoder: str, condition: object) -> str:
    """Return a cell in words; failures are found again by them."""
    return f"{benchmark} / {encoder} / {condition}"


@dataclass(frozen=True, slots=True, kw_only=True)
class CellEntry:
    """One cell, by the names that results use; the keys name its files."""

    benchmark: str
    encoder: str
    perturbation: str
    severity: float
    draw: int
    key: str
    queries_key: str

    @property
    def condition(self) -> Condition:
        """The condition of the queries."""
        return Condition(self.perturbation, self.severity, self.draw)

    @property
    def shown(self) -> str:
        """The cell in words."""
        return shown_cell(self.benchmark, self.encoder, self.condition)


@dataclass(frozen=True, slots=True, kw_only=True)
class FailedEntry:
    """A cell that failed. cell: its description; error: the reason in one line."""

    benchmark: str
    encoder: str
    condition: str
    cell: str
    error: str
    traceback: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexEntry:
    """The index of an encoder's vectors of one benchmark, and its recall against exact search on a sample of ``queries``.

    depth: how many passages are retrieved per query and language. recall: of clean queries, by the number of nearest
    passages that are looked for; recall_under_noise: the mean over the noisy cells.
    """

    benchmark: str
    encoder: str
    index: str
    depth: int
    queries: int
    recall: Mapping[str, float] = field(default_factory=dict)
    recall_under_noise: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkout:
    """The state of the checkout that robustir ran from."""

    revision: str
    modified: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """The counts of a run, over all its starts."""

    cells: int
    cells_done_before: int
    cells_failed: int
    texts_encoded: int
    texts_reused: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """Everything that a run depended on, and its counts and failures.

    indexes: none if vectors were searched exactly. plan: its digest. extended: whether lists were added after the run had
    results. machine and versions: of the last start. git: None for an installed package. counts: None until the run is
    first completed; timings: seconds per stage. files: the SHA-256 of every file that cells are read from, by its name in
    the folder; None in runs made before digests were kept. encoder_notes: which encoders were left out, lack languages, or
    are slow here. The file ends with the digest of its own content.
    """

    schema: int = SCHEMA
    status: str
    created: str
    name: str
    description: str = ""
    plan: str
    extended: bool = False
    suite: Suite
    data: str | None = None
    benchmarks: tuple[BenchmarkEntry, ...]
    encoders: tuple[EncoderEntry, ...]
    encoder_notes: tuple[str, ...] = ()
    perturbations: tuple[NoiseEntry, ...]
    not_applicable: tuple[RefusedEntry, ...] = ()
    cells: tuple[CellEntry, ...]
    indexes: tuple[IndexEntry, ...] = ()
    versions: Mapping[str, str] = field(default_factory=dict)
    machine: Mapping[str, str | int | float | None] = field(default_factory=dict)
    git: Checkout | None = None
    failed: tuple[FailedEntry, ...] = ()
    counts: Counts | None = None
    timings: Mapping[str, float] = field(default_factory=dict)
    files: Mapping[str, str] | None = None

    def __repr__(self) -> str:
        return f"Manifest({self.name!r} of {self.created}: {self.status}, {len(self.cells)} cells)"

    def as_json(self) -> dict[str, Any]:
        """Return plain values, as in the file; fields that do not apply are left out."""
        content: dict[str, Any] = _adapter().dump_python(self, mode="json")
        for key in ("counts", "files"):
            if content[key] is None:
                del content[key]
        if not self.indexes:
            del content["indexes"]
        for row in content["encoders"]:
            for key in ("strategy", "training"):
                if row[key] is None:
                    del row[key]
        return content

    def text(self) -> str:
        """Return the manifest as JSON, with the digest of its content."""
        content = self.as_json()
        return json.dumps({**content, "digest": _digest(content)}, indent=2, ensure_ascii=False, allow_nan=False) + "\n"

    @classmethod
    def read(cls, text: str, where: object) -> Manifest:
        """Return the manifest of a JSON text; raise RunError naming its source ``where`` and the fault."""
        try:
            content = parse_json(text)
        except ValueError as error:
            raise RunError(
                f"{where} cannot be read ({error}); the run is damaged, run it again in another folder"
            ) from error
        schema = content.get("schema") if isinstance(content, dict) else None
        if isinstance(schema, int) and schema != SCHEMA:
            raise RunError(
                f"{where} has schema {schema}, and this version of robustir reads schema {SCHEMA}; read the run with the "
                "version that made it, or run the suite in another folder"
            )
        digest = content.pop("digest", None) if isinstance(content, dict) else None
        if isinstance(content, dict) and digest != _digest(content) and (digest is not None or "files" in content):
            raise RunError(
                f"{where} is damaged: its content is not what its digest was made of; run the suite in another folder"
            )
        try:
            return _adapter().validate_python(content)
        except ValidationError as error:
            first = error.errors()[0]
            why = f"{place(first['loc'])}: {first['msg']}" if first["loc"] else "it is not an object"
            raise RunError(f"{where} is not the manifest of a run ({why}); run the suite in another folder") from error


def _digest(content: Mapping[str, Any]) -> str:
    """Return the SHA-256 of a manifest's values, whatever their order and layout in the file."""
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


@cache
def _adapter() -> TypeAdapter[Manifest]:
    return TypeAdapter(Manifest)
