"""The layout of sentence-transformers on disk (modules.json and a folder per module), read without that package."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, get_args

from robustir.contracts import Role
from robustir.disk.shapes import Shape, shortened
from robustir.encoders.module_files import BODY, DENSE, GENERAL, MODULES, NORM, POOLING, Body, Dense, General, Norm
from robustir.encoders.prompts import role_prompt
from robustir.encoders.transformers.checkpoint import Checkpoint
from robustir.encoders.transformers.pooling import POOLINGS
from robustir.encoders.weights import load_tensors
from robustir.errors import InputError

if TYPE_CHECKING:
    import torch
    from torch import Tensor

__all__ = ["Layout", "Step", "build_tail", "find_prefixes", "read_layout"]

Step: TypeAlias = "Callable[[Tensor], Tensor]"  # float32 [b, d] to [b, e]

_TAIL = ("Dense", "LayerNorm", "Normalize", "Dropout")
_POOLING_FLAGS = {
    "pooling_mode_cls_token": "cls",
    "pooling_mode_max_tokens": "max",
    "pooling_mode_mean_tokens": "mean",
    "pooling_mode_mean_sqrt_len_tokens": "mean_sqrt_len_tokens",
    "pooling_mode_weightedmean_tokens": "weightedmean",
    "pooling_mode_lasttoken": "lasttoken",
}
_BODY_CONFIGS = tuple(
    f"sentence_{family}_config.json"
    for family in ("bert", "roberta", "distilbert", "camembert", "albert", "xlm-roberta", "xlnet")
)


@dataclass(frozen=True)
class Layout:
    """The settings in the files of a model with this layout.

    Args:
        body: "transformer" or "static" (a table of token vectors, averaged).
        folder: its place inside the model.
        poolings: names of poolings, joined in this order.
        include_prompt: whether the tokens of a prompt are pooled.
        tail: (kind, folder) of the modules after pooling.
        max_length: in tokens; None: the model's own.
        lower_case: whether texts are lower-cased.
        prompts: by role.
        similarity: the name of the function that the vectors are made for; None: cosine.
    """

    body: Literal["transformer", "static"]
    folder: str
    poolings: tuple[str, ...] = ()
    include_prompt: bool = True
    tail: tuple[tuple[str, str], ...] = ()
    max_length: int | None = None
    lower_case: bool = False
    prompts: Mapping[Role, str] = field(default_factory=dict)
    similarity: str | None = None

    @property
    def description(self) -> str:
        """The modules in a line, for the revision and for people."""
        modules = [self.body, "+".join(self.poolings), *(kind.lower() for kind, _ in self.tail)]
        return " > ".join(filter(None, modules))


def _join(folder: str, name: str) -> str:
    return f"{folder}/{name}" if folder else name


def read_layout(checkpoint: Checkpoint) -> Layout | None:
    """Return the layout of a model, or None if it has no modules.json. Raises InputError for unsupported modules."""
    rows = checkpoint.read_json("modules.json", MODULES)
    if rows is None:
        return None
    modules = [(row.kind, row.folder) for row in rows]
    kinds = [kind for kind, _ in modules]
    tail_from = 1 if kinds[:1] == ["StaticEmbedding"] else 2
    if (kinds[:1] != ["StaticEmbedding"] and kinds[:2] != ["Transformer", "Pooling"]) or set(kinds[tail_from:]) - {
        *_TAIL
    }:
        raise InputError(
            f"{checkpoint.model!r} has the modules {', '.join(map(shortened, kinds)) or 'of no kind'}; supported are Transformer and Pooling, or "
            f"StaticEmbedding, followed by any of {', '.join(_TAIL)}. Load it with sentence-transformers and give the object"
        )
    general = checkpoint.read_json("config_sentence_transformers.json", GENERAL) or General()
    prompts = _prompts(general)
    similarity = general.similarity_fn_name
    tail = tuple((kind, folder) for kind, folder in modules[tail_from:] if kind != "Dropout")
    if tail_from == 1:
        return Layout("static", modules[0][1], tail=tail, prompts=prompts, similarity=similarity)
    body = _body_config(checkpoint, modules[0][1])
    pooling = checkpoint.read_json(_join(modules[1][1], "config.json"), POOLING) or {}
    return Layout(
        "transformer",
        modules[0][1],
        _poolings(checkpoint, pooling),
        bool(pooling.get("include_prompt", True)),
        tail,
        body.max_seq_length,
        body.do_lower_case,
        prompts,
        similarity,
    )


def _body_config(checkpoint: Checkpoint, folder: str) -> Body:
    for name in _BODY_CONFIGS:
        config = checkpoint.read_json(_join(folder, name), BODY)
        if config is not None:
            if config.transformer_task != "feature-extraction":
                raise InputError(
                    f"{checkpoint.model!r} is made for {shortened(config.transformer_task)}, not for vectors of texts; "
                    "give another model"
                )
            return config
    return Body()


def _poolings(checkpoint: Checkpoint, config: Mapping[str, Any]) -> tuple[str, ...]:
    named = config.get("pooling_mode")
    if named is None:
        named = [mode for flag, mode in _POOLING_FLAGS.items() if config.get(flag)] or ["mean"]
    modes = tuple(named) if isinstance(named, list) else (str(named),)
    if unknown := set(modes) - set(POOLINGS):
        raise InputError(
            f"{checkpoint.model!r} pools by {', '.join(sorted(map(shortened, unknown)))}; known are {', '.join(POOLINGS)}. "
            "Load it with sentence-transformers and give the object"
        )
    return modes


def _prompts(config: General) -> dict[Role, str]:
    return {role: role_prompt(config.prompts or {}, config.default_prompt_name, role) for role in get_args(Role)}


def find_prefixes(layout: Layout | None, *, query: str | None, passage: str | None) -> dict[Role, str]:
    """Return the prefix of each role: as given, else the model's own prompt, else nothing."""
    prompts: Mapping[Role, str] = {} if layout is None else layout.prompts
    given: Mapping[Role, str | None] = {"query": query, "passage": passage}
    return {role: prompts.get(role, "") if text is None else text for role, text in given.items()}


def build_tail(checkpoint: Checkpoint, layout: Layout) -> list[Step]:
    """Return the modules after pooling, in order, with their weights. Raises InputError."""
    return [_step(checkpoint, kind, folder) for kind, folder in layout.tail]


def _step(checkpoint: Checkpoint, kind: str, folder: str) -> Step:
    import torch

    if kind == "Normalize":
        return torch.nn.functional.normalize
    where = f"the module {folder} of {checkpoint.model!r}"
    norm = kind == "LayerNorm"
    shape: Shape[Dense | Norm] = NORM if norm else DENSE  # type: ignore[assignment]  # each of its own kind
    config = checkpoint.read_json(_join(folder, "config.json"), shape)
    path = checkpoint.file(_join(folder, "model.safetensors")) or checkpoint.file(_join(folder, "pytorch_model.bin"))
    if config is None or path is None:
        raise InputError(f"{where} lacks config.json or model.safetensors; get the model again, with all its folders")
    tensors = load_tensors(path, f"the weights of {where}")
    if isinstance(config, Norm):
        _check_size(tensors, "norm.", (config.dimension,), where)
        module: torch.nn.Module = torch.nn.LayerNorm(config.dimension)
        _fill(module, tensors, "norm.", where)
        return module
    for name in (config.module_input_name, config.module_output_name):
        if name not in (None, "sentence_embedding"):
            raise InputError(
                f"{where} works on {shortened(str(name))}, not on the vector of a text; load the model with "
                "sentence-transformers and give the object"
            )
    _check_size(tensors, "linear.", (config.out_features, config.in_features), where)
    linear = torch.nn.Linear(config.in_features, config.out_features, bias=config.bias)
    _fill(linear, tensors, "linear.", where)
    return torch.nn.Sequential(linear, _activation(config.activation_function, where))


def _check_size(tensors: Mapping[str, Any], prefix: str, size: tuple[int, ...], where: str) -> None:
    """Refuse a size that the weights do not have, before memory is taken for it."""
    weight = tensors.get(f"{prefix}weight", tensors.get("weight"))
    if weight is None or tuple(weight.shape) != size:
        raise InputError(f"{where}: the weights do not fit its configuration; get the model again")


def _fill(module: torch.nn.Module, tensors: Mapping[str, Any], prefix: str, where: str) -> None:
    try:
        module.load_state_dict({key.removeprefix(prefix): tensor for key, tensor in tensors.items()})
    except RuntimeError as error:
        raise InputError(f"{where}: the weights do not fit its configuration; get the model again") from error


def _needs_arguments(make: type) -> bool:
    parameters = inspect.signature(make).parameters.values()
    named = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    return any(one.default is one.empty and one.kind in named for one in parameters)


def _activation(path: str, where: str) -> torch.nn.Module:
    """Return an activation by its dotted name; only torch's own, so that a configuration cannot run code."""
    import torch

    module, _, name = path.rpartition(".")
    make: Any = getattr(torch.nn.modules.activation if name != "Identity" else torch.nn, name, None)
    known = (module == "torch.nn" or module.startswith("torch.nn.modules")) and isinstance(make, type)
    if not known or not issubclass(make, torch.nn.Module) or _needs_arguments(make):
        raise InputError(f"{where} names the activation {shortened(path)!r}; only those of torch.nn are loaded")
    activation: torch.nn.Module = make()
    return activation
