"""The first page has one line per kind of trouble, with the noises most in need of it; the section has all of them."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

from robustir.reports import Document, build
from robustir.reports.blocks import Notice
from tests.reports.factory import Factory

NOISES = ("typos", "ocr", "mt-channel", "phonetic", "asr")
BENCHMARKS = ("xquad-r", "tatoeba", "ntrex", "flores")


def _document() -> Document:
    """Five noises on four benchmarks: each leaves de and zh mostly unchanged, th wholly, and gives ar five times the dose."""
    findings = Factory(perturbations=NOISES, benchmarks=BENCHMARKS).findings()
    validity, scores = findings.validity.copy(), findings.scores.copy()
    for langs, share in ((("de", "zh"), 0.7), (("th",), 1.0)):
        validity.loc[validity["query_lang"].isin(langs), "unchanged_share"] = share
    validity["dose_ratio"] = 1.0
    validity.loc[validity["query_lang"] == "ar", "dose_ratio"] = 5.0
    scores["effective_groups"] = 9.2
    return build(replace(findings, validity=validity, scores=scores), findings.manifest)


def test_the_first_page_has_a_line_per_kind() -> None:
    document = _document()
    kinds = ("changed nothing", "at least half", "over twice as much", "worth 9.2")
    for kind in kinds:
        assert sum(kind in notice for notice in document.notices) == 1, kind
    (little,) = [notice for notice in document.notices if "at least half" in notice]
    assert "typos (xquad-r: German and Chinese; tatoeba: German and Chinese; 2 more benchmarks)" in little
    assert "and 2 more" in little
    (few,) = [notice for notice in document.notices if "worth 9.2" in notice]
    assert "and 1 more" in few
    assert max(map(len, document.notices)) < 500


def test_the_section_on_the_noise_has_every_one() -> None:
    (validity,) = [section for section in _document().sections if section.id == "validity"]
    texts = [block.text for block in validity.blocks if isinstance(block, Notice)]
    for benchmark, noise in product(BENCHMARKS, NOISES):
        assert sum(text.startswith(f"{noise} changed nothing in Thai ({benchmark})") for text in texts) == 1
        assert sum(text.startswith(f"{noise} left at least half") and benchmark in text for text in texts) == 1
        assert sum(text.startswith(f"{benchmark}: {noise} at severity") and "Arabic" in text for text in texts) == 1
