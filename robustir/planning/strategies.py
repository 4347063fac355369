"""Training strategies of a suite: folders of encoders that differ in their seeds, found by pattern, paired by seed."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from robustir.encoders.training_record import read_training_record
from robustir.errors import DataError, SpecError
from robustir.planning.suite import Suite
from robustir.plugins.specs import Spec

__all__ = ["Trained", "find_trained"]


@dataclass(frozen=True, slots=True)
class Trained:
    """One encoder of a strategy."""

    spec: str
    strategy: str
    seed: int


def find_trained(suite: Suite) -> tuple[Trained, ...]:
    """Return the encoders of the suite's strategies, by seed and strategy, so that an interrupted run holds whole seeds.

    Raises:
        DataError: if encoders, or paths that the suite needs, are missing; names the commands that make them.
        SpecError: if two folders of one strategy have the same seed.
    """
    arms: list[Trained] = []
    missing: dict[str, str] = {}  # what is missing: the command that makes it
    for name, strategy in suite.strategies.items():
        pattern = Path(strategy.encoders)
        folders = sorted(Path(pattern.anchor or ".").glob(str(pattern.relative_to(pattern.anchor))))
        of_seed: dict[int, tuple[Path, str]] = {}  # the folder, and the encoder that reads it
        for folder in folders:
            record = read_training_record(folder)
            if record is None:
                continue
            if record.seed in of_seed:
                raise SpecError(
                    f"{of_seed[record.seed][0]} and {folder} are both {name} with seed {record.seed}; keep one"
                )
            of_seed[record.seed] = folder, record.reader
        if not of_seed:
            missing[f"{name} ({strategy.encoders})"] = strategy.train
        options = tuple(strategy.options.items())
        arms += [
            Trained(str(Spec(reader, (folder.as_posix(),), options)), name, seed)
            for seed, (folder, reader) in sorted(of_seed.items())
        ]
    missing |= {folder: command for folder, command in suite.needs.items() if not Path(folder).exists()}
    if missing:
        commands = dict.fromkeys(command for command in missing.values() if command)
        raise DataError(
            f"suite {suite.name}: this folder has no trained encoder for {'; '.join(missing)}. Train them here:\n  "
            + ("\n  ".join(commands) or "robustir train CONFIG --seed 0 --seed 1 ... -o DIR")
        )
    return tuple(sorted(arms, key=lambda arm: arm.seed))
