"""Tiny transformer checkpoints with random weights, made on the spot, for all tests that need one."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest

WORDS = [
    "the",
    "nile",
    "where",
    "is",
    "a",
    "river",
    "long",
    "in",
    "africa",
    "##s",
    "##er",
    "what",
    "который",
    "нил",
    "?",
    ".",
]


SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
LETTERS = [chr(code) for code in range(ord("a"), ord("z") + 1)]


def _wrap(tokenizer: Any, **tokens: Any) -> Any:
    from transformers import PreTrainedTokenizerFast

    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, **tokens)


def bert_tokenizer(pieces: Iterable[str], *, lower: bool = True, **options: Any) -> Any:
    """A WordPiece tokenizer as BERT's: the five special pieces, then ``pieces``, each once; ``options`` go to transformers."""
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

    vocabulary = {piece: number for number, piece in enumerate(dict.fromkeys([*SPECIAL, *pieces]))}
    tokenizer: Any = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]"))
    if lower:
        tokenizer.normalizer = normalizers.Lowercase()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[(piece, vocabulary[piece]) for piece in ("[CLS]", "[SEP]")]
    )
    names = ("pad_token", "unk_token", "cls_token", "sep_token", "mask_token")
    return _wrap(tokenizer, **dict(zip(names, SPECIAL, strict=True)), **options)


def write_bert(
    folder: Path,
    tokenizer: Any,
    *,
    kind: str = "BertModel",
    seed: int = 1,
    layers: int = 3,
    width: int = 16,
    heads: int = 2,
    inner: int = 32,
    positions: int = 40,
    spread: float = 0.5,
) -> Any:
    """Save a BERT with random weights, by default a tiny one, with its tokenizer; return the model."""
    import torch
    import transformers

    torch.manual_seed(seed)
    made: Any = transformers
    config = made.BertConfig(
        vocab_size=len(tokenizer),
        hidden_size=width,
        num_hidden_layers=layers,
        num_attention_heads=heads,
        intermediate_size=inner,
        max_position_embeddings=positions,
        initializer_range=spread,
    )
    model = getattr(made, kind)(config)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return model


def write_marian(
    folder: Path,
    seed: int,
    lines: Iterable[str],
    *,
    pieces: int = 25,
    vocabulary: int = 0,
    codes: Iterable[str] = (),
    **changes: Any,
) -> None:
    """Save a Marian model with random weights in the format of OPUS-MT: a layer of 16 dimensions unless ``changes`` say so.

    Both sides have the same subwords, at most ``pieces``, learnt from ``lines``; they are filled up to ``vocabulary`` tokens. codes: target tokens.
    """
    import sentencepiece
    import torch
    from transformers import MarianConfig, MarianMTModel

    folder.mkdir(parents=True)
    sentencepiece.SentencePieceTrainer.train(  # type: ignore[attr-defined, unused-ignore]  # stubs differ by release
        sentence_iterator=iter(lines),
        model_prefix=str(folder / "source"),
        vocab_size=pieces,
        hard_vocab_limit=False,  # where the lines have fewer
        minloglevel=2,
    )
    (folder / "source.model").rename(folder / "source.spm")
    (folder / "source.vocab").unlink()
    shutil.copy(folder / "source.spm", folder / "target.spm")
    processor: Any = sentencepiece.SentencePieceProcessor(model_file=str(folder / "source.spm"))
    learnt = [processor.id_to_piece(number) for number in range(3, processor.get_piece_size())]
    tokens = ["</s>", "<unk>", *learnt, *codes]
    tokens += [f"▁filler{number}" for number in range(vocabulary - len(tokens) - 1)]
    ids = {token: number for number, token in enumerate([*tokens, "<pad>"])}
    (folder / "vocab.json").write_text(json.dumps(ids), encoding="utf-8")
    torch.manual_seed(seed)
    shape: dict[str, Any] = {
        "d_model": 16,
        "encoder_layers": 1,
        "decoder_layers": 1,
        "encoder_attention_heads": 2,
        "decoder_attention_heads": 2,
        "encoder_ffn_dim": 32,
        "decoder_ffn_dim": 32,
        "max_position_embeddings": 64,
        "init_std": 1.0,
    }
    special: dict[str, Any] = {
        "pad_token_id": ids["<pad>"],
        "decoder_start_token_id": ids["<pad>"],
        "bos_token_id": None,
    }
    ends: dict[str, Any] = {"eos_token_id": 0, "forced_eos_token_id": 0}
    model: Any = MarianMTModel(MarianConfig(vocab_size=len(ids), **shape | special | ends | changes))
    model.generation_config.bad_words_ids = [[ids["<pad>"]]]
    model.save_pretrained(folder)


@pytest.fixture(scope="session")
def tiny_bert(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """BERT: 3 layers, 16 dimensions, a WordPiece vocabulary, 40 positions."""
    folder = tmp_path_factory.mktemp("models") / "tiny-bert"
    write_bert(folder, bert_tokenizer([*WORDS, *LETTERS, *("##" + letter for letter in LETTERS)]))
    return folder


@pytest.fixture(scope="session")
def tiny_xlmr(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """XLM-R: 2 layers, 16 dimensions, a unigram vocabulary, 20 positions of which two are not for tokens."""
    import torch
    from tokenizers import Tokenizer, models, pre_tokenizers, processors
    from transformers import XLMRobertaConfig, XLMRobertaModel

    folder = tmp_path_factory.mktemp("models") / "tiny-xlmr"
    pieces = [("<s>", 0.0), ("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0)]
    pieces += [("▁" + word, -3.0) for word in WORDS if not word.startswith("##")]
    pieces += [(piece, -9.0) for piece in ("▁", *LETTERS)]
    tokenizer = Tokenizer(models.Unigram(pieces, unk_id=3))
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()  # type: ignore[assignment]  # the stubs leave the setter out
    tokenizer.post_processor = processors.TemplateProcessing(  # type: ignore[assignment]  # as above
        single="<s> $A </s>", special_tokens=[("<s>", 0), ("</s>", 2)]
    )
    wrapped = _wrap(tokenizer, pad_token="<pad>", unk_token="<unk>", bos_token="<s>", eos_token="</s>")
    torch.manual_seed(2)
    config = XLMRobertaConfig(
        vocab_size=len(pieces),
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=20,
        pad_token_id=1,
        initializer_range=0.5,
    )
    XLMRobertaModel(config).save_pretrained(folder)
    wrapped.save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def tiny_distil(tiny_bert: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """DistilBERT: 2 layers, 16 dimensions, the tokenizer of tiny_bert."""
    import torch
    from transformers import AutoTokenizer, DistilBertConfig, DistilBertModel

    folder = tmp_path_factory.mktemp("models") / "tiny-distil"
    tokenizer = AutoTokenizer.from_pretrained(tiny_bert, model_input_names=["input_ids", "attention_mask"])
    torch.manual_seed(3)
    config = DistilBertConfig(
        vocab_size=len(tokenizer),
        dim=16,
        n_layers=2,
        n_heads=2,
        hidden_dim=32,
        max_position_embeddings=40,
        initializer_range=0.5,
    )
    DistilBertModel(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


MakeLayout = Callable[..., Path]


@pytest.fixture
def make_layout(tmp_path: Path) -> MakeLayout:
    """A function that turns a folder of a transformer into the layout of sentence-transformers, written by hand."""

    def make(
        body: Path,
        *,
        pooling: dict[str, Any] | None = None,
        dense: tuple[int, int] | None = None,
        activation: str = "torch.nn.modules.activation.Tanh",
        layer_norm: bool = False,
        normalize: bool = False,
        config: dict[str, Any] | None = None,
        general: dict[str, Any] | None = None,
    ) -> Path:
        import torch
        from safetensors.torch import save_file

        folder = tmp_path / "layout"
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(body, folder)
        modules = [("Transformer", ""), ("Pooling", "1_Pooling")]

        def add(kind: str, settings: dict[str, Any], tensors: dict[str, Any]) -> None:
            name = f"{len(modules)}_{kind}"
            (folder / name).mkdir()
            (folder / name / "config.json").write_text(json.dumps(settings))
            save_file(tensors, folder / name / "model.safetensors")
            modules.append((kind, name))

        (folder / "1_Pooling").mkdir()
        pooling = {"word_embedding_dimension": 16, **(pooling or {"pooling_mode_mean_tokens": True})}
        (folder / "1_Pooling" / "config.json").write_text(json.dumps(pooling))
        torch.manual_seed(5)
        if dense is not None:
            settings = {"in_features": dense[0], "out_features": dense[1], "bias": True}
            tensors = {"linear.weight": torch.randn(dense[1], dense[0]), "linear.bias": torch.randn(dense[1])}
            add("Dense", {**settings, "activation_function": activation}, tensors)
        if layer_norm:
            width = 16 if dense is None else dense[1]
            tensors = {"norm.weight": torch.randn(width), "norm.bias": torch.randn(width)}
            add("LayerNorm", {"dimension": width}, tensors)
        if normalize:
            (folder / f"{len(modules)}_Normalize").mkdir()
            modules.append(("Normalize", f"{len(modules)}_Normalize"))
        (folder / "sentence_bert_config.json").write_text(
            json.dumps(config or {"max_seq_length": 12, "do_lower_case": False})
        )
        rows = [
            {"idx": number, "name": str(number), "path": path, "type": f"sentence_transformers.models.{kind}"}
            for number, (kind, path) in enumerate(modules)
        ]
        (folder / "modules.json").write_text(json.dumps(rows))
        if general is not None:
            (folder / "config_sentence_transformers.json").write_text(json.dumps(general))
        return folder

    return make


@pytest.fixture
def static_layout(tiny_bert: Path, tmp_path: Path) -> Path:
    """A StaticEmbedding of 6 dimensions over the pieces of tiny_bert, then Normalize, with prompts."""
    import torch
    from safetensors.torch import save_file
    from tokenizers import Tokenizer

    folder = tmp_path / "static"
    folder.mkdir()
    shutil.copy(tiny_bert / "tokenizer.json", folder)
    torch.manual_seed(7)
    size = Tokenizer.from_file(str(folder / "tokenizer.json")).get_vocab_size()
    save_file({"embedding.weight": torch.randn(size, 6)}, folder / "model.safetensors")
    rows = [
        {"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.models.StaticEmbedding"},
        {"idx": 1, "name": "1", "path": "1_Normalize", "type": "sentence_transformers.models.Normalize"},
    ]
    (folder / "1_Normalize").mkdir()
    (folder / "modules.json").write_text(json.dumps(rows))
    (folder / "config_sentence_transformers.json").write_text(
        json.dumps({"prompts": {"query": "where ", "passage": "a "}, "similarity_fn_name": "cosine"})
    )
    return folder
