"""The manifest of the synthetic run in factory.py."""

from __future__ import annotations

from collections.abc import Sequence

from robustir.planning.suite import Noise, Suite
from robustir.rundir.manifest import (
    BenchmarkEntry,
    CellEntry,
    Checkout,
    Counts,
    EncoderEntry,
    FailedEntry,
    Manifest,
    NoiseEntry,
    RefusedEntry,
)

_FAILED = FailedEntry(
    benchmark="mini",
    encoder="random",
    condition="typos at 0.5, draw 2",
    cell="mini / random / typos at 0.5, draw 2",
    error="EncoderError: row 12 of the vectors holds NaN",
)


def sample_manifest(
    encoders: Sequence[str],
    perturbations: Sequence[str],
    benchmarks: Sequence[str],
    severities: Sequence[float],
    languages: Sequence[str],
    *,
    exploratory: bool,
) -> Manifest:
    suite = Suite.model_construct(  # names may be hostile, as no suite's are
        name="quickstart",
        seed=7,
        draws=3,
        benchmarks=tuple(benchmarks),
        encoders=tuple(encoders),
        perturbations=tuple(Noise.model_construct(spec=name) for name in perturbations),
        severities=tuple(severities),
        languages=tuple(languages),
        settings=("mono", "cross", "multi"),
        measures=("AP", "nDCG@10", "RankDistance", "nRankDistance"),
        exploratory=exploratory,
    )
    return Manifest(
        status="failed cells",
        created="2026-11-23T09:30:00+00:00",
        name="quickstart",
        description="Typos and word order on the embedded collection, in eleven languages.",
        plan="5f" * 32,
        suite=suite,
        benchmarks=tuple(_benchmark(name, languages) for name in benchmarks),
        encoders=tuple(
            EncoderEntry(name=name, spec=name, revision=f"{i:02d}" + "c0ffee" * 4, vectors=name != "bm25")
            for i, name in enumerate(encoders)
        ),
        perturbations=tuple(
            NoiseEntry(name=name, spec=name, version="1", severities=tuple(severities), draws=3)
            for name in perturbations
        ),
        not_applicable=(
            RefusedEntry(
                benchmark="mini", perturbation="shuffle-words", language="ja", reason="does not know this language"
            ),
        ),
        cells=tuple(
            CellEntry(
                benchmark="mini",
                encoder=name,
                perturbation="",
                severity=0.0,
                draw=0,
                key="0" * 32,
                queries_key="1" * 32,
            )
            for name in encoders
        ),
        versions={"robustir": "0.1.0", "python": "3.11.2", "numpy": "2.4.6", "torch": "2.13.0"},
        machine={"system": "Linux", "architecture": "x86_64", "cores": 2, "memory_gib": 15.6},
        git=Checkout(revision="3c6ad54b" * 5, modified=False),
        failed=(_FAILED,),
        counts=Counts(cells=100, cells_done_before=0, cells_failed=1, texts_encoded=26412, texts_reused=3120),
        timings={"perturb": 1.2, "encode": 14.9, "rank": 3.3},
    )


def _benchmark(name: str, languages: Sequence[str]) -> BenchmarkEntry:
    return BenchmarkEntry(
        name=name,
        spec=name,
        digest="ab" * 32,
        queries_key="1" * 32,
        settings=("mono", "cross", "multi"),
        languages=tuple(languages),
        queries=1056,
        passages=1056,
        groups=24,
        group_kind="topic",
        licence="CC0-1.0",
        source="written for this project",
    )
