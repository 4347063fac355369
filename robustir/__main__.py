"""The command ``robustir``, also as ``python -m robustir``: hears Ctrl-C, SIGTERM and SIGHUP from its first moment to its last.

Nothing is imported before that but what Python has loaded already: imports take most of a short command's time, and an
interrupt that falls into one may be swallowed by the module that is being imported, or become an error of its.
"""

from __future__ import annotations

import os
import signal
import sys
from types import FrameType
from typing import Any, NoReturn

__all__ = ["main"]

_MESSAGE = "robustir: {}; finished work is kept, run the same command again to continue\n"
_INTERRUPTED = "interrupted"
_IMPORTING = "<frozen importlib"
_heard: list[int] = []  # the signal that ends this process, other than an interrupt


def main() -> NoReturn:
    """Run the command line; a signal ends it with one line and exit code 128 + its number, whatever is going on."""
    _listen()
    from robustir.cli import main as run

    code = 1
    try:
        run()
    except SystemExit as leave:
        code = leave.code if isinstance(leave.code, int) else 0
    for one in _ENDING:
        if signal.getsignal(one) is _ended:
            signal.signal(one, signal.SIG_IGN)  # all is written: only Python's own end is left to interrupt
    if _heard:
        _say(_heard[0])
    sys.exit(code)


_ENDING = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]


def _listen() -> None:
    """Hear the signals that end a process; what a shell's background job or nohup ignores stays ignored."""
    for one in _ENDING:
        if signal.getsignal(one) in {signal.default_int_handler, signal.SIG_DFL}:
            signal.signal(one, _ended)
            sys.unraisablehook = _not_raised


def _ended(number: int, frame: FrameType | None) -> None:
    if number != signal.SIGINT:
        _heard[:] = [number]
    while frame is not None:
        if frame.f_code.co_filename.startswith(_IMPORTING):
            _leave()
        frame = frame.f_back
    if _heard:
        raise SystemExit(128 + number)
    raise KeyboardInterrupt


def _not_raised(what: Any) -> None:
    """Leave if a signal fell into code that cannot raise, such as a finaliser."""
    if what.exc_type is KeyboardInterrupt or (_heard and what.exc_type is SystemExit):
        _leave()
    sys.__unraisablehook__(what)


def _say(number: int) -> None:
    """Say which signal ended this process."""
    why = _INTERRUPTED if number == signal.SIGINT else f"ended by {signal.Signals(number).name}"
    try:
        os.write(2, _MESSAGE.format(why).encode())
    except OSError:  # the terminal is gone
        return


def _leave() -> NoReturn:
    """End this process and its workers now: files appear whole or not at all, so nothing has to be tidied."""
    if "multiprocessing" in sys.modules:
        for child in sys.modules["multiprocessing"].active_children():
            child.terminate()
    if os.isatty(2):
        os.write(2, b"\r\x1b[2K\x1b[?25h")  # a bar leaves its line, and the cursor comes back
    number = _heard[0] if _heard else int(signal.SIGINT)
    _say(number)
    os._exit(128 + number)


if __name__ == "__main__":
    main()
