"""LASER from files in Meta's format, against a plain computation one text at a time."""

from __future__ import annotations

import argparse
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from robustir.encoders.laser.encoders import Laser2, Laser3
from robustir.encoders.laser.files import load_network, read_vocabulary
from robustir.encoders.laser.languages import OWN_VOCABULARY, STUDENTS, student_of
from robustir.errors import InputError, UnknownNameError
from robustir.languages import normalise
from robustir.plugins.registry import create

pytest.importorskip("sacremoses", reason="needs the extra laser")
pytest.importorskip("sentencepiece", reason="needs the extra laser")

from robustir.encoders.laser.text import LaserTokenizer, _normalizer, clean
from tests.encoders import laser_reference as reference

TEXTS = [
    "Where is the NILE, and how long is it?",
    "",
    "a",
    "The Nile is a long river in Africa. " * 6,
    "Wo liegt der Nil\tund wie lang ist er",
    "Нил – это длинная река",
    "नील नदी अफ्रीका में है ।",
    "tab\x1fand ‘quotes’ ‚low‘ „german“ « french » 5 %",
    "<pad> <s> </s> <unk> ▁",
    "zzz 漢字 unknown to all",
]
TOLERANCE = 1e-6  # what the computation must agree to


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("laser")
    reference.make_laser2(path)
    reference.make_laser3(path, "hin_Deva")
    reference.make_laser3(
        path, "tur_Latn", sentemb_criterion="max", prepend_bos=False, left_pad_source=True, encoder_learned_pos=True,
    )  # fmt: skip
    reference.make_laser3(path, "kaz_Cyrl", own=True, whole=True)
    reference.make_laser3(
        path, "tha_Thai", encoder_normalize_before=False, layernorm_embedding=True, activation_fn="gelu",
        no_scale_embedding=True, left_pad_source=True,
    )  # fmt: skip
    return path


def expected_laser2(folder: Path, texts: list[str]) -> Any:
    content = reference.load(folder / "laser2.pt")
    rows = [reference.ids_of(text, folder / "laser2.spm", content["dictionary"], bos=False) for text in texts]
    return np.array([reference.laser2_vector(content, row) for row in rows])


def expected_laser3(folder: Path, code: str, texts: list[str]) -> Any:
    content = reference.load(folder / f"laser3-{code}.v1.pt")
    pieces = f"laser3-{code}.v1" if code in OWN_VOCABULARY else "laser2"
    dictionary = reference.vocabulary_of(folder / f"{pieces}.cvocab")
    bos = content["cfg"]["model"].prepend_bos
    rows = [reference.ids_of(text, folder / f"{pieces}.spm", dictionary, bos=bos) for text in texts]
    return np.array([reference.laser3_vector(content, row) for row in rows])


def test_laser2_equals_the_plain_computation(folder: Path) -> None:
    vectors = Laser2(str(folder), device="cpu", normalize=False).encode(TEXTS, role="query")
    assert vectors.dtype == np.float32
    assert vectors.shape == (len(TEXTS), 16)
    np.testing.assert_allclose(vectors, expected_laser2(folder, TEXTS), atol=TOLERANCE, rtol=0)


@pytest.mark.parametrize("code", ["hin_Deva", "tur_Latn", "kaz_Cyrl", "tha_Thai"])
def test_laser3_equals_the_plain_computation(folder: Path, code: str) -> None:
    vectors = Laser3(code, str(folder), device="cpu", normalize=False).encode(TEXTS, role="query")
    expected = expected_laser3(folder, code, TEXTS)
    np.testing.assert_allclose(vectors, expected, atol=TOLERANCE, rtol=TOLERANCE)


def test_laser2_equals_packed_sequences_as_its_authors_run_it(folder: Path) -> None:
    import torch

    content = reference.load(folder / "laser2.pt")
    params = content["params"]
    rows = [reference.ids_of(text, folder / "laser2.spm", content["dictionary"], bos=False) for text in TEXTS]
    order = np.argsort([-len(row) for row in rows], kind="stable")
    ids = torch.full((len(rows), len(rows[order[0]])), 1)
    for number, row in enumerate(order):
        ids[number, : len(rows[row])] = torch.tensor(rows[row])
    lstm = torch.nn.LSTM(params["embed_dim"], params["hidden_size"], params["num_layers"], bidirectional=True)
    lstm.load_state_dict({name[5:]: each for name, each in content["model"].items() if name[:5] == "lstm."})
    with torch.no_grad():
        embedded = torch.nn.functional.embedding(ids, content["model"]["embed_tokens.weight"]).transpose(0, 1)
        packed = torch.nn.utils.rnn.pack_padded_sequence(embedded, [len(rows[row]) for row in order])
        states, _ = torch.nn.utils.rnn.pad_packed_sequence(lstm(packed)[0], padding_value=0.0)
        states = states.masked_fill(ids.eq(1).t().unsqueeze(-1), float("-inf"))
        expected = states.max(dim=0)[0].numpy()
    vectors = Laser2(str(folder), device="cpu", normalize=False).encode(TEXTS, role="passage")
    np.testing.assert_allclose(vectors[order], expected, atol=TOLERANCE, rtol=0)


def test_normalized_by_default_and_alone_or_together(folder: Path) -> None:
    encoder = Laser2(str(folder), device="cpu")
    together = encoder.encode(TEXTS, role="query")
    np.testing.assert_allclose(np.linalg.norm(together, axis=1), 1, atol=1e-6)
    alone = np.concatenate([encoder.encode([text], role="query") for text in TEXTS])
    np.testing.assert_allclose(together, alone, atol=1e-6)
    two = Laser2(str(folder), device="cpu,cpu", batch_size=1).encode(TEXTS * 9, role="query")
    np.testing.assert_allclose(two, np.tile(together, (9, 1)), atol=1e-6)
    assert encoder.encode([], role="query").shape == (0, 16)


def test_each_language_has_its_student_and_the_others_laser2(folder: Path) -> None:
    encoder = Laser3(path=str(folder), device="cpu", normalize=False)
    assert encoder.uses_langs
    langs = ["hi", "en", "tr", "hin_Deva", "tha", "zh", "kk", "de", "hi", "tr"]
    vectors = encoder.encode(TEXTS, role="query", langs=langs)
    codes = ["hin_Deva", None, "tur_Latn", "hin_Deva", "tha_Thai", None, "kaz_Cyrl", None, "hin_Deva", "tur_Latn"]
    for text, code, vector in zip(TEXTS, codes, vectors, strict=True):
        plain = expected_laser2(folder, [text]) if code is None else expected_laser3(folder, code, [text])
        np.testing.assert_allclose(vector, plain[0], atol=TOLERANCE, rtol=TOLERANCE)
    with pytest.raises(InputError, match="needs to know the language"):
        encoder.encode(TEXTS, role="query")
    with pytest.raises(
        InputError, match=r"laser3-wol_Latn\.v1\.pt is missing in .*; put https://dl\.fbaipublicfiles\.com"
    ):
        encoder.encode(["a"], role="query", langs=["wo"])
    assert encoder.encode([], role="query", langs=[]).shape == (0, 16)


def test_a_language_of_two_scripts_has_the_student_of_its_script() -> None:
    assert [student_of(name) for name in ("ks", "kas_Deva", "ks-Deva", "kr", "knc_Arab", "uz-Cyrl", "ar-Latn")] == [
        "kas_Arab", "kas_Deva", "kas_Deva", "knc_Latn", "knc_Arab", None, None,
    ]  # fmt: skip
    assert all(student_of(normalise(code)) == code for code in STUDENTS)


def test_students_are_named_as_people_name_languages() -> None:
    assert [student_of(name) for name in ("hi", "hin", "hin_Deva", "fa", "en", "xx")] == [
        "hin_Deva", "hin_Deva", "hin_Deva", "pes_Arab", None, None,
    ]  # fmt: skip
    assert len(STUDENTS) == 147
    assert OWN_VOCABULARY <= STUDENTS
    with pytest.raises(UnknownNameError, match="no student for 'hindustani'"):
        Laser3("hindustani")
    with pytest.raises(UnknownNameError, match="LASER2 covers 93 languages"):
        Laser3("en")


def test_control_characters_quotes_and_case() -> None:
    normalizer = _normalizer()
    assert clean("Hello, \tWorld! ABC\x1f123", normalizer) == "hello, world! abc 123"
    assert clean("zero\u200bwidth \ue000private \ud800 lone", normalizer) == "zero width private lone"
    # Single low and left quotes are double ones in Moses 4.0; so is the right one at Perl parity, but not inside words.
    assert clean("‚a‘ ‘b’ it’s", normalizer) == '"a" "b" it\'s'
    assert clean("(a) ; 5 % « x » …", normalizer) == '(a); 5% " x " ...'


@given(
    st.text(alphabet=st.one_of(st.characters(), st.sampled_from("‘’‚„“”«»()`´'\" %;:!?….,\u00a0nºcmC19")), max_size=40)
)
def test_any_text_is_prepared_as_by_its_authors(text: str) -> None:
    assert clean(text, _normalizer()) == reference.prepared(text)


def test_pieces_are_those_of_the_model(folder: Path) -> None:
    rows = LaserTokenizer(folder / "laser2.spm").pieces(["THE nile", ""])
    assert "".join(rows[0]) == "▁the▁nile"
    assert rows[1] == []


def test_the_students_positions_end(tmp_path: Path) -> None:
    reference.make_pieces(tmp_path)
    reference.make_laser3(tmp_path, "hin_Deva", encoder_learned_pos=True, max_source_positions=6)
    encoder = Laser3("hi", str(tmp_path), device="cpu", normalize=False)
    long = encoder.encode(["the nile is a long river in africa"], role="query")
    content = reference.load(tmp_path / "laser3-hin_Deva.v1.pt")
    dictionary = reference.vocabulary_of(tmp_path / "laser2.cvocab")
    ids = reference.ids_of("the nile is a long river in africa", tmp_path / "laser2.spm", dictionary, bos=True)
    assert len(ids) > 6
    np.testing.assert_allclose(long[0], reference.laser3_vector(content, [*ids[:5], 2]), atol=1e-5)


def test_the_revision_tells_files_and_settings(folder: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(folder, copy)
    base = Laser2(str(folder)).revision
    assert Laser2(str(copy)).revision == base
    assert Laser2(str(copy), normalize=False).revision != base
    mixed = Laser3(path=str(copy)).revision
    assert "laser3-hin_Deva.v1.pt=" in mixed
    assert "laser2.pt=" in mixed
    content = reference.load(copy / "laser2.pt")
    content["model"]["embed_tokens.weight"][5] += 1
    import torch

    torch.save(content, copy / "laser2.pt")
    assert Laser2(str(copy)).revision != base
    assert Laser3(path=str(copy)).revision != mixed
    assert Laser3("hi", str(copy)).revision == Laser3("hi", str(folder)).revision


def test_data_folder_and_specs(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(folder, tmp_path / "data" / "laser")
    monkeypatch.setenv("ROBUSTIR_DATA", str(tmp_path / "data"))
    expected = Laser2(str(folder)).encode(TEXTS, role="query")
    np.testing.assert_array_equal(create("encoder", "laser2").encode(TEXTS, role="query"), expected)
    assert create("encoder", "laser3(lang='tr')").name == "laser3-tur_Latn"
    monkeypatch.setenv("ROBUSTIR_DATA", str(tmp_path))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "home"))
    with pytest.raises(InputError, match=r"laser2\.pt is missing in .* and .*download=True"):
        _ = create("encoder", "laser2").revision


def test_a_download_is_recorded_and_held_to(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from robustir.encoders.laser import files as laser_files

    monkeypatch.setattr(laser_files, "_URL", folder.as_uri())
    encoder = Laser2(str(tmp_path / "new"), download=True)
    assert encoder.revision == Laser2(str(folder)).revision
    assert len((tmp_path / "new" / "SHA256SUMS").read_text().splitlines()) == 2
    (tmp_path / "new" / "laser2.spm").write_bytes(b"other")
    with pytest.raises(InputError, match="has changed since its download"):
        _ = Laser2(str(tmp_path / "new")).revision
    # Offline it says so.
    monkeypatch.setenv("ROBUSTIR_OFFLINE", "1")
    with pytest.raises(InputError, match="forbids downloads"):
        _ = Laser2(str(tmp_path / "none"), download=True).revision


def test_a_pickle_that_wants_code_is_not_run(folder: Path, tmp_path: Path) -> None:
    import torch

    class Evil:
        def __reduce__(self) -> Any:
            return Path.touch, (tmp_path / "ran",)

    shutil.copy(folder / "laser2.spm", tmp_path)
    torch.save({"params": {}, "model": {}, "dictionary": Evil()}, tmp_path / "laser2.pt")
    with pytest.raises(InputError, match=r"would run code \(.*\), which is refused"):
        Laser2(str(tmp_path)).encode(["a"], role="query")
    assert not (tmp_path / "ran").exists()
    # The one class that Meta's files need is let through, and no other.
    torch.save({"cfg": {"model": argparse.HelpFormatter("x")}, "model": {}}, tmp_path / "laser2.pt")
    with pytest.raises(InputError, match="would run code"):
        Laser2(str(tmp_path)).encode(["a"], role="query")


def test_bad_files_are_explained(folder: Path, tmp_path: Path) -> None:
    import torch

    copy = tmp_path / "copy"
    shutil.copytree(folder, copy)

    def refuse(message: str, made: Any = None) -> None:
        with pytest.raises(InputError, match=message):
            (made or Laser2(str(copy))).encode(["a"], role="query")

    content = reference.load(folder / "laser2.pt")
    (copy / "laser2.pt").write_bytes(b"not weights")
    refuse("cannot be loaded")
    torch.save({"weights": 1}, copy / "laser2.pt")
    refuse("is not a LASER file")
    torch.save({**content, "params": {**content["params"], "hidden_size": 9}}, copy / "laser2.pt")
    refuse("weights do not fit the network")
    torch.save({**content, "dictionary": {**content["dictionary"], "more": 10_000}}, copy / "laser2.pt")
    refuse("ids up to 10000")
    shutil.copy(folder / "laser3-hin_Deva.v1.pt", copy / "laser2.pt")
    refuse("is a student of LASER3")
    shutil.copy(folder / "laser2.pt", copy)
    (copy / "laser2.spm").write_bytes(b"nothing")
    refuse("is not a SentencePiece model")
    shutil.copy(folder / "laser2.spm", copy)
    vocabulary = (copy / "laser2.cvocab").read_text(encoding="utf-8")
    (copy / "laser2.cvocab").write_text(vocabulary + "more 1\n", encoding="utf-8")
    refuse("they belong to different models", Laser3("hi", str(copy)))
    (copy / "laser2.cvocab").write_text("no count\n", encoding="utf-8")
    refuse(r"laser2\.cvocab:1: 'no count' is not a new token", Laser3("hi", str(copy)))
    student = reference.load(folder / "laser3-hin_Deva.v1.pt")
    student["cfg"]["model"].sentemb_criterion = "mean"
    (copy / "laser2.cvocab").write_text(vocabulary, encoding="utf-8")
    torch.save(student, copy / "laser3-hin_Deva.v1.pt")
    refuse("sentemb_criterion is 'mean'", Laser3("hi", str(copy)))
    student["cfg"]["model"].sentemb_criterion, student["cfg"]["model"].prepend_bos = "cls", False
    torch.save(student, copy / "laser3-hin_Deva.v1.pt")
    refuse("does not put <s> in front", Laser3("hi", str(copy)))
    (copy / "laser2.pt").unlink()
    refuse(r"laser2\.pt is missing in .*/copy; put https")


def test_the_special_tokens_have_the_places_of_fairseq(folder: Path) -> None:
    network = load_network(folder / "laser2.pt", None)
    assert [network.dictionary[token] for token in ("<s>", "<pad>", "</s>", "<unk>")] == [0, 1, 2, 3]
    assert list(read_vocabulary(folder / "laser2.cvocab").ids)[:4] == ["<s>", "<pad>", "</s>", "<unk>"]


def test_repeated_pieces_overwrite_earlier_ones_as_in_fairseq(tmp_path: Path) -> None:
    # fairseq's Dictionary gives every line a number of its own and points the token at the last; the rows before stay.
    path = tmp_path / "odd.cvocab"
    path.write_text(
        "a 5\n▁b 4\na 3 #fairseq:overwrite\nnew 2 #fairseq:overwrite\n<s> 1 #fairseq:overwrite\nc -1\n",
        encoding="utf-8",
    )
    vocabulary = read_vocabulary(path)
    assert vocabulary.ids == {"<s>": 0, "<pad>": 1, "</s>": 2, "<unk>": 3, "▁b": 5, "a": 6, "new": 7, "c": 9}
    assert vocabulary.rows == 10
    for line in ("a 5\na 3\n", "#fairseq:overwrite\n", "a #fairseq:overwrite\n", "a --3\n", "<s> 1\n"):
        path.write_text(line, encoding="utf-8")
        with pytest.raises(
            InputError, match=r"odd\.cvocab:\d: .* is not a new token with its count .*#fairseq:overwrite"
        ):
            read_vocabulary(path)


def test_a_student_uses_the_last_row_of_a_repeated_piece(tmp_path: Path) -> None:
    reference.make_laser2(tmp_path)
    path, text = tmp_path / "laser2.cvocab", "the nile is a long river"
    lines = path.read_text(encoding="utf-8").split("\n")[:-1]
    before = reference.ids_of(text, tmp_path / "laser2.spm", reference.vocabulary_of(path), bos=True)
    earlier, last = max(before), 4 + len(lines)
    path.write_text(
        "".join(f"{line}\n" for line in [*lines, f"{lines[earlier - 4]} #fairseq:overwrite"]), encoding="utf-8"
    )
    reference.make_laser3(tmp_path, "hin_Deva")
    content = reference.load(tmp_path / "laser3-hin_Deva.v1.pt")
    vector = Laser3("hi", str(tmp_path), device="cpu", normalize=False).encode([text], role="query")[0]
    after = [last if number == earlier else number for number in before]
    np.testing.assert_allclose(vector, reference.laser3_vector(content, after), atol=TOLERANCE, rtol=TOLERANCE)
    assert np.abs(vector - reference.laser3_vector(content, before)).max() > 1e-3
