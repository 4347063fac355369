"""Downloads that are pinned, checked and resumable: a file gets its name only when it is complete and verified.

Nothing is downloaded on import: only ``robustir fetch``, and encoders with ``download=True``, call :func:`fetch`. Proxies
are those of the environment. ``ROBUSTIR_OFFLINE`` or ``HF_HUB_OFFLINE`` set to 1 forbids downloads.
"""

from __future__ import annotations

import hashlib
import http.client
import os
import shutil
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from robustir.disk.atomic import explained, write_atomically
from robustir.errors import DataError

__all__ = ["Remote", "fetch", "is_offline", "sha256_of"]

_CHUNK = 2**18  # bytes
_TIMEOUT = 30.0  # seconds without a byte
_ATTEMPTS = 4  # a broken connection is continued where it stopped
_OFFLINE = ("ROBUSTIR_OFFLINE", "HF_HUB_OFFLINE")

Outcome = Literal["there", "copied", "downloaded"]


@dataclass(frozen=True, slots=True)
class Remote:
    """A file to fetch.

    Args:
        url: its address, at a pinned revision.
        path: its place, relative to the folder of downloads.
        sha256: hex digest; "" if unknown: then the content is not checked.
        size: bytes; None if unknown.
    """

    url: str
    path: str
    sha256: str = ""
    size: int | None = None

    @property
    def upstream_name(self) -> str:
        """The file's name at its source."""
        return Path(urlsplit(self.url).path).name


def is_offline() -> bool:
    """Whether the environment forbids downloads."""
    return any(os.environ.get(name, "").lower() in {"1", "true", "yes", "on"} for name in _OFFLINE)


def sha256_of(path: Path) -> str:
    """Return the hex SHA-256 of a file."""
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def fetch(
    remote: Remote,
    folder: Path,
    *,
    sources: Sequence[Path] = (),
    progress: Callable[[int, int | None], None] | None = None,
) -> Outcome:
    """Put a file into ``folder``, from local files or by a download.

    A partial download stays as ``.NAME.part`` and is continued (HTTP Range) if the file has a checksum, or if the server
    names its versions (a strong ETag, RFC 9110) and still has the same one.

    Args:
        remote: the file.
        folder: the folder of downloads.
        sources: local files or folders to take it from, searched for its path, its name and its upstream name; if any are
            given, nothing is downloaded.
        progress: called with (bytes so far, bytes in all or None).

    Returns:
        "there", "copied" or "downloaded".

    Raises:
        DataError: if the checksum is wrong, no source has the file, the server refuses, or the network is down.
    """
    target = folder / remote.path
    if target.is_file() and (not remote.sha256 or sha256_of(target) == remote.sha256):
        return "there"
    if sources:
        local = _find_local(remote, sources)
        _check(remote, local, f"{local} is not the pinned file")
        write_atomically(target, lambda temporary: shutil.copyfile(local, temporary))
        return "copied"
    if is_offline():
        raise DataError(
            f"{target} is missing, and the environment forbids downloads ({' or '.join(_OFFLINE)}); "
            f"unset the variable, or get {remote.url} elsewhere and give it with --from"
        )
    partial = target.with_name(f".{target.name}.part")
    with explained(partial):
        partial.parent.mkdir(parents=True, exist_ok=True)
        if not _continues(remote, partial):
            partial.unlink(missing_ok=True)  # two versions could not be told apart in one file
        _download(remote, partial, progress or _silent)
        try:
            _check(remote, partial, f"{remote.url} is not the pinned file")
        except DataError:
            partial.unlink(missing_ok=True)
            raise
        _tag_file(partial).unlink(missing_ok=True)
        partial.replace(target)
    return "downloaded"


def _silent(_done: int, _total: int | None) -> None:
    pass


def _tag_file(partial: Path) -> Path:
    return partial.with_name(f"{partial.name}.etag")


def _tag(remote: Remote, partial: Path) -> str:
    """Return the server's name of the partial file's version; "" if a checksum tells versions apart, or nothing does."""
    path = _tag_file(partial)
    return path.read_text(encoding="utf-8") if not remote.sha256 and path.is_file() else ""


def _note_tag(remote: Remote, partial: Path, tag: str) -> None:
    if not remote.sha256 and tag.startswith('"'):  # a weak tag (W/"...") does not promise the same bytes
        _tag_file(partial).write_text(tag, encoding="utf-8")
    else:
        _tag_file(partial).unlink(missing_ok=True)


def _continues(remote: Remote, partial: Path) -> bool:
    return bool(remote.sha256 or _tag(remote, partial))


def _find_local(remote: Remote, sources: Sequence[Path]) -> Path:
    names = (remote.path, Path(remote.path).name, remote.upstream_name)
    for source in sources:
        if source.is_file() and source.name in names[1:]:
            return source
        for name in names:
            if (source / name).is_file():
                return source / name
    looked = ", ".join(str(source) for source in sources)
    raise DataError(f"{looked} holds no {remote.path} (or {remote.upstream_name}); get it from {remote.url}")


def _check(remote: Remote, path: Path, complaint: str) -> None:
    if not remote.sha256:
        return
    digest = sha256_of(path)
    if digest != remote.sha256:
        raise DataError(
            f"{complaint}: its sha256 is {digest}, expected {remote.sha256} ({path.stat().st_size:,} bytes"
            f"{'' if remote.size is None else f', expected {remote.size:,}'}); check the source before you trust it"
        )


def _download(remote: Remote, partial: Path, progress: Callable[[int, int | None], None]) -> None:
    """Fill ``partial``, continuing after a broken connection; start again if nothing tells versions apart."""
    reason = ""
    for attempt in range(_ATTEMPTS):
        if attempt:
            time.sleep(min(0.2 * 4 ** (attempt - 1), 5.0))
        try:
            if _receive(remote, partial, progress):
                return
            reason = "the connection broke"
        except urllib.error.HTTPError as error:
            with error:
                if error.code == 416:  # longer than the file: not a part of it
                    partial.unlink(missing_ok=True)
                    reason = "the partial file did not fit"
                    continue
                if error.code < 500:
                    raise DataError(
                        f"{remote.url}: the server answered {error.code} {error.reason}; "
                        "get the file elsewhere and give it with --from"
                    ) from None
                reason = f"the server answered {error.code} {error.reason}"
        except (urllib.error.URLError, http.client.HTTPException, TimeoutError, ConnectionError) as error:
            reason = str(getattr(error, "reason", "") or error) or type(error).__name__
    kept = partial.stat().st_size if _continues(remote, partial) and partial.exists() else 0
    raise DataError(
        f"{remote.url} cannot be downloaded ({reason}); "
        + (f"{kept:,} bytes are kept, and the same command continues from there" if kept else "try again")
        + ", or get the file elsewhere and give it with --from"
    )


def _receive(remote: Remote, partial: Path, progress: Callable[[int, int | None], None]) -> bool:
    """Make one request and append the response; return whether the file is complete."""
    tag = _tag(remote, partial)
    have = partial.stat().st_size if _continues(remote, partial) and partial.exists() else 0
    if remote.size is not None and have == remote.size:
        return True
    request = urllib.request.Request(remote.url, headers={"User-Agent": "robustir", "Accept-Encoding": "identity"})  # noqa: S310 - URLs are pinned in the code
    if have:
        request.add_header("Range", f"bytes={have}-")
        if tag:
            request.add_header("If-Range", tag)  # the rest of this version, or the whole of another
    with urllib.request.urlopen(request, timeout=_TIMEOUT) as response:  # noqa: S310
        same = response.headers.get("ETag", tag) == tag or not tag
        goes_on = response.status == 206 and response.headers.get("Content-Range", "").startswith(f"bytes {have}-")
        if goes_on and not same:  # the server ignored If-Range: the rest is of another version
            partial.unlink()
            return False
        if not goes_on:
            _note_tag(remote, partial, response.headers.get("ETag", ""))
        done = have if goes_on else 0
        length = response.headers.get("Content-Length")
        total = done + int(length) if length else remote.size
        with partial.open("ab" if goes_on else "wb") as out:
            while True:
                try:
                    chunk = response.read(_CHUNK)
                except http.client.IncompleteRead as cut:
                    chunk = cut.partial
                if not chunk:
                    break
                out.write(chunk)
                done += len(chunk)
                progress(done, total)
    return total is None or done >= total
