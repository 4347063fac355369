"""Import TextAttack without its downloads and without what its import does to the process."""

from __future__ import annotations

import importlib
import importlib.util
import json
import logging
import logging.config
import os
import sys
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import cache
from pathlib import Path
from types import ModuleType, SimpleNamespace
from unittest.mock import patch

from robustir.errors import MissingExtraError
from robustir.perturbations.shared.random_state import random_state

__all__ = ["english_stopwords", "load_textattack"]

_STOPWORDS = Path(__file__).parents[1] / "data" / "english" / "stopwords.json"


@cache
def english_stopwords() -> frozenset[str]:
    """Return English function words, our own list, used instead of NLTK's download."""
    return frozenset(json.loads(_STOPWORDS.read_text(encoding="utf-8"))["words"])


@contextmanager
def _logging_kept() -> Iterator[None]:
    """Keep the root logger as it is; ``dictConfig`` with its defaults would disable every logger of the process."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    with patch.object(logging.config, "dictConfig", lambda *_: None):
        try:
            yield
        finally:
            root.handlers[:] = handlers
            root.setLevel(level)


@contextmanager
def _environment_kept() -> Iterator[None]:
    before = dict(os.environ)
    try:
        yield
    finally:
        for name in set(os.environ) - set(before):
            del os.environ[name]
        os.environ.update(before)


def load_textattack() -> ModuleType:
    """Return the package ``textattack``; the first import takes about 20 s.

    Nothing is downloaded. The environment (HF_HOME among it), logging, warning filters and random states are as before.
    Raises MissingExtraError if it is not installed.
    """
    if "textattack" in sys.modules:
        return sys.modules["textattack"]
    if importlib.util.find_spec("textattack") is None:
        raise MissingExtraError("textattack", "attack")
    with ExitStack() as kept:
        for keeper in (_environment_kept(), _logging_kept(), random_state(), warnings.catch_warnings()):
            kept.enter_context(keeper)
        warnings.simplefilter("ignore")
        # These read HF_HOME as they are imported: they must see the user's own, not the one that textattack sets.
        for name in ("torch", "transformers", "datasets", "flair"):
            importlib.import_module(name)
        stopwords = SimpleNamespace(words=lambda *_: sorted(english_stopwords()))
        kept.enter_context(patch.object(importlib.import_module("nltk.corpus"), "stopwords", stopwords))
        cache_folder = Path(kept.enter_context(tempfile.TemporaryDirectory()))
        (cache_folder / "post_install_check_3").touch()  # this file tells textattack that its downloads are done
        os.environ["TA_CACHE_DIR"] = str(cache_folder)
        module = importlib.import_module("textattack")
        install = sys.modules["textattack.shared.utils.install"]
    usual = os.environ.get("TA_CACHE_DIR", str(Path("~/.cache/textattack").expanduser()))
    vars(install)["TEXTATTACK_CACHE_DIR"] = usual
    vars(sys.modules["textattack.shared.utils"])["TEXTATTACK_CACHE_DIR"] = usual
    for name in [name for name in logging.root.manager.loggerDict if name.startswith("textattack")]:
        logging.getLogger(name).handlers.clear()
    return module
