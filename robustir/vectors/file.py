"""An LMDB file that several processes read and write, with errors that say what to do.

LMDB commits a transaction wholly or not at all, even if the process is killed in the middle of it. It does not wait for
the disk (a cache can be made again, and every record has a checksum): a crash of the machine may damage the file, which
is then detected and reported.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias, TypeVar

from robustir.errors import RunError

__all__ = ["EmbeddingFile", "Tables", "Transaction"]

T = TypeVar("T")
Transaction: TypeAlias = Any  # lmdb.Transaction; lmdb brings no types
Tables: TypeAlias = dict[str, Any]  # name -> lmdb._Database

_MIB = 2**20
# A page that is allocated last and freed in the same transaction is never written, so a sound file may be this much
# shorter than its header says.
_SLACK = _MIB


class _Opened:
    """An environment of this process; LMDB allows one per process and file, and forbids its use across a fork."""

    def __init__(self, environment: Any, tables: Tables) -> None:
        self.environment = environment
        self.tables = tables
        self.pid = os.getpid()


_OPENED: dict[Path, _Opened] = {}
# Held during every transaction: the map cannot grow while another thread reads it.
_LOCK = threading.RLock()


def _renew_lock() -> None:
    global _LOCK  # noqa: PLW0603 - in a forked child the old lock may be held by a thread that does not exist there
    _LOCK = threading.RLock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew_lock)


class EmbeddingFile:
    """Tables of bytes in ``folder``; opened on first use, shared by all objects of this process with the same folder.

    map_size: bytes of address space to begin with; it grows when full, here or in another process.
    """

    def __init__(self, folder: Path, tables: tuple[str, ...], map_size: int = 256 * _MIB) -> None:
        self.folder = folder
        self._names = tables
        self._map_size = map_size

    @property
    def data_path(self) -> Path:
        """The data file."""
        return self.folder / "data.mdb"

    def read(self, action: Callable[[Transaction, Tables], T]) -> T:
        """Return what ``action`` returns on one state of the tables; buffers that it gets are valid only inside it."""
        return self._run(action, write=False)

    def write(self, action: Callable[[Transaction, Tables], T]) -> T:
        """Run ``action`` and keep all that it wrote, or nothing; it runs again after the map has grown."""
        return self._run(action, write=True)

    def _run(self, action: Callable[[Transaction, Tables], T], *, write: bool) -> T:
        import lmdb

        with _LOCK:
            while True:
                opened = self._open()
                try:
                    with opened.environment.begin(write=write, buffers=True) as transaction:
                        return action(transaction, opened.tables)
                except lmdb.MapResizedError:
                    opened.environment.set_mapsize(0)  # another process has grown it: take its size
                except lmdb.MapFullError:
                    self._grow(opened)
                except (lmdb.CorruptedError, lmdb.PageNotFoundError, lmdb.InvalidError, lmdb.PanicError) as error:
                    raise self.damaged(str(error)) from error
                except (lmdb.Error, OSError) as error:
                    raise self._failed("write to" if write else "read", error) from error

    def _grow(self, opened: _Opened) -> None:
        import lmdb

        size = 2 * opened.environment.info()["map_size"]
        try:
            opened.environment.set_mapsize(size)
        except (lmdb.Error, OSError) as error:
            raise self._failed(f"map {size // _MIB} MiB of", error) from error

    def _open(self) -> _Opened:
        import lmdb

        folder = self.folder.resolve()
        opened = _OPENED.get(folder)
        if opened is not None and opened.pid == os.getpid():
            return opened
        if opened is not None:
            _OPENED.pop(folder).environment.close()
        try:
            folder.mkdir(parents=True, exist_ok=True)
            # readahead would read 32 times what a vector needs, in the order of hashes, once the file outgrows the memory
            environment = lmdb.open(
                str(folder), map_size=self._map_size, max_dbs=len(self._names), sync=False, readahead=False
            )
        except lmdb.MapResizedError:
            return self._open()  # another process has grown it just now
        except (lmdb.InvalidError, lmdb.VersionMismatchError, lmdb.CorruptedError) as error:
            raise self.damaged(str(error)) from error
        except (lmdb.Error, OSError) as error:
            raise self._failed("open", error) from error
        try:
            self._check_size(environment)
            environment.reader_check()  # forget readers that were killed
            tables = {name: environment.open_db(name.encode()) for name in self._names}
        except lmdb.MapResizedError:
            environment.close()
            return self._open()
        except lmdb.Error as error:
            environment.close()
            raise self._failed("open", error) from error
        except RunError:
            environment.close()
            raise
        _OPENED[folder] = _Opened(environment, tables)
        return _OPENED[folder]

    def _check_size(self, environment: Any) -> None:
        """Refuse a truncated file: reading beyond its end would kill the process."""
        expected = (environment.info()["last_pgno"] + 1) * environment.stat()["psize"]
        size = self.data_path.stat().st_size
        if size < expected - _SLACK:
            raise self.damaged(f"{size} bytes long instead of {expected}")

    def damaged(self, reason: str) -> RunError:
        """Return the error for a damaged file."""
        return RunError(
            f"the embedding store {self.folder} is damaged ({reason}); delete it with  robustir cache prune  "
            "(its vectors are encoded again when needed)"
        )

    def _failed(self, action: str, error: Exception) -> RunError:
        return RunError(
            f"cannot {action} the embedding store {self.folder} ({error}); nothing half-written is left. "
            "Free disk space with  robustir cache prune , or set ROBUSTIR_CACHE to a folder with space"
        )

    def close(self) -> None:
        """Close the file in this process; the next use opens it again."""
        with _LOCK:
            opened = _OPENED.pop(self.folder.resolve(), None)
            if opened is not None:
                opened.environment.close()

    def delete(self) -> None:
        """Delete the file, damaged or not. A process that has it open keeps using the deleted file."""
        with _LOCK:
            self.close()
            try:
                for path in (self.data_path, self.folder / "lock.mdb"):
                    path.unlink(missing_ok=True)
            except OSError as error:
                raise RunError(
                    f"cannot delete the embedding store {self.folder} ({error}); "
                    "close the programs that use it and try again"
                ) from error
