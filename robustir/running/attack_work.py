"""Attacked query sets and their random controls: one job per language makes all severities, because they share a search."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from robustir.noise.attacking import attack_queries, control_queries
from robustir.noise.prepared import PreparedAttack
from robustir.planning.conditions import Condition
from robustir.planning.plan import Plan, PlannedNoise, PlannedTask
from robustir.rundir.directory import RunDirectory
from robustir.running.executors import Executor, Fault
from robustir.running.work import WorkContext
from robustir.types import Dose, QuerySet

__all__ = ["AttackJob", "Ladder", "attack_ladders", "attack_language", "missing_ladders"]

_OUTCOME = ("edits", "encoder_queries", "margin_before", "margin_after")  # kept of every attacked query

Part = tuple[tuple[str, ...], dict[str, NDArray[Any]]]  # texts, and facts about each


@dataclass(frozen=True)
class AttackJob:
    """One language under one attack; ``edits``: per severity the attack's edits, which a control repeats."""

    task: str
    attack: str  # its spec
    victim: str  # spec of the encoder that is attacked
    lang: str
    draw: int
    severities: tuple[float, ...]
    edits: tuple[list[int], ...] | None = None


def attack_language(context: WorkContext, job: AttackJob) -> list[Part]:
    """Return texts, doses and outcome of the language's queries at each severity."""
    task = context.argument.tasks[job.task]
    queries = task.queries.select([row for row, lang in enumerate(task.queries.langs) if lang == job.lang])
    attack = context.perturbation(job.attack)
    assert isinstance(attack, PreparedAttack)
    chosen: dict[str, Any] = {"seed": context.argument.seed, "draw": job.draw}
    if job.edits is not None:
        return [
            _part(control_queries(queries, task, attack, edits=edits, severity=severity, **chosen))
            for severity, edits in zip(job.severities, job.edits, strict=True)
        ]
    victim, vectors = context.victim(job.victim, task)
    found = attack_queries(queries, task, attack, victim, severities=job.severities, passage_vectors=vectors, **chosen)
    return [_part(noisy, {name: getattr(outcome, name) for name in _OUTCOME}) for noisy, outcome in found]


def _part(noisy: QuerySet, extra: dict[str, NDArray[Any]] | None = None) -> Part:
    assert noisy.dose is not None
    columns = {"word_edit_rate": noisy.dose.word_edit_rate, "char_error_rate": noisy.dose.char_error_rate}
    return noisy.texts, columns | (extra or {})


@dataclass(frozen=True)
class Ladder:
    """One attack, or its control, in one draw: all its severities."""

    planned: PlannedTask
    noise: PlannedNoise
    draw: int
    languages: tuple[str, ...]
    keys: tuple[str, ...]  # of the query sets, by severity
    attack_keys: tuple[str, ...] = ()  # of the attacked query sets, which a control repeats

    def jobs(self, run: RunDirectory) -> Iterator[AttackJob]:
        """Yield one job per language. All severities are made, missing or not: batches must not depend on existing files."""
        edits: list[dict[str, list[int]]] = []
        for key in self.attack_keys:
            table = run.read_table(run.queries_path(key)).select(["lang", "edits"]).to_pydict()
            edits.append({lang: [] for lang in self.languages})
            for lang, number in zip(table["lang"], table["edits"], strict=True):
                edits[-1][lang].append(number)
        for lang in self.languages:
            yield AttackJob(
                self.planned.task.name,
                self.noise.control_of or self.noise.spec,
                self.noise.treatment.attacked,
                lang,
                self.draw,
                self.noise.severities,
                tuple(level[lang] for level in edits) if self.attack_keys else None,
            )

    def write(self, run: RunDirectory, parts: dict[str, list[Part]]) -> None:
        """Merge the languages, in the order of the benchmark's queries, and write the missing query sets."""
        queries = self.planned.task.queries
        rows = {lang: [row for row, of in enumerate(queries.langs) if of == lang] for lang in self.languages}
        every = np.concatenate([rows[lang] for lang in self.languages]).astype(np.int64)
        order = np.argsort(every)
        chosen = queries.select(every[order].tolist())
        for level, key in enumerate(self.keys):
            if run.queries_path(key).exists():
                continue
            mine = [parts[lang][level] for lang in self.languages]
            texts = [text for part, _ in mine for text in part]
            columns = {name: np.concatenate([known[name] for _, known in mine])[order] for name in mine[0][1]}
            dose = Dose(columns.pop("word_edit_rate"), columns.pop("char_error_rate"))
            run.write_queries(key, chosen.with_texts([texts[place] for place in order.tolist()], dose), columns)


def missing_ladders(plan: Plan, run: RunDirectory) -> list[Ladder]:
    """Return the attacks and controls with missing query sets, in the order of the plan."""
    found = []
    for planned in plan.tasks:
        for noise in plan.noises:
            languages = plan.languages_of(planned, noise)
            if not noise.treatment.attacked or not languages:
                continue
            for draw in range(noise.draws):
                conditions = [Condition(noise.spec, severity, draw) for severity in noise.severities]
                keys = tuple(plan.queries_key(planned, condition) for condition in conditions)
                attacks: tuple[str, ...] = ()
                if noise.control_of:
                    repeated = [replace(condition, perturbation=noise.control_of) for condition in conditions]
                    attacks = tuple(plan.queries_key(planned, condition) for condition in repeated)
                if not all(run.queries_path(key).exists() for key in keys):
                    found.append(Ladder(planned, noise, draw, languages, keys, attacks))
    return found


def attack_ladders(
    executor: Executor[WorkContext],
    run: RunDirectory,
    ladders: list[Ladder],
    broken: dict[str, Fault],
    step: Callable[[], None],
) -> None:
    """Make the query sets of ``ladders``, attacks before controls; the reasons of failures go into ``broken``, by key."""
    for controls in (False, True):
        jobs: list[AttackJob] = []
        owner: list[int] = []
        for number, ladder in enumerate(ladders):
            if bool(ladder.attack_keys) is not controls:
                continue
            reason = next((broken[key] for key in ladder.attack_keys if key in broken), None)
            if reason is not None:
                broken.update(dict.fromkeys(ladder.keys, reason.behind("its attack failed")))
                continue
            mine = list(ladder.jobs(run))
            jobs += mine
            owner += [number] * len(mine)
        parts: dict[int, dict[str, list[Part]]] = {}
        for outcome in executor.map(attack_language, jobs):
            number, job = owner[outcome.position], jobs[outcome.position]
            ladder = ladders[number]
            if outcome.error is not None:
                broken.update(dict.fromkeys(ladder.keys, Fault.of(outcome.error)))
            else:
                done = parts.setdefault(number, {})
                done[job.lang] = outcome.value
                if len(done) == len(ladder.languages):
                    ladder.write(run, parts.pop(number))
            step()
