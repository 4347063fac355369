"""The sections about the run itself: failed cells, methods, manifest."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

from robustir.planning.conditions import CLEAN, FLOOR
from robustir.protocol import correction_of
from robustir.reports.blocks import Block, Cell, Column, Facts, Heading, Listing, Notice, Paragraph, Section, Table
from robustir.reports.formats import clean_text, join_words, language_name, severity_text, thousands
from robustir.reports.sections.explained import explained
from robustir.reports.study import Study, value
from robustir.rundir.completeness import PARTIAL
from robustir.stats import FEW_GROUPS, FEW_WORTH

if TYPE_CHECKING:
    from robustir.planning.suite import Statistics
    from robustir.rundir.manifest import BenchmarkEntry, EncoderEntry, Manifest

__all__ = [
    "failed_cells",
    "failed_section",
    "headline_facts",
    "manifest_section",
    "method_section",
    "partial_notice",
]

_SHOWN_FAILURES = 40
_INTERVALS = {"studentised": "studentised bootstrap", "percentile": "percentile bootstrap", "bca": "BCa bootstrap"}
_CORRECTIONS = {"max-t": "single-step max-T", "holm": "Holm", "bh": "Benjamini–Hochberg"}
_FOLDED = ("cells",)  # one entry per cell with two digests each: the report has their number, manifest.json all of them
_LEFT_OUT = ("files",)  # grow while reports are written

# Facts of every run.
_ALWAYS = (
    (
        "Robustness claims",
        (
            "the loss must differ in points and in shares, both after correction; a “more robust” encoder must also not be "
            "behind under noise and must keep no less on the queries that both find; a difference that is not significant is "
            "never called robustness"
        ),
    ),
    ("Dose", "curves and areas run over the realised share of edited words, not over the requested severity"),
    ("Ties", "equal scores are ordered as trec_eval does; floors and rank distances use tie-averaged ranks"),
)


def failed_cells(study: Study) -> list[tuple[str, str]]:
    """Return (cell, error) of every failed cell."""
    return [(clean_text(entry.cell), clean_text(entry.error)) for entry in study.manifest.failed]


def partial_notice(study: Study) -> str:
    """Return a sentence on an unfinished run, "" for a whole one."""
    manifest = study.manifest
    if manifest.status != PARTIAL:
        return ""
    lost, planned = len(manifest.failed), len(manifest.cells)
    gone = {entry.cell for entry in manifest.failed}
    draws: dict[tuple[object, ...], int] = {}
    for cell in manifest.cells:
        if cell.condition not in (CLEAN, FLOOR):
            condition = (cell.benchmark, cell.encoder, cell.perturbation, cell.severity)
            draws[condition] = draws.get(condition, 0) + (cell.shown not in gone)
    fewest, most = min(draws.values(), default=0), max(draws.values(), default=0)
    there = f"{fewest}" if fewest == most else f"{fewest} to {most}"
    return (
        f"Partial: the run is unfinished. {thousands(planned - lost)} of {thousands(planned)} cells are there, with {there} of "
        f"{study.suite.draws} draws for each kind of noise; every number below may change."
    )


def failed_section(study: Study) -> Section | None:
    """Build the section on cells without a result; None if every cell has one."""
    failed = failed_cells(study)
    if not failed:
        return None
    rows = tuple((Cell(cell), Cell(error)) for cell, error in failed[:_SHOWN_FAILURES])
    note = f"The first {len(rows)} of {len(failed)}; manifest.json has all." if len(rows) < len(failed) else ""
    columns = (Column("Cell", number=False), Column("Error", number=False))
    blocks: tuple[Block, ...] = (
        Notice("These cells have no result; the means and tests above leave them out."),
        Table("failed", "Cells that failed", columns, rows, note=note),
    )
    return Section("failed-cells", "Failed cells", blocks)


def method_section(study: Study) -> Section:
    """Build the section on how the numbers were made."""
    statistics = study.suite.statistics
    kinds = sorted({clean_text(entry.group_kind) for entry in study.manifest.benchmarks} - {""})
    unit = join_words(kinds) or "group"
    asked = clean_text(study.suite.question).strip()
    facts = (
        *(("Question", asked) for _ in range(bool(asked))),
        *((name[0].upper() + name[1:], text) for name, text in headline_facts(study)),
        (
            "Unit of inference",
            f"the {unit}: translations of one question, and questions of one {unit}, are not independent",
        ),
        ("Draws", f"{study.suite.draws} per condition, averaged within each query before any test"),
        (
            "Intervals",
            (
                f"{statistics.confidence * 100:g} %, {_INTERVALS[statistics.interval]} over groups, jointly across "
                f"languages, encoders and conditions, {statistics.resamples} resamples"
            ),
        ),
        ("Tests", _test(statistics)),
        ("Correction", _correction(statistics, declared=not study.suite.exploratory)),
        *_ALWAYS,
    )
    return Section("methods", "What was run and how", (Facts(explained(study)), Facts(facts)), open=1)


def _test(statistics: Statistics) -> str:
    tests = {
        "flips": f"paired randomisation test, sign flips of whole groups, {statistics.flips} flips; p = (b + 1) / (B + 1)",
        "t": f"paired t-test by groups, with standard errors for few groups (CR2) below {FEW_GROUPS}",
        "bootstrap": f"paired bootstrap of groups, {statistics.resamples} resamples; p = (b + 1) / (B + 1)",
        "wilcoxon": "Wilcoxon's signed-rank test on the groups",
    }
    return f"two-sided {tests[statistics.test]}"


def _correction(statistics: Statistics, *, declared: bool) -> str:
    chosen = correction_of(statistics.test, statistics.correction, declared=declared)
    if not declared:
        return f"{_CORRECTIONS[chosen]} within each benchmark and setting"
    return f"{_CORRECTIONS[chosen]} over each declared family (Holm for training strategies); Benjamini–Hochberg for exploratory rows"


def few_groups_notices(study: Study) -> tuple[str, ...]:
    """Return a sentence on the benchmarks with a single group of queries, and one on those with too few for intervals."""
    single, few = [], []
    for benchmark in study.benchmarks:
        rows = study.macro("scores", benchmark=benchmark)
        worth = min((value(row, "effective_groups") for row in rows), default=math.nan)
        groups = min((int(row["groups"]) for row in rows), default=0)
        if groups == 1:
            single.append(benchmark)
        elif worth < FEW_WORTH:
            few.append(f"{benchmark} has {groups} groups of queries, worth {worth:.1f} of equal size")
    alone = f"{join_words(single, 4)} {'have' if len(single) > 1 else 'has'} a single group of queries"
    both = (
        (single, f"{alone}, so intervals and tests are not valid."),
        (
            few,
            f"{join_words(few, 3)}: below {FEW_WORTH:g}, intervals cover less than their stated level and tests have little power.",
        ),
    )
    return tuple(text for found, text in both if found)


def headline_facts(study: Study) -> tuple[tuple[str, str], ...]:
    """Return the sizes of the run shown under the title."""
    languages = {lang for benchmark in study.benchmarks for lang in study.languages(benchmark)}
    settings = dict.fromkeys(setting for benchmark in study.benchmarks for setting in study.settings(benchmark))
    counts = study.manifest.counts
    pairs = [
        ("benchmarks", join_words(study.benchmarks, 4)),
        ("encoders", str(len(study.encoders))),
        ("perturbations", str(len(study.perturbations)) if study.perturbations or not study.attacks else ""),
        ("attacks", str(len(study.attacks)) if study.attacks else ""),
        ("severities", ", ".join(severity_text(severity) for severity in study.severities)),
        ("draws", str(study.suite.draws)),
        ("languages", str(len(languages))),
        ("settings", ", ".join(settings)),
        ("cells", thousands(counts.cells) if counts else ""),
        ("texts encoded", thousands(counts.texts_encoded) if counts else ""),
        ("seed", str(study.suite.seed)),
    ]
    return tuple((name, clean_text(text)) for name, text in pairs if text)


def manifest_section(study: Study) -> Section:
    """Build the section for repeating the run: versions, digests and machine, then the whole manifest."""
    manifest = study.manifest
    changes = " (with changes)" if manifest.git and manifest.git.modified else ""
    pairs = [
        ("Created", manifest.created),
        ("Revision", f"{manifest.git.revision[:12]}{changes}" if manifest.git else "an installed package"),
        ("Machine", _listed(manifest.machine)),
        ("Versions", _listed(manifest.versions)),
        ("Seconds", _listed(manifest.timings)),
        *((f"Benchmark {entry.name}", _described(entry)) for entry in manifest.benchmarks),
        *((f"Encoder {entry.name}", _identity(entry)) for entry in manifest.encoders),
    ]
    for noise in manifest.perturbations:
        name = clean_text(noise.name)
        short = study.short.get(name, name)
        pairs += [(f"Perturbation {short}", noise.spec)] if short != noise.spec else []
    facts = tuple((clean_text(name), clean_text(text)) for name, text in pairs if text)
    listing = Listing("The whole manifest", _manifest_text(manifest))
    return Section("manifest", "The manifest", (Facts(facts), listing, *_languages(study)))


def _languages(study: Study) -> tuple[Block, ...]:
    """Return the names of the languages, which tables show as codes."""
    codes = sorted({lang for benchmark in study.benchmarks for lang in study.languages(benchmark)})
    named = " · ".join(f"{code}\u00a0{language_name(code)}" for code in codes)
    return (Heading("Languages"), Paragraph(f"{named}.")) if codes else ()


def _listed(values: Mapping[str, object]) -> str:
    return ", ".join(f"{key} {item}" for key, item in values.items())


def _identity(entry: EncoderEntry) -> str:
    """Return an encoder's revision, after its spec if its name differs from it."""
    return f"{entry.spec}; revision {entry.revision}" if entry.spec != entry.name else entry.revision


def _described(entry: BenchmarkEntry) -> str:
    parts = [
        f"{entry.queries} queries",
        f"{entry.passages} passages",
        f"{entry.groups} groups",
        *(f"{lang} is called {' and '.join(names)} there" for lang, names in entry.written_languages.items()),
        entry.licence,
        entry.source,
        *(f"{count} {name.replace('_', ' ')}" for name, count in entry.judgements.items()),
        f"digest {entry.digest[:16]}",
    ]
    return "; ".join(part for part in parts if part)


def _manifest_text(manifest: Manifest) -> str:
    shown = {
        key: f"{len(item)} entries, in manifest.json" if key in _FOLDED else item
        for key, item in manifest.as_json().items()
        if key not in _LEFT_OUT
    }
    return clean_text(json.dumps(shown, indent=2, ensure_ascii=False))
