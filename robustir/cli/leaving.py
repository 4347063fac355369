"""The end of a command: its exit code, and one message if something went wrong."""

from __future__ import annotations

import errno
import io
import os
import select
import sys
import traceback
from contextlib import suppress

import click

from robustir.disk.limits import limited
from robustir.errors import RobustirError

__all__ = ["INTERRUPTED", "debugging", "exit_code_of", "finish_output", "prepare_output", "show_traceback"]

INTERRUPTED = "interrupted; finished work is kept, run the same command again to continue"
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO})
# What a path of the user's may meet; a file that is not there, where none is expected to be missing, is a bug.
_REFUSED = frozenset(
    {errno.EACCES, errno.EPERM, errno.EROFS, errno.ENAMETOOLONG, errno.ENOTDIR, errno.EISDIR, errno.ELOOP}
)
_READER_LEFT = 141  # as in a shell: 128 + SIGPIPE


def prepare_output() -> None:
    """Let names of files that are not UTF-8 pass as the bytes that they are."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="surrogateescape")


def finish_output() -> None:
    """Flush stdout, so that a closed pipe or a full disk shows here, not when Python exits."""
    if sys.stdout is not None:
        sys.stdout.flush()


def exit_code_of(error: BaseException) -> int:
    """Say what went wrong in one message, unless the reader of our output closed it, and return the exit code.

    Other exceptions, such as SystemExit, are raised again.
    """
    if isinstance(error, click.exceptions.Exit):
        return error.exit_code
    if isinstance(error, (KeyboardInterrupt, click.Abort)):
        return _said(INTERRUPTED, 130)
    if isinstance(error, click.ClickException):
        with suppress(OSError):
            error.show()
        return 2
    if isinstance(error, RobustirError):
        return _said(str(error), error.exit_code)
    if isinstance(error, BrokenPipeError) and _reader_left():
        # head, less and the like close the pipe when they have enough: that is not an error.
        _forget_output()
        return _READER_LEFT
    if isinstance(error, OSError) and error.errno in _FULL:
        _forget_output()
        return _said(f"{error.filename or 'the output'} cannot be written: {error.strerror}", 2)
    if (said := _refusal(error)) is not None:
        return _said(said, 2)
    if not isinstance(error, Exception):
        raise error
    with suppress(OSError):
        traceback.print_exception(error)
    return _said("this is a bug in robustir; please report it with the lines above", 1)


def _refusal(error: BaseException) -> str | None:
    """Return what to say of what the system or the encoding of the output refuses; None of other errors."""
    if isinstance(error, UnicodeEncodeError):
        part = ascii(error.object[error.start : error.start + 10])
        return f"the output is {error.encoding}, which cannot hold {part}; set PYTHONIOENCODING=utf-8"
    if limit := limited(error):
        return str(limit)
    if isinstance(error, OSError) and error.errno in _REFUSED and error.filename is not None:
        return f"{str(error.filename)[:300]}: {error.strerror}"
    if isinstance(error, FileNotFoundError) and "temporary directory" in str(error):
        return f"{error.strerror}; set TMPDIR to a folder that can be written"
    return None


def debugging() -> bool:
    """Whether the command line was called with --debug."""
    context = click.get_current_context(silent=True)
    return context is not None and bool(context.find_root().params.get("debug"))


def show_traceback(error: BaseException) -> None:
    """Print the traceback of an error for --debug; those of bugs are always printed."""
    if isinstance(error, (RobustirError, click.ClickException)):
        with suppress(OSError):
            traceback.print_exception(error)


def _said(message: str, code: int) -> int:
    with suppress(OSError):
        click.echo(f"robustir: {message}", err=True)
    return code


def _reader_left() -> bool:
    """Whether our output was closed, rather than the pipe of, say, a dead worker process."""
    if not hasattr(select, "poll"):  # Windows
        return True
    poll = select.poll()
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError, AttributeError):  # it is closed, or has no file
            poll.register(stream.fileno(), 0)
    return any(event & (select.POLLERR | select.POLLHUP | select.POLLNVAL) for _, event in poll.poll(0))


def _forget_output() -> None:
    """Send the rest of stdout to nowhere; otherwise Python would report an error when it exits."""
    with suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)
