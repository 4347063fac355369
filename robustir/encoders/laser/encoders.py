"""LASER2 and LASER3 from Meta's released files, in torch alone."""

from __future__ import annotations

import copy
import unicodedata
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from importlib.metadata import version
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from numpy.typing import NDArray

from robustir.contracts import Role
from robustir.disk.download import Remote
from robustir.encoders.batching import encode_batches, plan_batches
from robustir.encoders.devices import find_devices
from robustir.encoders.laser.files import FOLDER, Network, accept_file, file_digest, find_file, load_network, remotes
from robustir.encoders.laser.languages import OWN_VOCABULARY, STUDENTS, named_student, student_of
from robustir.encoders.laser.text import LaserTokenizer
from robustir.errors import InputError, SpecError
from robustir.plugins.shown import Shown

if TYPE_CHECKING:
    import torch

__all__ = ["Laser2", "Laser3"]

_LASER2 = "laser2"  # beginning of its file names; a student's begin like "laser3-hin_Deva.v1"
_USUAL_LENGTH = 64  # tokens; a batch holds as many as batch_size texts of this length
_KEPT = 3  # networks in memory; a student has hundreds of megabytes, and texts come language by language


@dataclass(frozen=True)
class _Model:
    """A network on one or more devices, with its tokenizer."""

    network: Network
    modules: Sequence[Callable[..., torch.Tensor]]
    tokenizer: LaserTokenizer

    def rows(self, texts: list[str]) -> list[list[int]]:
        """Return token ids per text: pieces of the dictionary, </s> at the end, <s> in front where it belongs."""
        network, known = self.network, self.network.dictionary
        start, unknown, end = [known["<s>"]] if network.prepend_bos else [], known["<unk>"], known["</s>"]
        rows = [[*start, *(known.get(piece, unknown) for piece in row), end] for row in self.tokenizer.pieces(texts)]
        if network.longest is None:
            return rows
        return [row if len(row) <= network.longest else [*row[: network.longest - 1], end] for row in rows]


class _Laser(Shown):
    """What LASER2 and LASER3 share: files, networks, batches."""

    batch_invariant = False
    uses_langs = False
    source = "https://github.com/facebookresearch/LASER; Artetxe & Schwenk 2019, arXiv 1812.10464; Heffernan et al. 2022, arXiv 2205.12654"
    licence = "BSD (the LASER repository)"
    folder = FOLDER

    def __init__(self, path: str | None, device: str, batch_size: int, normalize: bool, download: bool) -> None:
        if batch_size < 1:
            raise SpecError(f"batch_size={batch_size!r}: it must be at least 1")
        self.path = path
        self.device = device
        self.batch_size = batch_size
        self.normalize = normalize
        self.download = download
        self._models: OrderedDict[str, _Model] = OrderedDict()

    def accept(self, path: Path, *, new: bool) -> None:
        """Check a file that ``robustir fetch`` put into a data folder. Raises InputError."""
        student = path.name.startswith("laser3") and path.suffix == ".pt"
        accept_file(path, path.with_name(_vocabulary_of(path.stem) + ".cvocab") if student else None, new=new)

    def _file(self, name: str) -> Path:
        return find_file(name, self.path, download=self.download)

    def _has(self, name: str) -> bool:
        try:
            find_file(name, self.path, download=False)
        except InputError:
            return False
        return True

    def _parts(self, stem: str) -> tuple[Path, Path, Path | None]:
        """Return the files of a network: weights, SentencePiece model, vocabulary (LASER2's is in its weights)."""
        if stem == _LASER2:
            return self._file("laser2.pt"), self._file("laser2.spm"), None
        pieces = _vocabulary_of(stem)
        return self._file(f"{stem}.pt"), self._file(f"{pieces}.spm"), self._file(f"{pieces}.cvocab")

    def _identify(self, stems: Sequence[str]) -> str:
        """Return a revision: the digests of the files, and all settings that change vectors."""
        files = {path.name: path for stem in stems for path in self._parts(stem) if path is not None}
        digests = [f"{name}={file_digest(path)[:32]}" for name, path in sorted(files.items())]
        settings = (
            f"normalize={self.normalize} batch_size={self.batch_size} device={find_devices(self.device)[0].type} "
            f"sacremoses={version('sacremoses')} sentencepiece={version('sentencepiece')} "
            f"unicode={unicodedata.unidata_version}"
        )
        return " ".join(["1", *digests, settings])

    def _model(self, stem: str) -> _Model:
        if stem in self._models:
            self._models.move_to_end(stem)
            return self._models[stem]
        weights, pieces, vocabulary = self._parts(stem)
        tokenizer = LaserTokenizer(pieces)
        network = load_network(weights, vocabulary)
        devices = find_devices(self.device)
        modules = [copy.deepcopy(network.module).to(device) for device in devices[1:]]
        model = _Model(network, [network.module.to(devices[0]), *modules], tokenizer)
        self._models[stem] = model
        if len(self._models) > _KEPT:
            self._models.popitem(last=False)
        return model

    def _encode(self, stem: str, texts: list[str]) -> NDArray[np.float32]:
        model = self._model(stem)
        rows = model.rows(texts)
        batches = plan_batches(list(map(len, rows)), self.batch_size, _USUAL_LENGTH)
        devices = find_devices(self.device)
        forwards = [
            partial(self._forward, model, module, rows, device)
            for module, device in zip(model.modules, devices, strict=True)
        ]
        return encode_batches(stem, batches, forwards, lambda: model.network.module.width)

    def _forward(
        self,
        model: _Model,
        module: Callable[..., torch.Tensor],
        rows: Sequence[list[int]],
        device: torch.device,
        batch: list[int],
    ) -> torch.Tensor:
        """Return the vectors of the texts with these numbers, the longest first, float32 [b, d]."""
        import torch

        longest = len(rows[batch[0]])
        ids = np.full((len(batch), longest), model.network.dictionary["<pad>"], dtype=np.int64)
        for number, text in enumerate(batch):
            row = rows[text]
            ids[number, longest - len(row) if model.network.left_pad else 0 :][: len(row)] = row
        lengths = torch.tensor([len(rows[text]) for text in batch])
        vectors = module(torch.from_numpy(ids).to(device), lengths)
        return torch.nn.functional.normalize(vectors, dim=1) if self.normalize else vectors


class Laser2(_Laser):
    """LASER2 (Heffernan et al. 2022), trained on bitext of 93 languages: a 5-layer bidirectional LSTM, max pooling.

    Control characters become spaces, punctuation is normalised as by Moses, letters are lower-cased, SentencePiece's
    pieces are looked up in the model's dictionary, and </s> ends a text. Vectors have 1024 dimensions. Needs Meta's
    files laser2.pt and laser2.spm and the extra  laser  (sacremoses, sentencepiece).

    Args:
        path: the folder of the files; by default laser/ in the data folder ($ROBUSTIR_DATA), then in the user's
            data folder.
        device: as for transformer.
        batch_size: texts of 64 tokens per batch; shorter or longer texts fill a batch with as many tokens.
        normalize: whether vectors get unit length, so that inner products are cosines.
        download: whether to fetch missing files into path (else the user's data folder); Meta publishes no checksums, so
            those of the first download are recorded, and later files must match.
    """

    name = "laser2"
    settings: ClassVar[Mapping[str, str]] = MappingProxyType(
        {
            "files": "laser2.pt, laser2.spm, from https://dl.fbaipublicfiles.com/nllb/laser",
            "pooling": "max over tokens of the last of 5 layers, both directions",
            "prefixes": "none",
            "normalize": "to unit length",
            "max_length": "none",
        }
    )

    def __init__(
        self,
        path: str | None = None,
        *,
        device: str = "auto",
        batch_size: int = 32,
        normalize: bool = True,
        download: bool = False,
    ) -> None:
        super().__init__(path, device, batch_size, normalize, download)

    def files(self) -> tuple[Remote, ...]:
        """Return what ``robustir fetch`` downloads, small files first; the vocabulary is for students of LASER3."""
        return remotes(["laser2.spm", "laser2.cvocab", "laser2.pt"])

    @cached_property
    def revision(self) -> str:
        """Digests of the files, and settings."""
        return self._identify([_LASER2])

    def encode(self, texts: Sequence[str], *, role: Role, langs: Sequence[str] | None = None) -> NDArray[np.float32]:
        """Return float32 vectors [len(texts), 1024]; role and language make no difference. Raises InputError."""
        return self._encode(_LASER2, list(texts))


class Laser3(_Laser):
    """LASER3 (Heffernan et al. 2022): a transformer student of LASER2 per language, in LASER2's own vector space.

    Without lang every text is encoded by the student of its language, or by LASER2 if it has none (English, German,
    Russian, Chinese, ...); all are in one vector space. With lang all texts are encoded by that student. The input is as
    for laser2. Needs laser3-CODE.v1.pt of the languages, laser2.spm and laser2.cvocab (some students have their own .spm
    and .cvocab), laser2.pt for the other languages, and the extra laser.

    Args:
        lang: a code of two or three letters, or that of the file, as in hi, hin, hin_Deva.
        path, device, batch_size, normalize, download: as for laser2.
    """

    settings: ClassVar[Mapping[str, str]] = MappingProxyType(
        {
            "files": "laser3-CODE.v1.pt, laser2.spm, laser2.cvocab, laser2.pt, from https://dl.fbaipublicfiles.com/nllb/laser",
            "pooling": "the state of <s>, or max over tokens, as each file says",
            "languages": f"{len(STUDENTS)} students; LASER2 for the others",
            "prefixes": "none",
            "normalize": "to unit length",
        }
    )

    def __init__(
        self,
        lang: str | None = None,
        path: str | None = None,
        *,
        device: str = "auto",
        batch_size: int = 32,
        normalize: bool = True,
        download: bool = False,
    ) -> None:
        super().__init__(path, device, batch_size, normalize, download)
        self._student = None if lang is None else named_student(lang)
        self.uses_langs = lang is None

    @property
    def name(self) -> str:
        """laser3, followed by the chosen student's code."""
        return "laser3" if self._student is None else f"laser3-{self._student}"

    def files(self) -> tuple[Remote, ...]:
        """Return what ``robustir fetch`` downloads for one student. Raises SpecError without a chosen student."""
        if self._student is None:
            raise SpecError("laser3 has one file per language: name a language, as in  robustir fetch \"laser3('hi')\"")
        stem = _stem(self._student)
        pieces = _vocabulary_of(stem)
        return remotes([f"{pieces}.spm", f"{pieces}.cvocab", f"{stem}.pt"])

    @cached_property
    def revision(self) -> str:
        """Digests of the files (without lang: of every student on this machine), and settings."""
        if self._student is not None:
            return self._identify([_stem(self._student)])
        return self._identify([_LASER2, *(_stem(code) for code in sorted(STUDENTS) if self._has(f"{_stem(code)}.pt"))])

    def encode(self, texts: Sequence[str], *, role: Role, langs: Sequence[str] | None = None) -> NDArray[np.float32]:
        """Return float32 vectors [len(texts), 1024]; the role makes no difference.

        Raises InputError if a file is missing, or languages where they are needed.
        """
        if self._student is not None:
            return self._encode(_stem(self._student), list(texts))
        if langs is None:
            raise InputError("laser3 needs to know the language of every text; give langs, or lang='...' for all")
        students = {lang: student_of(lang) for lang in dict.fromkeys(langs)}
        stems = [_stem(students[lang]) for lang in langs]
        parts = {}
        for stem in dict.fromkeys(stems or [_LASER2]):
            places = [place for place, text_stem in enumerate(stems) if text_stem == stem]
            parts[stem] = (places, self._encode(stem, [texts[place] for place in places]))
        width = {vectors.shape[1] for _, vectors in parts.values()}
        if len(width) > 1:
            raise InputError(
                f"these networks of LASER3 give vectors of different dimensions: {sorted(width)}; get their files again"
            )
        vectors = np.empty((len(texts), width.pop()), dtype=np.float32)
        for places, part in parts.values():
            vectors[places] = part
        return vectors


def _stem(student: str | None) -> str:
    """Return the beginning of the file names of a student, or of LASER2."""
    return _LASER2 if student is None else f"laser3-{student}.v1"


def _vocabulary_of(stem: str) -> str:
    """Return the beginning of the file names of a student's pieces: its own, or LASER2's."""
    return stem if stem.removeprefix("laser3-").removesuffix(".v1") in OWN_VOCABULARY else _LASER2
