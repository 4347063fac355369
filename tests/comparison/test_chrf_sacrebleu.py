"""chrF against sacrebleu, sentence by sentence."""

from __future__ import annotations

import pytest
from hypothesis import given, settings

from robustir.perturbations.attacks.chrf import chrf
from tests.strategies import SENTENCES, texts

sacrebleu = pytest.importorskip("sacrebleu", reason="pip install sacrebleu")
pytestmark = pytest.mark.comparison


@given(texts, texts)
@settings(max_examples=300, deadline=None)
def test_chrf_is_sacrebleus(one: str, other: str) -> None:
    measure = sacrebleu.metrics.CHRF()
    for text, reference in ((one, other), (SENTENCES["de"], f"{SENTENCES['de']} {one}")):
        if text.split() and reference.split() and "".join(text.split()) != "".join(reference.split()):
            assert chrf(text, reference) == pytest.approx(
                measure.sentence_score(text, [reference]).score / 100, abs=1e-9
            )
