"""The protocols that plugins implement. Each is small enough to learn in five minutes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal, Protocol, runtime_checkable

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from scipy.sparse import csr_matrix

    from robustir.seeds import Stream
    from robustir.types import Corpus, QuerySet, Task

__all__ = [
    "CLAIMS",
    "Attack",
    "AttackExtras",
    "AttackOutcome",
    "BatchPerturbation",
    "Benchmark",
    "Encoder",
    "Perturbation",
    "PerturbationExtras",
    "QueryPerturbation",
    "Rankings",
    "Role",
    "Scorer",
    "SeveritiesAttack",
]

Role = Literal["query", "passage"]

CLAIMS: Final[Mapping[str, str]] = {
    "keeps-names": "probable names stay as words, in any case of letters",
    "keeps-numbers": "numbers stay, with the marks inside them",
    "keeps-negations": "negations stay",
    "writes-words": "the words that it writes are in dictionaries",
    "keeps-sound": "the words that it writes sound like the words that they stand for",
    "survives-nfkc": "Unicode's normalisation NFKC, with which most tokenizers begin, undoes none of its edits",
}
"""What a perturbation may claim (``claims``), and what each claim means; ``robustir check`` tries those that are made."""


@runtime_checkable
class Perturbation(Protocol):
    """Turns a clean query into a noisy one.

    The laws (``robustir check`` tries them): severity 0 returns the text bit for bit; the result depends on the arguments
    alone; no non-empty text becomes empty; grapheme clusters stay whole unless ``inside_clusters`` is declared; if
    ``nested``, what is edited at a lower severity is edited in the same form at a higher one. What a perturbation may
    have beyond this is in :class:`PerturbationExtras`.
    """

    name: str
    version: str  # part of every cell key: raise it when the output changes
    languages: frozenset[str] | None  # None: any language
    nested: bool

    def __call__(self, text: str, *, lang: str, severity: float, rng: Stream) -> str:
        """Return ``text`` with noise; ``severity`` in [0, 1] is the expected share of eligible units that are edited."""
        ...


@runtime_checkable
class BatchPerturbation(Perturbation, Protocol):
    """A perturbation with a faster or model-backed route; it must equal ``__call__`` text by text."""

    def apply_batch(
        self, texts: Sequence[str], *, langs: Sequence[str], severity: float, keys: Sequence[bytes]
    ) -> list[str]:
        """Perturb many texts; ``keys[i]`` is the 16-byte key of text ``i``: ``__call__`` would get ``Stream(keys[i])``."""
        ...


@runtime_checkable
class QueryPerturbation(Perturbation, Protocol):
    """A perturbation that needs the queries themselves, such as noise recorded per query id; preferred to other routes."""

    def apply_queries(self, queries: QuerySet, *, severity: float, keys: Sequence[bytes]) -> list[str]:
        """Return one text per query; one query's text depends on that query and its key alone."""
        ...


class PerturbationExtras:
    """What a perturbation may have beyond :class:`Perturbation`: type, default, meaning and reader of each attribute.

    A list to read, not a base class: an attribute that a plugin lacks has the default given here, a method that it
    lacks is not called. :class:`robustir.noise.prepared.PreparedPerturbation` is the one place that reads them.
    """

    severity_meaning: str = ""
    """What a severity stands for, such as "expected share of words in capitals". Read by ``describe``."""

    source: str = ""
    """Paper, standard or data behind the noise. Read by ``describe``."""

    nesting_note: str = ""
    """Why it does not nest; required if ``nested`` is False. Read by ``describe`` and ``check``."""

    claims: frozenset[str] = frozenset()
    """What it says of its noise, names from :data:`CLAIMS`, such as "keeps-numbers". Read by ``describe`` and ``check``."""

    inside_clusters: bool = False
    """Whether it edits inside grapheme clusters, as wrong keys of an InScript keyboard do. Read by ``describe``."""

    needs: str = ""
    """What to give it (a file, a model) before it serves any language. Read by ``describe`` and ``check``."""

    at_hand: frozenset[str] | None = None
    """Those of its languages that need no download; None: all of them. The others are left out of examples and checks.
    Read by ``describe`` and ``check``."""

    natural: bool = False
    """Whether people, or systems at work, made the noise, recorded or on the spot. Findings hold such noise against the synthetic
    kinds that a suite says imitate it. Read by the plan."""

    embedded_lang: str = ""
    """The language whose words it mixes into the queries. Their code-mixing index then enters the realised dose, and
    queries in a language are not pooled with those mixed with it. Read when noise is applied, and by the plan."""

    dose: object = ""
    """The realised dose that severity 1 stands for; ``str(dose)`` is shown, such as ``cer:0.05``. Read by the plan and by
    ``calibrate``, which refuses a perturbation that has a dose already."""

    calibrated: str = ""
    """Digest of the calibration that a dose depends on; it enters the keys of cells. Read by the plan."""

    spec_parameters: Mapping[str, str] = {}
    """Parameters of the constructor that hold specs, and the kind they name, such as ``{"parts": "perturbation"}``: they
    are spelled canonically too. Read by the registry, of the class."""

    scope: str = ""
    """What the languages can reach, added to a refusal. Read by ``plan`` and ``describe``."""

    def refusal(self, lang: str) -> str:
        """Return why it does not work in ``lang``. Read by the plan and by errors; by default its languages are named."""
        raise NotImplementedError

    def example_queries(self) -> QuerySet:
        """Return queries that it has noise for, to try the laws on. Read by ``check`` (with ``apply_queries``)."""
        raise NotImplementedError

    def apply_batch(
        self, texts: Sequence[str], *, langs: Sequence[str], severity: float, keys: Sequence[bytes]
    ) -> list[str]:
        """See :class:`BatchPerturbation`. Called instead of ``__call__``."""
        raise NotImplementedError

    def apply_queries(self, queries: QuerySet, *, severity: float, keys: Sequence[bytes]) -> list[str]:
        """See :class:`QueryPerturbation`. Called instead of the other two routes."""
        raise NotImplementedError


@runtime_checkable
class Encoder(Protocol):
    """Turns texts into vectors whose inner product is the similarity.

    ``revision`` identifies everything that changes the vectors: weights digest, pooling, layer, prefixes, maximum length,
    dtype, kind of device. A digest of code and settings is added to it, and stored vectors are tried before they are
    reused. Optional attributes: ``batch_invariant = True`` promises that a vector does not depend, to the
    last bit, on which texts it was encoded with (then the vector store shares it between any two runs).
    ``tokens(texts, *, role, langs)`` returns what the model reads of each text, such as a tuple of token ids: texts with
    equal tokens are the same input, and noise between them did not reach the model. Without it vectors are compared.
    ``languages``, a set of codes: those that it was trained on; a run says which of its languages are others.
    """

    @property
    def name(self) -> str:
        """What it is called in tables."""
        ...

    @property
    def revision(self) -> str:
        """The identity of everything that changes the vectors."""
        ...

    @property
    def uses_langs(self) -> bool:
        """Whether the language changes the vectors; it then enters the cache key."""
        ...

    def encode(self, texts: Sequence[str], *, role: Role, langs: Sequence[str] | None = None) -> NDArray[np.float32]:
        """Return float32 vectors of shape [len(texts), d], finite, in the order of the texts."""
        ...


@runtime_checkable
class Scorer(Protocol):
    """What the rank kernel sees. An :class:`Encoder` is adapted to one; BM25 is one.

    Optional: ``sparse_blocks``, which yields the same scores as scipy CSR matrices whose missing entries are 0;
    ``matches_only = True``: a passage whose score is not above 0 is not retrieved, rather than ranked behind the others;
    ``tokens(texts, *, role, langs)``, as of an :class:`Encoder`.
    """

    @property
    def name(self) -> str:
        """What it is called in tables."""
        ...

    @property
    def revision(self) -> str:
        """The identity of everything that changes the scores."""
        ...

    def index(self, corpus: Corpus) -> None:
        """Prepare for a corpus; statistics are over the whole candidate pool of the task."""
        ...

    def blocks(self, queries: QuerySet) -> Iterator[NDArray[np.float32]]:
        """Yield scores of consecutive queries, each block float32 [b, number of passages], b as the scorer likes."""
        ...


@runtime_checkable
class Rankings(Protocol):
    """Rankings that were made elsewhere, one set per query set of a benchmark; it takes the place of an encoder."""

    @property
    def name(self) -> str:
        """What it is called in tables."""
        ...

    @property
    def revision(self) -> str:
        """The identity of how rankings are read."""
        ...

    def revision_of(self, query_set: str) -> str:
        """Return the identity of one query set's rankings; raise DataError that says what is missing."""
        ...

    def scores_of(self, query_set: str, task: Task) -> csr_matrix:
        """Return float32 [queries, passages] of a task: above 0 for what was retrieved, higher for better, else no entry."""
        ...


@dataclass(frozen=True, slots=True)
class AttackOutcome:
    """What an attack made of each query; arrays of shape [n].

    edits: int64, words changed; encoder_queries: int64, texts that the attacked encoder scored for the query (what was
    known already is not counted again); margin_before, margin_after: float64, the similarity to the best relevant
    passage minus that to the strongest competitor among the passages that are aimed at.
    """

    texts: tuple[str, ...]
    edits: NDArray[np.int64]
    encoder_queries: NDArray[np.int64]
    margin_before: NDArray[np.float64]
    margin_after: NDArray[np.float64]


@runtime_checkable
class Attack(Protocol):
    """A perturbation that knows the encoder under test and the relevant passages: a worst case, shown apart from noise.

    ``severity`` is the share of a query's words that may change. It is called like a :class:`Perturbation` too, and then
    raises SpecError, as it needs a benchmark and an encoder. One query's result does not depend on which others are
    attacked with it, nor the candidates on the encoder, so that encoders are attacked alike.
    """

    name: str
    version: str
    languages: frozenset[str] | None
    nested: bool
    against: str  # spec of the attacked encoder; "": every encoder of the suite, in turn
    passages: str  # which passages are aimed at: "same" (those of the query's language) or a language

    def attack(
        self,
        queries: QuerySet,
        task: Task,
        victim: Encoder | Scorer,
        *,
        severity: float,
        keys: Sequence[bytes],
        passage_vectors: NDArray[np.float32] | None = None,
    ) -> AttackOutcome:
        """Attack queries of ``task`` (all or some, by id); ``passage_vectors`` are the victim's of its corpus."""
        ...

    def control(
        self, queries: QuerySet, task: Task, *, edits: Sequence[int], severity: float, keys: Sequence[bytes]
    ) -> list[str]:
        """Return the random control: ``edits[i]`` words of query i changed, from the same candidates, by chance."""
        ...


@runtime_checkable
class SeveritiesAttack(Attack, Protocol):
    """An attack that finds what several budgets allow in one search."""

    def attack_severities(
        self,
        queries: QuerySet,
        task: Task,
        victim: Encoder | Scorer,
        *,
        severities: Sequence[float],
        keys: Sequence[bytes],
        passage_vectors: NDArray[np.float32] | None = None,
    ) -> list[AttackOutcome]:
        """Return what :meth:`attack` returns at each severity, its count of encoder queries too.

        Equal to the bit for an encoder whose vectors do not depend on the batch.
        """
        ...


class AttackExtras:
    """What an attack may have beyond :class:`Attack` and, apart from its routes, :class:`PerturbationExtras`."""

    objective: Literal["margin", "rank"] = "margin"
    """What the search makes worse: with "rank" a margin may rise. Read by ``check``."""

    def attack_severities(
        self,
        queries: QuerySet,
        task: Task,
        victim: Encoder | Scorer,
        *,
        severities: Sequence[float],
        keys: Sequence[bytes],
        passage_vectors: NDArray[np.float32] | None = None,
    ) -> list[AttackOutcome]:
        """See :class:`SeveritiesAttack`. Called instead of ``attack``."""
        raise NotImplementedError


@runtime_checkable
class Benchmark(Protocol):
    """Loads one retrieval task from local data.

    Optional: ``files() -> Sequence[robustir.disk.download.Remote]``, what ``robustir fetch`` downloads into the data folder.
    """

    name: str
    languages: tuple[str, ...]
    folder: str | None  # its folder inside the data directory; None: embedded in the package
    licence: str
    source: str

    def load(self, data: Path | None, languages: Sequence[str] | None = None) -> Task:
        """Return the task restricted to ``languages`` (queries and passages); raise DataError naming the missing path."""
        ...
