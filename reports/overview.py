"""A run at a glance: per setting the clean scores, the scores under each noise, and the encoders shown to be more robust.

The terminal shows it and ``--json`` prints it; its numbers are those of the report's tables.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from robustir.errors import RunError
from robustir.reports.sections.comparing import counted_claims, is_primary
from robustir.reports.sections.noise_notices import noise_notices
from robustir.reports.sections.run_facts import failed_cells, few_groups_notices, partial_notice
from robustir.reports.sections.validity import not_applicable_rows
from robustir.reports.study import MORE_ROBUST, Row, Study, pair, value

__all__ = ["EncoderScores", "NoiseScores", "Overview", "SettingScores", "overview"]


@dataclass(frozen=True, slots=True)
class NoiseScores:
    """One encoder under one perturbation at one severity: shares of 1, NaN if nothing was scored.

    languages: the number of languages in the mean, of the ``of_languages`` in the clean score. separated: whether the
    change is separated from 0. clean: the clean score over these languages. more_robust_than: the encoders that were
    shown to lose more, over the whole curve if there is one.
    """

    name: str
    severity: float
    clean: float
    noisy: float
    delta: float
    ci_low: float
    ci_high: float
    p_adjusted: float
    retention: float
    unstable: bool
    separated: bool
    languages: int
    of_languages: int
    more_robust_than: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class EncoderScores:
    """One encoder in one setting. near_floor: too near the score of shuffled queries to be judged."""

    name: str
    clean: float
    ci_low: float
    ci_high: float
    floor: float
    near_floor: bool
    in_domain: bool
    noises: tuple[NoiseScores, ...]


@dataclass(frozen=True, slots=True)
class SettingScores:
    """The encoders of a run on one benchmark in one setting; every row has the same noises."""

    benchmark: str
    setting: str
    measure: str
    encoders: tuple[EncoderScores, ...]


@dataclass(frozen=True, slots=True)
class Overview:
    """A run at a glance; ``notes``: sentences on what failed, did not apply, changed nothing or cannot be judged."""

    name: str
    status: str
    settings: tuple[SettingScores, ...]
    cells: int
    failed: int
    not_applicable: int
    notes: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        """Return plain data; unknown values are null."""
        results = [
            {"name": encoder.name, "benchmark": one.benchmark, "setting": one.setting, "measure": one.measure}
            | {key: item for key, item in asdict(encoder).items() if key != "name"}
            for one in self.settings
            for encoder in one.encoders
        ]
        counts = {"cells": self.cells, "failed": self.failed, "not_applicable": self.not_applicable}
        shown = {"name": self.name, "status": self.status, **counts, "notes": list(self.notes), "results": results}
        plain: dict[str, Any] = _plain(shown)
        return plain


def overview(study: Study, setting: str | None = None) -> Overview:
    """Return the overview of a study, or of one setting; raise RunError if it has no scores there."""
    blocks = tuple(
        _setting(study, benchmark, one)
        for benchmark in study.benchmarks
        for one in study.settings(benchmark)
        if setting in {None, one}
    )
    if not blocks:
        there = sorted({one for benchmark in study.benchmarks for one in study.settings(benchmark)})
        where = f"it has: {', '.join(there)}" if there else "look at what failed, then finish it with  robustir resume"
        raise RunError(f"the run has no scores{'' if setting is None else f' in the setting {setting}'}; {where}")
    return Overview(
        name=study.manifest.name,
        status=study.manifest.status,
        settings=blocks,
        cells=study.manifest.counts.cells if study.manifest.counts else 0,
        failed=len(failed_cells(study)),
        not_applicable=len(not_applicable_rows(study)),
        notes=tuple(_notes(study, blocks)),
    )


def _setting(study: Study, benchmark: str, setting: str) -> SettingScores:
    levels = ((name, study.severity_of(benchmark, name)) for name in (*study.scored, *study.attacks))
    noises = [(name, severity) for name, severity in levels if math.isfinite(severity)]
    found = []
    for encoder in study.encoders:
        row = next(iter(study.macro("scores", benchmark=benchmark, setting=setting, encoder=encoder)), None)
        if row is None:
            continue
        under = tuple(_noise(study, benchmark, setting, encoder, name, severity) for name, severity in noises)
        found.append(
            EncoderScores(
                name=encoder,
                clean=value(row, "clean"),
                ci_low=value(row, "ci_low"),
                ci_high=value(row, "ci_high"),
                floor=value(row, "floor"),
                near_floor=study.near_floor(benchmark, setting, encoder),
                in_domain=study.in_domain(benchmark, encoder),
                noises=under,
            )
        )
    return SettingScores(benchmark, setting, study.measure, tuple(found))


def _contrast(study: Study, **where: object) -> Row:
    rows = [*study.macro("contrasts", **where), *study.macro("attack_contrasts", **where)]
    return rows[0] if rows else {}


def _noise(study: Study, benchmark: str, setting: str, encoder: str, perturbation: str, severity: float) -> NoiseScores:
    where = {"benchmark": benchmark, "setting": setting, "perturbation": perturbation, "severity": severity}
    row = _contrast(study, encoder=encoder, **where)
    scored = study.macro("scores", benchmark=benchmark, setting=setting, encoder=encoder)
    return NoiseScores(
        name=perturbation,
        severity=severity,
        clean=value(row, "clean"),
        noisy=value(row, "noisy"),
        delta=value(row, "delta"),
        ci_low=value(row, "ci_low"),
        ci_high=value(row, "ci_high"),
        p_adjusted=value(row, "p_adjusted"),
        retention=value(row, "retention"),
        unstable=bool(row and row["unstable"]),  # an attack has no row if it aims at no passage
        separated=bool(row and row["separated"]),
        languages=int(row["languages"]) if row else 0,
        of_languages=max((int(one["languages"]) for one in scored), default=0),
        more_robust_than=tuple(_beaten(study, encoder, where)),
    )


def _beaten(study: Study, encoder: str, where: Mapping[str, Any]) -> Iterator[str]:
    """Yield the encoders that were shown to be less robust than this one under a condition."""
    rows = study.compared(where["benchmark"], where["setting"], where["perturbation"])
    for row in rows:
        if row["favours"] == encoder and row["claim"] in MORE_ROBUST:
            names = pair(row)
            yield names[1] if encoder == names[0] else names[0]


def _notes(study: Study, blocks: Sequence[SettingScores]) -> Iterator[str]:
    failed = failed_cells(study)
    if partial := partial_notice(study):
        yield partial
    elif failed:
        cells = "1 cell failed and is" if len(failed) == 1 else f"{len(failed)} cells failed and are"
        yield f"{cells} missing; the first: {': '.join(failed[0])}"
    missing: dict[str, list[str]] = {}
    for noise, lang, _ in not_applicable_rows(study):
        missing.setdefault(noise, []).append(lang)
    for noise, langs in missing.items():
        yield f"not applicable: {noise} in {', '.join(dict.fromkeys(langs))}"
    yield from noise_notices(study)
    floored = dict.fromkeys(row.name for block in blocks for row in block.encoders if row.near_floor)
    if floored:
        yield f"near the floor of shuffled queries in some setting, so not judged in it: {', '.join(floored)}"
    yield from few_groups_notices(study)
    yield from _compared(study)


def _compared(study: Study) -> Iterator[str]:
    rows = study.frames["comparisons"]
    primary = [row for row in rows if is_primary(row)]
    if primary:
        yield f"declared comparisons of encoders: {len(primary)}, of which {counted_claims(primary)}"
    elif rows:
        yield "the suite declared no comparisons of encoders, so these are exploratory"


def _plain(item: Any) -> Any:
    if isinstance(item, float) and not math.isfinite(item):
        return None
    if isinstance(item, dict):
        return {key: _plain(part) for key, part in item.items()}
    if isinstance(item, list | tuple):
        return [_plain(part) for part in item]
    return item
