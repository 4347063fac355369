"""The files of a model that noise is made with: a folder here, or an id on the Hugging Face hub, downloaded when needed."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final

from robustir.disk.atomic import digest_of
from robustir.disk.hub import cached_folder, hub_commit, hub_file, hub_unreachable
from robustir.errors import DataError, InputError

__all__ = ["ModelFiles"]

_WEIGHTS: Final = ("model.safetensors", "pytorch_model.bin")


@dataclass(frozen=True)
class ModelFiles:
    """Where a model is: a folder (if one has that name) or a hub id at ``revision`` (branch, tag or commit).

    needed: names of the files it must have beside its weights, config.json first. optional: names of files that are read if present.
    """

    model: str
    revision: str | None
    needed: tuple[str, ...]
    optional: tuple[str, ...] = ()

    @cached_property
    def here(self) -> Path | None:
        """The folder with the files, or None if they are not on this machine. The network is not used."""
        folder = self._given if self._is_folder else cached_folder(self.model, self.revision)
        return folder if folder is not None and not self._lacks(folder) else None

    @cached_property
    def folder(self) -> Path:
        """The folder with the files, downloaded if need be; files of the hub all belong to one commit.

        Raises DataError if a folder is not complete, InputError if the hub cannot give the model.
        """
        if self._is_folder:
            if lacks := self._lacks(self._given):
                raise DataError(f"the model folder {self.model!r} has no {lacks}; give a folder that holds the model")
            return self._given
        commit = hub_commit(self.model, self.revision)
        paths = [hub_file(self.model, name, commit) for name in self.needed]
        if None in paths:
            raise InputError(
                f"{self.model!r} on the hub has no {self.needed[paths.index(None)]}: it is a different kind of model"
            )
        for name in self.optional:
            self._if_there(name, commit)
        if not any(self._if_there(name, commit) for name in _WEIGHTS):
            raise InputError(
                f"{self.model!r} at {commit} has none of {', '.join(_WEIGHTS)}, or the hub cannot be reached"
            )
        assert paths[0] is not None
        return paths[0].parent

    @cached_property
    def identity(self) -> str:
        """The commit on the hub, or a SHA-256 (32 hex digits) over the files of a folder. Loads and downloads no weights."""
        if not self._is_folder:
            return f"commit={hub_commit(self.model, self.revision)}"
        names = (*self.needed, *self.optional, *_WEIGHTS)
        return digest_of(self.folder, [path for name in names if (path := self.folder / name).is_file()])

    @property
    def _given(self) -> Path:
        return Path(self.model).expanduser()

    @property
    def _is_folder(self) -> bool:
        return self._given.is_dir() or self.model.startswith((".", "/", "~")) or self.model.count("/") > 1

    def _lacks(self, folder: Path) -> str:
        """Return the first required file that a folder lacks, "" if it has all."""
        for name in self.needed:
            if not (folder / name).is_file():
                return name
        return "" if any((folder / name).is_file() for name in _WEIGHTS) else " or ".join(_WEIGHTS)

    def _if_there(self, name: str, commit: str) -> Path | None:
        """Return a file that a model may lack. Without a network, what the cache does not hold counts as missing:

        the cache of a model fetched with  hf download  does not note what there is not.
        """
        try:
            return hub_file(self.model, name, commit)
        except InputError:
            if hub_unreachable():
                return None
            raise
