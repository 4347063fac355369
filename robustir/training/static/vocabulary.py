"""Learning the pieces: a unigram language model over subwords (Kudo 2018), by SentencePiece, as a tokenizer.json."""

from __future__ import annotations

import io
import unicodedata
from collections.abc import Iterable, Iterator
from pathlib import Path

from robustir.errors import InputError, MissingExtraError

__all__ = ["learn_tokenizer", "read_tokenizer"]

# Beyond that a text adds time (passages in Chinese have thousands of characters) and hardly a piece.
_LONGEST = 160


def learn_tokenizer(texts: Iterable[str], pieces: int) -> str:
    """Return the tokenizer.json of ``pieces`` pieces. The same texts, in the same order, give the same bytes.

    One thread of SentencePiece: tokenizers' own trainer gave other pieces in two runs on the same texts, and took five
    times as long. Raises MissingExtraError, or InputError if the texts do not hold that many pieces.
    """
    try:
        import sentencepiece
    except ImportError:
        raise MissingExtraError("sentencepiece", "train") from None

    written = io.BytesIO()
    try:
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=_prepared(texts),
            model_writer=written,
            vocab_size=pieces,
            model_type="unigram",
            num_threads=1,
            character_coverage=0.9998,
            normalization_rule_name="identity",
            max_sentence_length=20_000,
            seed_sentencepiece_size=200_000,
            unk_id=0,
            bos_id=-1,
            eos_id=-1,
            pad_id=-1,
            minloglevel=2,
        )
    except RuntimeError as error:
        raise InputError(
            f"these texts are too few for a vocabulary of {pieces} pieces; lower model.pieces  ({error})"
        ) from error
    learnt = sentencepiece.SentencePieceProcessor(model_proto=written.getvalue())
    return _as_tokenizer([(learnt.id_to_piece(row), learnt.get_score(row)) for row in range(len(learnt))])


def _prepared(texts: Iterable[str]) -> Iterator[str]:
    seen = dict.fromkeys(" ".join(unicodedata.normalize("NFKC", text).lower().split())[:_LONGEST] for text in texts)
    return (text for text in seen if text)


def _as_tokenizer(pieces: list[tuple[str, float]]) -> str:
    from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers

    tokenizer = Tokenizer(models.Unigram(pieces, unk_id=0))
    tokenizer.normalizer = normalizers.Sequence(
        [
            normalizers.NFKC(),
            normalizers.Lowercase(),
            normalizers.Replace(Regex(r"\s+"), " "),
            normalizers.Strip(),
        ]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.decoder = decoders.Metaspace()
    text: str = tokenizer.to_str()
    return text


def read_tokenizer(given: str) -> str:
    """Return the tokenizer.json of a file or of a folder that holds one."""
    path = Path(given).expanduser()
    found = next(
        (
            file
            for file in (path, path / "tokenizer.json", path / "0_StaticEmbedding" / "tokenizer.json")
            if file.is_file()
        ),
        None,
    )
    if found is None:
        raise InputError(f"model.tokenizer: {given} is neither a tokenizer.json nor a folder with one")
    return found.read_text(encoding="utf-8")
