"""Code-switched texts per second, beside nlpaug's nearest word augmenter on the same English questions."""

from __future__ import annotations

from pathlib import Path

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from robustir.perturbations.code_switch import CodeSwitch
from robustir.perturbations.tables.lexicons import load_lexicon
from robustir.seeds import derive_keys
from tests.speed.test_speed_typos import TEXTS, best_seconds, questions

pytestmark = [pytest.mark.speed, pytest.mark.slow]


def test_code_switch_beside_nlpaug(benchmark: BenchmarkFixture, root: Path) -> None:
    nlpaug = pytest.importorskip("nlpaug.augmenter.word", reason="pip install 'robustir[nlpaug]'")
    texts = questions("en", root)
    # nlpaug has no bilingual lexicon; its replacement from a table of reserved words is the nearest work, on 2,000 words here.
    entries = list(load_lexicon("en", "es").entries.items())[:2000]
    peer = nlpaug.ReservedAug(reserved_tokens=[[word, found[0][0]] for word, found in entries], aug_p=0.3)
    part = texts[:200]
    theirs = best_seconds(lambda: [peer.augment(text) for text in part], rounds=1) / len(part)
    keys = derive_keys(("speed",), ["en"] * TEXTS, [str(number) for number in range(TEXTS)], 0)
    made = CodeSwitch("es")

    def work() -> list[str]:
        return made.apply_batch(texts, langs=["en"] * TEXTS, severity=0.3, keys=keys)

    work()
    ours = best_seconds(work, 3) / TEXTS
    noisy = benchmark.pedantic(work, rounds=1)
    benchmark.extra_info.update(
        texts_per_second=round(1 / ours), nlpaug_texts_per_second=round(1 / theirs), ratio=round(theirs / ours, 1)
    )
    print(benchmark.extra_info)
    assert len(noisy) == TEXTS
