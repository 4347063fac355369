"""From findings and manifest to a document: its sections, and their order."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, TypeAlias

from robustir.errors import InputError, RunError
from robustir.reports.blocks import Document, Section, linked
from robustir.reports.formats import clean_text, without_folders
from robustir.reports.sections.agreement import agreement_section
from robustir.reports.sections.attacks import attack_section
from robustir.reports.sections.clean_scores import clean_section
from robustir.reports.sections.comparing import bias_section, comparison_section
from robustir.reports.sections.curves import curve_section
from robustir.reports.sections.degradation import area_section
from robustir.reports.sections.equivalence import equivalence_section
from robustir.reports.sections.examples import example_section
from robustir.reports.sections.first_tables import score_section
from robustir.reports.sections.in_domain import in_domain_notices
from robustir.reports.sections.index_recall import index_notices, index_section
from robustir.reports.sections.languages import language_section
from robustir.reports.sections.noise_notices import noise_notices
from robustir.reports.sections.run_facts import (
    failed_cells,
    failed_section,
    few_groups_notices,
    manifest_section,
    method_section,
    partial_notice,
)
from robustir.reports.sections.sentences import first_sentences, subtitle, title
from robustir.reports.sections.strategies import strategy_section
from robustir.reports.sections.summaries import summary_section
from robustir.reports.sections.validity import validity_section
from robustir.reports.short import hide_folders, shorten_names
from robustir.reports.study import Study

if TYPE_CHECKING:
    from robustir.analysis import Findings
    from robustir.rundir.manifest import Manifest

__all__ = ["build"]

Builder: TypeAlias = Callable[[Study], Section | None]

# The order of a report. A builder returns None if its run has nothing to show; ``Section.open`` counts the blocks that a
# reader meets first.
_MAIN: tuple[Builder, ...] = (
    score_section,
    strategy_section,
    language_section,
    curve_section,
    comparison_section,
    equivalence_section,
    agreement_section,
    attack_section,
    example_section,
    validity_section,
    bias_section,
    method_section,
)
# Folded in HTML, and in the PDF only with its appendix. The last one has the names in full.
_APPENDIX: tuple[Builder, ...] = (
    clean_section,
    area_section,
    summary_section,
    index_section,
    failed_section,
    manifest_section,
)


def build(findings: Findings, manifest: Manifest | None, only: Sequence[str] = ()) -> Document:
    """Return the report of a run as data.

    ``findings`` holds the tables of a run as pandas DataFrames, ``manifest`` is its manifest, ``only`` the ids of the
    sections to keep (none: all). Raises RunError if the run has no clean score, InputError for a section that the report
    does not have.
    """
    study = Study.read(findings, manifest)
    if not study.frames["scores"]:
        raise RunError(
            "the run has no scores, so there is nothing to report: finish it with  robustir resume  and look at the "
            "failed cells"
        )
    appendix = (replace(section, open=0) for section in _built(_APPENDIX, study))
    sections = (*_built(_MAIN, study), *appendix)
    document = Document(
        title=title(study),
        description=subtitle(study),
        created=clean_text(study.manifest.created),
        summary=first_sentences(study),
        notices=_notices(study),
        sections=tuple(linked(sections)),
        encoders=study.encoders,
    )
    names = map(without_folders, (*study.encoders, *study.perturbations))
    return _only(shorten_names(hide_folders(document), names), only)


def _only(document: Document, wanted: Sequence[str]) -> Document:
    """Return the document with the named sections alone, each whole."""
    there = {section.id: section for section in document.sections}
    if unknown := [name for name in wanted if name not in there]:
        raise InputError(f"the report has no part {unknown[0]!r}; its parts are {', '.join(there)}")
    kept = tuple(replace(there[name], open=None) for name in dict.fromkeys(wanted))
    return replace(document, sections=kept) if wanted else document


def _built(builders: tuple[Builder, ...], study: Study) -> list[Section]:
    return [section for section in (builder(study) for builder in builders) if section is not None]


def _notices(study: Study) -> tuple[str, ...]:
    """Return the notices of the first page: failures, noise that changed nothing, lists changed after the fact."""
    notices = []
    failed = len(failed_cells(study))
    partial = partial_notice(study)
    if partial:
        notices.append(partial)
    elif failed:
        notices.append(
            f"{failed} cell{'s' if failed > 1 else ''} failed and {'are' if failed > 1 else 'is'} missing from the "
            "means; see “Failed cells”."
        )
    if study.manifest.extended and not study.suite.exploratory:
        notices.append(
            "The run was extended after its first results: the additions were not declared before results were seen."
        )
    if study.changed:
        notices.append(f"Changed after the run: {'; '.join(study.changed)}.")
    notices += [f"{note[0].upper()}{note[1:]}." for note in map(clean_text, study.manifest.encoder_notes)]
    notices += [f"{entry.name}: {note}." for entry in study.manifest.benchmarks for note in entry.label_notes]
    return (
        *notices,
        *index_notices(study),
        *few_groups_notices(study),
        *in_domain_notices(study),
        *noise_notices(study),
    )
