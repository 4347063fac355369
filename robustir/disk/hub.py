"""Files of the Hugging Face hub: from its cache if possible, with a quick refusal if they cannot be downloaded."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from robustir.errors import InputError

__all__ = ["cached_folder", "first_line", "hub_commit", "hub_file", "hub_unreachable", "silent_hub"]

_COMMIT = re.compile(r"[0-9a-f]{40}")
# A hub that does not answer a bare request within this many seconds counts as out of reach. The client's own rule, six
# attempts per file with growing pauses, took 23 seconds for the first file alone without a network.
_PATIENCE = 5.0


@cache
def hub_unreachable() -> str:
    """Return why the hub is out of reach ("" if it is not); tried once per process. $HF_HUB_OFFLINE is respected."""
    from huggingface_hub import constants, utils

    client: Any = utils  # the stubs of some versions leave get_session out
    if constants.HF_HUB_OFFLINE:
        return "HF_HUB_OFFLINE is set"
    try:
        client.get_session().head(constants.ENDPOINT, timeout=_PATIENCE)
    except Exception as error:  # noqa: BLE001 - the client raises requests' or httpx' errors, by its version
        return f"{constants.ENDPOINT} does not answer: {type(error).__name__}"
    return ""


def _why_not(model: str, problem: str) -> InputError:
    return InputError(
        f"{model!r} is neither a folder here nor a model that can be downloaded from the Hugging Face hub ({problem}). "
        "Without a network, download it elsewhere and give its folder; otherwise check its name and revision, log in if it "
        "is restricted, and unset HF_HUB_OFFLINE"
    )


def _cached(model: str, name: str, revision: str | None) -> Path | bool | None:
    """Return the file in the cache, False if the model is known to lack it, None if nothing is known."""
    from huggingface_hub import try_to_load_from_cache

    found: Any = try_to_load_from_cache(model, name, revision=revision)
    if found is None:
        return None
    return Path(found) if isinstance(found, str) else False


def cached_folder(model: str, revision: str | None) -> Path | None:
    """Return the folder of the cache that holds the files of a model, or None. The network is not used."""
    from huggingface_hub import errors

    try:
        found = _cached(model, "config.json", revision)
    except errors.HFValidationError:
        return None
    return found.parent if isinstance(found, Path) else None


def hub_file(model: str, name: str, revision: str | None) -> Path | None:
    """Return a file of a model, downloaded if needed, or None if the model has no such file.

    A commit in the cache needs no network. Raises InputError if the file cannot be downloaded.
    """
    from huggingface_hub import errors, hf_hub_download

    try:
        known = _cached(model, name, revision)
        pinned = revision is not None and _COMMIT.fullmatch(revision) is not None
        if known is not None and (pinned or hub_unreachable()):
            return known if isinstance(known, Path) else None
        if hub_unreachable():
            raise _why_not(model, f"{name} is not in its cache, and {hub_unreachable()}")
        with silent_hub():
            return Path(hf_hub_download(model, name, revision=revision))
    except errors.LocalEntryNotFoundError as error:
        raise _why_not(model, first_line(error)) from error
    except errors.EntryNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise _why_not(model, first_line(error)) from error


def hub_commit(model: str, revision: str | None) -> str:
    """Return the commit that a branch, a tag or nothing (the default branch) stands for. Raises InputError."""
    # The cache has the layout  snapshots/COMMIT/config.json. A static model has no config.json at its top.
    for name in ("config.json", "modules.json"):
        path = hub_file(model, name, revision)
        if path is not None:
            return path.parent.name
    raise InputError(f"{model!r} on the hub has neither config.json nor modules.json: it is not a text encoder")


def first_line(error: BaseException) -> str:
    """Return the first line of an error's message, without its full stop."""
    return str(error).strip().partition("\n")[0].strip().rstrip(".")


@contextmanager
def silent_hub() -> Iterator[None]:
    """Keep the hub's client from logging each attempt; failure is reported once, as an error."""
    logger = logging.getLogger("huggingface_hub")
    before = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(before)
