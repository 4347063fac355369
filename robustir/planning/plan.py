"""Suite -> Plan -> Cells: everything that would run, with content keys, before anything runs."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from robustir.encoders.adapters import adapt
from robustir.encoders.training_record import TrainingRecord
from robustir.errors import DataError, NotApplicableError, SpecError
from robustir.noise.lengths import check_lengths
from robustir.noise.prepared import PreparedAttack, PreparedPerturbation, prepare
from robustir.planning.benchmark_names import distinct_names
from robustir.planning.conditions import CLEAN, FLOOR, Condition, query_set_name
from robustir.planning.index_checks import check_index
from robustir.planning.limits import limited
from robustir.planning.live import is_live
from robustir.planning.optional import unfamiliar_languages, with_optional, with_optional_noise
from robustir.planning.recorded import read_rankings
from robustir.planning.schema import SCHEMA
from robustir.planning.strategies import find_trained
from robustir.planning.suite import Noise, Suite
from robustir.plugins.names import short_name, short_names, without_local_paths
from robustir.plugins.registry import canonical, create
from robustir.plugins.specs import Spec, parse
from robustir.ranking.index_kinds import IndexKind, parse_index
from robustir.text.labels import label_notes, merged_notes
from robustir.types import Task, Treatment

__all__ = ["Cell", "Plan", "PlannedEncoder", "PlannedNoise", "PlannedTask", "make_plan"]


def _languages(noise: PlannedNoise, planned: PlannedTask) -> tuple[str, ...]:
    """Return the query languages in which a perturbation works; attacks need one pool with the passages they aim at."""
    task = planned.task
    if not noise.runs_on(planned):
        return ()
    works = noise.perturbation.applicable(task.languages)
    if not noise.treatment.attacked:
        return works
    if task.pools is not None or "mono" not in task.settings:
        return ()
    aims_at_own = noise.treatment.passages == "same"
    return tuple(lang for lang in works if not aims_at_own or lang in set(task.corpus.langs))


def content_key(*parts: object) -> str:
    """Return a 32-digit key of JSON-able parts."""
    return hashlib.sha256(json.dumps([SCHEMA, *parts], ensure_ascii=True, sort_keys=True).encode()).hexdigest()[:32]


@dataclass(frozen=True, slots=True)
class PlannedTask:
    """A loaded benchmark with its spec. ``label_notes``: sentences about doubtful language labels."""

    spec: str
    task: Task
    digest: str
    label_notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PlannedEncoder:
    """An encoder or scorer with its identity; ``live`` objects cannot be rebuilt in another process.

    name: how results call it; no key depends on it.
    """

    spec: str
    scorer: Any = field(compare=False, repr=False)
    revision: str = ""
    live: bool = False
    strategy: str = ""
    training: TrainingRecord | None = None
    name: str = ""

    def __post_init__(self) -> None:
        if not self.name:
            object.__setattr__(self, "name", short_name(self.spec))

    @property
    def dense(self) -> bool:
        """Whether it makes vectors (an encoder) rather than scores."""
        return hasattr(self.scorer, "encode")

    @property
    def recorded(self) -> bool:
        """Whether it reads rankings of another engine (:class:`robustir.contracts.Rankings`)."""
        return hasattr(self.scorer, "scores_of")

    @property
    def reusable(self) -> bool:
        """Whether its revision identifies its vectors, so that vectors and ranks may be kept."""
        return bool(getattr(self.scorer, "cacheable", True))


@dataclass(frozen=True, slots=True)
class PlannedNoise:
    """A perturbation with its severities and draws; ``control_of``: the attack whose edits a random control repeats.

    exploratory: its rows are not declared hypotheses. benchmarks: specs of those that it runs on; None: all.
    """

    spec: str
    perturbation: PreparedPerturbation = field(compare=False, repr=False)
    version: str = ""
    severities: tuple[float, ...] = ()
    draws: int = 1
    treatment: Treatment = field(default_factory=Treatment)
    control_of: str = ""
    exploratory: bool = False
    name: str = ""  # how results call it, if the spec holds a path of this machine; no key depends on it
    benchmarks: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        if not self.name:
            object.__setattr__(self, "name", without_local_paths(self.spec))

    def runs_on(self, planned: PlannedTask) -> bool:
        """Whether the suite wants it on a benchmark."""
        return self.benchmarks is None or planned.spec in self.benchmarks

    def conditions(self) -> Iterator[Condition]:
        """Yield every severity and draw."""
        for severity in self.severities:
            for draw in range(self.draws):
                yield Condition(self.spec, severity, draw)


@dataclass(frozen=True, slots=True)
class Cell:
    """One encoder on one benchmark under one condition; the key says all that its content depends on."""

    benchmark: str
    encoder: str
    condition: Condition
    key: str
    queries_key: str


@dataclass(frozen=True)
class Plan:
    """A suite with everything resolved. ``not_applicable``: (perturbation, language) pairs that cannot run."""

    suite: Suite
    data: Path | None
    tasks: tuple[PlannedTask, ...]
    encoders: tuple[PlannedEncoder, ...]
    noises: tuple[PlannedNoise, ...]
    not_applicable: tuple[tuple[str, str, str], ...]  # benchmark, perturbation, language
    encoder_notes: tuple[str, ...] = ()  # what is left out, languages that an encoder lacks, and what is slow here

    def name_of(self, encoder: str) -> str:
        """Return the name of an encoder in results; an attacked encoder need not be scored itself."""
        return _encoder_names(self.encoders, self.noises)[encoder]

    def task(self, name: str) -> PlannedTask:
        """Return the benchmark of that name."""
        return next(planned for planned in self.tasks if planned.task.name == name)

    def noise(self, condition: Condition) -> PlannedNoise:
        """Return the perturbation of a condition."""
        return next(noise for noise in self.noises if noise.spec == condition.perturbation)

    def shown(self, condition: Condition) -> Condition:
        """Return a condition as results call it."""
        if condition in (CLEAN, FLOOR):
            return condition
        return replace(condition, perturbation=self.noise(condition).name)

    def refusal(self, perturbation: str, lang: str) -> str:
        """Say why a perturbation of the plan is not applicable in a language."""
        return next(noise.perturbation for noise in self.noises if noise.spec == perturbation).refusal(lang)

    def languages_of(self, planned: PlannedTask, noise: PlannedNoise) -> tuple[str, ...]:
        """Return the query languages of a benchmark in which a perturbation works."""
        return _languages(noise, planned)

    def conditions(self, planned: PlannedTask) -> Iterator[Condition]:
        """Yield clean, the floor, and every noisy condition of one benchmark."""
        yield CLEAN
        yield FLOOR
        for noise in self.noises:
            if self.languages_of(planned, noise):
                yield from noise.conditions()

    def queries_key(self, planned: PlannedTask, condition: Condition) -> str:
        """Return the key of a query set."""
        if condition == CLEAN:
            return content_key("queries", planned.digest)
        noise = self.noise(condition)
        return content_key(
            "queries", planned.digest, noise.spec, noise.version, condition.severity, condition.draw, self.suite.seed
        )

    def query_set_name(self, planned: PlannedTask, condition: Condition) -> str:
        """Return the name of files with the queries of a condition, and with rankings for them."""
        condition = CLEAN if condition == FLOOR else condition
        return query_set_name(planned.task.name, condition, self.queries_key(planned, condition))

    def cell(self, planned: PlannedTask, encoder: PlannedEncoder, condition: Condition) -> Cell:
        """Return the cell of an encoder under a condition."""
        queries = self.queries_key(planned, CLEAN if condition == FLOOR else condition)
        floor_seed = self.suite.seed if condition == FLOOR else None
        revision = encoder.revision
        if encoder.recorded:
            revision = f"{revision} {encoder.scorer.revision_of(self.query_set_name(planned, condition))}"
        searched = (str(self.index),) if encoder.dense and not self.index.exact else ()
        key = content_key("ranks", queries, encoder.spec, revision, condition.perturbation, floor_seed, *searched)
        return Cell(planned.task.name, encoder.spec, condition, key, queries)

    @cached_property
    def index(self) -> IndexKind:
        """How the passages of encoders that make vectors are searched."""
        return parse_index(self.suite.index)

    def index_key(self, planned: PlannedTask, encoder: PlannedEncoder, pool: int, lang: str) -> str:
        """Return the key of the index over the passages of one language in one pool."""
        return content_key("index", planned.digest, encoder.spec, encoder.revision, str(self.index), pool, lang)

    def cells(self) -> Iterator[Cell]:
        """Yield every cell: by encoder, benchmark, condition; clean comes first."""
        yield from self._cells

    @cached_property
    def _cells(self) -> tuple[Cell, ...]:
        return tuple(
            self.cell(planned, encoder, condition)
            for encoder in self.encoders
            for planned in self.tasks
            for condition in self.conditions(planned)
        )

    def digest(self) -> str:
        """Return the key of the whole plan: the same plan on the same data, whatever the machine and the wording."""
        worded = dict.fromkeys(("description", "question", "compare", "optional", "longest"), True)
        content = self.suite.model_dump(mode="json", exclude=worded | {"perturbations": {"__all__": {"optional"}}})
        content["encoders"] = [encoder.spec for encoder in self.encoders]
        if self.index.exact:  # as before there were others
            del content["index"]
        return content_key("plan", content, sorted(cell.key for cell in self.cells()))


def _encoders(asked: Iterable[tuple[str, str | Any]]) -> Iterator[tuple[str, PlannedEncoder]]:
    """Yield the given name ("" if none) and the encoder, for specs and live objects."""
    live: set[str] = set()
    for name, spec in asked:
        if isinstance(spec, str):
            scorer = adapt(create("encoder", spec))
            training = getattr(scorer, "training", None)  # a torch module has a bool of that name
            record = training if isinstance(training, TrainingRecord) else None
            yield name, PlannedEncoder(canonical("encoder", spec), scorer, scorer.revision, training=record)
        else:
            scorer = adapt(spec)
            # Two live models may be copies of one: then their given names tell them apart.
            spec_name = name if name and scorer.name in live else f"{scorer.name}"
            live.add(spec_name)
            yield name, PlannedEncoder(spec_name, scorer, scorer.revision, live=True)


def _noises(suite: Suite, encoders: Sequence[PlannedEncoder], *, attacks: bool) -> Iterator[PlannedNoise]:
    spec_of = {noise.name: noise.spec for noise in suite.perturbations if noise.name}
    for noise in suite.perturbations:
        perturbation = prepare(noise.spec)
        benchmarks = None if noise.benchmarks is None else tuple(_benchmark(spec) for spec in noise.benchmarks)
        if isinstance(perturbation, PreparedAttack):
            if noise.name:
                raise SpecError(
                    f"{noise.spec} is an attack, which is called after its encoder; leave out name={noise.name!r}"
                )
            for planned in _attacks(suite, noise, perturbation, encoders) if attacks else ():
                yield replace(planned, exploratory=noise.exploratory, benchmarks=benchmarks)
            continue
        imitates = tuple(canonical("perturbation", spec_of.get(name, name)) for name in noise.imitates)
        yield PlannedNoise(
            canonical("perturbation", noise.spec),
            perturbation,
            perturbation.cell_version,
            suite.severities_of(noise),
            suite.draws_of(noise),
            Treatment(
                embedded_lang=perturbation.embedded_lang,
                dose=perturbation.dose,
                natural=perturbation.natural,
                imitates=imitates,
            ),
            exploratory=noise.exploratory,
            benchmarks=benchmarks,
            name=noise.name or "",
        )


def _benchmark(spec: str) -> str:
    """Return what a planned benchmark is called; tasks from Python keep their spec."""
    return spec if is_live(spec) else canonical("benchmark", spec)


def _attacks(
    suite: Suite, noise: Noise, attack: PreparedAttack, encoders: Sequence[PlannedEncoder]
) -> Iterator[PlannedNoise]:
    """Yield an attack on the encoder it names, or on every encoder of the suite, each with its random control."""
    everyone = [encoder.spec for encoder in encoders if not encoder.live and not encoder.recorded]
    victims = [canonical("encoder", attack.against)] if attack.against else everyone
    if not victims:
        raise SpecError(
            f"{noise.spec} has no encoder to attack; name an encoder, such as  {attack.name}(against='hashing')"
        )
    known = {encoder.spec: encoder.scorer for encoder in encoders}
    for victim in victims:
        asked = parse(noise.spec)
        spec = canonical("perturbation", Spec(asked.name, asked.args, (*_others(asked), ("against", victim))))
        attacked = known[victim] if victim in known else adapt(create("encoder", victim))
        if hasattr(attacked, "scores_of"):
            raise SpecError(
                f"{victim} has rankings of known texts only; an attack needs an encoder that scores new texts"
            )
        prepared = prepare(spec)
        assert isinstance(prepared, PreparedAttack)
        version = f"{prepared.version} against {attacked.revision}"
        severities, draws = suite.severities_of(noise), suite.draws_of(noise)
        white_box = Treatment(attacked=victim, passages=prepared.passages)
        yield PlannedNoise(spec, prepared, version, severities, draws, white_box)
        control = Treatment(attacked=victim, control=True, passages=prepared.passages)
        yield PlannedNoise(
            str(Spec("random-control", (parse(spec),))), prepared, version, severities, draws, control, control_of=spec
        )


def _encoder_names(encoders: Iterable[PlannedEncoder], noises: Iterable[PlannedNoise]) -> dict[str, str]:
    """Return the names of encoders by their specs, including encoders that are attacked but not scored."""
    known = {encoder.spec: encoder.name for encoder in encoders}
    attacked = [noise.treatment.attacked for noise in noises if noise.treatment.attacked]
    return short_names([*known, *attacked], known)


def _named(noises: tuple[PlannedNoise, ...], encoders: Sequence[PlannedEncoder]) -> tuple[PlannedNoise, ...]:
    """Return the perturbations with names that show no path of this machine and call encoders as results do."""
    names = _encoder_names(encoders, noises)

    def name(noise: PlannedNoise) -> str:
        if noise.name != without_local_paths(noise.spec):
            return noise.name  # given by the suite
        spec = noise.control_of or noise.spec
        if noise.treatment.attacked and without_local_paths(spec) != spec:
            asked = parse(spec)
            against = ("against", names[noise.treatment.attacked])
            spec = str(Spec(asked.name, asked.args, (*_others(asked), against)))
        shown = without_local_paths(spec)
        return f"random-control({shown})" if noise.control_of else shown

    names_shown = [name(noise) for noise in noises]
    final = {
        noise.spec: shown if names_shown.count(shown) == 1 else noise.spec
        for noise, shown in zip(noises, names_shown, strict=True)
    }

    def treatment(noise: PlannedNoise) -> Treatment:
        return replace(noise.treatment, imitates=tuple(final[spec] for spec in noise.treatment.imitates))

    return tuple(replace(noise, name=final[noise.spec], treatment=treatment(noise)) for noise in noises)


def _others(spec: Spec) -> list[tuple[str, object]]:
    return [(key, value) for key, value in spec.kwargs if key != "against"]


def _tasks(suite: Suite, data: Path | None, live: Mapping[str, Any]) -> Iterator[PlannedTask]:
    for spec in suite.benchmarks:
        if spec in live and suite.languages is not None:
            raise SpecError(
                f"languages cannot restrict the task {live[spec].name!r}, which comes from Python; choose them there"
            )
        task = live[spec] if spec in live else create("benchmark", spec).load(data, suite.languages)
        if suite.limit is not None:
            task = limited(task, suite.limit)
        check_lengths(f"{task.name}: query", task.queries.ids, task.queries.texts, suite.longest)
        digest = task.digest()  # before settings are chosen: ranks serve all settings
        if suite.settings is not None:
            kept = tuple(setting for setting in task.settings if setting in suite.settings)
            if not kept:
                raise SpecError(
                    f"{task.name} has the settings {', '.join(task.settings)}; the suite asks for {', '.join(suite.settings)}"
                    + (f" ({task.settings_note})" if task.settings_note else "")
                )
            task = _with_settings(task, kept)
        _check_encodable(task.name, "query", task.queries.ids, task.queries.texts)
        _check_encodable(task.name, "passage", task.corpus.ids, task.corpus.texts)
        name = spec if spec in live else canonical("benchmark", spec)
        yield PlannedTask(name, task, digest, _label_notes(task))


def _named_apart(tasks: tuple[PlannedTask, ...]) -> tuple[PlannedTask, ...]:
    names = distinct_names([planned.task.name for planned in tasks], [planned.spec for planned in tasks])
    return tuple(
        planned if planned.task.name == name else replace(planned, task=replace(planned.task, name=name))
        for planned, name in zip(tasks, names, strict=True)
    )


def _label_notes(task: Task) -> tuple[str, ...]:
    """Say which texts of a benchmark do not look like their language, and which codes count as one language."""
    written = {**task.corpus.written, **task.queries.written}
    return (
        *label_notes(task.queries.texts, task.queries.langs, "queries"),
        *label_notes(task.corpus.texts, task.corpus.langs, "passages"),
        *merged_notes(written),
    )


def _check_encodable(benchmark: str, what: str, ids: Sequence[str], texts: Sequence[str]) -> None:
    """Refuse halves of surrogate pairs: JSON can hold them, tokenizers and files cannot."""
    for name, text in zip(ids, texts, strict=True):
        try:
            (name + text).encode("utf-8")
        except UnicodeEncodeError:
            raise DataError(
                f"{benchmark}: {what} {name!a} holds half of a surrogate pair ({text!a}); repair that text, it is not valid Unicode"
            ) from None


def _with_settings(task: Task, settings: Sequence[Any]) -> Task:
    return replace(task, settings=tuple(settings))


def _check_names(what: str, names: Sequence[str]) -> None:
    for name in names:
        if names.count(name) > 1:
            raise SpecError(f"two {what}s of the plan have the name {name!r}; name each once")


def make_plan(
    suite: Suite,
    data: Path | None = None,
    *,
    encoders: Sequence[Any] | Mapping[str, Any] = (),
    live: Mapping[str, Any] | None = None,
    scored: bool = True,
) -> Plan:
    """Resolve a suite: load the benchmarks, build encoders and perturbations, find out what is not applicable.

    Args:
        suite: what to run.
        data: the data folder.
        encoders: live objects to score beside the suite's encoders, by name if a mapping.
        live: the encoders and tasks that the suite's specs ``live(...)`` stand for.
        scored: False: plan the queries alone, without encoders and so without attacks.

    Raises:
        InputError: if something cannot be loaded, is named twice, or applies nowhere.
    """
    known = live or {}
    suite, without = with_optional_noise(suite)
    suite, left_out = with_optional(suite) if scored else (suite, ())
    trained = find_trained(suite) if scored else []
    strategy_of = {canonical("encoder", arm.spec): arm.strategy for arm in trained}
    asked = [
        *(("", arm.spec) for arm in trained),
        *((suite.encoder_names.get(spec, ""), known.get(spec, spec)) for spec in suite.encoder_specs),
    ]
    beside = encoders.items() if isinstance(encoders, Mapping) else (("", encoder) for encoder in encoders)
    resolved = [*_encoders((*asked, *beside))] if scored else []
    _check_names("encoder", [encoder.spec for _, encoder in resolved])
    names = short_names((encoder.spec for _, encoder in resolved), {encoder.spec: name for name, encoder in resolved})
    planned_encoders = tuple(
        replace(encoder, strategy=strategy_of.get(encoder.spec, ""), name=names[encoder.spec])
        for _, encoder in resolved
    )
    noises = _named(tuple(_noises(suite, planned_encoders, attacks=scored)), planned_encoders)
    tasks = _named_apart(tuple(_tasks(suite, data, known)))
    _check_names("benchmark", [planned.task.name for planned in tasks])
    _check_names("perturbation", [noise.spec for noise in noises])
    languages = {lang for planned in tasks for lang in planned.task.languages}
    lacking = (unfamiliar_languages(encoder.name, encoder.scorer, languages) for encoder in planned_encoders)
    slow = (getattr(encoder.scorer, "caution", "") for encoder in planned_encoders if not encoder.live)
    notes = (*left_out, *without, *filter(None, lacking), *filter(None, slow))
    if scored:
        notes += check_index(
            suite, [planned.task for planned in tasks], {one.name: one.scorer for one in planned_encoders}
        )
    plan = Plan(suite, data, tasks, planned_encoders, noises, tuple(_missing(noises, tasks)), notes)
    return _with_rankings_read(plan)


def _missing(noises: Sequence[PlannedNoise], tasks: Sequence[PlannedTask]) -> Iterator[tuple[str, str, str]]:
    """Yield benchmark, noise and language where a noise does not work; raise if it works nowhere."""
    for noise in noises:
        works = {lang for planned in tasks for lang in _languages(noise, planned)}
        if not works and noise.treatment.attacked:
            raise NotApplicableError(
                f"{noise.spec} attacks passages in the query's language, but no benchmark has any; name another benchmark"
            )
        if not works:
            langs = sorted({lang for planned in tasks for lang in planned.task.languages})
            raise noise.perturbation.not_applicable(langs, noise.spec)
        for planned in tasks:
            works_here = _languages(noise, planned)
            if noise.runs_on(planned):
                yield from (
                    (planned.task.name, noise.spec, lang) for lang in planned.task.languages if lang not in works_here
                )


def _with_rankings_read(plan: Plan) -> Plan:
    """Read all rankings of other engines, and add notes to the benchmarks about what the rankings lack."""
    recorded = [encoder for encoder in plan.encoders if encoder.recorded]
    tasks = []
    for planned in plan.tasks if recorded else ():
        asked = {
            plan.query_set_name(planned, condition): planned.task.languages
            if condition == CLEAN
            else plan.languages_of(planned, plan.noise(condition))
            for condition in plan.conditions(planned)
            if condition != FLOOR
        }
        lacking = (read_rankings(encoder.scorer, encoder.name, planned.task, asked) for encoder in recorded)
        notes = (*planned.task.notes, *(note for note in lacking if note))
        tasks.append(replace(planned, task=replace(planned.task, notes=notes)))
    return replace(plan, tasks=tuple(tasks)) if recorded else plan
