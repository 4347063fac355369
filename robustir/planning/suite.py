"""A suite is a TOML file that says what to run: benchmarks, encoders, perturbations, severities, seed, measures."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import (
    BeforeValidator,
    Discriminator,
    Tag,
    ValidationError,
    field_validator,
    model_validator,
)

from robustir.columns import count
from robustir.disk.reading import read_toml
from robustir.disk.shapes import HIDDEN, place
from robustir.errors import InputError, SpecError, UnknownNameError
from robustir.languages import normalise
from robustir.measures import parse_measure
from robustir.noise.lengths import LONGEST
from robustir.planning.located import located
from robustir.planning.mistakes import explained
from robustir.planning.suite_tables import (
    Equivalence,
    NamedEncoder,
    Noise,
    Severities,
    Statistics,
    Strategy,
    SuiteTable,
    Validity,
    from_spec,
    key,
    spec_of,
)
from robustir.plugins.paths import hint, is_there
from robustir.plugins.specs import parse
from robustir.protocol import check_protocol
from robustir.ranking.index_kinds import parse_index
from robustir.types import Setting

__all__ = [
    "STATISTICS",
    "Equivalence",
    "NamedEncoder",
    "Noise",
    "Statistics",
    "Strategy",
    "Suite",
    "Validity",
    "load_suite",
    "suite_names",
    "suite_path",
    "validate_suite",
]


STATISTICS = ("test", "correction", "interval")  # keys of [statistics] that are options of commands too


# NAME=SPEC; a path may hold an equals sign after a slash, a spec after its bracket.
_NAMED = re.compile(r"\s*([^=.()'\"/\\:][^=()'\"/\\:]*?)\s*=\s*(\S.*)", re.DOTALL)


def _encoder(value: Any) -> Any:
    """Read a spec, NAME=SPEC, or a table; without a name it stays a spec."""
    if isinstance(value, str):
        match = None if is_there(value) else _NAMED.fullmatch(value)
        return {"name": match[1], "spec": match[2].rstrip()} if match else value
    return value["spec"] if isinstance(value, Mapping) and value.keys() == {"spec"} else value


def _shape(value: Any) -> str:
    return f"{HIDDEN}spec" if isinstance(value, str) else f"{HIDDEN}table"


_Encoder = Annotated[
    Annotated[str, Tag(f"{HIDDEN}spec")] | Annotated[NamedEncoder, Tag(f"{HIDDEN}table")],
    Discriminator(_shape),
    BeforeValidator(_encoder),
]


class Suite(SuiteTable):
    """What a run depends on, apart from the data and the software."""

    name: str = key(
        "the run's name; its folder is runs/NAME unless you name another",
        '"my-study"',
        pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$",
    )
    description: str = key("one sentence for listings and the report", '"Our two models on our tickets."', default="")
    question: str = key(
        "the question that the report answers first", '"Which model minds typing errors less?"', default=""
    )
    seed: int = key("seed of every random stream", "20240816", default=0, ge=0, lt=2**63)
    draws: int = key("how often each noise is drawn at each severity", "5", default=3, ge=1, le=1000)
    benchmarks: tuple[str, ...] = key(
        "the collections: names with arguments, or paths of folders in BEIR's layout",
        """["mini", "wmt(sets='wmt13')", "./my-collection"]""",
        min_length=1,
    )
    encoders: tuple[_Encoder, ...] = key(
        "the encoders, as SPEC, NAME=SPEC or a table, in the order of all results; needed unless there are strategies",
        """["bm25", "words=hashing(analyzer='word')", { spec = "./models/mine", name = "mine" }]""",
        default=(),
    )
    optional: tuple[_Encoder, ...] = key(
        "encoders that join if they can run here, as in encoders; those whose package or files are missing are left out, and "
        "the run says so",
        '["use-multilingual", { spec = "multilingual-e5-small", name = "e5" }]',
        default=(),
    )
    strategies: dict[str, Strategy] = key(
        "trained encoders by training strategy, a table each", '{ x-y = { encoders = "study/x-y-*" } }', default={}
    )
    compare: tuple[tuple[str, str], ...] | None = key(
        "pairs of strategies (A, B) to compare as A - B; all pairs if not given", '[["x-y", "x-x"]]', default=None
    )
    needs: dict[str, str] = key(
        "folders that specs name, each with the command that makes it",
        '{ "study/x-y-12" = "robustir train study --seed 12 -o study" }',
        default={},
    )
    perturbations: tuple[Annotated[Noise, BeforeValidator(from_spec)], ...] = key(
        "the noise, as SPEC or a table; clean queries are always scored",
        """["typos", "code-switch(into='en')", { spec = "ocr", severities = [0.2], draws = 1 }]""",
        default=(),
    )
    severities: Severities = key(
        "shares of words that are edited, rising, above 0 and at most 1", "[0.1, 0.3]", default=(0.1, 0.2, 0.3, 0.5)
    )
    languages: tuple[str, ...] | None = key(
        "languages of queries and passages; all of each benchmark if not given",
        '["de", "en"]',
        default=None,
        min_length=1,
    )
    settings: tuple[Setting, ...] | None = key(
        "which of mono, cross and multi to report; all of each benchmark if not given",
        '["mono"]',
        default=None,
        min_length=1,
    )
    limit: int | None = key(
        "at most this many queries per language, always the same ones; all passages stay", "100", default=None, ge=1
    )
    longest: int = key(
        "characters that a query may have; a collection with a longer one is refused, and its id named",
        "1_000_000",
        default=LONGEST,
        ge=1,
    )
    measures: tuple[str, ...] = key(
        "the measures to report; the first is the main one",
        '["nDCG@10", "R@100"]',
        min_length=1,
        default=("AP", "nDCG@10", "R@10", "Hit@1", "RankDistance", "nRankDistance"),
    )
    statistics: Statistics = key("how uncertainty is computed, a table", "{ resamples = 10_000 }", default=Statistics())
    equivalence: Equivalence | None = key(
        "margins within which a change is called equivalent to none, a table; not tested if not given",
        '{ absolute = 1.0, relative = 0.05, reason = "users notice no less" }',
        default=None,
    )
    validity: Validity = key(
        "when a noisy query may mean something else, a table; all numbers are also made without such queries",
        "{ characters = 0.7 }",
        default=Validity(),
    )
    index: str = key(
        "how vectors are searched: exact, or an index of faiss (flat, ivf, hnsw, pq, ivfpq; large-collections.md)",
        '"ivf(nlist=1024)"',
        default="exact",
    )
    exploratory: bool = key("true: nothing is a declared hypothesis", "true", default=False)

    @field_validator("measures")
    @classmethod
    def _check_measures(cls, values: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(str(parse_measure(value)) for value in values)

    @field_validator("index")
    @classmethod
    def _check_index(cls, value: str) -> str:
        return str(parse_index(value))

    @field_validator("languages")
    @classmethod
    def _in_one_code(cls, values: tuple[str, ...] | None) -> tuple[str, ...] | None:
        return None if values is None else tuple(map(normalise, values))

    @field_validator("benchmarks", "measures", "languages", "settings")
    @classmethod
    def _check_unique(cls, values: tuple[str, ...] | None) -> tuple[str, ...] | None:
        _refuse_twice(values or ())
        return values

    @field_validator("encoders", "optional")
    @classmethod
    def _check_distinct(cls, values: tuple[str | NamedEncoder, ...]) -> tuple[str | NamedEncoder, ...]:
        _refuse_same(values)
        return values

    @model_validator(mode="after")
    def _check_encoders(self) -> Self:
        if not self.encoders and not self.strategies:
            raise ValueError("name encoders, or strategies of trained ones")
        _refuse_same((*self.encoders, *self.optional))
        try:
            check_protocol(self.statistics.test, self.statistics.correction, declared=not self.exploratory)
        except InputError as error:
            raise ValueError(f"statistics: {error}") from None
        self._check_noises()
        if unknown := [name for pair in self.compare or () for name in pair if name not in self.strategies]:
            raise ValueError(f"compare: {unknown[0]!r} is not a strategy of the suite")
        return self

    def _check_noises(self) -> None:
        """Refuse names that are given twice, and names of benchmarks and natural noises that the suite lacks."""
        given = [noise.name for noise in self.perturbations if noise.name]
        _refuse_twice(given)
        specs = [noise.spec for noise in self.perturbations]
        known = {"benchmarks": self.benchmarks, "imitates": (*specs, *given)}
        for noise in self.perturbations:
            for field, there in known.items():
                if unknown := [name for name in getattr(noise, field) or () if name not in there]:
                    raise ValueError(
                        f"perturbations: {field} of {noise.spec} names {unknown[0]!r}, which the suite does not list"
                    )

    def __repr__(self) -> str:
        parts = (("benchmark", self.benchmarks), ("encoder", self.encoders), ("perturbation", self.perturbations))
        return f"Suite({self.name!r}: {', '.join(count(len(values), what) for what, values in parts)})"

    __str__ = __repr__

    @property
    def encoder_specs(self) -> tuple[str, ...]:
        """The specs of the encoders, as given."""
        return tuple(map(spec_of, self.encoders))

    @property
    def encoder_names(self) -> dict[str, str]:
        """The names that the suite gives encoders, by their specs."""
        return {value.spec: value.name for value in self.encoders if isinstance(value, NamedEncoder)}

    def severities_of(self, noise: Noise) -> tuple[float, ...]:
        """Return the severities at which one perturbation runs."""
        return noise.severities or self.severities

    def draws_of(self, noise: Noise) -> int:
        """Return the number of draws of one perturbation."""
        return noise.draws or self.draws

    def replaced(self, **lists: Any) -> Suite:
        """Return the suite with some fields replaced: what it declares then, before anything is scored."""
        given = {key: value for key, value in lists.items() if value is not None}
        if not given:
            return self
        content = self.model_dump() | given
        if "benchmarks" in given and "perturbations" not in given:
            content["perturbations"] = _left(self.perturbations, given["benchmarks"])
        if "encoders" in given:
            content |= {"strategies": {}, "compare": None, "optional": ()}
        return validate_suite(content, f"suite {self.name} with the options given")

    def with_options(
        self, *, severities: Any = None, draws: int | None = None, perturbations: Any = None, **others: Any
    ) -> Suite:
        """Return the suite as the options of a run change it; None and empty values change nothing.

        ``severities`` and ``draws`` apply to every perturbation, also to those with severities or draws of their own;
        ``test``, ``correction`` and ``interval`` to the statistics.
        """
        chosen = {name: others.pop(name, None) for name in STATISTICS}
        cleared = {name: None for name, value in (("severities", severities), ("draws", draws)) if value}
        kept = tuple(noise.model_dump() | cleared for noise in self.perturbations)
        given = {name: value for name, value in others.items() if value not in (None, (), [])}
        if changed := {name: value for name, value in chosen.items() if value is not None}:
            given["statistics"] = self.statistics.model_dump() | changed
        return self.replaced(
            perturbations=perturbations or (kept if cleared else None), severities=severities, draws=draws, **given
        )


def _left(noises: Sequence[Noise], benchmarks: Sequence[str]) -> tuple[dict[str, Any], ...]:
    """Return the noises that run on some of the benchmarks, and among what they imitate those that do too."""
    on = [
        (noise, None if noise.benchmarks is None else tuple(name for name in noise.benchmarks if name in benchmarks))
        for noise in noises
    ]
    kept = {name for noise, there in on if there != () for name in (noise.spec, noise.name)}
    return tuple(
        noise.model_dump() | {"benchmarks": there, "imitates": tuple(spec for spec in noise.imitates if spec in kept)}
        for noise, there in on
        if noise.spec in kept
    )


def _refuse_same(encoders: Sequence[str | NamedEncoder]) -> None:
    _refuse_twice([*map(spec_of, encoders)])
    _refuse_twice([value.name for value in encoders if isinstance(value, NamedEncoder)])


def _refuse_twice(values: Sequence[str]) -> None:
    if len(set(values)) != len(values):
        raise ValueError(f"{next(value for value in values if values.count(value) > 1)!r} occurs twice")


def suite_names() -> list[str]:
    """Return the names of the suites that come with robustir."""
    folder = files("robustir.benchmarks") / "suites"
    return sorted(entry.name.removesuffix(".toml") for entry in folder.iterdir() if entry.name.endswith(".toml"))


def _is_file_name(name: str) -> bool:
    return name.endswith(".toml") or "/" in name or "\\" in name


def suite_path(name: str) -> Path:
    """Return the file of a suite: a path ending in .toml, or the name of a suite that comes with robustir."""
    if _is_file_name(name):
        path = Path(name)
        if not path.is_file():
            raise SpecError(f"the suite file {path} does not exist; robustir has the suites {', '.join(suite_names())}")
        return path
    path = Path(str(files("robustir.benchmarks") / "suites" / f"{name}.toml"))
    if not path.is_file():
        near = difflib.get_close_matches(name, suite_names(), n=2)
        known = f"did you mean {' or '.join(near)}?" if near else f"suites are: {', '.join(suite_names())}"
        raise UnknownNameError(
            f"{name!r} is not a suite; {hint(f'{name}.toml') or known} (or give the path of a .toml file)"
        )
    return path


def load_suite(name: str) -> Suite:
    """Read and check a suite.

    Paths in a suite's file are relative to it; in a suite that comes with robustir, to the working directory.

    Raises:
        SpecError: if the file is missing or has mistakes; names every key with a mistake.
        UnknownNameError: for a name that is not a suite.
    """
    path = suite_path(name)
    suite = validate_suite(read_toml(path, error=SpecError), str(path))
    return located(suite, path.parent) if _is_file_name(name) else suite


def validate_suite(content: Mapping[str, Any], where: str) -> Suite:
    """Return the suite that ``content`` describes, or raise SpecError naming every wrong key of ``where``."""
    try:
        suite = Suite.model_validate(content)
    except ValidationError as error:
        raise SpecError(f"{where}: {explained(error, Suite)}") from None
    except SpecError as error:  # of a measure
        raise type(error)(f"{where}: {error}") from None
    lists = {
        "benchmarks": suite.benchmarks,
        "encoders": suite.encoder_specs,
        "optional": tuple(map(spec_of, suite.optional)),
        "perturbations": tuple(noise.spec for noise in suite.perturbations),
    }
    for what, specs in lists.items():
        for position, spec in enumerate(specs):
            try:
                parse(spec)
            except SpecError as error:
                raise SpecError(f"{where}: {place((what, position))}: {error}") from None
    return suite
