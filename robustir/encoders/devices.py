"""Where an encoder computes: the CPU, a GPU, or several GPUs at once."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from robustir.errors import InputError, SpecError

if TYPE_CHECKING:
    import torch

__all__ = ["find_devices", "use_device"]


def find_devices(asked: str) -> list[torch.device]:
    """Return the devices that a name stands for, at least one, all of one kind.

    asked: "auto" ($ROBUSTIR_DEVICE, which --device sets, else CUDA if there is one, else the CPU), "cpu", "cuda",
    "cuda:1", several joined by commas ("cuda:0,cuda:1"), or "cuda:all". Raises SpecError for other names, InputError
    for a GPU that is not there.
    """
    import torch

    name = os.environ.get("ROBUSTIR_DEVICE", "auto") if asked == "auto" else asked
    if name == "auto":
        return [torch.device("cuda" if torch.cuda.is_available() else "cpu")]
    seen = torch.cuda.device_count()
    parts = [f"cuda:{number}" for number in range(seen)] if name == "cuda:all" else name.split(",")
    try:
        devices = [torch.device(part.strip()) for part in parts]
    except RuntimeError as error:
        raise SpecError(
            f"device={asked!r}: choose auto, cpu, cuda, cuda:NUMBER, several joined by commas, or cuda:all"
        ) from error
    if not devices or any(device.type == "cuda" and (device.index or 0) >= seen for device in devices):
        raise InputError(f"device={asked!r}: {seen} CUDA devices are seen; use cpu or auto")
    if len({device.type for device in devices}) > 1:
        raise SpecError(f"device={asked!r}: the devices must be of one kind, since vectors differ in their last bits")
    return devices


def use_device(asked: str | None) -> str:
    """Settle where encoders compute before any is built: "cpu", "cuda", or None for CUDA if there is one.

    The environment ($ROBUSTIR_DEVICE) carries it to worker processes. Raises InputError for a GPU that is not there.
    """
    import torch

    if asked not in {None, "cpu", "cuda"}:
        raise InputError(f"device={asked!r}: choose cpu or cuda")
    there = torch.cuda.is_available()
    if asked == "cuda" and not there:
        raise InputError("no CUDA device is seen; use the device cpu, or see  robustir doctor")
    chosen = asked or ("cuda" if there else "cpu")
    os.environ["ROBUSTIR_DEVICE"] = chosen
    return chosen
