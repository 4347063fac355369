"""Noise that an encoder's own normalisation undoes: it is counted, and nothing is claimed from it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import robustir
from robustir.analysis.claims import Kind
from robustir.encoders.bm25 import BM25
from robustir.encoders.hashing import HashingEncoder
from robustir.errors import EncoderError
from robustir.running.reaching import same_tokens, same_vectors

WIDE = str.maketrans({"a": "ａ", "e": "ｅ", "o": "ｏ"})  # equal under NFKC
UNKNOWN = str.maketrans(dict.fromkeys("ａｅｏ", "#"))


class Wide:
    """Writes some letters as full-width ones."""

    name, version, languages, nested = "wide", "1", None, True

    def __call__(self, text: str, *, lang: str, severity: float, rng: object) -> str:
        return text.translate(WIDE) if severity else text


class Folding:
    """Hashes letters after NFKC, and says nothing of tokens."""

    name, revision, uses_langs = "folding", "1", False

    def encode(self, texts: Sequence[str], *, role: str, langs: object = None) -> Any:
        return HashingEncoder().encode(texts, role="query")


class Verbatim(Folding):
    """Knows no full-width letters."""

    name = "verbatim"

    def encode(self, texts: Sequence[str], *, role: str, langs: object = None) -> Any:
        return HashingEncoder().encode([text.translate(UNKNOWN) for text in texts], role="query")


@pytest.fixture(scope="module")
def findings(tmp_path_factory: pytest.TempPathFactory) -> robustir.Findings:
    out = tmp_path_factory.mktemp("reach") / "run"
    encoders = [Folding(), Verbatim(), "bm25"]
    options = {"languages": ["en"], "severities": [0.5], "draws": 1, "out": out, "formats": ("html",), "jobs": 1}
    robustir.run(benchmarks=["mini"], encoders=encoders, perturbations=["tests.running.test_reaching:Wide"], **options)
    return robustir.analyse(out)


def test_what_an_encoder_reads_alike_is_counted(findings: robustir.Findings) -> None:
    inputs = findings.inputs[findings.inputs["query_lang"] == "en"].set_index("encoder")["same_input_share"]
    assert inputs.to_dict() == {"folding": 1.0, "verbatim": 0.0, "bm25": 1.0}
    (validity,) = findings.validity.to_dict("records")
    assert validity["same_input_share"] == 1.0
    assert validity["unchanged_share"] < 0.1


def test_nothing_is_claimed_of_noise_that_did_not_arrive(findings: robustir.Findings) -> None:
    rows = [row for row in findings.comparisons.to_dict("records") if row["severity"] == "0.5"]
    claims = {frozenset((row["encoder_a"], row["encoder_b"])): row["claim"] for row in rows}
    assert claims == {
        frozenset(("folding", "bm25")): str(Kind.NOTHING),  # both fold
        frozenset(("folding", "verbatim")): str(Kind.UNREACHED),
        frozenset(("verbatim", "bm25")): str(Kind.UNREACHED),
    }
    assert {row["favours"] for row in rows} == {""}


def test_the_report_says_so(findings: robustir.Findings, tmp_path: Path) -> None:
    robustir.render(findings, tmp_path / "report.html")
    text = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "Noise left most of the queries that it changed the same to some encoder" in text
    assert "Same to an encoder" in text


@pytest.mark.parametrize("encoder", [BM25(), HashingEncoder()], ids=lambda encoder: encoder.name)
def test_tokens_are_those_after_normalisation_in_their_order(encoder: Any) -> None:
    clean = [
        "Where is the oldest stone bridge?",
        "where is the oldest stone bridge",
        "bridge stone oldest the is where",
    ]
    noisy = [text.translate(WIDE) for text in clean[:2]] + [clean[1]]
    found = same_tokens(encoder, noisy, clean, ["en"] * 3)
    assert found is not None
    assert found.tolist() == [True, True, False]


def test_vectors_are_the_same_but_for_rounding() -> None:
    clean = np.random.default_rng(0).normal(size=(3, 64)).astype(np.float32)
    noisy = clean * np.array([[1.0], [1 + 1e-6], [1 + 1e-3]], dtype=np.float32)
    assert same_vectors(noisy, clean).tolist() == [True, True, False]


def test_a_plugin_that_loses_texts_is_told() -> None:
    class Losing(Folding):
        def tokens(self, texts: Sequence[str], *, role: str, langs: object) -> list[str]:
            return list(texts)[1:]

    with pytest.raises(EncoderError, match="one item per text"):
        same_tokens(Losing(), ["a", "b"], ["a", "c"], ["en", "en"])
