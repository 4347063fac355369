from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

from robustir.errors import MissingExtraError
from robustir.perturbations.attacks.textattack_offline import english_stopwords, load_textattack

PROGRAM = """
import logging, os, random, socket, warnings
import numpy, torch

def refuse(*_, **__):
    raise AssertionError("a connection was tried")

socket.socket.connect = refuse
mine = logging.getLogger("mine")
from robustir.perturbations.attacks.textattack_offline import load_textattack
before = dict(os.environ), random.getstate(), numpy.random.get_state()[1].tolist(), list(warnings.filters), torch.initial_seed()
load_textattack()
after = dict(os.environ), random.getstate(), numpy.random.get_state()[1].tolist(), list(warnings.filters), torch.initial_seed()
assert before == after, [a == b for a, b in zip(before, after)]
assert not mine.disabled and not logging.root.handlers and not logging.getLogger("textattack").handlers
import huggingface_hub.constants
assert huggingface_hub.constants.HF_HOME == os.environ["HF_HOME"], huggingface_hub.constants.HF_HOME
import textattack.transformations
from textattack.shared import AttackedText
print(len(textattack.transformations.WordSwapQWERTY()(AttackedText("nile river"))))
"""


@pytest.mark.comparison
def test_the_import_is_offline_and_leaves_the_process_as_it_was(tmp_path: Path) -> None:
    environment = {**os.environ, "HF_HOME": str(tmp_path), "HOME": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], env=environment, capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "2"  # it changes one letter, drawn by chance, of each of two words
    assert "ownload" not in done.stderr


def test_a_missing_textattack_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "textattack", raising=False)
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    with pytest.raises(MissingExtraError, match=r"pip install 'robustir\[attack\]'"):
        load_textattack()


def test_stopwords_are_function_words() -> None:
    assert {"the", "is", "of", "which"} <= english_stopwords()
    assert not {"nile", "river", "capital"} & english_stopwords()
