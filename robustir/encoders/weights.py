"""Reading weights from files without running what is in them."""

from __future__ import annotations

import pickle
import re
from pathlib import Path
from typing import Any

from robustir.disk.hub import first_line
from robustir.errors import InputError

__all__ = ["asks_for_code", "load_pickle", "load_tensors", "wants_code"]

_GLOBAL = re.compile(r"(?:Unsupported global: )?GLOBAL\s+([\w.]+)")


def _chain(error: BaseException) -> list[BaseException]:
    found = [error]
    while (following := found[-1].__cause__ or found[-1].__context__) is not None and following not in found:
        found.append(following)
    return found


def asks_for_code(error: BaseException) -> str:
    """Return what a pickle that torch refused wanted to run or build ("" if the error is of another kind)."""
    for link in _chain(error):
        if not isinstance(link, pickle.UnpicklingError) and "weights_only" not in str(link):
            continue
        match = _GLOBAL.search(str(link))
        if match is not None:
            return match.group(1)
        if "unrecognized" in str(link) or "Unsupported class" in str(link):
            return "an object"
    return ""


def wants_code(what: str, wanted: str = "") -> InputError:
    """Return the error for a pickle that was not run."""
    return InputError(
        f"{what} are a pickle that wants code{f' ({wanted})' if wanted else ''}, which was not run; get the model as "
        "safetensors, or save its plain tensors again"
    )


def load_pickle(path: Path, what: str, allowed: tuple[Any, ...] = ()) -> Any:
    """Return what ``torch.save`` wrote: tensors, containers, numbers, strings and the classes ``allowed``, on the CPU.

    what: how the message names the content. Raises InputError, also for a pickle that wants anything else.
    """
    import torch

    try:
        with torch.serialization.safe_globals(list(allowed)):
            return torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError as error:
        raise InputError(f"{what}: there is no file {path}") from error
    except Exception as error:  # the loader raises nearly anything on bad files
        if wanted := asks_for_code(error):
            raise wants_code(f"{what} in {path}", wanted) from error
        raise InputError(
            f"{what} in {path} cannot be loaded ({type(error).__name__}: {first_line(error)}); get the file again"
        ) from error


def load_tensors(path: Path, what: str) -> dict[str, Any]:
    """Return the tensors by name of a .safetensors file or a pickle of plain tensors. Raises InputError."""
    if path.suffix != ".safetensors":
        tensors: dict[str, Any] = load_pickle(path, what)
        return tensors
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        return load_file(path)
    except (OSError, SafetensorError, ValueError) as error:
        raise InputError(f"{what} in {path} cannot be loaded ({first_line(error)}); get the file again") from error
