"""From findings and manifest to a document: its sections, and their order."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from robustir.errors import RunError
from robustir.reports.blocks import Document, Figure, Heading, Paragraph, Section, Table
from robustir.reports.formats import clean_text, language_name
from robustir.reports.sections.attacks import attack_section
from robustir.reports.sections.clean_scores import clean_section
from robustir.reports.sections.comparing import bias_section, comparison_section
from robustir.reports.sections.degradation import degradation_section, language_section
from robustir.reports.sections.examples import example_section
from robustir.reports.sections.in_domain import in_domain_notices
from robustir.reports.sections.run_facts import (
    failed_cells,
    failed_section,
    few_groups_notices,
    headline_facts,
    manifest_section,
    method_section,
)
from robustir.reports.sections.sentences import three_sentences
from robustir.reports.sections.strategies import strategy_section
from robustir.reports.sections.validity import no_op_notices, validity_section
from robustir.reports.short import shorten_names
from robustir.reports.study import Study

if TYPE_CHECKING:
    from robustir.analysis import Findings
    from robustir.rundir.manifest import Manifest

__all__ = ["build"]

_OPEN_SECTIONS = 2  # all others are folded


def build(findings: Findings, manifest: Manifest | None) -> Document:
    """Return the report of a run as data.

    ``findings`` holds the tables of a run as pandas DataFrames, ``manifest`` is its manifest. Raises RunError if the run
    has no clean score.
    """
    study = Study.read(findings, manifest)
    if not study.frames["scores"]:
        raise RunError(
            "the run has no scores, so there is nothing to report: finish it with  robustir resume  and look at the "
            "failed cells"
        )
    attacks, strategies = attack_section(study), strategy_section(study)
    comparing = () if strategies is not None and not study.frames["comparisons"] else (comparison_section(study),)
    document = Document(
        title=clean_text(study.manifest.name or "robustness report"),
        description=clean_text(study.manifest.description),
        created=clean_text(study.manifest.created),
        summary=three_sentences(study),
        facts=headline_facts(study),
        notices=_notices(study),
        sections=(
            clean_section(study),
            degradation_section(study),
            language_section(study),
            *([strategies] if strategies is not None else []),
            *comparing,
            *([attacks] if attacks is not None else []),
            bias_section(study),
            validity_section(study),
            example_section(study),
            failed_section(study),
            method_section(study),
            _with_languages(manifest_section(study), study),
        ),
    )
    sections = tuple(_folded(section, at) for at, section in enumerate(document.sections))
    return shorten_names(replace(document, sections=sections), (*study.encoders, *study.perturbations))


def _folded(section: Section, at: int) -> Section:
    """Leave two screens open: the first sections, each up to its first table or the figures before it."""
    if at >= _OPEN_SECTIONS:
        return replace(section, open=0)
    drawn = [place for place, block in enumerate(section.blocks) if isinstance(block, Figure)]
    tables = [place for place, block in enumerate(section.blocks) if isinstance(block, Table)]
    last = drawn[-1] if drawn and (not tables or drawn[0] < tables[0]) else tables[0] if tables else len(section.blocks)
    return replace(section, open=last + 1)


def _with_languages(section: Section, study: Study) -> Section:
    """Add the names of the languages, which tables show as codes."""
    codes = sorted({lang for benchmark in study.benchmarks for lang in study.languages(benchmark)})
    named = " · ".join(f"{code}\u00a0{language_name(code)}" for code in codes)
    return (
        replace(section, blocks=(*section.blocks, Heading("Languages"), Paragraph(f"{named}."))) if codes else section
    )


def _notices(study: Study) -> tuple[str, ...]:
    """Return the notices of the first page: failures, noise that changed nothing, lists changed after the fact."""
    notices = []
    failed = len(failed_cells(study))
    if failed:
        notices.append(
            f"{failed} cell{'s' if failed > 1 else ''} failed and {'are' if failed > 1 else 'is'} missing from the "
            "means; see “Failed cells”."
        )
    if study.suite.exploratory:
        notices.append("The suite declares no hypothesis, so every claim here is exploratory.")
    elif study.manifest.extended:
        notices.append(
            "The run was extended after its first results: the additions were not declared before results were seen."
        )
    notices += [f"{entry.name}: {note}." for entry in study.manifest.benchmarks for note in entry.label_notes]
    return (*notices, *few_groups_notices(study), *in_domain_notices(study), *no_op_notices(study))
