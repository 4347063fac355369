"""``robustir perturb``: one line in, one line out."""

from __future__ import annotations

import json
from pathlib import Path

from robustir.seeds import Stream
from tests.cli.conftest import Invoke
from tests.tiny import Noise


class TwoLines(Noise):
    """Writes a line feed into a text."""

    def __call__(self, text: str, *, lang: str, severity: float, rng: Stream) -> str:
        return text.replace(" ", "\n")


def test_a_line_feed_from_the_noise_stays_on_its_line(invoke: Invoke, tmp_path: Path) -> None:
    path = tmp_path / "in.txt"
    path.write_text("a b\nc\n", encoding="utf-8")
    result = invoke("perturb", f"{__name__}:TwoLines", "--lang", "en", "--severity", "1", path)
    assert (result.code, result.out) == (0, "a b\nc\n")
    assert "1 texts held a line feed" in result.err


def test_json_lines_keep_it(invoke: Invoke, tmp_path: Path) -> None:
    path = tmp_path / "in.jsonl"
    path.write_text('{"_id": "1", "text": "a b"}\n', encoding="utf-8")
    result = invoke("perturb", f"{__name__}:TwoLines", "--lang", "en", "--severity", "1", "--jsonl", path)
    assert json.loads(result.out)["text"] == "a\nb"
    assert result.err == ""
