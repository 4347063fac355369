"""What a masked language model would write instead of a word: swaps that read well, from any BERT-like checkpoint."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final

from robustir.errors import DataError, MissingExtraError
from robustir.perturbations.shared.model_files import ModelFiles
from robustir.perturbations.tables.lexicons import fold

__all__ = ["MaskedWords"]

_TOKENIZER: Final = (
    "tokenizer_config.json", "tokenizer.json", "vocab.txt", "vocab.json", "merges.txt", "sentencepiece.bpe.model",
    "special_tokens_map.json", "added_tokens.json",
)  # fmt: skip
_LOOKED_AT = 64  # best pieces of the vocabulary, of which those that are words of the right script are kept
_STARTS: Final = ("▁", "Ġ")  # as SentencePiece and byte-level BPE mark the first piece of a word
_MOST = 2**17  # remembered places; one is a word of one text

Place = tuple[str, int, int]  # text, start and stop of the word (code points)


@dataclass(frozen=True)
class MaskedWords:
    """A checkpoint with a masked-language-model head: a local folder, or a hub id, downloaded when first needed."""

    model: str
    revision: str | None = None
    _known: dict[Place, tuple[str, ...]] = field(default_factory=dict, repr=False, compare=False)

    @cached_property
    def files(self) -> ModelFiles:
        """Where its files are."""
        return ModelFiles(self.model, self.revision, ("config.json",), _TOKENIZER)

    @property
    def identity(self) -> str:
        """What tells it from other models; loads no weights. Raises InputError if the model is neither here nor can be downloaded."""
        return self.files.identity

    @cached_property
    def _loaded(self) -> tuple[Any, Any]:
        try:
            import transformers
        except ImportError as error:
            raise MissingExtraError("transformers", "transformers") from error
        folder = str(self.files.folder)
        try:
            library: Any = transformers
            tokenizer = library.AutoTokenizer.from_pretrained(folder, local_files_only=True)
            model, told = library.AutoModelForMaskedLM.from_pretrained(
                folder, local_files_only=True, output_loading_info=True
            )
        except Exception as error:  # loaders raise almost anything for damaged files
            raise DataError(f"{folder} cannot be loaded as a masked language model: {error}") from error
        # A head that the checkpoint lacks would be filled with random weights; a decoder tied to the embeddings does not count as missing.
        if missing := [name for name in told["missing_keys"] if "decoder" not in name]:
            raise DataError(f"{folder} has no weights for {missing[0]}, so it is not a masked language model")
        if tokenizer.mask_token is None:
            raise DataError(f"{folder}: its tokenizer has no mask token, so it cannot guess words")
        return tokenizer, model.eval()

    def substitutes(
        self, texts: Sequence[str], spans: Sequence[Sequence[tuple[int, int]]], lang: str
    ) -> list[list[tuple[str, ...]]]:
        """Return, for each span of each text, whole words the model puts there, the likeliest first.

        The word is masked (as in BAE, Garg & Ramakrishnan 2020), all words of a text in one batch and no other text with
        it, so that nothing depends on its neighbours. Kept are single pieces that begin a word, of letters in the word's
        script, in its case, and not the word itself.
        """
        guesses = []
        for text, places in zip(texts, spans, strict=True):
            wanted = [place for place in places if (text, *place) not in self._known]
            if wanted:
                if len(self._known) >= _MOST:
                    self._known.clear()
                for (start, stop), words in zip(wanted, self._guess(text, wanted, lang), strict=True):
                    self._known[text, start, stop] = words
            guesses.append([self._known[text, start, stop] for start, stop in places])
        return guesses

    def _guess(self, text: str, places: Sequence[tuple[int, int]], lang: str) -> list[tuple[str, ...]]:
        import torch

        tokenizer, model = self._loaded
        masked = [text[:start] + tokenizer.mask_token + text[stop:] for start, stop in places]
        most = min(tokenizer.model_max_length, getattr(model.config, "max_position_embeddings", 512) - 2)
        batch = tokenizer(masked, padding=True, truncation=True, max_length=most, return_tensors="pt")
        with torch.inference_mode():
            scores = model(**batch).logits
        guesses: list[tuple[str, ...]] = []
        for row, (start, stop) in enumerate(places):
            at = (batch["input_ids"][row] == tokenizer.mask_token_id).nonzero()
            if not len(at):  # the word comes after the longest text that the model reads
                guesses.append(())
                continue
            logits = scores[row, int(at[0])]
            best = torch.topk(logits, min(_LOOKED_AT, len(logits))).indices.tolist()
            words = (_whole_word(piece) for piece in tokenizer.convert_ids_to_tokens(best))
            guesses.append(tuple(_fitting([word for word in words if word], text[start:stop], lang)))
        return guesses


def _whole_word(piece: str) -> str:
    """Return the word that a piece of the vocabulary is, empty for what continues a word."""
    if piece.startswith("##"):
        return ""
    if piece.startswith(_STARTS):
        return piece[1:]
    return piece


def _script(word: str) -> str:
    return unicodedata.name(word[0], "").partition(" ")[0]


def _fitting(words: Sequence[str], clean: str, lang: str) -> list[str]:
    folded, script = fold(clean, lang), _script(clean)
    kept: dict[str, None] = {}
    for word in words:
        # Letters and their marks alone: no number, punctuation or special token such as [UNK].
        if all(unicodedata.category(char)[0] in "LM" for char in word) and _script(word) == script:
            cased = word[:1].upper() + word[1:] if clean[0].isupper() else word
            if fold(word, lang) != folded and unicodedata.category(word[0])[0] == "L":
                kept[cased] = None
    return list(kept)
