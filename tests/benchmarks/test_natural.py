"""RoCS-MT and Hinglish-TOP in the form of their files, and the natural noise of both and of FLORES variants as recordings."""

from __future__ import annotations

from pathlib import Path

import pytest

from robustir.benchmarks.flores import Flores
from robustir.benchmarks.hinglish_top import HinglishTop
from robustir.benchmarks.rocs_mt import RocsMT
from robustir.errors import DataError, NotApplicableError, SpecError
from robustir.noise.applying import perturb
from robustir.perturbations.recorded import Recorded
from robustir.types import Task

NORMALISED = ["I want to go.", "You are late.", "See you."]
RAW = ["i wanna go", "ur late.", "cya"]
GERMAN = ["Ich will gehen.", "Du bist spät.", "Bis dann."]
TOKENS = [
    "docid\tsentid\ttokid\traw\tnorm\tmanual",
    "7\t0\t0\ti\tI\tcapitalisation",
    "7\t0\t1\t⎵\t⎵\t",
    "7\t0\t2\twanna\twant to\tcontraction",
    "7\t0\t3\t⎵\t⎵\t",
    "7\t0\t4\tgo\tgo\t",
    "7\t0\t5\t\t.\tpunct_diff",
    "7\t1\t0\tur\tYou are\tphonetic_distance, capitalisation",
    "7\t1\t1\t⎵\t⎵\t",
    "7\t1\t2\tlate\tlate\t",
    "7\t1\t3\t.\t.\t",
    "9\t0\t0\tcya\tSee you\tspelling error",
    "9\t0\t1\t\t.\tpunct_diff",
]
REQUESTS = [
    "en_query\tcs_query\ten_parse\tcs_parse\tdomain",
    "Pause my timer .\tmere timer ko roko\t[IN:PAUSE_TIMER Pause my [SL:METHOD_TIMER timer ] . ]\t[]\ttimer",
    "Pause my timer\tmera timer rok do\t[IN:PAUSE_TIMER Pause my [SL:METHOD_TIMER timer ] ]\t[]\ttimer",
    "please pause the timer\ttimer roko na\t[IN:PAUSE_TIMER please pause the [SL:METHOD_TIMER Timer ] ]\t[]\ttimer",
    "pause the clock\tghadi roko\t[IN:PAUSE_TIMER pause the [SL:METHOD_TIMER clock ] ]\t[]\ttimer",
    "stop\truko\t[IN:STOP stop ]\t[]\ttimer",
    "halt\truko\t[IN:STOP halt ]\t[]\ttimer",
]


@pytest.fixture
def rocs(tmp_path: Path) -> Path:
    folder = tmp_path / "natural" / "rocs-mt"
    folder.mkdir(parents=True)
    documents = ("0", "0", "3")
    for kind, texts in (("norm", NORMALISED), ("raw", RAW)):
        (folder / f"RoCS-MT.src.{kind}-manseg.en").write_text("\n".join(texts) + "\n", encoding="utf-8")
        rows = [f"{document}\t{text}\n" for document, text in zip(documents, texts, strict=True)]
        (folder / f"RoCS-MT.src.{kind}-manseg+docid.en.tsv").write_text("".join(rows), encoding="utf-8")
    for lang in ("cs", "de", "fr", "ru", "uk"):
        texts = GERMAN if lang == "de" else [f"{lang} {text}" for text in GERMAN]
        (folder / f"RoCS-MT.ref.{lang}").write_text("".join(f"{text}\t\n" for text in texts), encoding="utf-8")
    (folder / "RoCS-annotated.tsv").write_text("\n".join(TOKENS) + "\n", encoding="utf-8")
    return tmp_path


@pytest.fixture
def hinglish(tmp_path: Path) -> Path:
    folder = tmp_path / "natural" / "hinglish-top"
    folder.mkdir(parents=True)
    (folder / "test.tsv").write_text("\n".join(REQUESTS) + "\n", encoding="utf-8")
    return tmp_path


def found(task: Task) -> dict[str, set[str]]:
    pairs: dict[str, set[str]] = {}
    for query, passage in zip(task.qrels.query.tolist(), task.qrels.passage.tolist(), strict=True):
        pairs.setdefault(task.queries.texts[query], set()).add(task.corpus.texts[passage])
    return pairs


def test_rocs_mt_asks_in_english_for_translations_with_posts_as_groups(rocs: Path) -> None:
    task = RocsMT().load(rocs, ["de"])
    assert (task.name, task.settings, task.group_kind) == ("rocs-mt", ("cross",), "post")
    assert found(task) == {text: {other} for text, other in zip(NORMALISED, GERMAN, strict=True)}
    assert task.queries.groups == ("post-0", "post-0", "post-3")
    assert task.queries.source_ids == ("0000", "0001", "0002")
    assert RocsMT(text="raw").load(rocs, ["de", "en"]).queries.texts == tuple(RAW)
    whole = RocsMT().load(rocs)
    assert (set(whole.queries.langs), set(whole.corpus.langs)) == ({"en"}, {"cs", "de", "fr", "ru", "uk"})


def test_mistakes_in_rocs_mt_are_one_message(rocs: Path) -> None:
    with pytest.raises(SpecError, match="text must be one of normalised, raw"):
        RocsMT(text="clean")
    with pytest.raises(NotApplicableError, match="name a language beside en: cs, de, fr, ru, uk"):
        RocsMT().load(rocs, ["en"])
    with pytest.raises(
        DataError, match=r"no command can download it.*rbawden/RoCS-MT.*robustir fetch rocs-mt --from DIR"
    ):
        RocsMT().load(rocs / "nowhere")
    path = rocs / "natural/rocs-mt/RoCS-MT.src.norm-manseg+docid.en.tsv"
    path.write_text("0\tI want to go.\n0\tYou are early.\n3\tSee you.\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"docid.en.tsv:2: expected a document number, a tab and line 2 of the posts"):
        RocsMT().load(rocs)
    path.write_text("0\tI want to go.\n", encoding="utf-8")
    with pytest.raises(DataError, match="has 1 lines, but the posts have 3"):
        RocsMT().load(rocs)


def test_posts_as_written_are_noise_on_the_normalised_ones(rocs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ROBUSTIR_DATA", str(rocs))
    queries = RocsMT().load(rocs, ["de", "fr"]).queries
    noise = Recorded("natural/rocs-mt/RoCS-MT.src.raw-manseg.en", lines=True)
    assert noise.natural
    assert perturb(queries, noise, severity=1.0).texts == (*RAW, *RAW)


@pytest.mark.parametrize(
    ("kinds", "texts"),
    [
        ("capitalisation", ("i want to go.", "You are late.", "See you.")),
        (("capitalisation", "phonetic_distance"), ("i want to go.", "ur late.", "See you.")),
        (("contraction", "punct_diff"), ("I wanna go", "You are late.", "See you")),
        ("spelling_error", ("I want to go.", "You are late.", "cya.")),  # also annotated as "spelling error"
    ],
)
def test_a_kind_of_error_alone(rocs: Path, kinds: str | tuple[str, ...], texts: tuple[str, ...]) -> None:
    queries = RocsMT().load(rocs, ["de"]).queries
    noise = Recorded(str(rocs / "natural/rocs-mt/RoCS-annotated.tsv"), kinds=kinds)
    assert perturb(queries, noise, severity=1.0).texts == texts


def test_mistakes_in_layouts_are_one_message(rocs: Path) -> None:
    file = str(rocs / "natural/rocs-mt/RoCS-annotated.tsv")
    with pytest.raises(DataError, match="has no kind of error 'typo'; it has capitalisation, contraction, phonetic"):
        Recorded(file, kinds="typo")
    with pytest.raises(SpecError, match="one of lines=True, column= and kinds="):
        Recorded(file, kinds="typo", lines=True)
    with pytest.raises(
        DataError, match="tsv:1: no column 'text'; its columns are docid, sentid, tokid, raw, norm, manual"
    ):
        Recorded(file, column="text")
    posts = str(rocs / "natural/rocs-mt/RoCS-MT.src.raw-manseg.en")
    with pytest.raises(DataError, match=r"manseg.en:1: expected the columns docid, sentid"):
        Recorded(posts, kinds="typo")
    Path(file).write_text("\n".join([*TOKENS, "9\t0"]), encoding="utf-8")
    with pytest.raises(DataError, match=r"tsv:14: expected 6 columns, not 2"):
        Recorded(file, column="raw")
    with pytest.raises(DataError, match=r"tsv:14: expected 6 columns, not 2"):
        Recorded(file, kinds="contraction")


def test_lines_that_do_not_correspond_are_refused_by_their_numbers(tmp_path: Path) -> None:
    (tmp_path / "flores/devtest").mkdir(parents=True)
    lines = [f"{'word ' * (1 + (7 * line) % 23)}number {line}" for line in range(60)]
    for lang in ("en", "de"):
        (tmp_path / f"flores/devtest/{lang}.txt").write_text("\n".join(lines), encoding="utf-8")
    queries = Flores().load(tmp_path, ["de"]).queries
    path = tmp_path / "dialect.txt"
    path.write_text("\n".join(line.replace("word", "wurd") for line in lines), encoding="utf-8")
    noisy = perturb(
        queries.select([queries.ids.index("de-q0001")]), Recorded(str(path), lang="de", lines=True), severity=1
    )
    assert noisy.texts == (lines[1].replace("word", "wurd"),)
    path.write_text("\n".join([*lines[1:], lines[0]]), encoding="utf-8")
    german = queries.select([row for row, lang in enumerate(queries.langs) if lang == "de"])
    with pytest.raises(DataError, match="lines 0000 to 0059, counted from 0, do not correspond to the queries"):
        perturb(german, Recorded(str(path), lang="de", lines=True), severity=1)


def test_hinglish_top_finds_paraphrases_of_the_same_intents_and_slots(hinglish: Path) -> None:
    """One of two wordings asks for the other; a clock is another slot, and an intent without slots is no paraphrase."""
    task = HinglishTop().load(hinglish)
    assert (task.name, task.settings) == ("hinglish-top", ("mono",))
    (query, passages) = found(task).popitem()
    assert {query, *passages} == {"Pause my timer .", "please pause the timer"}
    assert len(task.queries) == 1
    assert set(task.corpus.texts) == {*passages, "pause the clock", "stop", "halt"}
    noise = Recorded(str(hinglish / "natural/hinglish-top/test.tsv"), column="cs_query")
    expected = {"Pause my timer .": "mere timer ko roko", "please pause the timer": "timer roko na"}
    assert perturb(task.queries, noise, severity=1.0).texts == (expected[query],)


def test_hinglish_top_finds_all_counterparts_of_equal_requests(hinglish: Path) -> None:
    task = HinglishTop(find="counterpart").load(hinglish)
    assert task.settings == ("cross",)
    both = {"mere timer ko roko", "mera timer rok do"}
    pairs = found(task)
    assert pairs["Pause my timer ."] == pairs["Pause my timer"] == both
    assert pairs["mere timer ko roko"] == {"Pause my timer .", "Pause my timer"}
    assert pairs["ruko"] == {"stop", "halt"}
    assert task.corpus.texts.count("ruko") == task.queries.texts.count("ruko") == 1
    assert set(task.queries.langs) == {"en", "hi-Latn"}


def test_mistakes_in_hinglish_top_are_one_message(hinglish: Path) -> None:
    with pytest.raises(SpecError, match="find must be one of paraphrase, counterpart"):
        HinglishTop(find="answer")
    with pytest.raises(NotApplicableError, match="needs both languages: en and hi-Latn"):
        HinglishTop(find="counterpart").load(hinglish, ["en"])
    with pytest.raises(NotApplicableError, match="name en"):
        HinglishTop().load(hinglish, ["hi-Latn"])
    path = hinglish / "natural/hinglish-top/test.tsv"
    path.write_text("\n".join([*REQUESTS, "only one"]), encoding="utf-8")
    with pytest.raises(DataError, match=r"test.tsv:8: expected 5 columns with a text in the first two, not 1 columns"):
        HinglishTop().load(hinglish)
    path.write_text("\n".join(REQUESTS[1:]), encoding="utf-8")
    with pytest.raises(DataError, match=r"test.tsv:1: expected the columns en_query, cs_query"):
        HinglishTop().load(hinglish)


@pytest.mark.data
def test_the_real_files(data: Path) -> None:
    task = RocsMT().load(data, ["de"])
    assert (len(task.queries), len(set(task.queries.groups))) == (1922, 452)
    annotated = str(data / "natural/rocs-mt/RoCS-annotated.tsv")
    kept = [perturb(task.queries, Recorded(annotated, kinds="censure"), severity=1.0).texts]
    assert sum(one != other for one, other in zip(kept[0], task.queries.texts, strict=True)) <= 9  # tokens of that kind
    requests = HinglishTop().load(data)
    assert (len(requests.queries), len(requests.corpus)) == (685, 5520)
    sides = HinglishTop(find="counterpart").load(data)
    assert len(sides.qrels.query) == 13996
    flores = Flores().load(data, ["ar"]).queries
    arabic = flores.select([row for row, lang in enumerate(flores.langs) if lang == "ar"])
    latin = Recorded(str(data / "natural/flores-variants/arb_Latn.txt"), lang="arb", lines=True)
    assert all(any("a" <= char <= "z" for char in text) for text in perturb(arabic, latin, severity=1.0).texts)
