"""Live objects as encoders: models of Sentence Transformers, BEIR, FlagEmbedding and mteb, functions, a user's classes."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from functools import cached_property, partial
from typing import Any, cast, get_args

import numpy as np
from numpy.typing import NDArray

from robustir.contracts import Encoder, Role, Scorer
from robustir.encoders.live.identity import Identity, identify, index_noting_changes
from robustir.encoders.live.routes import Route, find_route, parameters, to_numpy
from robustir.encoders.similarity import Similarity, as_inner_products, similarity_named
from robustir.errors import EncoderError, SpecError
from robustir.plugins.shown import Shown
from robustir.vectors.store import check_vectors

__all__ = ["AdaptedEncoder", "IdentifiedPlugin", "adapt", "check_vectors"]

_ENCODER_PARTS = ("name", "revision", "uses_langs", "encode")
_SCORER_PARTS = ("name", "revision", "index", "blocks")
_RANKINGS_PARTS = ("name", "revision", "revision_of", "scores_of")
# The places of an object's similarity: itself, mteb's description of it, the model inside a wrapper.
_HOLDERS = ("mteb_model_meta", "model", "q_model")


def adapt(model: object, *, name: str | None = None, normalize: bool | None = None) -> Encoder | Scorer:
    """Return ``model`` as an encoder or scorer.

    Encoders of robustir are returned unchanged. A plugin that satisfies the contract gets a digest of its code and
    settings added to its revision. Other models are wrapped according to their kind: mteb's encoders (1.x and 2.x),
    BEIR's and FlagEmbedding's models, Sentence Transformers, any ``encode(texts)``, and functions of texts (which may
    also take ``role`` and ``langs``).

    Args:
        model: the live object.
        name: its name in results; by default its own.
        normalize: True ranks by the cosine, False by the inner product; by default the model's own similarity, or the
            cosine if it declares none.

    Raises:
        SpecError: for an object of another kind.
        InputError: for a similarity that inner products cannot order.
    """
    if isinstance(model, (AdaptedEncoder, IdentifiedPlugin)):
        return cast("Encoder | Scorer", model)
    if not inspect.isclass(model):
        if any(_conforms(model, parts) for parts in (_ENCODER_PARTS, _SCORER_PARTS, _RANKINGS_PARTS)):
            ours = type(model).__module__.partition(".")[0] == "robustir"
            return cast("Encoder | Scorer", model if ours else IdentifiedPlugin(model))
        route = find_route(model)
        if route is not None:
            return cast("Encoder", AdaptedEncoder(model, route, name, normalize=normalize))
    what = f"the class {model.__name__} (pass an instance)" if inspect.isclass(model) else f"a {type(model).__name__}"
    raise SpecError(
        f"{what} is not an encoder: it needs name, revision, uses_langs and encode(texts, *, role, langs), or Sentence "
        "Transformers' encode, BEIR's encode_queries and encode_corpus, or mteb's encode, or be a function of texts; a "
        "scorer needs index, blocks"
    )


def _conforms(model: object, parts: Sequence[str]) -> bool:
    """Whether the object has all attributes; properties are not evaluated (a revision may take a while)."""
    held = getattr(model, "__dict__", {})
    return all(part in held or inspect.getattr_static(type(model), part, None) is not None for part in parts)


class IdentifiedPlugin(Shown):
    """A third-party encoder or scorer that satisfies the contract; its attributes are reached through this object.

    Its own ``revision`` is not enough: two classes may have the same, and code may change without it.
    """

    def __init__(self, model: Any) -> None:
        self.model = model

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") or name == "model":
            raise AttributeError(name)
        found = getattr(self.model, name)
        return partial(index_noting_changes, self.model) if name == "index" else found

    @cached_property
    def _identity(self) -> Identity:
        make = getattr(self.model, "encode", None)
        if make is None:
            return identify(self.model, None)

        def encode(texts: Sequence[str], role: Role) -> Any:
            return make(list(texts), role=role, langs=["en"] * len(texts))

        return identify(self.model, encode)

    @property
    def revision(self) -> str:
        """Its own revision, and a digest of its class's place, its code and its settings."""
        return f"{self.model.revision} sha256={self._identity.digest}"

    @property
    def dtype(self) -> str:
        """Its own dtype; else float16 if it has weights of half precision."""
        return str(getattr(self.model, "dtype", "float16" if self._identity.half else "float32"))


class AdaptedEncoder(Shown):
    """A live model as an encoder; made by :func:`adapt`.

    It is identified by a digest of its code, settings, functions and weights, computed when ``revision`` is first read.
    If a part cannot be identified, ``cacheable`` is False: its vectors and ranks are used in this run only.
    """

    batch_invariant = False

    def __init__(self, model: Any, route: Route, name: str | None, *, normalize: bool | None) -> None:
        self.model = model
        self.name = name or _name(model)
        self.similarity: Similarity = similarity_named(_similarity(model), self.name, normalize)
        self.uses_langs = route.__name__ == "_function" and "langs" in parameters(model)[0]
        self._route = route

    def _vectors(self, texts: Sequence[str], role: Role, langs: Sequence[str] | None) -> NDArray[Any]:
        return to_numpy(self._route(self.model, list(texts), role, None if langs is None else list(langs)))

    @cached_property
    def _identity(self) -> Identity:
        return identify(self.model, lambda texts, role: self._vectors(texts, role, ["en"] * len(texts)))

    @property
    def cacheable(self) -> bool:
        """Whether vectors and ranks may be kept beyond this run."""
        return self._identity.complete

    @property
    def dtype(self) -> str:
        """float16 if it has weights of half precision, else float32."""
        return "float16" if self._identity.half else "float32"

    @property
    def revision(self) -> str:
        """The digest (without one, its class's place), how it is called, and its similarity."""
        kind = self.model if inspect.isroutine(self.model) else type(self.model)
        where = f"{kind.__module__}:{kind.__qualname__}"
        identity = f"sha256={self._identity.digest}" if self.cacheable else f"without a digest {where}"
        return f"2 {identity} {self._route.__name__.strip('_')} similarity={self.similarity}"

    def encode(self, texts: Sequence[str], *, role: Role, langs: Sequence[str] | None = None) -> NDArray[np.float32]:
        """Return float32 vectors [len(texts), d], d + 1 for Euclidean distances.

        Raises EncoderError if the model fails or returns something else.
        """
        if role not in get_args(Role):
            raise SpecError(f"role={role!r}: choose query or passage")
        try:
            vectors = self._vectors(texts, role, langs)
        except (Exception, SystemExit) as error:  # the model is foreign code
            raise EncoderError(f"{self.name} failed on {len(texts)} texts: {type(error).__name__}: {error}") from error
        return as_inner_products(check_vectors(vectors, len(texts), self.name), self.similarity, role)


def _similarity(model: Any) -> object:
    """Return the similarity that the model declares, None if it declares none."""
    for holder in (model, *(getattr(model, name, None) for name in _HOLDERS)):
        kind = getattr(holder, "similarity_fn_name", None)
        if kind is not None:
            return kind
    return None


def _name(model: Any) -> str:
    function = getattr(model, "func", model)  # of a partial
    if inspect.isroutine(function):
        named: str = getattr(function, "__name__", "function")
        return "function" if named == "<lambda>" else named
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
