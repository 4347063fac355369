"""README's commands and Python, in order, in a fresh environment and an empty folder: every one exits 0."""

from __future__ import annotations

import json
import os
import re
import subprocess
import zipfile
from pathlib import Path

import pytest

from tests.tiny import write_beir
from tests.tiny_models import LETTERS, bert_tokenizer, write_bert

FENCE = re.compile(r"^```(bash|python)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def make_inputs(folder: Path) -> None:
    """Write what README calls ./my-data and ./my-model: twelve questions in two languages, and a tiny BERT."""
    words = ("apple", "brick", "cloud", "drum", "eagle", "flute", "grape", "horse", "igloo", "jelly", "kite", "lemon")
    texts = [
        (f"{lang}{row}", lang, f"{word} {start} {word}")
        for lang, start in (("en", "the"), ("de", "das"))
        for row, word in enumerate(words)
    ]
    queries = [(f"q-{name}", lang, f"where is {text}") for name, lang, text in texts]
    judged = [(f"q-{name}", f"{lang}{name[2:]}", 1) for name, _, _ in texts for lang in ("en", "de")]
    write_beir(folder / "my-data", texts, queries, judged)
    write_bert(folder / "my-model", bert_tokenizer([*LETTERS, *(f"##{letter}" for letter in LETTERS)]))


@pytest.mark.slow
def test_everything_that_readme_says_to_type_works(root: Path, python: Path, tmp_path: Path) -> None:
    make_inputs(tmp_path)
    env = {**os.environ, "PATH": f"{python.parent}{os.pathsep}{os.environ['PATH']}"}
    readme = (root / "README.md").read_text(encoding="utf-8")
    commands = 0
    for number, (language, block) in enumerate(FENCE.findall(readme)):
        if language == "python":
            script = tmp_path / f"block_{number}.py"
            script.write_text(block, encoding="utf-8")
            lines = [f"python {script.name}"]
        else:
            lines = [line for line in block.splitlines() if line.strip()]
        for line in lines:
            done = subprocess.run(
                ["bash", "-c", line], cwd=tmp_path, env=env, capture_output=True, text=True, check=False
            )
            assert done.returncode == 0, f"{line}\n{done.stdout}\n{done.stderr}"
            commands += 1
    assert commands >= 14
    mine = tmp_path / "runs" / "mine"
    names = [row["name"] for row in json.loads((mine / "manifest.json").read_text(encoding="utf-8"))["encoders"]]
    assert names == ["mine", "bm25", "static-hybrid"]
    for path in (mine / "report.html", mine / "report.pdf", mine / "report.tex", tmp_path / "report.html"):
        assert path.stat().st_size > 1_000
    assert (tmp_path / "scores.csv").read_text(encoding="utf-8").count("\n") > 100


def test_readme_is_short_and_its_links_lead_somewhere(root: Path) -> None:
    readme = (root / "README.md").read_text(encoding="utf-8")
    assert readme.count("\n") < 150
    for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", readme):
        assert (root / target).is_file(), target


def test_readme_gives_the_size_of_an_encoder_as_it_ships(wheel: Path, root: Path) -> None:
    sizes = [
        sum(entry.file_size for entry in zipfile.ZipFile(wheel).infolist() if f"weights/{name}/" in entry.filename)
        / 1e6
        for name in ("static-hybrid", "static-xy", "static-xx")
    ]
    said = re.search(r"`static-xx` \(([0-9.]+) MB each", (root / "README.md").read_text(encoding="utf-8"))
    assert said is not None
    assert all(abs(size - float(said[1])) < 0.1 for size in sizes), sizes
