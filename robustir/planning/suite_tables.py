"""The tables of a suite below its top level: noise, named encoders, strategies, and how numbers are judged."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from robustir.plugins.names import check_name
from robustir.protocol import Correction, IntervalKind, TestKind

__all__ = [
    "Equivalence",
    "NamedEncoder",
    "Noise",
    "Severities",
    "Statistics",
    "Strategy",
    "SuiteTable",
    "Validity",
    "from_spec",
    "key",
    "spec_of",
]


class SuiteTable(BaseModel):
    """A table of a suite: unknown keys are refused, values do not change."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def key(description: str, example: str, **rules: Any) -> Any:
    """Return a field of a suite; ``example`` is a value in TOML."""
    return Field(description=description, examples=[example], **rules)


class Statistics(SuiteTable):
    """How uncertainty is computed; the defaults are those of docs/statistics.md."""

    confidence: float = key("confidence of all intervals", "0.99", default=0.95, gt=0.5, lt=1.0)
    flips: int = key("sign flips of the randomisation test", "99_999", default=10_000, ge=99)
    resamples: int = key("bootstrap resamples of the intervals", "10_000", default=2_000, ge=99)
    interval: IntervalKind = key(
        "kind of bootstrap interval: studentised, percentile or bca", '"bca"', default="studentised"
    )
    test: TestKind = key("paired test by groups: flips (sign flips), t, bootstrap or wilcoxon", '"t"', default="flips")
    correction: Correction | None = key(
        "of declared hypotheses: max-t (with flips) or holm; without any: bh or holm; if not given max-t, or holm with "
        "another test, or bh",
        '"holm"',
        default=None,
    )
    reference: str = key("encoder that corruption errors are relative to: its name or spec", '"e5"', default="bm25")


class Equivalence(SuiteTable):
    """Margins, set before the run, within which a change is called equivalent to none (docs/statistics.md)."""

    absolute: float = key("largest change in points of the measure that does not matter", "1.0", gt=0.0, lt=100.0)
    relative: float = key("largest share of the score that may be lost or gained", "0.05", gt=0.0, lt=1.0)
    reason: str = key(
        "why changes within these margins do not matter", '"users notice no less than one in a hundred"', min_length=1
    )


class Validity(SuiteTable):
    """Rules by which noisy queries are left out of a second set of numbers, because they may mean something else."""

    characters: float = key("share of the characters that a noisy query must keep", "0.7", default=0.5, ge=0.0, le=1.0)
    protected: bool = key(
        "true: a noisy query must keep the numbers, names and negations of the clean one", "false", default=True
    )


def from_spec(value: Any) -> Any:
    """Return a table for a spec alone."""
    return {"spec": value} if isinstance(value, str) else value


def _rising_shares(values: tuple[float, ...]) -> tuple[float, ...]:
    if any(not 0.0 < value <= 1.0 for value in values):
        raise ValueError("severities are shares above 0 and at most 1 (clean queries are always scored)")
    if list(values) != sorted(set(values)):
        raise ValueError("severities must rise")
    return values


Severities = Annotated[tuple[float, ...], Field(min_length=1), AfterValidator(_rising_shares)]


class Noise(SuiteTable):
    """A perturbation of a suite; its severities and draws default to the suite's."""

    spec: str = key("the perturbation", '"typos"')
    severities: Severities | None = key("its own severities, instead of the suite's", "[0.1, 0.3]", default=None)
    draws: int | None = key("its own number of draws, instead of the suite's", "5", default=None, ge=1, le=1000)
    # So that many kinds of noise can be shown beside the few that the study asks about.
    exploratory: bool = key("true: its rows are not declared hypotheses", "true", default=False)
    benchmarks: tuple[str, ...] | None = key(
        "the benchmarks of the suite that it runs on, instead of all", '["rocs-mt"]', default=None, min_length=1
    )
    name: str | None = key(
        "its name in all results, instead of its spec: small letters, digits and hyphens",
        '"arabizi"',
        default=None,
        pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$",
    )
    imitates: tuple[str, ...] = key(
        "the natural noises of the suite, by their names or specs, that the findings hold it against at equal dose",
        '["arabizi"]',
        default=(),
    )
    optional: bool = key(
        "true: it is left out, and the run says so, where its package or files are missing", "true", default=False
    )


class NamedEncoder(SuiteTable):
    """An encoder of a suite with a name of its own in all results."""

    spec: str = key(
        "the encoder: a name with arguments, a path, or package.module:object", '"./models/mine"', min_length=1
    )
    name: Annotated[str, AfterValidator(check_name)] = key("its name in all results", '"mine"')


def spec_of(encoder: str | NamedEncoder) -> str:
    """Return the spec of an entry of a suite's encoders."""
    return encoder if isinstance(encoder, str) else encoder.spec


class Strategy(SuiteTable):
    """A training strategy: the folders of its encoders, one per seed, as a pattern; train: the command that makes them."""

    encoders: str = key("folders of its encoders, one per seed, as a pattern", '"study/x-y-*"', min_length=1)
    train: str = key("the command that makes them", '"robustir train study -o study"', default="")
    options: dict[str, Any] = key("options of every one of them, as in its SPEC", '{ dtype = "auto" }', default={})
