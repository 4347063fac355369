"""What the system refuses for want of memory, threads or open files: nothing that a file is to blame for."""

from __future__ import annotations

import errno

from robustir.errors import InputError

__all__ = ["chain", "limited"]

_BY_NUMBER = {
    errno.ENOMEM: "memory",
    errno.EAGAIN: "processes or threads",
    errno.EMFILE: "open files",
    errno.ENFILE: "open files",
}
# How libraries say it; torch, Python, Rust's rayon and C++ in this order.
_BY_WORDS = {
    "DefaultCPUAllocator": "memory",
    "allocate memory": "memory",
    "start new thread": "threads",
    "ThreadPoolBuildError": "threads",
    "bad_alloc": "memory",
}


def chain(error: BaseException) -> list[BaseException]:
    """Return an error and those that it came from."""
    errors = [error]
    while (following := errors[-1].__cause__ or errors[-1].__context__) is not None and following not in errors:
        errors.append(following)
    return errors


def limited(error: BaseException) -> InputError | None:
    """Return what to say if an error, or one that it came from, is the system's refusal; None if none of them is."""
    what = next((what for link in chain(error) if (what := _refused(link))), "")
    if not what:
        return None
    told = str(error).strip().partition("\n")[0][:200] or type(error).__name__
    return InputError(
        f"the system gave no more {what} ({told}); no file is to blame: end other programs, raise the limit "
        "(ulimit -a  shows them), or use fewer  --jobs"
    )


def _refused(error: BaseException) -> str:
    if isinstance(error, MemoryError):
        return "memory"
    if isinstance(error, OSError) and error.errno in _BY_NUMBER:
        return _BY_NUMBER[error.errno]
    said = str(error) if isinstance(error, RuntimeError) or type(error).__name__ == "PanicException" else ""
    return next((what for words, what in _BY_WORDS.items() if words in said), "")
