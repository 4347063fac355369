"""The shapes of the files in which Sentence Transformers describes a model: its modules, prompts and settings."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Final

from pydantic import BaseModel, Field

from robustir.disk.shapes import Shape

__all__ = [
    "BODY",
    "DENSE",
    "GENERAL",
    "MODULES",
    "NORM",
    "POOLING",
    "SETTINGS",
    "Body",
    "Dense",
    "General",
    "Module",
    "Norm",
    "Settings",
]

_Size = Annotated[int, Field(ge=1, le=2**31)]


class Module(BaseModel):
    """A row of modules.json."""

    type: str
    path: str

    @property
    def kind(self) -> str:
        """The name of its class."""
        return self.type.rpartition(".")[2]

    @property
    def folder(self) -> str:
        """Its folder in that of the model, "" for the model's own."""
        return self.path.strip("/")

    def is_inside(self, model: Path) -> bool:
        """Whether its folder lies in the model's."""
        return "\0" not in self.path and (model / self.folder).resolve().is_relative_to(model.resolve())


class General(BaseModel):
    """What is used of config_sentence_transformers.json. prompts: by name; None is none."""

    prompts: dict[str, str | None] | None = None
    default_prompt_name: str | None = None
    similarity_fn_name: str | None = None


class Body(BaseModel):
    """What is used of sentence_bert_config.json. max_seq_length: in tokens; None: the model's own."""

    max_seq_length: _Size | None = None
    do_lower_case: bool = False
    transformer_task: str = "feature-extraction"


class Dense(BaseModel):
    """The configuration of a linear module."""

    in_features: _Size
    out_features: _Size
    bias: bool = True
    activation_function: str = "torch.nn.Tanh"
    module_input_name: str | None = None
    module_output_name: str | None = None


class Settings(BaseModel):
    """What is used of a transformer's own config.json, before transformers reads it."""

    model_type: str | None = None
    num_hidden_layers: int | None = None
    n_layers: int | None = None

    @property
    def layers(self) -> int | None:
        """The number of layers, if it is told."""
        return self.n_layers if self.num_hidden_layers is None else self.num_hidden_layers


class Norm(BaseModel):
    """The configuration of a module LayerNorm."""

    dimension: _Size


MODULES: Final = Shape[list[Module]](list[Module])
GENERAL: Final = Shape[General](General)
BODY: Final = Shape[Body](Body)
POOLING: Final = Shape[dict[str, Any]](dict[str, bool | int | str | list[str] | None])
SETTINGS: Final = Shape[Settings](Settings)
DENSE: Final = Shape[Dense](Dense)
NORM: Final = Shape[Norm](Norm)
