"""Tatoeba, NTREX, FLORES and newstest: counts of the data, pairs, pools, groups, and what mistakes are told as."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from robustir.benchmarks.bitext import check_alignment, read_lines
from robustir.benchmarks.flores import Flores
from robustir.benchmarks.ntrex import Ntrex
from robustir.benchmarks.tatoeba import Tatoeba
from robustir.benchmarks.wmt import Wmt
from robustir.errors import DataError, NotApplicableError, SpecError
from robustir.evidence.views import view
from robustir.types import Task


def pairs(task: Task) -> dict[tuple[str, str], int]:
    seen = view(task, "cross")
    return dict(Counter(zip(seen.query_lang, seen.passage_lang, strict=True)))


def test_tatoeba_codes_are_the_shortest_there_are() -> None:
    """Two letters where ISO 639-1 has a code, as the perturbations name languages; three elsewhere."""
    assert {"af", "ar", "de", "el", "en", "es", "fa", "hi", "ms", "ru", "sw", "th", "tr", "vi", "zh"} <= set(
        Tatoeba.languages
    )
    three = " ".join(lang for lang in Tatoeba.languages if len(lang) == 3)
    assert three == (
        "ang arq arz ast awa ber cbk ceb csb dsb dtp gsw hsb kab kzj lfn max"
        " mhr nds nov orv pam pms swg tzl war wuu yue"
    )


@pytest.mark.data
def test_tatoeba(data: Path) -> None:
    assert len(Tatoeba.languages) == len(set(Tatoeba.languages)) == 113
    task = Tatoeba(direction="to-en").load(data)
    assert len(task.queries) == 88_877  # the lines of the 112 English files
    assert len(task.languages) == 112
    assert set(task.corpus.langs) == {"en"}
    two = Tatoeba().load(data, ["de", "tzl"])
    assert pairs(two) == {("de", "en"): 1000, ("en", "de"): 1000, ("tzl", "en"): 104, ("en", "tzl"): 104}
    row = two.queries.ids.index("tatoeba-deu-de-en-q0004")
    passage = two.qrels.passage[two.qrels.query == row].item()
    assert (two.queries.texts[row], two.corpus.texts[passage]) == (
        (data / "tatoeba-v1/tatoeba.deu-eng.deu").read_text(encoding="utf-8").split("\n")[4],
        "Mary spent all morning cleaning her room.",
    )
    with pytest.raises(NotApplicableError, match="at least one other language"):
        Tatoeba().load(data, ["en"])
    with pytest.raises(NotApplicableError, match="tatoeba has no xx"):
        Tatoeba().load(data, ["xx"])
    with pytest.raises(SpecError, match="direction must be one of both, to-en, from-en"):
        Tatoeba(direction="sideways")


@pytest.mark.data
def test_equal_english_sentences_are_of_one_group(data: Path) -> None:
    task = Tatoeba(direction="from-en").load(data, ["de", "fr", "es", "tr", "pl"])
    by_text: dict[str, set[str]] = {}
    sets: dict[str, set[str]] = {}
    for text, group, name in zip(task.queries.texts, task.queries.groups, task.queries.ids, strict=True):
        by_text.setdefault(text, set()).add(group)
        sets.setdefault(text, set()).add(name[:11])
    assert all(len(groups) == 1 for groups in by_text.values())
    assert any(len(where) > 1 for where in sets.values())


@pytest.mark.data
def test_ntrex(data: Path) -> None:
    task = Ntrex().load(data)
    assert pairs(task) == {
        pair: 1997 for lang in Ntrex.languages if lang != "en" for pair in ((lang, "en"), ("en", lang))
    }
    assert len(set(task.queries.groups)) == 123
    assert task.queries.groups[0] == "bbc.381790"
    assert task.group_kind == "document"
    three = Ntrex(pivot=None).load(data, ["de", "hi", "zh"])
    assert pairs(three) == {(a, b): 1997 for a in ("de", "hi", "zh") for b in ("de", "hi", "zh") if a != b}
    assert Ntrex().load(data, ["de"]).languages == ("de", "en")


@pytest.mark.data
def test_flores(data: Path) -> None:
    task = Flores().load(data)
    assert len(task.languages) == 21
    assert set(pairs(task).values()) == {1012}
    assert len(pairs(task)) == 40
    assert len(set(task.queries.groups)) == 51
    assert Flores(split="dev").load(data, ["de"]).name == "flores-dev"
    assert len(Flores(split="dev").load(data, ["de"]).queries) == 2 * 997
    with pytest.raises(SpecError, match="split must be one of"):
        Flores(split="test")


@pytest.mark.data
def test_wmt(data: Path) -> None:
    task = Wmt().load(data)
    assert pairs(task)["de", "en"] == 28_852  # the lines of en-de.tsv
    assert task.pools is not None
    assert len(task.pools) == 2 * (1 + 11 + 6 + 5 + 3 + 3)
    year = Wmt(sets="wmt13").load(data)
    assert pairs(year) == {
        ("de", "en"): 2993, ("en", "de"): 2993, ("es", "en"): 2995, ("en", "es"): 2995, ("ru", "en"): 2995, ("en", "ru"): 2995
    }  # fmt: skip
    with pytest.raises(NotApplicableError, match=r"wmt has no wmt07 in ar, .*its sets are: iwslt17, wmt08"):
        Wmt(sets=("wmt07", "wmt13")).load(data)


@pytest.mark.data
def test_shifted_lines_are_found_in_every_language(data: Path) -> None:
    """What the thresholds were chosen for: aligned files pass (all loaders above load), files one line apart do not."""
    english = read_lines(data / "ntrex" / "en.txt")
    for lang in Ntrex.languages:
        other = read_lines(data / "ntrex" / f"{lang}.txt")
        if lang != "en":
            with pytest.raises(DataError, match="not translations of each other"):
                check_alignment(lang, [*english[1:], english[0]], other)
    # A set that loses its alignment half-way.
    german = read_lines(data / "ntrex" / "de.txt")
    with pytest.raises(DataError, match="lines 1001 to 1200"):
        check_alignment("de", english, [*german[:1000], *german[1001:], german[1000]])


def write(folder: Path, **files: str) -> Path:
    folder.mkdir(parents=True)
    for name, text in files.items():
        (folder / name.replace("__", ".")).write_text(text, encoding="utf-8")
    return folder.parent


def test_mistakes(tmp_path: Path) -> None:
    for benchmark, folder in (
        (Tatoeba(), "tatoeba-v1"),
        (Ntrex(), "ntrex"),
        (Flores(), "flores/devtest"),
        (Wmt(), "wmt"),
    ):
        with pytest.raises(DataError, match=rf"{folder} does not exist.*robustir fetch {benchmark.name}"):
            benchmark.load(tmp_path)
        with pytest.raises(DataError, match=rf"ROBUSTIR_DATA.*robustir fetch {benchmark.name}"):
            benchmark.load(None)
    data = write(
        tmp_path / "a" / "ntrex", de__txt="eins\nzwei\n", en__txt="one\ntwo\nthree\n", DOCUMENT_IDS__tsv="a\na\n"
    )
    with pytest.raises(DataError, match=r"en.txt has 3 lines, but DOCUMENT_IDS.tsv has 2"):
        Ntrex().load(data)
    with pytest.raises(NotApplicableError, match="ntrex has no fr; its languages are: de, en"):
        Ntrex().load(data, ["fr"])
    data = write(tmp_path / "b" / "flores" / "devtest", de__txt="eins\n\ndrei\n", en__txt="one\ntwo\nthree\n")
    with pytest.raises(DataError, match=r"de.txt:2: the line is empty"):
        Flores().load(data.parent)
    data = write(tmp_path / "c" / "flores" / "devtest", de__txt="eins\n", en__txt="one\ntwo\n")
    with pytest.raises(DataError, match="1 lines against 2"):
        Flores().load(data.parent)
    with pytest.raises(NotApplicableError, match="flores has no fr; its languages are: de, en"):
        Flores(pivot="fr").load(data.parent, ["de", "en", "fr"][:2])
    data = write(tmp_path / "d" / "wmt", **{"en-de__tsv": "wmt13\tone\teins\nwmt13\ttwo\n"})
    with pytest.raises(DataError, match=r"en-de.tsv:2: a line holds set"):
        Wmt().load(data, ["de"])


def test_carriage_returns_and_odd_separators_stay_in_line(tmp_path: Path) -> None:
    path = tmp_path / "x.txt"
    path.write_bytes("eins\r\nzwei\u2028noch zwei\r\n".encode())
    assert read_lines(path) == ["eins", "zwei\u2028noch zwei"]
