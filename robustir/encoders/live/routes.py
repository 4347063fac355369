"""How to get vectors from objects of other libraries: by library, signature and types, not by a method's name alone."""

from __future__ import annotations

import functools
import inspect
import sys
from collections.abc import Callable, Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Any, ClassVar, TypeAlias

import numpy as np
from numpy.typing import NDArray

from robustir.contracts import Role
from robustir.encoders.prompts import role_prompt

__all__ = ["Route", "find_route", "parameters", "to_numpy"]

# (model, texts, role, languages) -> whatever the model returns
Route: TypeAlias = Callable[[Any, list[str], Role, list[str] | None], object]
# Passed if the method takes them: no progress bars, NumPy instead of tensors.
_QUIET = {"show_progress_bar": False, "convert_to_numpy": True, "convert_to_tensor": False}
_PROBE = "a word"


class _PromptType(StrEnum):
    """The roles' names in mteb 2, for a model that follows its protocol without mteb being installed."""

    query = "query"
    document = "document"


def find_route(model: Any) -> Route | None:
    """Return how to call a model, None if it has no known interface.

    Tried in this order: mteb's ``encode(inputs, task_metadata=...)`` and ``encode(sentences, task_name=...)``;
    ``encode_queries`` and ``encode_corpus`` (BEIR, FlagEmbedding); ``encode_query`` and ``encode_document`` (Sentence
    Transformers 5); any ``encode(texts)``; a function of texts.
    """
    if inspect.isroutine(model) or isinstance(model, functools.partial):
        return _function
    names = parameters(model.encode)[0] if callable(getattr(model, "encode", None)) else set()
    if "task_metadata" in names:
        return _mteb_2
    if "task_name" in names:
        return _mteb_1
    if _has(model, "encode_queries", "encode_corpus"):
        return _strings if _takes_strings(model) else _beir
    if _has(model, "encode_query", "encode_document"):
        return _asymmetric
    return _symmetric if _has(model, "encode") else None


def _has(model: object, *methods: str) -> bool:
    return all(callable(getattr(model, method, None)) for method in methods)


def parameters(method: Callable[..., object]) -> tuple[set[str], bool]:
    """Return the names of the parameters of a method, and whether it takes any others."""
    try:
        declared = inspect.signature(method).parameters.values()
    except (TypeError, ValueError):
        return set(), False
    return {parameter.name for parameter in declared}, any(p.kind is p.VAR_KEYWORD for p in declared)


def _quiet(method: Callable[..., object]) -> dict[str, object]:
    """Return the options of ``_QUIET`` that a method names."""
    names, _ = parameters(method)
    return {key: value for key, value in _QUIET.items() if key in names}


def _is_of(model: object, library: str) -> bool:
    return any(base.__module__.partition(".")[0] == library for base in type(model).__mro__)


def _takes_strings(model: Any) -> bool:
    """Whether ``encode_corpus`` takes plain texts, as FlagEmbedding's does, instead of BEIR's dicts of title and text."""
    if _is_of(model, "FlagEmbedding") or _is_of(model, "beir"):
        return _is_of(model, "FlagEmbedding")
    try:
        first = next(iter(inspect.signature(model.encode_corpus).parameters.values()))
    except (TypeError, ValueError, StopIteration):
        return False
    if first.annotation is not first.empty:
        told = str(first.annotation)
        if "dict" in told.lower() or "Mapping" in told:
            return False
        if "str" in told:
            return True
    return _strings_by_trial(model)


def _strings_by_trial(model: Any) -> bool:
    """Encode a word in both forms: a model of texts fails on a dict, or encodes its printed form."""
    document = {"title": "", "text": _PROBE}

    def attempt(given: object) -> NDArray[Any] | None:
        try:
            return to_numpy(model.encode_corpus([given], **_quiet(model.encode_corpus)))
        except Exception:  # noqa: BLE001 - foreign code; failing is an answer
            return None

    as_text, as_document = attempt(_PROBE), attempt(document)
    if as_text is None or as_document is None:
        return as_text is not None
    printed = attempt(str(document))
    return (
        printed is not None
        and np.shape(printed) == np.shape(as_document)
        and np.allclose(printed, as_document)
        and not np.allclose(as_text, as_document)
    )


def _strings(model: Any, texts: list[str], role: Role, _langs: list[str] | None) -> object:
    method = model.encode_queries if role == "query" else model.encode_corpus
    return method(texts, **_quiet(method))


def _beir(model: Any, texts: list[str], role: Role, _langs: list[str] | None) -> object:
    if role == "query":
        return model.encode_queries(texts, **_quiet(model.encode_queries))
    documents = [{"title": "", "text": text} for text in texts]
    return model.encode_corpus(documents, **_quiet(model.encode_corpus))


def _prompted(model: Any, method: Callable[..., object], role: Role) -> dict[str, object]:
    """Return the prompt of a role, if the model has prompts and the method takes one."""
    prompts = getattr(model, "prompts", None)
    if not isinstance(prompts, Mapping) or "prompt" not in parameters(method)[0]:
        return {}
    return {"prompt": role_prompt(prompts, getattr(model, "default_prompt_name", None), role)}


def _asymmetric(model: Any, texts: list[str], role: Role, _langs: list[str] | None) -> object:
    method = model.encode_query if role == "query" else model.encode_document
    return method(texts, **_quiet(method), **_prompted(model, method, role))


def _symmetric(model: Any, texts: list[str], role: Role, _langs: list[str] | None) -> object:
    return model.encode(texts, **_quiet(model.encode), **_prompted(model, model.encode, role))


def _function(model: Any, texts: list[str], role: Role, langs: list[str] | None) -> object:
    names, _ = parameters(model)
    given: dict[str, object] = {"role": role, "langs": langs}
    return model(texts, **{key: value for key, value in given.items() if key in names})


def _prompt_type(role: Role) -> object:
    """Return mteb's name of a role; version 2 moved the names and calls passages documents."""
    for module in ("mteb.types", "mteb.encoder_interface"):
        kinds: Any = getattr(sys.modules.get(module), "PromptType", None)
        if kinds is not None:
            return kinds.query if role == "query" else getattr(kinds, "document", None) or kinds.passage
    return _PromptType.query if role == "query" else _PromptType.document


@functools.cache
def _retrieval_task() -> Any:
    """Return a retrieval task of mteb without an instruction of its own (mteb's wrappers look a task up), or None."""
    for module, registry in (("mteb.get_tasks", "_TASKS_REGISTRY"), ("mteb.overview", "TASKS_REGISTRY")):
        tasks: Mapping[str, Any] = getattr(sys.modules.get(module), registry, {})
        for _, task in sorted(tasks.items()):
            if task.metadata.type == "Retrieval" and not task.metadata.prompt:
                return task
    return None


def _mteb_1(model: Any, texts: list[str], role: Role, _langs: list[str] | None) -> object:
    task = _retrieval_task()
    name = "robustir" if task is None else task.metadata.name
    return model.encode(texts, task_name=name, prompt_type=_prompt_type(role), **_bars(model.encode))


def _mteb_2(model: Any, texts: list[str], role: Role, _langs: list[str] | None) -> object:
    task = _retrieval_task()
    return model.encode(
        _loader(texts),
        task_metadata=None if task is None else task.metadata,
        hf_split="test",
        hf_subset="default",
        prompt_type=_prompt_type(role),
        **_bars(model.encode),
    )


def _bars(method: Callable[..., object]) -> dict[str, object]:
    names, others = parameters(method)
    return {"show_progress_bar": False} if others or "show_progress_bar" in names else {}


class _Rows(list[dict[str, str]]):
    """Texts in the form of mteb's data sets: rows, and the names of their fields."""

    features: ClassVar[Mapping[str, str]] = MappingProxyType({"text": "string"})


def _loader(texts: list[str]) -> Any:
    """Return batches of {"text": [...]}: mteb's kind of loader if mteb is loaded, else a list of one batch."""
    if "mteb" not in sys.modules:
        return [{"text": texts}]
    from torch.utils.data import DataLoader

    rows: Any = _Rows({"text": text} for text in texts)
    return DataLoader(rows, batch_size=32)


def to_numpy(vectors: Any) -> NDArray[Any]:
    """Return a model's output (array, tensor, list of either, FlagEmbedding's dict of dense vectors), floats as float32."""
    if isinstance(vectors, Mapping):
        return to_numpy(vectors["dense_vecs"])
    if isinstance(vectors, (list, tuple)):
        if vectors and isinstance(vectors[0], (int, float)):
            return np.asarray(vectors, dtype=np.float32)
        return np.stack([to_numpy(vector) for vector in vectors])
    if hasattr(vectors, "detach"):
        vectors = vectors.detach().cpu()
        vectors = (vectors.to_dense() if vectors.is_sparse else vectors).float().numpy()
    array = np.asarray(vectors)
    return array.astype(np.float32) if array.dtype.kind == "f" else array
