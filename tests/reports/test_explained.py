"""Every setting, measure and noise of a run is explained in a line, and no folder of this machine is in a report."""

from __future__ import annotations

import re
from dataclasses import replace

from robustir.reports import build, render_html, render_latex
from robustir.reports.blocks import Facts
from robustir.reports.formats import without_folders
from robustir.reports.renderers.markdown import render_markdown
from robustir.reports.sections.explained import explained
from robustir.reports.study import Study
from tests.reports.factory import Factory


def test_every_setting_measure_and_noise_has_a_line() -> None:
    findings = Factory(perturbations=("typos", "ocr", "unheard-of")).findings()
    document = build(findings, findings.manifest)
    (methods,) = [section for section in document.sections if section.id == "methods"]
    shown = methods.blocks[0]
    assert methods.open == 1
    assert isinstance(shown, Facts)
    lines = dict(shown.pairs)
    assert list(lines) == [
        "Setting mono", "Setting cross", "Setting multi", "Measure AP", "Measure nDCG@10", "Measure RankDistance",
        "Measure nRankDistance", "Noise typos", "Noise ocr", "Noise unheard-of",
    ]  # fmt: skip
    assert lines["Setting mono"] == "same language: passages in the query’s language"
    assert lines["Noise typos"].startswith("Typing errors as people make them")
    assert "not installed" in lines["Noise unheard-of"]
    assert all(text.strip() for text in lines.values())


def test_an_attack_on_many_encoders_has_one_line() -> None:
    names = ("typos", "adversarial(against='bm25')", "adversarial(against='hashing')")
    findings = Factory(perturbations=names).findings()
    manifest = findings.manifest
    assert manifest is not None
    first, *attacks = manifest.perturbations
    aimed = tuple(replace(one, attacked=at) for one, at in zip(attacks, ("bm25", "hashing"), strict=True))
    study = Study.read(findings, replace(manifest, perturbations=(first, *aimed)))
    lines = [(name, text) for name, text in explained(study) if name.startswith(("Noise", "Attack"))]
    assert [name for name, _ in lines] == ["Noise typos", "Attack adversarial"]
    assert lines[1][1].startswith("Swaps words")


def test_a_report_has_no_folder_of_this_machine() -> None:
    folder = "/home/somebody/models/multilingual-e5-small"
    spec = f"transformer('{folder}', query_prefix='query: ')"
    findings = Factory(encoders=("bm25", spec, folder), perturbations=("typos",)).findings()
    manifest = findings.manifest
    assert manifest is not None
    manifest = replace(
        manifest,
        failed=tuple(replace(one, error=f"EncoderError: {folder}/config.json is missing") for one in manifest.failed),
        benchmarks=tuple(replace(one, source="/srv/data/xquad-r/xquad.json") for one in manifest.benchmarks),
    )
    document = build(findings, manifest)
    for source in (render_html(document), render_latex(document), render_markdown(document)):
        assert "multilingual-e5-small" in source.replace("\\", "").replace("<wbr>", "")
        assert not re.search(r"/home|somebody|/srv", source)


def test_only_paths_lose_their_folders() -> None:
    assert without_folders("load('/data/x/e5', k=1)") == "load('e5', k=1)"
    assert without_folders("~/models/e5 and C:\\Users\\me\\e5") == "e5 and e5"
    for kept in ("https://example.org/a/b", "and/or", "intfloat/multilingual-e5-small", "</style></svg>", "1 / 2"):
        assert without_folders(kept) == kept
