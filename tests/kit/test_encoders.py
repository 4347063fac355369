"""Each broken law of an encoder is found, and every built-in that needs no download passes."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from robustir.contracts import Role
from robustir.encoders.hashing import HashingEncoder
from robustir.kit.catalogue import SAMPLES
from robustir.kit.check import check
from robustir.kit.encoders import encoder_laws
from tests.tiny_models import make_layout, static_layout, tiny_bert, tiny_distil, tiny_xlmr

__all__ = ["make_layout", "static_layout", "tiny_bert", "tiny_distil", "tiny_xlmr"]


class Good:
    """Hashing as an encoder of its own."""

    name = "good"
    revision = "1"
    uses_langs = False

    def __init__(self) -> None:
        self.calls = 0

    def encode(self, texts: Sequence[str], *, role: Role, langs: Sequence[str] | None = None) -> Any:
        self.calls += 1
        return HashingEncoder(dim=64).encode(texts, role="query").copy()


class NoRevision(Good):
    revision = ""


class Restless(Good):
    @property
    def revision(self) -> str:  # type: ignore[override]
        self.calls += 1
        return str(self.calls)


class Double(Good):
    def encode(self, texts: Sequence[str], *, role: Role, langs: Sequence[str] | None = None) -> Any:
        return super().encode(texts, role=role).astype(np.float64)


class NotFinite(Good):
    def encode(self, texts: Sequence[str], *, role: Role, langs: Sequence[str] | None = None) -> Any:
        vectors = super().encode(texts, role=role)
        vectors[[len(text) > 1000 for text in texts]] = np.nan
        return vectors


class TwoWidths(Good):
    def encode(self, texts: Sequence[str], *, role: Role, langs: Sequence[str] | None = None) -> Any:
        vectors = super().encode(texts, role=role)
        return vectors if role == "query" else vectors[:, :32].copy()


class FailsOnNothing(Good):
    def encode(self, texts: Sequence[str], *, role: Role, langs: Sequence[str] | None = None) -> Any:
        return super().encode(texts, role=role) if any(texts) else np.zeros((len(texts), 3), np.float32)


class Dropout(Good):
    def encode(self, texts: Sequence[str], *, role: Role, langs: Sequence[str] | None = None) -> Any:
        return super().encode(texts, role=role) + np.float32(self.calls)


class Ordered(Good):
    def encode(self, texts: Sequence[str], *, role: Role, langs: Sequence[str] | None = None) -> Any:
        vectors: NDArray[np.float32] = super().encode(texts, role=role)
        return vectors + np.arange(len(texts), dtype=np.float32)[:, None]


class Centred(Good):
    def encode(self, texts: Sequence[str], *, role: Role, langs: Sequence[str] | None = None) -> Any:
        vectors: NDArray[np.float32] = super().encode(texts, role=role)
        return vectors - vectors.mean(axis=0) if len(texts) else vectors


class LastBits(Good):
    batch_invariant = True

    def encode(self, texts: Sequence[str], *, role: Role, langs: Sequence[str] | None = None) -> Any:
        return super().encode(texts, role=role) + np.float32(1e-6) * np.float32(len(texts))


class Collapsed(Good):
    def encode(self, texts: Sequence[str], *, role: Role, langs: Sequence[str] | None = None) -> Any:
        return np.ones((len(texts), 4), np.float32)


class AnyRole(Good):
    def encode(self, texts: Sequence[str], *, role: Role, langs: Sequence[str] | None = None) -> Any:
        return super().encode(texts, role=role) + np.float32(role == "query")


class SecretlyUsesLangs(Good):
    def encode(self, texts: Sequence[str], *, role: Role, langs: Sequence[str] | None = None) -> Any:
        shift = [0.0 if lang == "en" else 1.0 for lang in langs or ["en"] * len(texts)]
        return super().encode(texts, role=role) + np.array(shift, np.float32)[:, None]


class Sorts(Good):
    def encode(self, texts: Sequence[str], *, role: Role, langs: Sequence[str] | None = None) -> Any:
        vectors = super().encode(list(texts), role=role)
        texts.sort()  # type: ignore[attr-defined]
        return vectors


class Draws(Good):
    def encode(self, texts: Sequence[str], *, role: Role, langs: Sequence[str] | None = None) -> Any:
        random.random()
        return super().encode(texts, role=role)


def broken(made: Any) -> set[str]:
    found = set()
    for name, examine in encoder_laws(made, [*SAMPLES.values(), "a", "x" * 2000], [*SAMPLES, "en", "en"]):
        try:
            detail = examine()
        except Exception as error:  # noqa: BLE001 - as the kit does
            detail = str(error)
        if detail:
            found.add(name)
    return found


@pytest.mark.parametrize(
    ("made", "law"),
    [
        (NoRevision, "it declares name, revision"),
        (Restless, "it declares name, revision"),
        (Double, "vectors are finite float32"),
        (NotFinite, "vectors are finite float32"),
        (TwoWidths, "vectors are finite float32"),
        (FailsOnNothing, "an empty text has a vector"),
        (Dropout, "two calls give the same bits"),
        (Ordered, "the order of texts"),
        (Centred, "the size of the batch"),
        (LastBits, "the size of the batch"),
        (Ordered, "a text that occurs twice"),
        (Collapsed, "different texts"),
        (AnyRole, "an unknown role"),
        (SecretlyUsesLangs, "languages matter only"),
        (Sorts, "texts and random states"),
        (Draws, "texts and random states"),
    ],
)
def test_each_broken_law_is_found(made: Any, law: str) -> None:
    assert [name for name in broken(made()) if name.startswith(law)]


def test_a_good_encoder_passes() -> None:
    assert broken(Good()) == set()


@pytest.mark.parametrize(
    ("fixture", "spec"),
    [
        ("tiny_bert", "mbert(path={!r}, layer=2)"),
        ("tiny_bert", "labse(path={!r})"),
        ("tiny_bert", "transformer({!r}, dtype='bfloat16')"),
        ("tiny_distil", "distilmbert(path={!r})"),
        ("tiny_xlmr", "multilingual-e5(path={!r})"),
        ("tiny_xlmr", "bge-m3(path={!r}, device='cpu,cpu')"),
        ("static_layout", "transformer({!r})"),
    ],
)
def test_transformers_pass(fixture: str, spec: str, request: pytest.FixtureRequest) -> None:
    laws = check("encoder", spec.format(str(request.getfixturevalue(fixture))))
    known_text = {"different texts have different vectors"}  # tiny vocabularies know no Arabic
    assert [law for law in laws if not law.passed and law.name not in known_text] == []
    assert len(laws) == 12


def test_laser_passes(tmp_path: Path) -> None:
    pytest.importorskip("sacremoses", reason="needs the extra laser")
    pytest.importorskip("sentencepiece", reason="needs the extra laser")
    from tests.encoders import laser_reference as reference

    reference.make_laser2(tmp_path)
    for code in ("hin_Deva", "tha_Thai", "tur_Latn"):
        reference.make_laser3(tmp_path, code)
    for spec in (f"laser2({str(tmp_path)!r})", f"laser3(path={str(tmp_path)!r})", f"laser3('hi', {str(tmp_path)!r})"):
        laws = check("encoder", spec)
        unknown = {"different texts have different vectors"}  # a tiny vocabulary knows neither Arabic nor Chinese
        assert [law for law in laws if not law.passed and law.name not in unknown] == []
