"""A run directory -> findings: the statistics of :mod:`robustir.analysis`, the validity of the noise, and the worst queries."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from robustir.analysis import TABLES, AnalysisOptions, Findings, empty_table, findings_of
from robustir.analysis.examples import example_rows, with_passages
from robustir.analysis.index_recall import recall_rows
from robustir.analysis.inputs import input_rows, largest_share, unreached
from robustir.analysis.options import Margins
from robustir.analysis.shares import benchmark_parts
from robustir.analysis.uneven import with_dose_ratios
from robustir.evidence.gather import NoisyQueries, StoredBenchmark, benchmarks
from robustir.planning.suite import STATISTICS
from robustir.plugins.doses import parse_dose
from robustir.rundir.completeness import whole_manifest
from robustir.rundir.directory import RunDirectory
from robustir.rundir.manifest import Manifest

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["analyse_run", "options_of"]

_FIRST_ARGUMENT = re.compile(r"[\w:.-]+\(\s*(['\"])(.*?)\1")


def options_of(manifest: Manifest, *, measure: str | None = None) -> AnalysisOptions:
    """Return the options of a run's analysis, from its suite; measure: the primary one, instead of the suite's."""
    suite = manifest.suite
    asked = suite.equivalence
    return AnalysisOptions(
        **suite.statistics.model_dump(exclude={"reference"}),
        seed=suite.seed,
        primary_measure=measure or suite.measures[0],
        primary=not suite.exploratory,
        explored=frozenset(row.name for row in manifest.perturbations if row.exploratory),
        in_domain=frozenset(
            (benchmark, encoder.strategy or encoder.name)
            for encoder in manifest.encoders
            for benchmark in (encoder.training.in_domain if encoder.training else ())
        ),
        compare=suite.compare,
        margins=None if asked is None else Margins(asked.absolute / 100, asked.relative),
        reference=_reference(manifest),
        kinds={encoder.name: "|".join(_kind(encoder.spec)) for encoder in manifest.encoders},
    )


def _kind(spec: str) -> tuple[str, str]:
    """Return what an encoder is, without its options: the plugin, and the model or folder that it is given first."""
    found = _FIRST_ARGUMENT.match(spec)
    return spec.partition("(")[0], found[2] if found else ""


def _reference(manifest: Manifest) -> str:
    """Return the name of the encoder that the suite's reference means: its name, its spec, or its plugin's name."""
    wanted = manifest.suite.statistics.reference
    same = (
        [one.name for one in manifest.encoders if wanted in {one.name, one.spec}],
        [one.name for one in manifest.encoders if wanted == _kind(one.spec)[0]],
    )
    return next((names[0] for names in same if names), wanted)


def _with_statistics(manifest: Manifest, chosen: Mapping[str, Any]) -> tuple[Manifest, tuple[str, ...]]:
    """Return the manifest with the statistics that were chosen, and a sentence for each that the run did not declare."""
    declared = manifest.suite.statistics
    suite = manifest.suite.with_options(**chosen)
    changed = tuple(
        f"the {name} is {getattr(suite.statistics, name)}; the run declared {getattr(declared, name) or 'none'}"
        for name in STATISTICS
        if getattr(suite.statistics, name) != getattr(declared, name)
    )
    return replace(manifest, suite=suite), changed


def analyse_run(
    run: RunDirectory, *, test: str | None = None, correction: str | None = None, interval: str | None = None
) -> Findings:
    """Analyse a run from its files; needs neither encoders nor data.

    test, correction, interval: instead of those that its suite declared.
    """
    chosen = {"test": test, "correction": correction, "interval": interval}
    manifest, changed = _with_statistics(whole_manifest(run), chosen)
    suite = manifest.suite
    stored = benchmarks(run)
    inputs = _table("inputs", [row for one in stored for row in input_rows(one)])
    strategies = {encoder.name: encoder.strategy for encoder in manifest.encoders if encoder.strategy}
    options = replace(options_of(manifest), unreached=unreached(inputs, strategies))
    measure = suite.measures[0]
    parts = (part for one in stored for part in benchmark_parts(one, suite.measures, options))
    with threadpool_limits(1, user_api="blas"):
        found = findings_of(parts, options)
    judged = _above_floor(found.scores, measure)
    examples = _table("examples", [row for one in stored for row in example_rows(one, measure, judged)])
    validity = with_dose_ratios(_table("validity", [row for one in stored for row in _validity(one)]))
    return replace(
        found,
        validity=largest_share(validity, inputs),
        inputs=inputs,
        indexes=_table("indexes", [row for one in stored for row in recall_rows(one, suite.index)]),
        examples=with_passages(run, manifest.benchmarks, examples),
        manifest=manifest,
        changed=changed,
    )


def _table(name: str, rows: list[dict[str, Any]]) -> pd.DataFrame:
    import pandas as pd

    empty = empty_table(name)
    return pd.DataFrame(rows, columns=list(TABLES[name])).astype(empty.dtypes.to_dict()) if rows else empty


def _validity(stored: StoredBenchmark) -> Iterator[dict[str, Any]]:
    """Return the realised effect of the perturbation on the texts, per condition and language."""
    queries = stored.task.queries
    langs = np.array(queries.langs, dtype=object)
    lengths = np.array([len(text) for text in queries.texts], dtype=np.float64)
    for perturbation, severity in stored.conditions:
        dose = stored.treatments[perturbation].dose
        asked = severity * parse_dose(dose).value if dose else np.nan
        sets = [stored.noisy(key) for _, key in stored.query_sets(perturbation, severity)]
        for lang in stored.task.languages:
            rows = np.flatnonzero((langs == lang) & (lengths > 0))
            row: dict[str, Any] = {
                "benchmark": stored.name,
                "perturbation": perturbation,
                "severity": severity,
                "query_lang": lang,
                "n": len(rows),
                "asked_char_error_rate": asked,
            }
            applies = [noisy for noisy in sets if len(rows) and not np.isnan(noisy.unchanged[rows]).any()]
            if not applies:
                yield {**row, "n": 0, "note": "not applicable" if sets else "failed"}
                continue
            unchanged = float(np.mean([noisy.unchanged[rows].mean() for noisy in applies]))
            yield {
                **row,
                "unchanged_share": unchanged,
                "word_edit_rate": float(np.mean([noisy.word_edit_rate[rows].mean() for noisy in applies])),
                "char_error_rate": float(np.mean([noisy.char_error_rate[rows].mean() for noisy in applies])),
                "length_ratio": float(np.mean([np.mean(noisy.lengths[rows] / lengths[rows]) for noisy in applies])),
                "code_mixing_index": float(np.mean([noisy.code_mixing_index[rows].mean() for noisy in applies])),
                "rejected_share": float(np.mean([noisy.rejected[rows].mean() for noisy in applies])),
                "note": "changed nothing" if unchanged == 1.0 else "",
                "edited_word_edit_rate": _over_edited(applies, rows),
            }


def _over_edited(sets: list[NoisyQueries], rows: NDArray[np.intp]) -> float:
    """Return the mean share of edited words over the edited queries, NaN without any."""
    doses = [noisy.word_edit_rate[rows][noisy.unchanged[rows] == 0] for noisy in sets]
    edited = np.concatenate(doses)
    return float(edited.mean()) if len(edited) else np.nan


def _above_floor(scores: pd.DataFrame, measure: str) -> set[tuple[str, str, str]]:
    """Return (benchmark, setting, encoder) that are not near the floor: losses near the floor are chance."""
    macro = scores[(scores["query_lang"] == "all") & (scores["measure"] == measure) & ~scores["near_floor"]]
    return set(zip(macro["benchmark"], macro["setting"], macro["encoder"], strict=True))
