"""Meta's files of LASER: finding them, checking them, and reading them without running code from them."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BaseModel, Field

from robustir.disk.atomic import write_atomically
from robustir.disk.download import Remote, fetch, sha256_of
from robustir.disk.folders import data_folder
from robustir.disk.reading import read_text
from robustir.disk.shapes import Shape, shaped, shortened
from robustir.encoders.weights import are_tensors, load_pickle
from robustir.errors import InputError, MissingExtraError

if TYPE_CHECKING:
    from robustir.encoders.laser.models import LaserLSTM, LaserTransformer, StudentConfig

__all__ = [
    "FOLDER",
    "Network",
    "Vocabulary",
    "accept_file",
    "file_digest",
    "find_file",
    "load_network",
    "read_vocabulary",
    "remotes",
]

_URL = "https://dl.fbaipublicfiles.com/nllb/laser"
FOLDER = "laser"  # in a data folder
_SUMS = "SHA256SUMS"
_OVERWRITE = " #fairseq:overwrite"
_AGAIN = "get it again"
_MOST_POSITIONS = 2**20
_Size = Annotated[int, Field(ge=1, le=2**31)]


class _Lstm(BaseModel):
    """The parameters of LASER2; the defaults are Meta's."""

    num_embeddings: _Size
    padding_idx: Annotated[int, Field(ge=0)]
    embed_dim: _Size = 320
    hidden_size: _Size = 512
    num_layers: Annotated[int, Field(ge=1, le=1000)] = 1
    bidirectional: bool = False


_PARAMS = Shape[_Lstm](_Lstm)
_DICTIONARY = Shape[dict[str, int]](dict[str, Annotated[int, Field(ge=0)]])
_SPECIAL = {"<s>": 0, "<pad>": 1, "</s>": 2, "<unk>": 3}


def _folders(path: str | None) -> list[Path]:
    """Return the folders to search; downloads go to the last."""
    import platformdirs

    if path is not None:
        return [Path(path).expanduser()]
    data = data_folder()
    mine = Path(platformdirs.user_data_dir("robustir")) / FOLDER
    return [mine] if data is None else [data / FOLDER, mine]


def find_file(name: str, path: str | None, *, download: bool) -> Path:
    """Return a released file by its name.

    Args:
        name: such as laser2.pt.
        path: the folder; None: laser/ in the data folder, then in the user's data folder.
        download: whether to fetch it if it is missing.

    Raises:
        InputError: if it is missing; names the searched folders.
    """
    folders = _folders(path)
    for folder in folders:
        if (folder / name).is_file():
            return folder / name
    if not download:
        raise InputError(
            f"{name} is missing in {' and '.join(map(str, folders))}; put {_URL}/{name} there, or give its folder with "
            "path='...', or download it with download=True"
        )
    fetch(Remote(f"{_URL}/{name}", name), folders[-1])
    _remember(folders[-1], name)
    return folders[-1] / name


def _recorded(folder: Path) -> dict[str, str]:
    path = folder / _SUMS
    if not path.is_file():
        return {}
    text = read_text(path, advice="fetch the files again", error=InputError)
    rows = [line.split("  ", 1) for line in text.splitlines() if "  " in line]
    return {name: digest for digest, name in rows}


def _remember(folder: Path, name: str) -> None:
    """Record the checksum of a download: Meta publishes none, so later files are compared with the first."""
    sums = {**_recorded(folder), name: sha256_of(folder / name)}
    text = "".join(f"{digest}  {file}\n" for file, digest in sorted(sums.items()))
    write_atomically(folder / _SUMS, lambda temporary: temporary.write_text(text, encoding="utf-8"))


def file_digest(path: Path) -> str:
    """Return the SHA-256 of a file; raise InputError if it has changed since the download."""
    digest = sha256_of(path)
    recorded = _recorded(path.parent).get(path.name, digest)
    if recorded != digest:
        raise InputError(f"{path} has changed since its download (by its sha256); delete it and get it again")
    return digest


def remotes(names: Sequence[str]) -> tuple[Remote, ...]:
    """Return released files as downloads into a data folder; their checksums are not published."""
    return tuple(Remote(f"{_URL}/{name}", f"{FOLDER}/{name}") for name in names)


def accept_file(path: Path, vocabulary: Path | None, *, new: bool) -> None:
    """Check a fetched file and record its checksum, or compare it with the recorded one.

    Args:
        path: the file.
        vocabulary: the .cvocab of a student.
        new: whether the file has just come: then it is deleted if it is wrong.

    Raises:
        InputError: if it is the wrong file.
    """
    if not new and path.name in _recorded(path.parent):
        file_digest(path)
        return
    try:
        _look_into(path, vocabulary)
    except MissingExtraError:
        raise  # nothing is known of the file yet
    except InputError:
        if new:
            path.unlink()
        raise
    _remember(path.parent, path.name)


def _look_into(path: Path, vocabulary: Path | None) -> None:
    from robustir.encoders.laser.text import LaserTokenizer

    if path.suffix == ".spm":
        LaserTokenizer(path)
    elif path.suffix == ".cvocab":
        read_vocabulary(path)
    else:
        load_network(path, vocabulary)


@dataclass(frozen=True)
class Network:
    """A network with its vocabulary. longest: the most tokens of a text; None: unlimited."""

    module: LaserLSTM | LaserTransformer
    dictionary: Mapping[str, int]
    prepend_bos: bool
    left_pad: bool
    longest: int | None


def load_network(path: Path, vocabulary: Path | None) -> Network:
    """Return the network of a released .pt file, in float32 on the CPU.

    vocabulary: the .cvocab file of a student of LASER3; LASER2's is in its weights. Raises InputError.
    """
    content = load_pickle(path, "the weights of LASER", (argparse.Namespace,))
    if not isinstance(content, dict) or not are_tensors(content.get("model")) or not {"params", "cfg"} & set(content):
        raise InputError(f"{path} is not a LASER file: it lacks 'params' or 'cfg', or 'model'; get it again")
    if "params" in content:
        return _load_lstm(path, content)
    if vocabulary is None:
        raise InputError(f"{path} is a student of LASER3, not the LSTM of LASER2; give its folder to laser3")
    return _load_student(path, content, vocabulary)


def _load_lstm(path: Path, content: Mapping[str, Any]) -> Network:
    from robustir.encoders.laser.models import LaserLSTM

    if not isinstance(content.get("dictionary"), dict):
        raise InputError(f"{path} has no dictionary; get it again")
    params: _Lstm = shaped(content["params"], _PARAMS, f"{path}, params", _AGAIN, error=InputError)
    dictionary = shaped(content["dictionary"], _DICTIONARY, f"{path}, dictionary", _AGAIN, error=InputError)
    tensors: Mapping[str, Any] = content["model"]
    _check_sizes(
        path,
        tensors,
        {
            "embed_tokens.weight": (params.num_embeddings, params.embed_dim),
            "lstm.weight_hh_l0": (4 * params.hidden_size, params.hidden_size),
            f"lstm.bias_hh_l{params.num_layers - 1}": (4 * params.hidden_size,),
        },
    )
    if params.padding_idx >= params.num_embeddings:
        raise InputError(f"{path}: padding_idx is {params.padding_idx}, the table has {params.num_embeddings} rows")
    module = LaserLSTM(**params.model_dump())
    _fill(path, module, tensors)
    return _checked(path, Network(module, {**dictionary, **_SPECIAL}, prepend_bos=False, left_pad=False, longest=None))


def _check_sizes(path: Path, tensors: Mapping[str, Any], sizes: Mapping[str, tuple[int, ...]]) -> None:
    """Refuse sizes that the weights do not have, before memory is taken for them."""
    for name, size in sizes.items():
        there = tuple(tensors[name].shape) if name in tensors else None
        if there != size:
            raise InputError(
                f"{path}: the weights do not fit the network that it describes ({name} is of size {there}, not {size}); "
                "get it again"
            )


def _load_student(path: Path, content: Mapping[str, Any], vocabulary: Path) -> Network:
    from robustir.encoders.laser.models import LaserTransformer

    namespace = content["cfg"].get("model") if isinstance(content["cfg"], dict) else None
    if not isinstance(namespace, argparse.Namespace):
        raise InputError(f"{path} has no configuration of a model (cfg.model); get it again")
    tensors = _encoder_tensors(content["model"])
    pieces = read_vocabulary(vocabulary)
    dictionary, rows = pieces.ids, pieces.rows
    if "layer_norm.weight" in tensors:  # then fairseq had put <mask> behind the vocabulary
        dictionary, rows = {**dictionary, "<mask>": rows}, rows + 1
    config = _student_config(path, namespace)
    table = tensors.get("embed_tokens.weight")
    if table is None or table.ndim != 2 or len(table) != rows:
        raise InputError(
            f"{path} has vectors for {len(table) if table is not None and table.ndim else 0} pieces, {vocabulary} has {rows}: "
            "they belong to different models; get both again"
        )
    _check_student(path, config, tensors)
    final_norm = config.normalize_before or "layer_norm.weight" in tensors
    module = LaserTransformer(config, rows, final_norm=final_norm)
    _fill(path, module, tensors)
    bos = bool(getattr(namespace, "prepend_bos", False))
    if config.sentemb_criterion == "cls" and not bos:
        raise InputError(f"{path} takes the state of <s> but does not put <s> in front; get it again")
    left = bool(getattr(namespace, "left_pad_source", False))
    return _checked(path, Network(module, dictionary, bos, left, module.longest))


def _encoder_tensors(state: Mapping[str, Any]) -> dict[str, Any]:
    """Return the encoder's part of a state dict, without its prefix and without tensors that only fairseq uses."""
    inside = any(name.startswith("encoder.") for name in state)
    kept = {
        name.removeprefix("encoder."): tensor
        for name, tensor in state.items()
        if not inside or name.startswith("encoder.")
    }
    unused = ("version", "embed_positions._float_tensor", "embed_positions.weights")
    return {name: tensor for name, tensor in kept.items() if name not in unused}


def _student_config(path: Path, namespace: argparse.Namespace) -> StudentConfig:
    from robustir.encoders.laser.models import ACTIVATIONS, StudentConfig

    given = vars(namespace)
    values = {}
    for field in fields(StudentConfig):
        # As fairseq reads a flat namespace: encoder_layers, or else layers.
        for key in (f"encoder_{field.name}", field.name):
            if key in given:
                values[field.name] = given[key]
    if values.get("sentemb_criterion") not in ("cls", "max"):
        raise InputError(
            f"{path}: sentemb_criterion is {shortened(repr(values.get('sentemb_criterion')))}, not cls or max; get it again"
        )
    config: StudentConfig = shaped(
        values, Shape[StudentConfig](StudentConfig, strict=False), f"{path}, cfg.model", _AGAIN, error=InputError
    )
    if config.activation_fn not in ACTIVATIONS:
        raise InputError(
            f"{path}: the activation {shortened(config.activation_fn)!r} is unknown; known: {', '.join(ACTIVATIONS)}"
        )
    return config


def _check_student(path: Path, config: StudentConfig, tensors: Mapping[str, Any]) -> None:
    """Refuse sizes that the weights do not have, before memory is taken for them."""
    width, inner, last = config.embed_dim, config.ffn_embed_dim, config.layers - 1
    _check_sizes(
        path,
        tensors,
        {
            "embed_tokens.weight": (tensors["embed_tokens.weight"].shape[0], width),
            "layers.0.fc1.weight": (inner, width),
            f"layers.{last}.fc1.weight": (inner, width),
        },
    )
    if config.attention_heads < 1 or width % config.attention_heads or width < 4:
        raise InputError(f"{path}: {width} dimensions cannot be divided among {config.attention_heads} heads")
    if not 1 <= config.max_source_positions <= _MOST_POSITIONS:
        raise InputError(f"{path}: max_source_positions is {config.max_source_positions}; get it again")


def _fill(path: Path, module: Any, tensors: Mapping[str, Any]) -> None:
    try:
        module.load_state_dict({name: tensor.float() for name, tensor in tensors.items()})
    except (RuntimeError, AttributeError) as error:
        reason = str(error).strip().splitlines()[-1].strip() if str(error) else type(error).__name__
        raise InputError(
            f"{path}: the weights do not fit the network that it describes ({reason}); get it again"
        ) from error
    module.eval()


def _checked(path: Path, network: Network) -> Network:
    size = network.module.embed_tokens.num_embeddings
    if max(network.dictionary.values()) >= size:
        raise InputError(
            f"{path}: its dictionary has ids up to {max(network.dictionary.values())}, its table {size} rows"
        )
    return network


@dataclass(frozen=True)
class Vocabulary:
    """The pieces of a .cvocab file after fairseq's special tokens. ids: of each piece; rows: of the table, used or not."""

    ids: Mapping[str, int]
    rows: int


def read_vocabulary(path: Path) -> Vocabulary:
    """Read a .cvocab file: a token and its count per line, after fairseq's four special tokens.

    A line that ends in ``#fairseq:overwrite`` may repeat a token: each line has a row of the table, and the token has its
    last row, as fairseq's Dictionary reads it. Special tokens keep theirs, since LASER looks them up by number.

    Raises:
        InputError: if a line is not a token and its count, or repeats a token without that mark.
    """
    text = read_text(path, advice=_AGAIN, error=InputError)
    lines = text.removesuffix("\n").split("\n")  # a token may be another line end
    ids = dict(_SPECIAL)
    for row, line in enumerate(lines, start=len(_SPECIAL)):
        entry = line.rstrip()
        counted = entry.removesuffix(_OVERWRITE)
        token, _, count = counted.rpartition(" ")
        if not token or not count.removeprefix("-").isdigit() or (token in ids and counted == entry):
            raise InputError(
                f"{path}:{row - len(_SPECIAL) + 1}: {line[:60]!r} is not a new token with its count (a repeated token needs"
                f"{_OVERWRITE} behind its count); get the file again"
            )
        ids[token] = row
    return Vocabulary({**ids, **_SPECIAL}, len(_SPECIAL) + len(lines))
