"""Reading weights from files without running code from them."""

from __future__ import annotations

import pickle
import re
from pathlib import Path
from typing import Any

from robustir.disk.hub import first_line
from robustir.disk.limits import chain, limited
from robustir.disk.shapes import shortened
from robustir.errors import InputError

__all__ = ["are_tensors", "asks_for_code", "load_pickle", "load_tensors", "wants_code"]

_GLOBAL = re.compile(r"(?:Unsupported global: )?GLOBAL\s+([\w.]+)")


def asks_for_code(error: BaseException) -> str:
    """Return the code that a pickle refused by torch wanted to run ("" for other errors)."""
    for link in chain(error):
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
        f"{what} are a pickle that would run code{f' ({wanted})' if wanted else ''}, which is refused; get the model as "
        "safetensors, or save its tensors again without other objects"
    )


def load_pickle(path: Path, what: str, allowed: tuple[Any, ...] = ()) -> Any:
    """Return the content of a file of ``torch.save``, on the CPU.

    Args:
        path: the file.
        what: the name of the content in messages.
        allowed: classes allowed beside tensors, containers, numbers and strings.

    Raises:
        InputError: if the file is missing or damaged, or holds anything else.
    """
    import torch

    try:
        with torch.serialization.safe_globals(list(allowed)):
            return torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError as error:
        raise InputError(f"{what}: the file {path} is missing; get it again") from error
    except Exception as error:  # the loader raises nearly anything on bad files
        if limit := limited(error):
            raise limit from error
        if wanted := asks_for_code(error):
            raise wants_code(f"{what} in {path}", wanted) from error
        raise InputError(
            f"{what} in {path} cannot be loaded ({type(error).__name__}: {shortened(first_line(error), 300)}); get the file again"
        ) from error


def are_tensors(content: Any) -> bool:
    """Whether the content of a file is tensors by name."""
    import torch

    return isinstance(content, dict) and all(
        isinstance(name, str) and isinstance(tensor, torch.Tensor) for name, tensor in content.items()
    )


def load_tensors(path: Path, what: str) -> dict[str, Any]:
    """Return the tensors by name of a .safetensors file or a pickle of plain tensors. Raises InputError."""
    if path.suffix != ".safetensors":
        tensors: dict[str, Any] = load_pickle(path, what)
        if not are_tensors(tensors):
            raise InputError(f"{what} in {path} are not tensors by name; get the file again")
        return tensors
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        return load_file(path)
    except (OSError, SafetensorError, ValueError, TypeError, KeyError) as error:
        told = shortened(first_line(error), 300)
        raise InputError(f"{what} in {path} cannot be loaded ({told}); get the file again") from error
