"""The devices of an encoder: the CPU, a GPU, or several GPUs at once."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from robustir.errors import InputError, SpecError

if TYPE_CHECKING:
    import torch

__all__ = ["computes_bfloat16", "find_devices", "use_device"]


def find_devices(asked: str) -> list[torch.device]:
    """Return the devices of a name, at least one, all of one kind.

    Args:
        asked: "auto" ($ROBUSTIR_DEVICE, which --device sets, else CUDA if available, else the CPU), "cpu", "cuda",
            "cuda:1", several joined by commas ("cuda:0,cuda:1"), or "cuda:all".

    Raises:
        SpecError: for other names.
        InputError: for a missing GPU.
    """
    import torch

    name = os.environ.get("ROBUSTIR_DEVICE", "auto") if asked == "auto" else asked
    if name == "auto":
        return [torch.device("cuda" if torch.cuda.is_available() else "cpu")]
    gpus = torch.cuda.device_count()
    parts = [f"cuda:{number}" for number in range(gpus)] if name == "cuda:all" else name.split(",")
    try:
        devices = [torch.device(part.strip()) for part in parts]
    except RuntimeError as error:
        raise SpecError(
            f"device={asked!r}: choose auto, cpu, cuda, cuda:NUMBER, several joined by commas, or cuda:all"
        ) from error
    if not devices or any(device.type == "cuda" and (device.index or 0) >= gpus for device in devices):
        raise InputError(f"device={asked!r}: this machine has {gpus} CUDA devices; use cpu or auto")
    if len({device.type for device in devices}) > 1:
        raise SpecError(f"device={asked!r}: the devices must be of one kind, since vectors differ in their last bits")
    return devices


def computes_bfloat16(device: torch.device) -> bool:
    """Whether a device has instructions for products in bfloat16: a CPU's AMX or AVX512-BF16, a GPU's own. Others imitate them, slowly."""
    import torch

    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    cpu: Any = torch.cpu  # has these in torch 2.6 and later, under names that may change
    return any(getattr(cpu, name, bool)() for name in ("_is_amx_tile_supported", "_is_avx512_bf16_supported"))


def use_device(asked: str | None) -> str:
    """Choose the device of all encoders before any is built: "cpu", "cuda", or None for CUDA if available.

    The environment ($ROBUSTIR_DEVICE) passes it to worker processes. Raises InputError for a missing GPU.
    """
    import torch

    if asked not in {None, "cpu", "cuda"}:
        raise InputError(f"device={asked!r}: choose cpu or cuda")
    available = torch.cuda.is_available()
    if asked == "cuda" and not available:
        raise InputError("this machine has no CUDA device; use the device cpu, or see  robustir doctor")
    chosen = asked or ("cuda" if available else "cpu")
    os.environ["ROBUSTIR_DEVICE"] = chosen
    return chosen
