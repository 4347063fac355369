"""LASER computed plainly: one text at a time, in float64, without padding, with NumPy loops; and files in Meta's format.

Written from the published description of both networks and from the equations of the LSTM and of attention, without
the package's own modules.
"""

from __future__ import annotations

import argparse
import math
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Weights = dict[str, Any]

SENTENCES = [
    "where is the nile and how long is it",
    "the nile is a long river in africa",
    "wie lang ist der nil und wo liegt er",
    "нил это длинная река в африке",
    "नील नदी अफ्रीका में है",
    "what is the name of the longest river?",
    'he said, "the river is long" (and it is).',
    "nehir ne kadar uzun ve nerede",
]
SPECIAL = ["<s>", "<pad>", "</s>", "<unk>"]


def make_pieces(folder: Path, name: str = "laser2", size: int = 90) -> list[str]:
    """Train a SentencePiece model, write it with its .cvocab, and return the vocabulary after the special tokens."""
    import sentencepiece

    trainer: Any = sentencepiece.SentencePieceTrainer
    trainer.train(
        sentence_iterator=iter(SENTENCES * 5),
        model_prefix=str(folder / name),
        vocab_size=size,
        character_coverage=1.0,
        hard_vocab_limit=False,
        minloglevel=2,
    )
    (folder / f"{name}.model").rename(folder / f"{name}.spm")
    processor: Any = sentencepiece.SentencePieceProcessor(model_file=str(folder / f"{name}.spm"))
    # A few pieces are left out, so that some are unknown to the dictionary.
    pieces = [processor.id_to_piece(number) for number in range(3, processor.get_piece_size())][:-4]
    (folder / f"{name}.cvocab").write_text("".join(f"{piece} 1\n" for piece in pieces), encoding="utf-8")
    return pieces


def random_tensor(*shape: int, scale: float = 0.3) -> Any:
    import torch

    return torch.randn(*shape) * scale


def make_laser2(folder: Path, *, layers: int = 5, embed: int = 12, hidden: int = 8) -> None:
    """Write laser2.pt, laser2.spm and laser2.cvocab."""
    import torch

    torch.manual_seed(11)
    pieces = make_pieces(folder)
    dictionary = {token: number for number, token in enumerate([*SPECIAL, *pieces])}
    model = {"embed_tokens.weight": random_tensor(len(dictionary), embed, scale=1.0)}
    for layer in range(layers):
        width = embed if layer == 0 else 2 * hidden
        for direction in ("", "_reverse"):
            for name, shape in (
                ("weight_ih", (4 * hidden, width)),
                ("weight_hh", (4 * hidden, hidden)),
                ("bias_ih", (4 * hidden,)),
                ("bias_hh", (4 * hidden,)),
            ):
                model[f"lstm.{name}_l{layer}{direction}"] = random_tensor(*shape)
    params = {
        "num_embeddings": len(dictionary),
        "padding_idx": 1,
        "embed_dim": embed,
        "hidden_size": hidden,
        "num_layers": layers,
        "bidirectional": True,
        "left_pad": True,
        "padding_value": 0.0,
    }
    torch.save({"params": params, "model": model, "dictionary": dictionary}, folder / "laser2.pt")


def make_laser3(
    folder: Path, code: str, *, width: int = 16, own: bool = False, whole: bool = False, heads: int = 4, **options: Any
) -> None:
    """Write laser3-CODE.v1.pt over the vocabulary of laser2 or its own; ``whole``: with a decoder, as fairseq saves it."""
    import torch

    stem = f"laser3-{code}.v1"
    if own:
        make_pieces(folder, stem, size=80)
    vocabulary = (folder / f"{stem if own else 'laser2'}.cvocab").read_text(encoding="utf-8").split("\n")[:-1]
    settings = {
        "encoder_embed_dim": width,
        "encoder_ffn_embed_dim": 24,
        "encoder_layers": 3,
        "encoder_attention_heads": heads,
        "encoder_normalize_before": True,
        "encoder_learned_pos": False,
        "max_source_positions": 512,
        "activation_fn": "relu",
        "prepend_bos": True,
        "left_pad_source": False,
        "sentemb_criterion": "cls",
        "arch": "laser_transformer",
        **options,
    }
    torch.manual_seed(sum(map(ord, code)))
    rows = len(SPECIAL) + len(vocabulary) + bool(settings["encoder_normalize_before"])
    model = {"embed_tokens.weight": random_tensor(rows, width)}
    if settings["encoder_learned_pos"]:
        model["embed_positions.weight"] = random_tensor(settings["max_source_positions"] + 2, width)
    else:
        model["embed_positions._float_tensor"] = torch.zeros(1)
    norms = [f"layers.{n}.{name}" for n in range(3) for name in ("self_attn_layer_norm", "final_layer_norm")]
    norms += ["layer_norm"] * bool(settings["encoder_normalize_before"])
    norms += ["layernorm_embedding"] * bool(settings.get("layernorm_embedding"))
    for norm in norms:
        model[f"{norm}.weight"] = 1 + random_tensor(width, scale=0.2)
        model[f"{norm}.bias"] = random_tensor(width, scale=0.2)
    for layer in range(3):
        linears = [(f"self_attn.{name}_proj", width, width) for name in "kvq"] + [("self_attn.out_proj", width, width)]
        for name, outs, ins in [*linears, ("fc1", 24, width), ("fc2", width, 24)]:
            model[f"layers.{layer}.{name}.weight"] = random_tensor(outs, ins)
            model[f"layers.{layer}.{name}.bias"] = random_tensor(outs)
    model["version"] = torch.tensor([3.0])
    if whole:
        model = {f"encoder.{name}": each for name, each in model.items()}
        model |= {"decoder.version": torch.tensor([3.0]), "decoder.embed_tokens.weight": random_tensor(5, width)}
    torch.save({"cfg": {"model": argparse.Namespace(**settings), "task": None}, "model": model}, folder / f"{stem}.pt")


def load(path: Path) -> Any:
    """Read a file with everything in it; it was made here."""
    import torch

    return torch.load(path, weights_only=False)


def sigmoid(values: Array) -> Array:
    return np.asarray(1 / (1 + np.exp(-values)))


def lstm_layer(inputs: Array, weights: Weights, suffix: str) -> Array:
    """One direction of one layer, float64 [t, hidden], by the LSTM's equations; gates in torch's order i, f, g, o."""
    ih, hh, bias_ih, bias_hh = (
        np.asarray(weights[f"lstm.{name}_{suffix}"], np.float64)
        for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
    )
    hidden = np.zeros(hh.shape[1])
    cell = np.zeros(hh.shape[1])
    outputs = []
    for step in inputs:
        i, f, g, o = np.split(ih @ step + bias_ih + hh @ hidden + bias_hh, 4)
        cell = sigmoid(f) * cell + sigmoid(i) * np.tanh(g)
        hidden = sigmoid(o) * np.tanh(cell)
        outputs.append(hidden)
    return np.array(outputs)


def laser2_vector(content: Any, ids: list[int]) -> Array:
    weights = content["model"]
    states = np.asarray(weights["embed_tokens.weight"], np.float64)[ids]
    for layer in range(content["params"]["num_layers"]):
        forward = lstm_layer(states, weights, f"l{layer}")
        backward = lstm_layer(states[::-1], weights, f"l{layer}_reverse")[::-1]
        states = np.concatenate([forward, backward], axis=1)
    return np.asarray(states.max(axis=0))


def layer_norm(values: Array, weights: Weights, name: str) -> Array:
    centred = values - values.mean(axis=-1, keepdims=True)
    scaled = centred / np.sqrt((centred**2).mean(axis=-1, keepdims=True) + 1e-5)
    return np.asarray(scaled * weights[f"{name}.weight"] + weights[f"{name}.bias"])


def linear(values: Array, weights: Weights, name: str) -> Array:
    return np.asarray(values @ weights[f"{name}.weight"].T + weights[f"{name}.bias"])


def attention(values: Array, weights: Weights, name: str, heads: int) -> Array:
    query, key, value = (linear(values, weights, f"{name}.{each}_proj") for each in "qkv")
    size = values.shape[1] // heads
    outputs = []
    for head in range(heads):
        part = slice(head * size, (head + 1) * size)
        scores = (query[:, part] / math.sqrt(size)) @ key[:, part].T
        chances = np.exp(scores - scores.max(axis=1, keepdims=True))
        outputs.append(chances / chances.sum(axis=1, keepdims=True) @ value[:, part])
    return linear(np.concatenate(outputs, axis=1), weights, f"{name}.out_proj")


def laser3_vector(content: Any, ids: list[int]) -> Array:
    options = content["cfg"]["model"]
    weights = {
        name.removeprefix("encoder."): np.asarray(each, np.float64)
        for name, each in content["model"].items()
        if not name.startswith("decoder.")
    }
    width = options.encoder_embed_dim
    scale = 1.0 if getattr(options, "no_scale_embedding", False) else math.sqrt(width)
    states = weights["embed_tokens.weight"][ids] * scale
    for place in range(len(ids)):  # the first token has position 2: one after the padding's 1
        if options.encoder_learned_pos:
            states[place] += weights["embed_positions.weight"][place + 2]
        else:
            half = width // 2
            rates = [math.exp(-math.log(10000) / (half - 1) * number) for number in range(half)]
            angles = [(place + 2) * rate for rate in rates]
            states[place] += [math.sin(angle) for angle in angles] + [math.cos(angle) for angle in angles]
    if getattr(options, "layernorm_embedding", False):
        states = layer_norm(states, weights, "layernorm_embedding")
    for number in range(options.encoder_layers):
        name = f"layers.{number}"
        before = options.encoder_normalize_before
        inner = layer_norm(states, weights, f"{name}.self_attn_layer_norm") if before else states
        states = states + attention(inner, weights, f"{name}.self_attn", options.encoder_attention_heads)
        if not before:
            states = layer_norm(states, weights, f"{name}.self_attn_layer_norm")
        inner = layer_norm(states, weights, f"{name}.final_layer_norm") if before else states
        wide = linear(inner, weights, f"{name}.fc1")
        gelu = options.activation_fn == "gelu"
        wide = wide * 0.5 * (1 + np.vectorize(math.erf)(wide / math.sqrt(2))) if gelu else np.maximum(wide, 0)
        states = states + linear(wide, weights, f"{name}.fc2")
        if not before:
            states = layer_norm(states, weights, f"{name}.final_layer_norm")
    if options.encoder_normalize_before:
        states = layer_norm(states, weights, "layer_norm")
    return states[0] if options.sentemb_criterion == "cls" else np.asarray(states.max(axis=0))


def prepared(text: str) -> str:
    """A text as the authors' laser_encoders prepares it before SentencePiece."""
    import unicodedata

    from sacremoses import MosesPunctNormalizer

    normalizer: Any = MosesPunctNormalizer("en", perl_parity=True)
    normalizer.substitutions[21] = ("‘", r'"')
    normalizer.substitutions[22] = ("‚", r'"')
    printable = "".join(" " if unicodedata.category(char).startswith("C") else char for char in text)
    return str(normalizer.normalize(printable).lower())


def ids_of(text: str, spm: Path, dictionary: dict[str, int], *, bos: bool) -> list[int]:
    import sentencepiece

    processor: Any = sentencepiece.SentencePieceProcessor(model_file=str(spm))
    tokens = " ".join(processor.encode(prepared(text), out_type=str)).split()
    return [0] * bos + [dictionary.get(token, 3) for token in tokens] + [2]


def vocabulary_of(path: Path) -> dict[str, int]:
    lines = path.read_text(encoding="utf-8").split("\n")[:-1]
    tokens = [*SPECIAL, *(line.rsplit(" ", 1)[0] for line in lines)]
    return {token: number for number, token in enumerate(tokens)}
