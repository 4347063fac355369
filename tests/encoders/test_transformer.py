from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from robustir.cli import main
from robustir.encoders.transformers.bodies import TransformerBody
from robustir.encoders.transformers.pooling import pool
from robustir.encoders.transformers.transformer import DTypeName, TransformerEncoder
from robustir.errors import EncoderError, InputError, SpecError
from robustir.planning.plan import make_plan
from robustir.planning.suite import validate_suite
from robustir.vectors.store import EmbeddingStore

TEXTS = ["where is the nile?", "a", "the nile is a long river in africa.", "", "rivers", "who", "what is long", "нил"]


def reference(folder: Path, text: str, pooling: str, layer: int, *, normalize: bool = True) -> NDArray[np.float32]:
    """One text at a time, without padding, pooled with plain loops."""
    import torch
    from transformers import AutoModel, AutoTokenizer

    model = AutoModel.from_pretrained(folder).eval()
    inputs = AutoTokenizer.from_pretrained(folder)(text, return_tensors="pt")
    with torch.no_grad():
        states = model(**inputs, output_hidden_states=True).hidden_states[layer][0].numpy()
    vector: NDArray[np.float32]
    if pooling == "cls":
        vector = states[0]
    elif pooling == "max":
        vector = np.array([max(state[i] for state in states) for i in range(states.shape[1])])
    else:
        vector = np.sum(list(states), axis=0) / len(states)
    return vector / np.sqrt(np.sum([value * value for value in vector])) if normalize else vector


@pytest.mark.parametrize("pooling", ["mean", "cls", "max"])
@pytest.mark.parametrize("layer", [None, 0, 2])
def test_pooling_and_layer_follow_the_reference(tiny_bert: Path, pooling: Any, layer: int | None) -> None:
    encoder = TransformerEncoder(str(tiny_bert), pooling, layer, device="cpu", batch_size=3)
    vectors = encoder.encode(TEXTS, role="query")
    assert vectors.dtype == np.float32
    assert vectors.shape == (len(TEXTS), 16)
    expected = [reference(tiny_bert, text, pooling, 3 if layer is None else layer) for text in TEXTS]
    np.testing.assert_allclose(vectors, expected, atol=2e-6)


def test_layers_differ(tiny_bert: Path) -> None:
    vectors = [TransformerEncoder(str(tiny_bert), layer=layer).encode(["the nile"], role="query") for layer in range(4)]
    for a in range(4):
        for b in range(a):
            assert np.abs(vectors[a] - vectors[b]).max() > 0.01


def test_xlmr_counts_positions_after_the_padding_token(tiny_xlmr: Path) -> None:
    long = "the nile is a long river in africa . " * 4
    encoder = TransformerEncoder(str(tiny_xlmr), device="cpu")
    vectors = encoder.encode([*TEXTS, long], role="query")
    expected = [reference(tiny_xlmr, text, "mean", 2) for text in TEXTS]
    np.testing.assert_allclose(vectors[:-1], expected, atol=2e-6)
    # 20 positions less 2, of which <s> and </s> take two: 16 words remain.
    cut = " ".join(long.split()[:16])
    np.testing.assert_allclose(vectors[-1], reference(tiny_xlmr, cut, "mean", 2), atol=2e-6)


def test_max_length_counts_special_tokens(tiny_bert: Path) -> None:
    encoder = TransformerEncoder(str(tiny_bert), max_length=5, device="cpu")
    cut, whole = encoder.encode(["the nile is a long river", "the nile is"], role="query")
    np.testing.assert_allclose(cut, whole, atol=2e-6)
    with pytest.raises(InputError, match="adds 2 tokens"):
        TransformerEncoder(str(tiny_bert), max_length=2).encode(["a"], role="query")


def test_prefixes_belong_to_their_role(tiny_bert: Path) -> None:
    encoder = TransformerEncoder(str(tiny_bert), query_prefix="where is ", passage_prefix="a long ", device="cpu")
    np.testing.assert_allclose(
        encoder.encode(["the nile"], role="query")[0], reference(tiny_bert, "where is the nile", "mean", 3), atol=2e-6
    )
    np.testing.assert_allclose(
        encoder.encode(["river"], role="passage")[0], reference(tiny_bert, "a long river", "mean", 3), atol=2e-6
    )


def test_normalize_off_keeps_lengths(tiny_bert: Path) -> None:
    vectors = TransformerEncoder(str(tiny_bert), normalize=False, device="cpu").encode(["the nile"], role="query")
    np.testing.assert_allclose(vectors[0], reference(tiny_bert, "the nile", "mean", 3, normalize=False), atol=1e-5)


def test_batch_size_and_order_change_only_the_last_bits(tiny_bert: Path) -> None:
    one = TransformerEncoder(str(tiny_bert), batch_size=1, device="cpu").encode(TEXTS, role="query")
    all_ = TransformerEncoder(str(tiny_bert), batch_size=64, device="cpu").encode(TEXTS, role="query")
    np.testing.assert_allclose(one, all_, atol=2e-6)
    order = [5, 2, 7, 0, 1, 3, 6, 4]
    shuffled = TransformerEncoder(str(tiny_bert), device="cpu").encode([TEXTS[i] for i in order], role="query")
    np.testing.assert_allclose(shuffled, all_[order], atol=2e-6)


def test_a_unit_has_the_same_bits_every_time(tiny_bert: Path, tmp_path: Path) -> None:
    first: Any = TransformerEncoder(str(tiny_bert), device="cpu")
    stored = EmbeddingStore(tmp_path / "store")
    fresh = stored.encode_unit(first, TEXTS, role="query")
    second: Any = TransformerEncoder(str(tiny_bert), device="cpu")
    again = stored.encode_unit(second, TEXTS, role="query")
    assert (fresh.encoded, fresh.reused) == (8, 0)
    assert (again.encoded, again.reused) == (0, 8)
    assert fresh.vectors.tobytes() == again.vectors.tobytes() == second.encode(TEXTS, role="query").tobytes()


def test_half_precision_is_close(tiny_bert: Path) -> None:
    exact = TransformerEncoder(str(tiny_bert), device="cpu").encode(TEXTS, role="query")
    rough = TransformerEncoder(str(tiny_bert), dtype="bfloat16", device="cpu").encode(TEXTS, role="query")
    assert rough.dtype == np.float32
    assert (exact * rough).sum(axis=1).min() > 0.99


def cpu_with(monkeypatch: pytest.MonkeyPatch, *, amx: bool = False, avx512: bool = False) -> None:
    """A CPU that has these instructions, as torch sees it."""
    import torch

    monkeypatch.setattr(torch.cpu, "_is_amx_tile_supported", lambda: amx, raising=False)
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: avx512, raising=False)


@pytest.mark.parametrize("instructions", ["amx", "avx512"])
def test_auto_takes_half_of_the_bits_where_the_cpu_computes_in_them(
    tiny_bert: Path, monkeypatch: pytest.MonkeyPatch, instructions: str
) -> None:
    dtypes: tuple[DTypeName, ...] = ("bfloat16", "float32")
    told = {dtype: TransformerEncoder(str(tiny_bert), dtype=dtype, device="cpu") for dtype in dtypes}
    cpu_with(monkeypatch)
    slow = TransformerEncoder(str(tiny_bert), dtype="auto", device="cpu")
    assert (slow.dtype, slow.revision, slow.caution) == ("float32", told["float32"].revision, "")
    np.testing.assert_array_equal(slow.encode(TEXTS, role="query"), told["float32"].encode(TEXTS, role="query"))
    cpu_with(monkeypatch, **{instructions: True})
    fast = TransformerEncoder(str(tiny_bert), dtype="auto", device="cpu")
    assert (fast.dtype, fast.revision, fast.caution) == ("bfloat16", told["bfloat16"].revision, "")
    assert "dtype='bfloat16'" in fast.revision
    np.testing.assert_array_equal(fast.encode(TEXTS, role="query"), told["bfloat16"].encode(TEXTS, role="query"))


def test_a_cpu_that_imitates_bfloat16_is_named_and_obeyed(
    tiny_bert: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    spec = f"transformer({str(tiny_bert)!r}, dtype='bfloat16', device='cpu')"
    texts = tmp_path / "texts.txt"
    texts.write_text("where is the nile?\n")
    answers = []
    for has in (True, False):
        cpu_with(monkeypatch, amx=has, avx512=has)
        out = tmp_path / f"{has}.npy"
        with pytest.raises(SystemExit) as left:
            main(["encode", spec, "-o", str(out), str(texts)])
        assert not left.value.code
        answers.append((capsys.readouterr().err, out.read_bytes()))
    (fast, with_it), (slow, without) = answers
    assert "imitate" not in fast
    assert "tiny-bert computes in bfloat16, which this machine can only imitate" in slow
    assert "dtype='auto' takes float32 here" in slow
    assert with_it == without
    # The manifest keeps the note, also of an encoder over this one.
    suite = {"name": "a", "encoders": [f"int8({spec})"], "benchmarks": ["mini"], "perturbations": ["casing"]}
    (note,) = make_plan(validate_suite({**suite, "severities": [0.2], "draws": 1}, "test")).encoder_notes
    assert note.startswith("tiny-bert computes in bfloat16")


def test_no_text_gives_no_row(tiny_bert: Path) -> None:
    assert TransformerEncoder(str(tiny_bert)).encode([], role="query").shape == (0, 16)


def test_revision_tells_what_changes_vectors(tiny_bert: Path, tmp_path: Path) -> None:
    copy = tmp_path / "elsewhere"
    shutil.copytree(tiny_bert, copy)
    base = TransformerEncoder(str(tiny_bert)).revision
    assert TransformerEncoder(str(copy)).revision == base  # the place does not matter
    options: list[dict[str, Any]] = [
        {"pooling": "cls"},
        {"layer": 2},
        {"query_prefix": "query: "},
        {"passage_prefix": "query: "},
        {"max_length": 100},
        {"dtype": "bfloat16"},
        {"normalize": False},
    ]
    revisions = {TransformerEncoder(str(tiny_bert), **option).revision for option in options}
    assert len(revisions | {base}) == 8
    weights = next(copy.glob("*.safetensors"))
    raw = bytearray(weights.read_bytes())
    raw[-1] ^= 1
    weights.write_bytes(bytes(raw))
    assert TransformerEncoder(str(copy)).revision != base
    assert "sha256=" in base


def test_the_readme_is_no_part_of_the_revision(tiny_bert: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(tiny_bert, copy)
    (copy / "README.md").write_text("no vector depends on this")
    assert TransformerEncoder(str(copy)).revision == TransformerEncoder(str(tiny_bert)).revision


def test_the_tokenizer_is_part_of_the_revision(tiny_bert: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(tiny_bert, copy)
    path = copy / "tokenizer.json"
    path.write_text(path.read_text(encoding="utf-8").replace('"nile"', '"Nile"'), encoding="utf-8")
    assert TransformerEncoder(str(copy)).revision != TransformerEncoder(str(tiny_bert)).revision


def test_constructing_and_describing_load_nothing(monkeypatch: pytest.MonkeyPatch, tiny_bert: Path) -> None:
    from robustir.encoders.transformers.checkpoint import Checkpoint

    monkeypatch.setattr(Checkpoint, "load_model", lambda _: pytest.fail("weights were loaded"))
    encoder = TransformerEncoder(str(tiny_bert))
    assert encoder.name == "tiny-bert"
    assert encoder.revision


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"pooling": "sum"}, "choose one of mean, cls, max"),
        ({"dtype": "int8"}, "choose one of float32, bfloat16, float16, auto"),
        ({"layer": -1}, "count from 0"),
        ({"batch_size": 0}, "at least 1"),
    ],
)
def test_wrong_arguments_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(SpecError, match=message):
        TransformerEncoder("any/model", **options)


def test_what_cannot_be_loaded_is_explained(tiny_bert: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"has the layers 0 .* to 3"):
        TransformerEncoder(str(tiny_bert), layer=4).encode(["a"], role="query")
    with pytest.raises(InputError, match="no model folder"):
        TransformerEncoder(str(tmp_path / "nowhere")).encode(["a"], role="query")
    with pytest.raises(InputError, match=r"no config\.json"):
        TransformerEncoder(str(tmp_path)).encode(["a"], role="query")
    with pytest.raises(SpecError, match="choose auto, cpu"):
        TransformerEncoder(str(tiny_bert), device="abacus").encode(["a"], role="query")


def test_damaged_folders_are_explained(tiny_bert: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(tiny_bert, copy, ignore=shutil.ignore_patterns("tokenizer*"))
    with pytest.raises(InputError, match="has no tokenizer"):
        TransformerEncoder(str(copy)).encode(["a"], role="query")
    shutil.copytree(tiny_bert, copy, dirs_exist_ok=True)
    next(copy.glob("*.safetensors")).write_bytes(b"not weights")
    with pytest.raises(InputError, match=r"the weights of .* cannot be loaded"):
        TransformerEncoder(str(copy)).encode(["a"], role="query")
    (copy / "config.json").write_text("{")
    with pytest.raises(InputError, match=r"config\.json:1: malformed JSON .*get the model again"):
        TransformerEncoder(str(copy)).encode(["a"], role="query")


def test_missing_weights_are_not_replaced_by_random_ones(tiny_bert: Path, tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file

    copy = tmp_path / "copy"
    shutil.copytree(tiny_bert, copy)
    path = next(copy.glob("*.safetensors"))
    weights = load_file(path)
    del weights["encoder.layer.1.output.dense.weight"]
    save_file(weights, path, metadata={"format": "pt"})
    with pytest.raises(InputError, match=r"lacks 1 weights .*layer\.1\.output\.dense\.weight"):
        TransformerEncoder(str(copy)).encode(["a"], role="query")


def test_short_memory_halves_the_batch(tiny_bert: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    expected = TransformerEncoder(str(tiny_bert), device="cpu").encode(TEXTS, role="query")
    forward = TransformerBody.forward
    sizes: list[int] = []

    def limited(self: TransformerBody, rows: Any, prompt: str) -> Any:
        sizes.append(len(rows))
        if len(rows) > limit:
            raise torch.cuda.OutOfMemoryError("out of memory")
        return forward(self, rows, prompt)

    monkeypatch.setattr(TransformerBody, "forward", limited)
    limit = 2
    vectors = TransformerEncoder(str(tiny_bert), device="cpu").encode(TEXTS, role="query")
    assert sizes == [8, 4, 2, 2, 2, 2]
    np.testing.assert_allclose(vectors, expected, atol=2e-6)
    limit = 0
    with pytest.raises(EncoderError, match="does not fit into the memory"):
        TransformerEncoder(str(tiny_bert), device="cpu").encode(TEXTS, role="query")


def test_other_errors_of_the_model_are_not_taken_for_short_memory(
    tiny_bert: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any) -> Any:
        raise RuntimeError("size mismatch")

    monkeypatch.setattr(TransformerBody, "forward", broken)
    with pytest.raises(RuntimeError, match="size mismatch"):
        TransformerEncoder(str(tiny_bert), device="cpu").encode(TEXTS, role="query")


def test_several_devices_share_the_batches(tiny_bert: Path) -> None:
    # Two replicas on the CPU take the way that two GPUs take.
    texts = TEXTS * 20
    one = TransformerEncoder(str(tiny_bert), device="cpu", batch_size=1).encode(texts, role="query")
    two = TransformerEncoder(str(tiny_bert), device="cpu,cpu", batch_size=1).encode(texts, role="query")
    assert one.tobytes() == two.tobytes()
    with pytest.raises(SpecError, match="of one kind"):
        TransformerEncoder(str(tiny_bert), device="cpu,meta").encode(["a"], role="query")


def test_pooling_ignores_padding_by_hand() -> None:
    import torch

    states = torch.tensor([[[1.0, -4.0], [3.0, -2.0], [99.0, 99.0]], [[5.0, 6.0], [7.0, 8.0], [9.0, 1.0]]])
    mask = torch.tensor([[1, 1, 0], [0, 0, 0]])
    assert pool(states, mask, "mean").tolist() == [[2.0, -3.0], [0.0, 0.0]]
    assert pool(states, mask, "max").tolist() == [[3.0, -2.0], [0.0, 0.0]]
    assert pool(states, mask, "cls").tolist() == [[1.0, -4.0], [5.0, 6.0]]
    assert pool(states, mask, "lasttoken").tolist() == [[3.0, -2.0], [0.0, 0.0]]
    assert pool(states, mask, "cls", "max").tolist() == [[1.0, -4.0, 3.0, -2.0], [5.0, 6.0, 0.0, 0.0]]
    np.testing.assert_allclose(pool(states, mask, "weightedmean")[0], [(1 + 2 * 3) / 3, (-4 - 2 * 2) / 3], atol=1e-6)
    np.testing.assert_allclose(pool(states, mask, "mean_sqrt_len_tokens")[0], [4 / 2**0.5, -6 / 2**0.5], atol=1e-6)


def test_half_precision_in_float16_is_close(tiny_bert: Path) -> None:
    exact = TransformerEncoder(str(tiny_bert), device="cpu").encode(TEXTS, role="query")
    rough = TransformerEncoder(str(tiny_bert), dtype="float16", device="cpu").encode(TEXTS, role="query")
    assert (exact * rough).sum(axis=1).min() > 0.999


def test_the_models_own_pooler(tiny_bert: Path) -> None:
    import torch
    from transformers import AutoModel, AutoTokenizer

    vectors = TransformerEncoder(str(tiny_bert), "pooler", normalize=False, device="cpu").encode(TEXTS, role="query")
    model, tokenizer = AutoModel.from_pretrained(tiny_bert).eval(), AutoTokenizer.from_pretrained(tiny_bert)
    with torch.no_grad():
        expected = [model(**tokenizer(text, return_tensors="pt")).pooler_output[0].numpy() for text in TEXTS]
    np.testing.assert_allclose(vectors, expected, atol=1e-5)
    with pytest.raises(SpecError, match="works on the last layer"):
        TransformerEncoder(str(tiny_bert), "pooler", 2)


def test_a_pickle_that_wants_code_is_not_run(tiny_bert: Path, tmp_path: Path) -> None:
    import pickle

    class Evil:
        def __reduce__(self) -> Any:
            return Path.touch, (tmp_path / "ran",)

    copy = tmp_path / "copy"
    shutil.copytree(tiny_bert, copy, ignore=shutil.ignore_patterns("*.safetensors"))
    (copy / "pytorch_model.bin").write_bytes(pickle.dumps({"weights": Evil()}, protocol=2))
    with pytest.raises(InputError, match=r"would run code.* refused; get the model as safetensors"):
        TransformerEncoder(str(copy)).encode(["a"], role="query")
    assert not (tmp_path / "ran").exists()


def test_weights_of_another_architecture_are_explained(tiny_bert: Path, tiny_distil: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(tiny_distil, copy)
    shutil.copy(tiny_bert / "config.json", copy)
    with pytest.raises(InputError, match=r"lacks \d+ weights of its architecture \(bert\).* of another"):
        TransformerEncoder(str(copy)).encode(["a"], role="query")


def test_a_tokenizer_of_another_model_is_explained(tiny_bert: Path, tiny_xlmr: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(tiny_xlmr, copy)
    for path in tiny_bert.glob("*token*"):
        shutil.copy(path, copy)
    with pytest.raises(InputError, match=r"has \d+ pieces, but the model has vectors for \d+: they are of different"):
        TransformerEncoder(str(copy)).encode(["a"], role="query")


def test_a_run_is_refused_before_it_begins(tiny_bert: Path, tmp_path: Path) -> None:
    # The plan asks for the revision of every encoder.
    copy = tmp_path / "copy"
    shutil.copytree(tiny_bert, copy, ignore=shutil.ignore_patterns("tokenizer*"))
    with pytest.raises(InputError, match="has no tokenizer"):
        _ = TransformerEncoder(str(copy)).revision
    with pytest.raises(InputError, match=r"has the layers 0 .* to 3"):
        _ = TransformerEncoder(str(tiny_bert), layer=4).revision
