"""Live objects of other libraries as encoders: Sentence Transformers, BEIR models, mteb encoders."""

from __future__ import annotations

import inspect
import sys
import uuid
from collections.abc import Callable, Sequence
from enum import StrEnum
from functools import cached_property
from typing import Any, TypeAlias, cast, get_args

import numpy as np
from numpy.typing import NDArray

from robustir.contracts import Encoder, Role, Scorer
from robustir.encoders.identity import live_digest
from robustir.errors import EncoderError, SpecError
from robustir.vectors.store import check_vectors

__all__ = ["AdaptedEncoder", "adapt", "check_vectors"]

_ENCODER_PARTS = ("name", "revision", "uses_langs", "encode")
_SCORER_PARTS = ("name", "revision", "index", "blocks")
_RANKINGS_PARTS = ("name", "revision", "revision_of", "scores_of")
# (model, texts, role) -> whatever the model returns
_Call: TypeAlias = Callable[[Any, list[str], Role], object]
# Asked for where the method takes them: no progress bars, NumPy instead of tensors.
_QUIET = {"show_progress_bar": False, "convert_to_numpy": True, "convert_to_tensor": False}


class _PromptType(StrEnum):
    """The roles as mteb 2 calls them, for a model that follows its protocol without mteb being there."""

    query = "query"
    document = "document"


def adapt(model: object, *, name: str | None = None, normalize: bool | None = None) -> Encoder | Scorer:
    """Return ``model`` if it satisfies the contract of an encoder or scorer, else wrap it.

    Taken as they are, in this order: ``encode_queries`` and ``encode_corpus`` (BEIR); ``encode_query`` and
    ``encode_document`` (Sentence Transformers 5); mteb's ``encode(inputs, task_metadata=...)`` and
    ``encode(sentences, task_name=...)``; any ``encode(texts)``. name: how results call it (by default its own name).
    normalize: to unit length; by default unless the model says that its similarity is the inner product.
    Raises SpecError for anything else.
    """
    if not inspect.isclass(model):
        if any(_conforms(model, parts) for parts in (_ENCODER_PARTS, _SCORER_PARTS, _RANKINGS_PARTS)):
            return cast("Encoder | Scorer", model)
        call = _find_call(model)
        if call is not None:
            return cast("Encoder", AdaptedEncoder(model, call, name, normalize=normalize))
    what = f"the class {model.__name__} (pass an instance)" if inspect.isclass(model) else f"a {type(model).__name__}"
    raise SpecError(
        f"{what} is no encoder: it needs name, revision, uses_langs and encode(texts, *, role, langs), or Sentence "
        "Transformers' encode, BEIR's encode_queries and encode_corpus, or mteb's encode; a scorer needs index, blocks"
    )


def _conforms(model: object, parts: Sequence[str]) -> bool:
    """Whether all attributes are there; properties are not evaluated (a revision may take a while)."""
    held = getattr(model, "__dict__", {})
    return all(part in held or inspect.getattr_static(type(model), part, None) is not None for part in parts)


def _parameters(method: Callable[..., object]) -> tuple[set[str], bool]:
    """Return the names of the parameters of a method, and whether it takes any others."""
    try:
        parameters = inspect.signature(method).parameters.values()
    except (TypeError, ValueError):
        return set(), False
    return {parameter.name for parameter in parameters}, any(p.kind is p.VAR_KEYWORD for p in parameters)


def _quiet(method: Callable[..., object], *, trusted: bool) -> dict[str, object]:
    """Return the options of ``_QUIET`` that a method names, or all of them where it is known to pass them on."""
    names, others = _parameters(method)
    return {key: value for key, value in _QUIET.items() if key in names or (trusted and others)}


def _beir(model: Any, texts: list[str], role: Role) -> object:
    if role == "query":
        return model.encode_queries(texts, **_quiet(model.encode_queries, trusted=False))
    documents = [{"title": "", "text": text} for text in texts]
    return model.encode_corpus(documents, **_quiet(model.encode_corpus, trusted=False))


def _asymmetric(model: Any, texts: list[str], role: Role) -> object:
    method = model.encode_query if role == "query" else model.encode_document
    return method(texts, **_quiet(method, trusted=False))


def _symmetric(model: Any, texts: list[str], role: Role) -> object:  # noqa: ARG001 - one signature for all routes
    return model.encode(texts, **_quiet(model.encode, trusted=False))


def _prompt_type(role: Role) -> object:
    """Return mteb's own name of a role; version 2 has moved the names and calls passages documents."""
    for module in ("mteb.types", "mteb.encoder_interface"):
        kinds: Any = getattr(sys.modules.get(module), "PromptType", None)
        if kinds is not None:
            return kinds.query if role == "query" else getattr(kinds, "document", None) or kinds.passage
    return _PromptType.query if role == "query" else _PromptType.document


def _mteb_1(model: Any, texts: list[str], role: Role) -> object:
    return model.encode(
        texts, task_name="robustir", prompt_type=_prompt_type(role), **_quiet(model.encode, trusted=False)
    )


def _mteb_2(model: Any, texts: list[str], role: Role) -> object:
    # The protocol iterates over batches of {"text": [...]}; a list of one batch is such an iterable.
    return model.encode(
        [{"text": texts}], task_metadata=None, hf_split="test", hf_subset="default", prompt_type=_prompt_type(role)
    )


def _find_call(model: Any) -> _Call | None:
    if callable(getattr(model, "encode_queries", None)) and callable(getattr(model, "encode_corpus", None)):
        return _beir
    if callable(getattr(model, "encode_query", None)) and callable(getattr(model, "encode_document", None)):
        return _asymmetric
    if not callable(getattr(model, "encode", None)):
        return None
    names, _ = _parameters(model.encode)
    if "task_metadata" in names:
        return _mteb_2
    return _mteb_1 if "task_name" in names else _symmetric


class AdaptedEncoder:
    """A live model as an encoder; made by :func:`adapt`.

    It is identified by a digest of weights, settings and code, taken when ``revision`` is first asked for. Without one
    ``cacheable`` is False and the revision differs for every object: vectors are used in this run only.
    """

    uses_langs = False
    batch_invariant = False

    def __init__(self, model: object, call: _Call, name: str | None, *, normalize: bool | None) -> None:
        self.model = model
        self.name = name or _name(model)
        self.normalize = _is_cosine(model) if normalize is None else normalize
        self._call = call
        self._token = uuid.uuid4().hex

    @cached_property
    def _digest(self) -> str | None:
        return live_digest(self.model)

    @property
    def cacheable(self) -> bool:
        """Whether the vectors may be kept beyond this run."""
        return self._digest is not None

    @property
    def revision(self) -> str:
        """The digest, the route and whether vectors are normalised; unique to this object without a digest."""
        identity = f"sha256={self._digest}" if self._digest else f"live={self._token}"
        return f"1 {identity} {self._call.__name__.strip('_')} normalize={self.normalize}"

    def encode(self, texts: Sequence[str], *, role: Role, langs: Sequence[str] | None = None) -> NDArray[np.float32]:
        """Return float32 vectors [len(texts), d]; raises EncoderError if the model fails or returns something else."""
        if role not in get_args(Role):
            raise SpecError(f"role={role!r}: choose query or passage")
        try:
            vectors = _to_numpy(self._call(self.model, list(texts), role))
        except Exception as error:  # the model is foreign code
            raise EncoderError(f"{self.name} failed on {len(texts)} texts: {type(error).__name__}: {error}") from error
        checked = check_vectors(vectors, len(texts), self.name)
        if not self.normalize:
            return checked
        length = np.sqrt(np.einsum("nd,nd->n", checked, checked, dtype=np.float64))
        return (checked / np.where(length == 0, 1.0, length)[:, None]).astype(np.float32)


def _to_numpy(vectors: Any) -> NDArray[Any]:
    """Return what a model gave (array, tensor, or list of either) as an array, floats as float32."""
    if isinstance(vectors, (list, tuple)):
        return np.stack([_to_numpy(vector) for vector in vectors])
    if hasattr(vectors, "detach"):
        vectors = vectors.detach().cpu().float().numpy()
    array = np.asarray(vectors)
    return array.astype(np.float32) if array.dtype.kind == "f" else array


def _is_cosine(model: Any) -> bool:
    """Whether similarity is the cosine: it is unless the model says otherwise."""
    for holder in (model, getattr(model, "mteb_model_meta", None)):
        kind = getattr(holder, "similarity_fn_name", None)
        if kind is not None:
            return "dot" not in str(getattr(kind, "value", kind)).lower()
    return True


def _name(model: Any) -> str:
    for holder in (model, getattr(model, "mteb_model_meta", None)):
        value = getattr(holder, "name", None)
        if isinstance(value, str) and value:
            return value
    modules = model.modules() if callable(getattr(model, "modules", None)) else ()
    for module in modules:
        value = getattr(getattr(module, "config", None), "name_or_path", None)
        if isinstance(value, str) and value:
            return value
    return type(model).__name__
