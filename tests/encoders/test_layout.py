from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from robustir.encoders.transformers.checkpoint import Checkpoint
from robustir.encoders.transformers.layout import read_layout
from robustir.encoders.transformers.transformer import TransformerEncoder
from robustir.errors import InputError

TEXTS = ["where is the nile?", "a", "the nile is a long river in africa.", "rivers", "who", "what is long", "нил"]


def states_of(folder: Path, text: str) -> NDArray[np.float32]:
    """The last states of one text, float32 [tokens, d], cut at 12 tokens."""
    import torch
    from transformers import AutoModel, AutoTokenizer

    inputs = AutoTokenizer.from_pretrained(folder)(text, truncation=True, max_length=12, return_tensors="pt")
    with torch.no_grad():
        states: NDArray[np.float32] = AutoModel.from_pretrained(folder).eval()(**inputs).last_hidden_state[0].numpy()
    return states


def test_modules_after_pooling_by_hand(tiny_bert: Path, make_layout: Any) -> None:
    from safetensors.numpy import load_file

    folder = make_layout(
        tiny_bert, pooling={"pooling_mode_cls_token": True}, dense=(16, 5), layer_norm=True, normalize=True
    )
    vectors = TransformerEncoder(str(folder), device="cpu").encode(TEXTS, role="query")
    dense = load_file(folder / "2_Dense" / "model.safetensors")
    norm = load_file(folder / "3_LayerNorm" / "model.safetensors")
    for text, vector in zip(TEXTS, vectors, strict=True):
        hidden = np.tanh(dense["linear.weight"] @ states_of(folder, text)[0] + dense["linear.bias"])
        centred = (hidden - hidden.mean()) / np.sqrt(hidden.var() + 1e-5) * norm["norm.weight"] + norm["norm.bias"]
        np.testing.assert_allclose(vector, centred / np.linalg.norm(centred), atol=2e-6)


def test_several_poolings_stand_side_by_side(tiny_bert: Path, make_layout: Any) -> None:
    pooling = {"pooling_mode_mean_tokens": True, "pooling_mode_max_tokens": True}
    folder = make_layout(tiny_bert, pooling=pooling, general={"similarity_fn_name": "dot"})
    vectors = TransformerEncoder(str(folder), device="cpu").encode(TEXTS, role="query")
    states = states_of(folder, TEXTS[0])
    np.testing.assert_allclose(vectors[0], np.concatenate([states.max(0), states.mean(0)]), atol=1e-5)
    assert read_layout(Checkpoint(str(folder))).description == "transformer > max+mean"  # type: ignore[union-attr]


def test_lengths_prompts_and_lower_case(tiny_bert: Path, make_layout: Any) -> None:
    general = {"prompts": {"query": "where is ", "document": "", "other": "x"}, "default_prompt_name": "other"}
    folder = make_layout(tiny_bert, config={"max_seq_length": 12, "do_lower_case": True}, general=general)
    encoder = TransformerEncoder(str(folder), device="cpu")
    query, passage = encoder.encode(["THE Nile"], role="query"), encoder.encode(["THE Nile"], role="passage")
    for vector, text in ((query[0], "where is the nile"), (passage[0], "the nile")):
        mean = states_of(folder, text).mean(0)
        np.testing.assert_allclose(vector, mean / np.linalg.norm(mean), atol=2e-6)
    long = " ".join(["river"] * 30)
    mean = states_of(folder, long).mean(0)
    np.testing.assert_allclose(encoder.encode([long], role="passage")[0], mean / np.linalg.norm(mean), atol=2e-6)
    shorter = TransformerEncoder(str(folder), max_length=5, device="cpu").encode([long], role="passage")
    assert np.abs(shorter[0] - mean / np.linalg.norm(mean)).max() > 1e-3


def test_a_prompt_may_stay_out_of_the_mean(tiny_bert: Path, make_layout: Any) -> None:
    pooling = {"pooling_mode": "mean", "include_prompt": False, "embedding_dimension": 16}
    folder = make_layout(tiny_bert, pooling=pooling, general={"prompts": {"query": "where is "}})
    vector = TransformerEncoder(str(folder), device="cpu").encode(["the nile", "a"], role="query")[0]
    mean = states_of(folder, "where is the nile")[3:].mean(0)  # [CLS] where is
    np.testing.assert_allclose(vector, mean / np.linalg.norm(mean), atol=2e-6)


def test_what_is_given_comes_before_the_files(tiny_bert: Path, make_layout: Any) -> None:
    folder = make_layout(tiny_bert, pooling={"pooling_mode_cls_token": True}, dense=(16, 5), normalize=True)
    plain = TransformerEncoder(str(tiny_bert), "mean", device="cpu").encode(TEXTS, role="query")
    given = TransformerEncoder(str(folder), "mean", device="cpu").encode(TEXTS, role="query")
    np.testing.assert_array_equal(plain, given)
    assert TransformerEncoder(str(folder)).encode([], role="query").shape == (0, 5)


def test_static_embeddings_by_hand(static_layout: Path) -> None:
    from safetensors.numpy import load_file
    from tokenizers import Tokenizer

    table = load_file(static_layout / "model.safetensors")["embedding.weight"]
    tokenizer = Tokenizer.from_file(str(static_layout / "tokenizer.json"))
    encoder = TransformerEncoder(str(static_layout), device="cpu")
    vectors = encoder.encode(["is the nile", "", "africa"], role="query")
    for text, vector in zip(["where is the nile", "where ", "where africa"], vectors, strict=True):
        mean = table[tokenizer.encode(text, add_special_tokens=False).ids].mean(axis=0)
        np.testing.assert_allclose(vector, mean / np.linalg.norm(mean), atol=1e-6)
    bare = TransformerEncoder(str(static_layout), passage_prefix="", device="cpu").encode(["", "a"], role="passage")
    assert bare[0].tolist() == [0.0] * 6  # no token at all
    assert encoder.encode([], role="query").shape == (0, 6)


def test_modules_are_part_of_the_revision(tiny_bert: Path, make_layout: Any) -> None:
    from safetensors.numpy import load_file, save_file

    folder = make_layout(tiny_bert, dense=(16, 5))
    revision = TransformerEncoder(str(folder)).revision
    assert "pooling='transformer > mean > dense'" in revision
    assert "max_length=12" in revision
    path = folder / "2_Dense" / "model.safetensors"
    save_file({name: values + 1 for name, values in load_file(path).items()}, path)
    assert TransformerEncoder(str(folder)).revision != revision


def test_every_file_of_a_module_is_part_of_the_revision(tiny_bert: Path, make_layout: Any) -> None:
    folder = make_layout(tiny_bert, dense=(16, 5))
    (folder / "2_Dense").rename(folder / "projection")
    rows = json.loads((folder / "modules.json").read_text())
    rows[2]["path"] = "projection"
    (folder / "modules.json").write_text(json.dumps(rows))
    seen = {TransformerEncoder(str(folder)).revision}
    vectors = TransformerEncoder(str(folder), device="cpu").encode(["a"], role="query")
    for name in ("projection/config.json", "projection/more/table.npy", "1_Pooling/weights"):
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text((path.read_text() if path.exists() else "") + " ")
        seen.add(TransformerEncoder(str(folder)).revision)
    assert len(seen) == 4
    (folder / "README.md").write_text("of no weight")
    assert TransformerEncoder(str(folder)).revision in seen
    assert np.array_equal(TransformerEncoder(str(folder), device="cpu").encode(["a"], role="query"), vectors)


@pytest.mark.parametrize("name", ["document", "passage", "corpus"])
def test_the_prompt_of_passages_has_many_names(tiny_bert: Path, make_layout: Any, name: str) -> None:
    prompts = {"query": "where is ", "document": "", name: "a long "}  # as sentence-transformers 5 writes them
    folder = make_layout(tiny_bert, general={"prompts": prompts})
    vector = TransformerEncoder(str(folder), device="cpu").encode(["river"], role="passage")[0]
    mean = states_of(folder, "a long river").mean(0)
    np.testing.assert_allclose(vector, mean / np.linalg.norm(mean), atol=2e-6)


def test_a_default_prompt_stands_for_roles_without_their_own(tiny_bert: Path, make_layout: Any) -> None:
    general = {"prompts": {"query": "", "document": "", "any": "a long "}, "default_prompt_name": "any"}
    folder = make_layout(tiny_bert, general=general)
    mean = states_of(folder, "a long river").mean(0)
    for role in ("query", "passage"):
        vector = TransformerEncoder(str(folder), device="cpu").encode(["river"], role=role)[0]  # type: ignore[arg-type]
        np.testing.assert_allclose(vector, mean / np.linalg.norm(mean), atol=2e-6)


def test_a_folder_made_for_euclidean_distances(tiny_bert: Path, make_layout: Any) -> None:
    folder = make_layout(tiny_bert, dense=(16, 5), general={"similarity_fn_name": "euclidean"})
    texts = [*TEXTS, "africa", "what is a river", "nil", "in the long"]
    encoder = TransformerEncoder(str(folder), device="cpu")
    scores = encoder.encode(texts, role="query") @ encoder.encode(texts, role="passage").T
    plain = (
        TransformerEncoder(str(folder), device="cpu", normalize=False).encode(texts, role="query").astype(np.float64)
    )
    apart = np.linalg.norm(plain[:, None] - plain[None], axis=2)
    assert (np.argsort(-scores, axis=1) == np.argsort(apart, axis=1)).all()
    rewrite(folder / "config_sentence_transformers.json", similarity_fn_name="manhattan")
    with pytest.raises(InputError, match="'manhattan', which inner products of vectors cannot order"):
        TransformerEncoder(str(folder), device="cpu").encode(["a"], role="query")


def rewrite(path: Path, **changes: Any) -> None:
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


def test_bad_layouts_are_explained(tiny_bert: Path, make_layout: Any) -> None:
    def refuse(message: str) -> None:
        with pytest.raises(InputError, match=message):
            TransformerEncoder(str(folder), device="cpu").encode(["a"], role="query")

    folder = make_layout(tiny_bert, dense=(16, 5))
    rewrite(folder / "2_Dense" / "config.json", activation_function="os.system")
    refuse(r"names the activation 'os\.system'; only those of torch\.nn")
    rewrite(folder / "2_Dense" / "config.json", activation_function="torch.nn.Tanh", out_features=6)
    refuse("weights do not fit its configuration")
    rewrite(folder / "2_Dense" / "config.json", module_input_name="token_embeddings")
    refuse("works on token_embeddings")
    (folder / "2_Dense" / "model.safetensors").unlink()
    refuse(r"lacks config\.json or model\.safetensors")
    folder = make_layout(tiny_bert, pooling={"pooling_mode": "attention"})
    refuse("pools by attention; known are mean, cls")
    folder = make_layout(tiny_bert, config={"transformer_task": "text-generation"})
    refuse("made for text-generation")
    folder = make_layout(tiny_bert)
    rows = json.loads((folder / "modules.json").read_text())
    rows[1]["type"] = "sentence_transformers.models.CNN"
    (folder / "modules.json").write_text(json.dumps(rows))
    refuse("has the modules Transformer, CNN; supported are .* give the object")
    (folder / "modules.json").write_text("[{}]")
    refuse(r"modules\.json: \[0\]\.type: this key is missing")
    (folder / "modules.json").write_text("[")
    refuse(r"modules\.json:1: malformed JSON")


def test_bad_static_models_are_explained(static_layout: Path) -> None:
    from safetensors.numpy import save_file

    def refuse(message: str) -> None:
        with pytest.raises(InputError, match=message):
            TransformerEncoder(str(static_layout)).encode(["a"], role="query")

    save_file({"embedding.weight": np.zeros((3, 6), np.float32)}, static_layout / "model.safetensors")
    refuse("do not fit its tokenizer")
    (static_layout / "model.safetensors").write_bytes(b"nothing")
    refuse("cannot be loaded")
    (static_layout / "tokenizer.json").write_text("{}")
    refuse("tokenizer of .* cannot be loaded")
    (static_layout / "tokenizer.json").unlink()
    refuse(r"lacks tokenizer\.json")


def test_weights_of_a_module_may_be_an_old_pickle_of_tensors(tiny_bert: Path, make_layout: Any) -> None:
    import torch
    from safetensors.torch import load_file

    folder = make_layout(tiny_bert, dense=(16, 5))
    expected = TransformerEncoder(str(folder), device="cpu").encode(TEXTS, role="query")
    path = folder / "2_Dense" / "model.safetensors"
    torch.save(load_file(path), path.with_name("pytorch_model.bin"))
    path.unlink()
    np.testing.assert_array_equal(TransformerEncoder(str(folder), device="cpu").encode(TEXTS, role="query"), expected)
    torch.save({"linear.weight": shutil.copy}, path.with_name("pytorch_model.bin"))
    with pytest.raises(InputError, match=r"would run code \(shutil\.copy\)"):
        TransformerEncoder(str(folder), device="cpu").encode(TEXTS, role="query")
