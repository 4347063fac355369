"""Whether a run is whole: the cells that its plan has, beside those that are on disk. No result may hide what it lacks."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from robustir.errors import RunError
from robustir.rundir.directory import RunDirectory
from robustir.rundir.manifest import CellEntry, FailedEntry, Manifest

__all__ = ["PARTIAL", "missing_cells", "whole_manifest"]

PARTIAL = "partial"  # the status of a manifest that lists missing cells as failed


def whole_manifest(run: RunDirectory) -> Manifest:
    """Return the manifest of a run to analyse, all of whose cells are there or failed for a reason that it states.

    Of a run opened with ``partial``, the missing cells are listed as failed and the status is "partial".

    Raises:
        RunError: if cells are missing otherwise.
    """
    manifest = run.read_manifest()
    missing = missing_cells(run, manifest)
    if not missing:
        return manifest
    if not run.partial:
        raise RunError(
            f"{run.path} is unfinished: {len(missing)} of its {len(manifest.cells)} cells are not there yet, first "
            f"{missing[0].shown}. Finish it with  robustir resume {run.path}  or take what is there with --partial"
        )
    lost = tuple(
        FailedEntry(
            benchmark=cell.benchmark,
            encoder=cell.encoder,
            condition=str(cell.condition),
            cell=cell.shown,
            error="not there: the run is unfinished",
        )
        for cell in missing
    )
    return replace(manifest, status=PARTIAL, failed=(*manifest.failed, *lost))


def missing_cells(run: RunDirectory, manifest: Manifest) -> list[CellEntry]:
    """Return the cells of a run that neither have a result nor failed."""
    failed = {entry.cell for entry in manifest.failed}
    lost = {Path(name).stem for name in run.files.digests() or () if not (run.path / name).exists()}
    return [
        cell
        for cell in manifest.cells
        if cell.shown not in failed
        and (
            cell.key in lost or not (run.ranks_path(cell.key).exists() and run.queries_path(cell.queries_key).exists())
        )
    ]
