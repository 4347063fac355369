"""What identifies live objects: all that decides their vectors, and nothing more."""

from __future__ import annotations

import collections
import copy
import functools
import subprocess
import sys
import textwrap
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
from numpy.typing import NDArray

import robustir
from robustir.contracts import Role
from robustir.encoders.adapters import adapt
from robustir.errors import RunError
from robustir.vectors.store import EmbeddingStore
from tests.tiny import Overlap, run_cells, suite_of, write_beir

SCALE = 1.0


def revision(model: object) -> str:
    found: str = adapt(model).revision
    return found


class Counts:
    """Counts of letters, pooled by a function that it is given."""

    divisor = 1.0

    def __init__(self, pool: Callable[[NDArray[Any]], NDArray[Any]] = np.sum, **settings: Any) -> None:
        self.pool = pool
        self.settings = settings
        self.calls = 0

    def encode(self, texts: list[str]) -> NDArray[np.float64]:
        self.calls += 1
        rows = [[[text.count(letter) * SCALE, 1.0] for letter in "abc"] for text in texts]
        return np.array([self.pool(np.array(row) / self.divisor) + np.arange(3.0) for row in rows])


def pooled_by(power: float) -> Callable[[NDArray[Any]], NDArray[Any]]:
    return lambda values: np.asarray((values**power).sum())


def test_functions_closures_and_partials_that_a_model_was_given() -> None:
    assert revision(Counts(pooled_by(1.0))) == revision(Counts(pooled_by(1.0)))
    kinds = [
        Counts(pooled_by(1.0)),
        Counts(pooled_by(2.0)),
        Counts(np.max),
        Counts(lambda values: values.sum() / 2),
        Counts(lambda values: values.sum() / 4),
        Counts(functools.partial(np.quantile, q=0.5)),
        Counts(functools.partial(np.quantile, q=0.7)),
        Counts(np.array([1.0, 2.0]).dot),
        Counts(np.array([1.0, 3.0]).dot),
    ]
    assert len({revision(kind) for kind in kinds}) == len(kinds)
    assert all(adapt(kind).cacheable for kind in kinds)  # type: ignore[union-attr]


def test_settings_of_any_shape() -> None:
    kinds: list[Any] = [
        {},
        {"names": {"a", "b"}},
        {"names": {"a", "c"}},
        {"order": collections.OrderedDict(a=1, b=2)},
        {"order": collections.OrderedDict(b=2, a=1)},
        {"deep": [{"x": [Counts(np.max)]}]},
        {"deep": [{"x": [Counts(np.min)]}]},
        {"table": np.arange(3)},
        {"table": np.arange(3.0)},
        {"path": Path("a")},
    ]
    assert len({revision(Counts(**kind)) for kind in kinds}) == len(kinds)
    assert revision(Counts(names={"a", "b", "c"})) == revision(Counts(names={"c", "b", "a"}))


def test_constants_of_module_and_class(monkeypatch: pytest.MonkeyPatch) -> None:
    before = revision(Counts())
    with monkeypatch.context() as patched:
        patched.setattr(sys.modules[__name__], "SCALE", 2.0)
        assert revision(Counts()) != before
    with monkeypatch.context() as patched:
        patched.setattr(Counts, "divisor", 2.0)
        assert revision(Counts()) != before
    assert revision(Counts()) == before


def test_use_alone_changes_nothing() -> None:
    class Remembers(Counts):
        def __init__(self) -> None:
            super().__init__()
            self.known: dict[str, Any] = {}
            self.table: NDArray[Any] | None = None

        def encode(self, texts: list[str]) -> NDArray[np.float64]:
            self.table = np.eye(3) if self.table is None else self.table  # made when first used
            for text in texts:
                self.known.setdefault(text, super().encode([text])[0] @ self.table)
            return np.stack([self.known[text] for text in texts])

    model = Remembers()
    before = revision(model)
    adapt(model).encode(["abc", "a much longer text"], role="query")  # type: ignore[union-attr]
    assert revision(model) == before == revision(Remembers())
    model.table = 2 * np.eye(3)
    assert revision(model) != before


def test_an_index_that_is_left_over_does_not_identify_a_scorer(tmp_path: Path) -> None:
    suite = suite_of(write_beir(tmp_path / "task"), encoders=("bm25",), perturbations=("tests.tiny:OnlyA",))
    scorer: Any = Overlap()
    before = revision(scorer)
    first, _, _ = run_cells(suite, tmp_path / "run", encoders=[scorer])
    assert scorer._passages is not None
    again, _, summary = run_cells(suite, tmp_path / "run", encoders=[scorer])
    assert again.digest() == first.digest()
    assert summary.cells_done_before == summary.cells
    assert revision(scorer) == before == revision(Overlap())
    scorer.weight = 2.0
    assert revision(scorer) != before


def test_what_cannot_be_told_is_not_kept(tmp_path: Path) -> None:
    def model() -> Counts:
        return Counts(handle=(line for line in "abc"), lock=threading.Lock())

    one: Any = adapt(model())
    assert not one.cacheable
    assert one.revision == revision(model())  # one plan, run again
    assert adapt(Counts(lock=threading.Lock())).cacheable  # type: ignore[union-attr]
    store = EmbeddingStore(tmp_path)
    assert store.encode_unit(one, ["a", "b"], role="query")[1:] == (2, 0)
    assert store.encode_unit(one, ["a", "b"], role="query")[1:] == (2, 0)
    assert store.info()["entries"] == 0


def test_a_run_of_an_object_without_digest_is_one_plan_and_ranks_anew(tmp_path: Path) -> None:
    suite = suite_of(write_beir(tmp_path / "task"), encoders=("bm25",), perturbations=("tests.tiny:OnlyA",))

    def ranks(pool: Callable[[NDArray[Any]], NDArray[Any]]) -> tuple[Any, Any]:
        model = Counts(pool, handle=(line for line in "abc"))
        plan, run, summary = run_cells(suite, tmp_path / "run", encoders=[model])
        mine = [cell for cell in plan.cells() if cell.encoder == "Counts"]
        assert summary.failures == []
        assert summary.cells_done_before in (0, summary.cells - len(mine))
        return plan.digest(), [run.read_ranks(cell.key).pool_rank.tolist() for cell in mine]

    first, second, third = ranks(np.max), ranks(np.max), ranks(lambda values: 9 * values[:, 0])
    assert first == second
    assert first[0] == third[0]
    assert first[1] != third[1]


MODULE = """
import numpy as np
from helping import OFFSET
POWER = {power}

class Mine:
    name = "mine"
    revision = "1"
    uses_langs = False

    def encode(self, texts, *, role, langs=None):
        known = role in {{"query", "passage", "document", "corpus", "text"}}
        return np.array([[len(text) ** POWER + OFFSET, known] for text in texts], dtype=np.float32)
"""
SCRIPT = """
import json, sys
sys.path.insert(0, {folder!r})
from robustir.api import encoder
print(encoder("mine:Mine").revision)
"""


def revision_of_files(folder: Path, module: str, helper: str, seed: str = "1") -> str:
    (folder / "mine.py").write_text(module)
    (folder / "helping.py").write_text(helper)
    script = SCRIPT.format(folder=str(folder))
    done = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        check=True,
        env={**_environment(), "PYTHONHASHSEED": seed},
    )
    return done.stdout.strip()


def test_the_file_of_a_class_and_the_users_files_that_it_imports(tmp_path: Path) -> None:
    module, helper = MODULE.format(power=1), "OFFSET = 0\n"
    before = revision_of_files(tmp_path, module, helper)
    assert before.startswith("1 sha256=")
    assert revision_of_files(tmp_path, MODULE.format(power=2), helper) != before
    assert revision_of_files(tmp_path, module, "OFFSET = 3\n") != before
    assert revision_of_files(tmp_path, module, helper, seed="2") == before
    assert revision_of_files(tmp_path, "# a comment\n" + module + "\n\n", helper) == before


class Native:
    """The contract, with a name and a revision that say nothing; what it reads is seen by nobody."""

    name = "native"
    revision = "1"
    uses_langs = False
    batch_invariant = False
    world: ClassVar[dict[str, float]] = {}

    def encode(self, texts: Sequence[str], *, role: Role, langs: Sequence[str] | None = None) -> NDArray[np.float32]:
        return np.array([[len(text), power_of_the_day()] for text in texts], dtype=np.float32)


def power_of_the_day() -> float:
    import os

    return float(os.environ.get("ROBUSTIR_TEST_POWER", "1"))


def other_encode(_self: object, texts: Sequence[str], *, role: Role, langs: Any = None) -> NDArray[np.float32]:
    return np.array([[1.0, len(text)] for text in texts], dtype=np.float32)


def test_two_classes_that_say_the_same_are_told_apart() -> None:
    one, two = adapt(Native()), adapt(type("Other", (Native,), {"encode": other_encode})())
    assert (one.name, one.revision.split()[0]) == (two.name, two.revision.split()[0])
    assert one.revision != two.revision
    assert one.revision == revision(Native())
    assert not hasattr(one, "margin")
    assert one.uses_langs is False  # type: ignore[union-attr]


@pytest.mark.parametrize("shared", [False, True])
def test_vectors_that_have_changed_are_not_reused(tmp_path: Path, monkeypatch: Any, *, shared: bool) -> None:
    monkeypatch.setattr(Native, "batch_invariant", shared)
    texts = ["a" * number for number in range(1, 40)]
    EmbeddingStore(tmp_path).encode_unit(adapt(Native()), texts, role="query")  # type: ignore[arg-type]
    monkeypatch.setenv("ROBUSTIR_TEST_POWER", "1.0000001")  # rounding
    assert EmbeddingStore(tmp_path).encode_unit(adapt(Native()), texts, role="query")[1:] == (0, 39)  # type: ignore[arg-type]
    monkeypatch.setenv("ROBUSTIR_TEST_POWER", "2")
    message = r"native no longer makes its stored vectors .* raise its revision.* robustir cache prune"
    with pytest.raises(RunError, match=message):
        EmbeddingStore(tmp_path).encode_unit(adapt(Native()), texts, role="query")  # type: ignore[arg-type]
    EmbeddingStore(tmp_path).prune()
    assert EmbeddingStore(tmp_path).encode_unit(adapt(Native()), texts, role="query")[1:] == (39, 0)  # type: ignore[arg-type]


def test_half_precision_may_differ_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Native, "dtype", "bfloat16", raising=False)
    EmbeddingStore(tmp_path).encode_unit(adapt(Native()), ["a"], role="query")  # type: ignore[arg-type]
    monkeypatch.setenv("ROBUSTIR_TEST_POWER", "1.01")
    assert EmbeddingStore(tmp_path).encode_unit(adapt(Native()), ["a"], role="query")[1:] == (0, 1)  # type: ignore[arg-type]


def test_two_encoders_of_a_plan_with_one_identity_and_other_vectors_are_refused(
    tmp_path: Path, monkeypatch: Any
) -> None:
    suite = suite_of(write_beir(tmp_path / "task"), encoders=("bm25",), perturbations=("tests.tiny:OnlyA",))
    run_cells(suite, tmp_path / "one", encoders=[Native()])
    monkeypatch.setenv("ROBUSTIR_TEST_POWER", "9")
    with pytest.raises(RunError, match="two encoders must not share name and revision"):
        run_cells(suite, tmp_path / "two", encoders=[Native()])


def test_a_pooler_that_is_never_used_does_not_count(tiny_bert: Path) -> None:
    """Each loading of a checkpoint without a pooler gives it other random weights."""
    import torch
    from transformers import AutoModel, AutoTokenizer

    class Mean:
        def __init__(self, *, pooler: bool = False) -> None:
            self.model: Any = AutoModel.from_pretrained(tiny_bert).eval()
            torch.nn.init.normal_(self.model.pooler.dense.weight)
            self.tokenizer: Any = AutoTokenizer.from_pretrained(tiny_bert)
            self.pooler = pooler

        @torch.no_grad()
        def encode(self, texts: list[str]) -> Any:
            made = self.model(**self.tokenizer(texts, padding=True, truncation=True, max_length=8, return_tensors="pt"))
            return made.pooler_output if self.pooler else made.last_hidden_state.mean(dim=1)

    model = Mean()
    before = revision(model)
    model.encode(["the nile is a long river in africa " * 3])
    assert revision(model) == before == revision(Mean())
    assert revision(Mean(pooler=True)) != revision(Mean(pooler=True)) != before
    other = copy.deepcopy(model)
    with torch.no_grad():
        other.model.encoder.layer[2].output.dense.bias[0] += 1e-3
    assert revision(other) != before


def test_edits_in_a_script_that_runs_twice(tmp_path: Path) -> None:
    """The same script is the same plan and encodes nothing again; with another constant its vectors are its own."""
    script = tmp_path / "script.py"
    write_beir(tmp_path / "task")
    text = textwrap.dedent(
        """
        import sys
        import numpy as np
        import robustir
        from tests.tiny import suite_of
        LETTERS = "ab"

        def letters(texts):
            return np.array([[text.count(letter) + 0.1 for letter in LETTERS] for text in texts])

        suite = suite_of({task!r}, encoders=("bm25",), perturbations=("tests.tiny:OnlyA",))
        run = robustir.run(suite, sys.argv[1], encoders=[letters], formats=("csv",))
        counts = run.read_manifest().counts
        print(counts.texts_encoded, counts.texts_reused, run.read_manifest().plan)
        """
    ).format(task=str(tmp_path / "task"))

    def run(out: str, words: str) -> list[str]:
        script.write_text(words)
        root = Path(robustir.__file__).parent.parent
        done = subprocess.run(
            [sys.executable, str(script), str(tmp_path / out)],
            check=False,
            capture_output=True,
            text=True,
            cwd=root,
            env={**_environment(), "PYTHONPATH": str(root), "ROBUSTIR_CACHE": str(tmp_path / "cache")},
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.split()

    first = run("one", text)
    assert int(first[0]) > 0
    assert run("two", text)[:2] == ["0", first[0]]
    assert run("one", text)[2] == first[2]
    edited = run("three", text.replace('"ab"', '"bc"'))
    assert edited[:2] == first[:2]
    assert edited[2] != first[2]


def _environment() -> dict[str, str]:
    import os

    return dict(os.environ)
