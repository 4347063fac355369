"""Every reader of files that people bring, with small sound files for it: what the fuzzer changes, and what it calls then."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from tests.fuzzing.mutations import File

__all__ = ["READERS", "Reader"]

Files = dict[str, File]


@dataclass(frozen=True)
class Reader:
    """A reader.

    make: returns its sound files by their places in a folder; gets a folder for whatever it needs on the way.
    read: reads the folder, which holds those files, one or two of them changed.
    cost: how many of the others' inputs one of its inputs weighs.
    """

    make: Callable[[Path], Files]
    read: Callable[[Path], object]
    cost: int = 1
    needs: tuple[str, ...] = field(default=())


def _text(value: str) -> File:
    return File("bytes", value.encode())


def _kept(folder: Path) -> Files:
    """Return the files below a folder by their places in it: JSON by its structure, safetensors by their header."""
    paths = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {path.relative_to(folder).as_posix(): _file(path) for path in paths}


def _file(path: Path) -> File:
    content = path.read_bytes()
    if path.suffix == ".json":
        return File("json", json.loads(content))
    if path.suffix == ".safetensors":
        size = int.from_bytes(content[:8], "little")
        return File("safetensors", (json.loads(content[8 : 8 + size]), content[8 + size :]))
    if path.suffix in {".pt", ".bin"}:
        import torch

        return File("pickle", torch.load(path, weights_only=False))
    if path.suffix == ".parquet":
        import pyarrow.parquet as pq

        table = pq.read_table(path)
        return File("parquet", (table.to_pydict(), table.schema))
    return File("bytes", content)


_SENTENCES: Final = (
    "Where does the river Nile begin and how long is it?",
    "The 4 towns on 12 hills were built before 1900.",
    "Bread and water are what 25 people had that night.",
    "A dog sees the house under 3 old trees.",
)
_GERMAN: Final = (
    "Wo beginnt der Fluss Nil und wie lang ist er?",
    "Die 4 Orte auf 12 Bergen wurden vor 1900 gebaut.",
    "Brot und Wasser hatten 25 Menschen in jener Nacht.",
    "Ein Hund sieht das Haus unter 3 alten Bäumen.",
)


# ---- suites, specs and what else is written by hand


def _suite_files(_: Path) -> Files:
    content = {
        "name": "my-study",
        "description": "A study.",
        "seed": 7,
        "draws": 2,
        "benchmarks": ["mini", "beir('./task')"],
        "encoders": ["bm25", "words=hashing(analyzer='word')", {"spec": "hashing", "name": "letters"}],
        "optional": ["static('./model')"],
        "strategies": {"x-y": {"encoders": "study/x-y-*"}},
        "needs": {"study/x-y-12": "robustir train study --seed 12 -o study"},
        "perturbations": ["typos", {"spec": "ocr", "severities": [0.2], "draws": 1, "name": "scans"}],
        "severities": [0.1, 0.5],
        "languages": ["en", "de"],
        "settings": ["mono", "cross"],
        "limit": 10,
        "measures": ["AP", "nDCG@10"],
        "statistics": {"flips": 99, "resamples": 99, "interval": "bca", "confidence": 0.9},
        "equivalence": {"absolute": 1.0, "relative": 0.05, "reason": "nobody notices"},
        "validity": {"characters": 0.7, "protected": False},
    }
    return {"suite.toml": File("toml", content)}


def _read_suite(folder: Path) -> object:
    from robustir.planning.suite import load_suite

    return load_suite(str(folder / "suite.toml"))


def _specs(_: Path) -> Files:
    specs = (
        "typos(mix='uniform', parts=('delete', 'insert'))",
        "code-switch(into='de', share=0.5)",
        "compose(typos, ocr(severity=0.2))",
        "keyboard(dose='cer:0.1')",
        "one-of(typos, casing)",
        "recorded(file='noise.jsonl', coverage=0.5)",
    )
    return {"specs": _text("\n".join(specs))}


def _read_specs(folder: Path) -> object:
    from robustir.comparing.grammar import parse_bound
    from robustir.measures import parse_measure
    from robustir.plugins.registry import canonical
    from robustir.plugins.specs import parse

    def refused(read: Callable[[str], object], text: str) -> None:
        from robustir.errors import InputError

        try:
            read(text)
        except InputError:
            return

    for text in _bytes_of(folder / "specs").decode("utf-8", "replace").split("\n"):
        refused(parse, text)
        if ":" not in text.partition("(")[0]:  # an object is code
            refused(lambda spec: canonical("perturbation", spec), text)
        refused(parse_measure, text.replace("typos", "nDCG").replace("mix", "k"))
        refused(parse_bound, f"delta({text}) < -0.1")
    return None


def _bytes_of(path: Path) -> bytes:
    return path.read_bytes() if path.is_file() else b""


# ---- benchmarks


def _beir_files(_: Path) -> Files:
    corpus = [
        {"_id": f"d{row}", "title": "On rivers", "text": text, "lang": lang}
        for lang, texts in (("en", _SENTENCES), ("de", _GERMAN))
        for row, text in enumerate(texts, 0 if lang == "en" else 10)
    ]
    queries = [
        {"_id": f"q{row}", "text": text, "lang": lang, "source_id": f"s{row % 2}", "group": f"g{row % 2}"}
        for row, (lang, text) in enumerate((("en", "how long is the nile"), ("de", "der hund"), ("en", "towns")))
    ]
    judged = "query-id\tcorpus-id\tscore\nq0\td0\t1\nq0\td10\t2\nq1\td13\t1\nq2\td1\t1\n"
    return {
        "corpus.jsonl": File("jsonl", corpus),
        "queries.jsonl": File("jsonl", queries),
        "qrels/test.tsv": _text(judged),
    }


def _read_beir(folder: Path) -> object:
    from robustir.benchmarks.beir import Beir

    return Beir(str(folder)).load(None)


def _packed_beir_files(folder: Path) -> Files:
    plain = _beir_files(folder)
    return {f"{name}.gz": File(f"{file.form}+gz", file.value) for name, file in plain.items()}


def _trec_qrels_files(folder: Path) -> Files:
    judged = "q0 0 d0 1\nq0 0 d10 2\nq1 0 d13 1\nq2 0 d1 1\n"
    return {**_beir_files(folder), "qrels/test.tsv": _text(judged)}


def _xquad_files(_: Path) -> Files:
    def article(texts: tuple[str, ...], title: str, name: str) -> dict[str, Any]:
        starts = [sum(len(text) + 1 for text in texts[:row]) for row in range(len(texts))]
        breaks = [[start, start + len(text)] for start, text in zip(starts, texts, strict=True)]
        answers = [{"answer_start": starts[1] + 2, "text": texts[1][2:8]}]
        question = {"id": name, "question": texts[1][:20], "answers": answers}
        paragraph = {
            "context": " ".join(texts),
            "sentences": list(texts),
            "sentence_breaks": breaks,
            "qas": [question, {**question, "id": f"{name}b"}],
        }
        return {"title": title, "paragraphs": [paragraph, {**paragraph, "qas": []}]}

    files = {}
    for lang, texts, title in (("en", _SENTENCES, "Rivers"), ("de", _GERMAN, "Flüsse")):
        files[f"xquad-r/{lang}.json"] = File("json", {"data": [article(texts, title, "56")], "version": "1.1"})
        files[f"mlqa-r/{lang}.json"] = files[f"xquad-r/{lang}.json"]
    return files


def _read_xquad(folder: Path) -> object:
    from robustir.benchmarks.mlqa_r import MLQAR
    from robustir.benchmarks.xquad_r import XQuADR

    langs = ("en", "de")
    return _each(
        lambda: XQuADR().load(folder, langs),
        lambda: XQuADR(passage="sentence-in-context").load(folder, langs),
        lambda: MLQAR().load(folder, langs),
    )


def _each(*reads: Callable[[], object]) -> list[object]:
    """Return what each gives, the refusal of those that refuse; other errors pass."""
    from robustir.errors import InputError

    found: list[object] = []
    for read in reads:
        try:
            found.append(read())
        except InputError as error:
            found.append(error)
    refusals = [one for one in found if isinstance(one, InputError)]
    if refusals:
        raise refusals[0]
    return found


def _bitext_files(_: Path) -> Files:
    english, german = "\n".join(_SENTENCES) + "\n", "\n".join(_GERMAN) + "\n"
    pairs = "".join(f"wmt13\t{one}\t{other}\n" for one, other in zip(_SENTENCES, _GERMAN, strict=True))
    frame = "[IN:GET_EVENT [SL:DATE_TIME tonight ] ]"
    requests = "en_query\tcs_query\ten_parse\tcs_parse\tdomain\n" + "".join(
        f"{text}\tyaar {text}\t{frame}\t{frame}\tevent\n" for text in _SENTENCES
    )
    documents = "".join(f"{row}\t{text}\n" for row, text in enumerate(_SENTENCES))
    topics = "".join(f"{row}\t{text}\n" for row, text in enumerate(_SENTENCES))
    judged = "".join(f"{row} Q0 7#{row} 1\n" for row in range(4))
    passages = [{"docid": f"7#{row}", "title": "Nile", "text": text} for row, text in enumerate(_SENTENCES)]
    noisy = [{"_id": name, "text": "wher is teh nile"} for name in ("56", "56b")]
    return {
        **{name: file for name, file in _xquad_files(_).items() if name == "xquad-r/en.json"},
        "noiseqa/natural/xquad-keyboard-natural.jsonl": File("jsonl", noisy),
        "wmt/en-de.tsv": _text(pairs),
        "tatoeba-v1/tatoeba.deu-eng.deu": _text(german),
        "tatoeba-v1/tatoeba.deu-eng.eng": _text(english),
        "ntrex/en.txt": _text(english),
        "ntrex/de.txt": _text(german),
        "ntrex/DOCUMENT_IDS.tsv": _text("a\na\nb\nb\n"),
        "flores/devtest/en.txt": _text(english),
        "flores/devtest/de.txt": _text(german),
        "natural/rocs-mt/RoCS-MT.src.norm-manseg.en": _text(english),
        "natural/rocs-mt/RoCS-MT.src.norm-manseg+docid.en.tsv": _text(documents),
        "natural/rocs-mt/RoCS-MT.ref.de": _text(german),
        "natural/hinglish-top/test.tsv": _text(requests),
        "miracl/miracl-v1.0-en/topics/topics.miracl-v1.0-en-dev.tsv": _text(topics),
        "miracl/miracl-v1.0-en/qrels/qrels.miracl-v1.0-en-dev.tsv": _text(judged),
        "miracl/miracl-corpus-v1.0-en/docs-0.jsonl.gz": File("jsonl+gz", passages),
    }


def _read_bitext(folder: Path) -> object:
    from robustir.benchmarks.flores import Flores
    from robustir.benchmarks.hinglish_top import HinglishTop
    from robustir.benchmarks.miracl import Miracl
    from robustir.benchmarks.noiseqa import NoiseQA
    from robustir.benchmarks.ntrex import Ntrex
    from robustir.benchmarks.rocs_mt import RocsMT
    from robustir.benchmarks.tatoeba import Tatoeba
    from robustir.benchmarks.wmt import Wmt

    return _each(
        lambda: NoiseQA().load(folder),
        lambda: Wmt().load(folder, ("de", "en")),
        lambda: Tatoeba().load(folder, ("de", "en")),
        lambda: Ntrex().load(folder),
        lambda: Flores().load(folder),
        lambda: RocsMT().load(folder, ("de",)),
        lambda: HinglishTop("counterpart").load(folder),
        lambda: HinglishTop().load(folder),
        lambda: Miracl().load(folder),
    )


# ---- rankings of other engines, recorded noise


def _trec_files(folder: Path) -> Files:
    lines = "".join(
        f"q{query} Q0 d{passage} {rank} {9.5 - rank} engine\n"
        for query in range(3)
        for rank, passage in enumerate((0, 10, 13, 1), 1)
    )
    index = {
        "suite": "s",
        "seed": 0,
        "query_sets": [
            {"name": "clean", "run": "runs/clean.txt", "jsonl": "a.jsonl", "tsv": "a.tsv", "queries": 3},
            {"name": "noisy", "run": "runs/noisy.txt.gz", "jsonl": "b.jsonl", "tsv": "b.tsv", "queries": 3},
        ],
    }
    return {
        "index.json": File("json", index),
        "runs/clean.txt": _text(lines),
        "runs/noisy.txt.gz": File("bytes+gz", lines.encode()),
    }


def _read_trec(folder: Path) -> object:
    from robustir.encoders.trec_run import TrecRun

    task = _tiny_task()
    sets = ("clean", "noisy")
    return _each(
        *(lambda name=name: TrecRun(str(folder)).scores_of(name, task) for name in sets),  # type: ignore[misc]  # bound
        *(lambda name=name: TrecRun(str(folder / "runs")).scores_of(name, task) for name in sets),  # type: ignore[misc]  # bound
        lambda: TrecRun(str(folder)).revision_of("noisy"),
    )


_task: list[Any] = []


def _tiny_task() -> Any:
    if not _task:
        import tempfile

        with tempfile.TemporaryDirectory() as made:
            _put(Path(made), _beir_files(Path(made)))
            _task.append(_read_beir(Path(made)))
    return _task[0]


def _put(folder: Path, files: Files) -> None:
    from tests.fuzzing.mutations import sound

    for name, file in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(sound(file))


def _recorded_files(_: Path) -> Files:
    rows = [{"_id": f"q{row}", "text": text, "lang": "en"} for row, text in enumerate(_SENTENCES)]
    kinds = ("", "spelling_error", "acronymisation, contraction", "")
    tokens = "".join(
        f"1\t{row // 2}\t{row}\tteh⎵\tthe⎵\t{kind}\n1\t{row // 2}\t{row}\tNile.\tNile.\t\n"
        for row, kind in enumerate(kinds)
    )
    return {
        "noise.jsonl": File("jsonl", rows),
        "noise.tsv": _text("".join(f"q{row}\t{text}\n" for row, text in enumerate(_SENTENCES))),
        "noise.txt": _text("\n".join(_SENTENCES) + "\n"),
        "table.tsv": _text("a\tnoisy\n" + "".join(f"x\t{text}\n" for text in _SENTENCES)),
        "tokens.tsv": _text("docid\tsentid\ttokid\traw\tnorm\tmanual\n" + tokens),
    }


def _read_recorded(folder: Path) -> object:
    from robustir.perturbations.recorded import Recorded
    from robustir.perturbations.tables.recordings import Layout, read_recording
    from robustir.resources.natural_noise.forum import count_chat_rates

    def layout(name: str, **chosen: Any) -> Callable[[], object]:
        return lambda: read_recording(str(folder / name), "en", Layout(**chosen))

    return _each(
        layout("noise.jsonl"),
        layout("noise.tsv"),
        layout("noise.txt", lines=True),
        layout("table.tsv", column="noisy"),
        layout("tokens.tsv", kinds=("spelling_error", "acronymisation")),
        lambda: Recorded(str(folder / "noise.jsonl")).languages,
        lambda: count_chat_rates(folder / "tokens.tsv"),
    )


# ---- natural pairs, lexicons, calibrations, lists of words


def _natural_files(_: Path) -> Files:
    noisy = [
        text.replace("the", "teh").replace("e ", "r ").replace("un", "u").replace("rs", "s") for text in _SENTENCES
    ]
    return {
        "pairs.tsv": _text("".join(f"{one}\t{other}\n" for one, other in zip(_SENTENCES, noisy, strict=True))),
        "clean.txt": _text("\n".join(_SENTENCES) + "\n"),
        "noisy.txt": _text("\n".join(noisy) + "\n"),
        "clean.jsonl": File("jsonl", [{"_id": f"q{row}", "text": text} for row, text in enumerate(_SENTENCES)]),
        "noisy.jsonl": File("jsonl", [{"_id": f"q{row}", "text": text} for row, text in enumerate(noisy)]),
        "words.txt": _text("the 900\nof 800\nriver 3\n"),
    }


def _read_natural(folder: Path) -> object:
    from robustir.resources.natural_noise.comparing import frequent_words
    from robustir.resources.natural_noise.pairs import read_pairs
    from robustir.resources.natural_noise.rates import count_rates

    return _each(
        lambda: count_rates(read_pairs(folder / "pairs.tsv"), "en", "pairs.tsv"),
        lambda: read_pairs(folder / "noisy.txt", folder / "clean.txt"),
        lambda: read_pairs(folder / "noisy.jsonl", folder / "clean.jsonl"),
        lambda: frequent_words(folder / "words.txt"),
    )


def _lexicon_files(_: Path) -> Files:
    rows = "# source: made here\nriver\tFluss\t0.8\t0.7\ndog\tHund\t1\t0.9\nhouse\tHaus\t0.5\t1e-3\n"
    return {"en-de.tsv.gz": File("bytes+gz", rows.encode())}


def _read_lexicon(folder: Path) -> object:
    from robustir.perturbations.tables.lexicons import read_rows

    return list(read_rows(folder / "en-de.tsv.gz"))


def _calibration_files(_: Path) -> Files:
    curve = {"en": [0.01, 0.1, 0.2], "de": [0.02, 0.1, 0.1]}
    entry = {"version": "1", "source": "lines", "severities": [0.1, 0.5, 1.0], "languages": curve}
    missed = {"missed": {"en": 0.01, "de": -0.2}}
    return {"typos.json": File("json", {"typos": entry | missed, "typos(mix='uniform')": entry})}


def _read_calibration(folder: Path) -> object:
    from robustir.perturbations.tables.calibrations import read_calibrations

    read_calibrations.cache_clear()
    found = read_calibrations(folder / "typos.json")
    for one in found.values():
        told = one.range_text() + one.digest
        for curve in one.curves.values():
            told += f"{curve.severity(curve.greatest / 2)} {curve.shown_greatest}"
    return found


# ---- training


def _training_files(_: Path) -> Files:
    content = {
        "name": "small",
        "sampling": "hybrid",
        "alpha": 0.5,
        "languages": ["en", "de"],
        "sources": ["tatoeba", "flores", "qa", "mkqa"],
        "weights": {"qa": 0.5},
        "steps": 10,
        "batch": 16,
        "mixed": 2,
        "shared": {"qa": 1},
        "model": {"kind": "static", "pieces": 200, "dimensions": 8, "start": "random", "packed_bits": 4},
        "optimiser": {"learning_rate": 0.1, "warm_up": 2},
        "robust": {"queries": [{"spec": "typos", "severity": 0.2, "share": 0.5}], "gaussian": 0.1},
    }
    other = {
        **content,
        "model": {"kind": "transformer", "architecture": {"layers": 2, "dimensions": 8, "heads": 2}, "max_length": 16},
    }
    record = {
        "name": "small",
        "configuration": {"sources": ["tatoeba", "glossed"], "sampling": "x-y", "seed": 1},
        "robust_training": {"queries": [{"spec": "typos"}]},
    }
    return {
        "static.toml": File("toml", content),
        "transformer.toml": File("toml", other),
        "training.json": File("json", record),
    }


def _read_training(folder: Path) -> object:
    from robustir.encoders.training_record import read_training_record
    from robustir.training.config import load_config

    return _each(
        lambda: load_config(folder / "static.toml"),
        lambda: load_config(folder / "transformer.toml", seed=2, sampling="x-y"),
        lambda: read_training_record(folder),
    )


def _pairs_files(folder: Path) -> Files:
    english, german = "\n".join(_SENTENCES) + "\n", "\n".join(_GERMAN) + "\n"
    pairs = "".join(f"{one}\t{other}\n" for one, other in zip(_SENTENCES, _GERMAN, strict=True))
    return {
        **{name: file for name, file in _xquad_files(folder).items() if name == "xquad-r/en.json"},
        "train/tatoeba-opus/en-de.tsv": _text(pairs.replace("A dog", "A cat")),
        "train/qa/en.jsonl": File(
            "jsonl", [{"question": f"who {text}", "passage": f"So {text}"} for text in _SENTENCES]
        ),
        "train/mkqa-questions.jsonl": File("jsonl", [{"en": f"x {text}", "de": "wer"} for text in _SENTENCES]),
        "flores/dev/en.txt": _text(english.replace("the", "this")),
        "flores/dev/de.txt": _text(german.replace("die", "diese")),
        "wmt/en-de.tsv": _text("".join(f"wmt13\tx {line}\n" for line in pairs.split("\n") if line)),
        "ntrex/de.txt": _text("Ganz anders.\n"),
    }


def _read_pairs(folder: Path) -> object:
    from robustir.training.data.shelves import read_pairs

    langs = ("en", "de")
    return _each(
        *(
            lambda source=source: read_pairs(folder, (source,), langs, longest=100)  # type: ignore[misc]  # bound
            for source in ("tatoeba", "wmt", "flores", "mkqa", "qa", "qa-sentences", "neighbours", "contexts")
        )
    )


def _checkpoint_files(folder: Path) -> Files:
    import torch

    from robustir.training.checkpoints import Progress, write_checkpoint

    progress = Progress.fresh()
    progress.log.append([1, "x-x", "qa", "en", "en", 0.5, 1.0, ""])
    progress.validation.append([1, 0.5])
    write_checkpoint(
        folder / "checkpoint.pt", "abc", progress, {"table": torch.zeros(3, 2), "steps": 1}, None, {"a": "b"}
    )
    return _kept(folder)


def _read_checkpoint(folder: Path) -> object:
    from robustir.training.checkpoints import read_checkpoint, seal

    with suppress(OSError):
        seal(
            folder / "checkpoint.pt"
        )  # what is changed here has the digest of its bytes: else that alone would refuse it
    found = read_checkpoint(folder / "checkpoint.pt", "abc")
    return found and (found.progress.best(), found.progress.recent())


# ---- encoders


def _laser_files(folder: Path) -> Files:
    from tests.encoders import laser_reference as reference

    reference.make_laser2(folder, layers=1, embed=4, hidden=3)
    reference.make_laser3(folder, "hin_Deva", width=8, heads=2)
    files = _kept(folder)
    return {name: file for name, file in files.items() if not name.endswith(".spm")} | {
        "SHA256SUMS": _text("0" * 64 + "  other.pt\n")
    }


def _read_laser(folder: Path) -> object:
    from robustir.encoders.laser.files import file_digest, load_network, read_vocabulary

    return _each(
        lambda: load_network(folder / "laser2.pt", None),
        lambda: load_network(folder / "laser3-hin_Deva.v1.pt", folder / "laser2.cvocab"),
        lambda: read_vocabulary(folder / "laser2.cvocab"),
        lambda: file_digest(folder / "laser2.cvocab"),
    )


def _tokenizer() -> str:
    from tokenizers import Tokenizer, models

    letters = [("<unk>", 0.0), *((chr(97 + place), -1.0) for place in range(26))]
    return Tokenizer(models.Unigram(letters, unk_id=0)).to_str()


def _static_files(folder: Path) -> Files:
    import numpy as np

    from robustir.encoders.static_files import write_open, write_packed

    table = np.random.default_rng(0).standard_normal((27, 8)).astype(np.float32)
    write_open(folder / "open", table, _tokenizer())
    write_packed(folder / "packed", table, _tokenizer(), 4)
    write_packed(folder / "bytes", table, _tokenizer(), 8)
    (folder / "bytes" / "config.json").write_text(json.dumps({"model_type": "model2vec", "normalize": True}))
    return _kept(folder)


def _read_static(folder: Path) -> object:
    from robustir.encoders.static import StaticEncoder
    from robustir.plugins.paths import encoder_reader

    def read(name: str) -> Callable[[], object]:
        return lambda: (
            encoder_reader(str(folder / name)),
            StaticEncoder(str(folder / name)).encode(["abc", "zz"], role="query"),
        )

    return _each(read("open"), read("packed"), read("bytes"))


def _layout_files(folder: Path) -> Files:
    import torch
    from safetensors.torch import save_file

    modules = [
        {"idx": number, "name": str(number), "path": path, "type": f"sentence_transformers.models.{kind}"}
        for number, (path, kind) in enumerate(
            (
                ("", "Transformer"),
                ("1_Pooling", "Pooling"),
                ("2_Dense", "Dense"),
                ("3_LayerNorm", "LayerNorm"),
                ("4_Normalize", "Normalize"),
            )
        )
    ]
    dense = {
        "in_features": 4,
        "out_features": 3,
        "bias": True,
        "activation_function": "torch.nn.modules.activation.Tanh",
        "module_input_name": "sentence_embedding",
    }
    for name, tensors in (
        ("2_Dense", {"linear.weight": torch.zeros(3, 4), "linear.bias": torch.zeros(3)}),
        ("3_LayerNorm", {"norm.weight": torch.zeros(3), "norm.bias": torch.zeros(3)}),
    ):
        (folder / name).mkdir()
        save_file(tensors, folder / name / "model.safetensors")
    settings = {"prompts": {"query": "query: ", "document": "passage: "}, "default_prompt_name": None}
    return {
        **_kept(folder),
        "modules.json": File("json", modules),
        "config_sentence_transformers.json": File("json", {**settings, "similarity_fn_name": "cosine"}),
        "sentence_bert_config.json": File("json", {"max_seq_length": 16, "do_lower_case": False}),
        "1_Pooling/config.json": File("json", {"pooling_mode_mean_tokens": True, "include_prompt": True}),
        "2_Dense/config.json": File("json", dense),
        "3_LayerNorm/config.json": File("json", {"dimension": 3}),
        "config.json": File("json", {"model_type": "bert", "hidden_size": 4}),
    }


def _read_layout(folder: Path) -> object:
    from robustir.encoders.transformers.checkpoint import Checkpoint
    from robustir.encoders.transformers.layout import build_tail, find_prefixes, read_layout
    from robustir.plugins.paths import encoder_reader

    checkpoint = Checkpoint(str(folder))
    encoder_reader(str(folder))
    layout = read_layout(checkpoint)
    find_prefixes(layout, query=None, passage=None)
    return None if layout is None else (layout.description, checkpoint.identity, build_tail(checkpoint, layout))


def _transformer_files(folder: Path) -> Files:
    from tests.tiny_models import WORDS, bert_tokenizer, write_bert

    write_bert(folder, bert_tokenizer(WORDS), layers=1, width=8)
    modules = [
        {"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.models.Transformer"},
        {"idx": 1, "name": "1", "path": "1_Pooling", "type": "sentence_transformers.models.Pooling"},
    ]
    return {
        **_kept(folder),
        "modules.json": File("json", modules),
        "1_Pooling/config.json": File("json", {"pooling_mode_mean_tokens": True}),
        "sentence_bert_config.json": File("json", {"max_seq_length": 16, "do_lower_case": False}),
    }


def _read_transformer(folder: Path) -> object:
    from robustir.encoders.transformers.transformer import TransformerEncoder

    return TransformerEncoder(str(folder), device="cpu").encode(["where is the nile"], role="query")


def _tensor_files(folder: Path) -> Files:
    import torch
    from safetensors.torch import save_file

    tensors = {"a": torch.zeros(3, 2), "b": torch.ones(4, dtype=torch.float16)}
    save_file(tensors, folder / "model.safetensors")
    torch.save(tensors, folder / "model.bin")
    return _kept(folder)


def _read_tensors(folder: Path) -> object:
    from robustir.encoders.weights import load_tensors

    return _each(
        lambda: load_tensors(folder / "model.safetensors", "the weights"),
        lambda: load_tensors(folder / "model.bin", "the weights"),
    )


# ---- the store of vectors


_STORED: Final = ["one", "two", "three"]


def _store_files(folder: Path) -> Files:
    from robustir.encoders.hashing import HashingEncoder
    from robustir.vectors.store import EmbeddingStore

    EmbeddingStore(folder).encode_unit(HashingEncoder(dim=8), _STORED, role="query")
    return _kept(folder)


def _read_store(folder: Path) -> object:
    """Damage is never refused: the texts are encoded again, and the vectors are the same."""
    from robustir.encoders.hashing import HashingEncoder
    from robustir.vectors.store import EmbeddingStore

    encoder, store = HashingEncoder(dim=8), EmbeddingStore(folder, trial=0)
    info = store.info()
    vectors = store.encode_unit(encoder, _STORED, role="query").vectors
    assert vectors.tobytes() == encoder.encode(_STORED, role="query").tobytes()
    return info


# ---- run directories


def _run_files(folder: Path) -> Files:
    from robustir.planning.plan import make_plan
    from robustir.rundir.directory import RunDirectory
    from robustir.running.orchestration import execute_plan
    from robustir.running.summary import RunOptions
    from tests.tiny import suite_of, write_beir

    task = write_beir(folder / "task")
    suite = suite_of(str(task), encoders=("tests.tiny:Letters", "bm25"), perturbations=("tests.tiny:OnlyA",))
    execute_plan(make_plan(suite), RunDirectory(folder / "run"), RunOptions(jobs=1), formats=("csv",))
    for path in (folder / "run").glob(".lock"):
        path.unlink()
    files = _kept(folder / "run")
    parts = {name: File("bytes", (folder / "run" / name).read_bytes()) for name in files if name.endswith("parquet")}
    return files | parts  # the digests are those of these bytes


def _read_run(folder: Path) -> object:
    from robustir.cli.show import overview_of
    from robustir.evidence.gather import benchmarks, gather
    from robustir.evidence.per_query import score_tables
    from robustir.rundir.directory import RunDirectory

    def evidence() -> object:
        run = RunDirectory.open(folder, partial=True)
        return [list(gather(stored, ("AP",))) for stored in benchmarks(run)]

    return _each(
        lambda: list(score_tables(RunDirectory.open(folder), measures=("AP",))),
        evidence,
        lambda: overview_of(folder),
    )


READERS: Final[Mapping[str, Reader]] = {
    "suites": Reader(_suite_files, _read_suite),
    "specs, measures and bounds": Reader(_specs, _read_specs),
    "BEIR folders": Reader(_beir_files, _read_beir),
    "packed BEIR folders": Reader(_packed_beir_files, _read_beir),
    "TREC judgements": Reader(_trec_qrels_files, _read_beir),
    "XQuAD-R and MLQA-R": Reader(_xquad_files, _read_xquad),
    "aligned texts, MIRACL and NoiseQA": Reader(_bitext_files, _read_bitext),
    "TREC runs and indexes": Reader(_trec_files, _read_trec),
    "recorded noise": Reader(_recorded_files, _read_recorded),
    "natural pairs and lists of words": Reader(_natural_files, _read_natural),
    "lexicons": Reader(_lexicon_files, _read_lexicon),
    "calibrations": Reader(_calibration_files, _read_calibration),
    "training configurations and records": Reader(_training_files, _read_training),
    "training pairs": Reader(_pairs_files, _read_pairs),
    "training checkpoints": Reader(_checkpoint_files, _read_checkpoint, cost=2),
    "LASER": Reader(_laser_files, _read_laser, cost=10, needs=("sentencepiece",)),
    "static encoders": Reader(_static_files, _read_static, cost=2),
    "layouts of sentence-transformers": Reader(_layout_files, _read_layout, cost=2),
    "transformers": Reader(_transformer_files, _read_transformer, cost=100),
    "safetensors and tensors": Reader(_tensor_files, _read_tensors, cost=2),
    "stores of vectors": Reader(_store_files, _read_store),
    "run directories": Reader(_run_files, _read_run, cost=50),
}
