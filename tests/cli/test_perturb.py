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
    assert "line feeds in 1 noisy texts" in result.err


def test_carriage_returns_stay_at_the_ends_of_lines(invoke: Invoke, tmp_path: Path) -> None:
    path = tmp_path / "in.txt"
    path.write_bytes(b"the old bridge\r\nwho built it?\r\nunix\n")
    for severity, spec in (("0", "typos"), ("1", "casing(mode='upper')")):
        result = invoke("perturb", spec, "--lang", "en", "--severity", severity, path)
        expected = "the old bridge\r\nwho built it?\r\nunix\n"
        assert result.out == (expected if severity == "0" else expected.upper())


def test_json_lines_keep_it(invoke: Invoke, tmp_path: Path) -> None:
    path = tmp_path / "in.jsonl"
    path.write_text('{"_id": "1", "text": "a b"}\n', encoding="utf-8")
    result = invoke("perturb", f"{__name__}:TwoLines", "--lang", "en", "--severity", "1", "--jsonl", path)
    assert json.loads(result.out)["text"] == "a\nb"
    assert result.err == ""


def test_records_have_their_own_language(invoke: Invoke, tmp_path: Path) -> None:
    rows = [{"_id": str(number), "text": "wo entspringt der lange fluss"} for number in range(20)]
    path = tmp_path / "in.jsonl"

    def noisy(*options: str, lang: str | None) -> str:
        label = {} if lang is None else {"lang": lang}
        path.write_text("".join(json.dumps(row | label) + "\n" for row in rows), encoding="utf-8")
        result = invoke("perturb", "keyboard", "--severity", "0.9", "--jsonl", path, *options)
        assert result.code == 0, result.err
        return "\n".join(json.loads(line)["text"] for line in result.out.splitlines())

    german, english = noisy("--lang", "de", lang=None), noisy("--lang", "en", lang=None)
    assert german != english
    for code in ("de", "deu", "de-AT"):
        assert noisy(lang=code) == noisy("--lang", "en", lang=code) == german  # German keys
    result = invoke("perturb", "keyboard", "--severity", "0.9", path)
    assert (result.code, "give --lang" in result.err) == (2, True)
    path.write_text('{"text": "a", "lang": "en"}\n{"text": "b"}\n', encoding="utf-8")
    result = invoke("perturb", "keyboard", "--severity", "0.9", "--jsonl", path)
    assert (result.code, "record 2 has no lang" in result.err) == (2, True)


def test_a_label_that_does_not_fit_is_told(invoke: Invoke, tmp_path: Path) -> None:
    path = tmp_path / "in.txt"
    path.write_text("这座城市里横跨河流的古桥是谁设计的，什么时候建成？\n", encoding="utf-8")
    result = invoke("perturb", "casing", "--lang", "en", "--severity", "1", path)
    assert "texts labelled 'en' are mostly in Chinese letters" in result.err
