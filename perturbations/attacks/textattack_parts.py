"""TextAttack's parts by name, and what an attack on a retriever adds to them: a goal and the limits of an attack."""

from __future__ import annotations

import ast
import importlib
import importlib.util
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any, Final
from unittest.mock import patch

from robustir.errors import DataError, MissingExtraError, SpecError
from robustir.perturbations.attacks.textattack_offline import english_stopwords, load_textattack

__all__ = ["Machine", "check_part", "no_downloads"]

_PACKAGES: Final = {
    "transformation": "transformations",
    "search": "search_methods",
    "constraints": "constraints",
}
_NEEDS: Final = {"StopwordModification": ("stopwords", english_stopwords)}  # NLTK's list would be downloaded


def _parse(part: str, what: str) -> tuple[str, dict[str, Any]]:
    """Return class and arguments of ``Name`` or ``Name(key=literal)``."""
    try:
        tree = ast.parse(part, mode="eval").body
        if isinstance(tree, ast.Name):
            return tree.id, {}
        if isinstance(tree, ast.Call) and isinstance(tree.func, ast.Name) and not tree.args:
            return tree.func.id, {
                str(keyword.arg): ast.literal_eval(keyword.value) for keyword in tree.keywords if keyword.arg
            }
    except (SyntaxError, ValueError):
        pass
    raise SpecError(
        f"textattack({what}={part!r}): write a class of TextAttack, such as  {what}='{_example(what)}'"
    ) from None


def _example(what: str) -> str:
    return {
        "transformation": "WordSwapQWERTY(random_one=False)",
        "search": "GreedyWordSwapWIR(wir_method='delete')",
        "constraints": "LevenshteinEditDistance(max_edit_distance=6)",
    }[what]


@cache
def _modules(what: str) -> dict[str, str]:
    """Return the module of every class of a kind, read from the sources: importing them all takes 20 s."""
    package = importlib.util.find_spec("textattack")
    if package is None or not package.submodule_search_locations:
        raise MissingExtraError("textattack", "attack")
    root = Path(package.submodule_search_locations[0])
    modules = {}
    for path in sorted((root / _PACKAGES[what]).rglob("*.py")):
        place = ".".join(path.relative_to(root.parent).with_suffix("").parts)
        for line in path.read_text(encoding="utf-8").splitlines():
            if line.startswith("class "):
                modules[line[6:].partition("(")[0].partition(":")[0].strip()] = place
    return modules


def check_part(part: str, what: str) -> str:
    """Return the name of the class that ``part`` makes; raise SpecError for one that TextAttack does not have."""
    name, _ = _parse(part, what)
    if name not in _modules(what):
        raise SpecError(
            f"textattack({what}={part!r}): TextAttack has no {name}; it has: {', '.join(sorted(_modules(what)))}"
        )
    return name


def _make(part: str, what: str) -> Any:
    name, arguments = _parse(part, what)
    needed = _NEEDS.get(name)
    if needed is not None:
        arguments.setdefault(needed[0], sorted(needed[1]()))
    make = getattr(importlib.import_module(_modules(what)[name]), name)
    try:
        with no_downloads(name):
            return make(**arguments)
    except TypeError as error:
        raise SpecError(f"textattack({what}={part!r}): {error}") from error


@contextmanager
def no_downloads(name: str) -> Iterator[None]:
    """Refuse TextAttack's and NLTK's downloads, and name the data or model that is missing."""

    def refuse(wanted: object, *_: object, **__: object) -> None:
        raise DataError(
            f"textattack: {name} needs {str(wanted)!r}, which is not on this machine, and nothing is downloaded; run TextAttack "
            "once by itself on a machine with a network, or choose another part"
        )

    utilities = importlib.import_module("textattack.shared.utils")
    installing = importlib.import_module("textattack.shared.utils.install")
    cached = utilities.download_from_s3

    def kept(folder: str, skip_if_cached: bool = True) -> Any:
        if Path(installing.path_in_cache(folder)).exists():
            return cached(folder, skip_if_cached)
        return refuse(folder)

    try:
        with (
            patch.object(utilities, "download_from_s3", kept),
            patch.object(utilities, "download_from_url", refuse),
            patch("nltk.download", refuse),
            patch("huggingface_hub.constants.HF_HUB_OFFLINE", new=True),  # for flair, which waits long for a network
        ):
            yield
    except LookupError as error:
        if "nltk" not in str(error).lower():
            raise
        raise DataError(
            f"textattack: {name} needs NLTK data: run  python -m nltk.downloader wordnet omw-1.4  (or set NLTK_DATA)"
        ) from error
    except OSError as error:  # such as a model of flair, or the table of homoglyphs, which the wheel lacks
        raise DataError(
            f"textattack: {name} needs a file that is not on this machine: {error.filename or error}"
        ) from error


class Machine:
    """One attack of TextAttack, built once; its goal and its limits are set for each query."""

    def __init__(self, transformations: Sequence[str], search: str, constraints: Sequence[str]) -> None:
        textattack = load_textattack()
        with no_downloads(search):
            parts = _retrieval_parts()
        built = [_make(part, "transformation") for part in transformations]
        transformation = built[0]
        if len(built) > 1:
            transformation = importlib.import_module("textattack.transformations").CompositeTransformation(built)
        self._goal = parts["goal"]()
        self._limits = parts["limits"]()
        self._within = parts["within"]()
        limits = [self._limits, self._within]
        limits += [_make(part, "constraints") for part in constraints]
        try:
            self._attack: Any = textattack.Attack(self._goal, limits, transformation, _make(search, "search"))
        except (ValueError, AssertionError) as error:
            raise SpecError(f"textattack: {error}") from error
        if not self._attack.is_black_box:
            raise SpecError("textattack: this attack needs gradients; choose a search and transformations that do not")
        self._text: Any = importlib.import_module("textattack.shared").AttackedText
        self._name = " with ".join([*transformations, search])

    def words(self, text: str) -> list[str]:
        """Return the words that TextAttack sees."""
        return list(self._text(text).words)

    def _begin(self, allowed: Sequence[int], budget: int) -> None:
        self._attack.clear_cache()  # what an earlier query left there would change how much chance is drawn
        self._limits.allowed, self._limits.budget, self._within.budget = frozenset(allowed), budget, budget

    def search(
        self, text: str, allowed: Sequence[int], budget: int, score: Callable[[list[str]], list[float]]
    ) -> tuple[str, int, float]:
        """Return the text that the search ends with, its edited words and its score, within ``budget`` words."""
        self._begin(allowed, budget)
        self._goal.score = score
        clean = self._text(text)
        with no_downloads(self._name):
            first, _ = self._goal.init_attack_example(clean, 0)
            last = self._attack.search_method(first) if budget and allowed else first
        return last.attacked_text.text, _edited(clean, last.attacked_text), -float(last.score)

    def at_random(
        self, text: str, allowed: Sequence[int], edits: int, order: Sequence[int], choose: Callable[[int], int]
    ) -> str:
        """Return the text with ``edits`` words changed, in ``order``, each by an option that ``choose`` takes of n."""
        self._begin(allowed, edits)
        clean = current = self._text(text)
        with no_downloads(self._name):
            for place in order:
                if _edited(clean, current) >= edits:
                    break
                options = self._attack.get_transformations(current, original_text=clean, indices_to_modify=[place])
                if options:
                    current = options[choose(len(options))]
        result: str = current.text
        return result


def _edited(clean: Any, noisy: Any) -> int:
    """Return how many words of the clean text changed or disappeared; at least one if the texts differ."""
    if clean.text == noisy.text:
        return 0
    places = noisy.attack_attrs["original_index_map"]
    words = noisy.words
    kept: int = sum(
        0 <= place < len(words) and words[place] == word
        for place, word in zip(places.tolist(), clean.words, strict=True)
    )
    return max(1, len(clean.words) - kept)


@cache
def _retrieval_parts() -> dict[str, Any]:
    """Return our goal function and limits; their base classes exist once TextAttack is imported."""
    constraints = importlib.import_module("textattack.constraints")
    return {"goal": _goal(), "limits": _limits(constraints), "within": _within(constraints)}


def _goal() -> Any:
    goals = importlib.import_module("textattack.goal_functions")
    results = importlib.import_module("textattack.goal_function_results")
    kind = results.ClassificationGoalFunctionResult

    class Margin(goals.GoalFunction):  # type: ignore[misc,name-defined]  # untyped library
        """Minus the margin of the relevant passage over its strongest competitor: there is always a worse text."""

        score: Callable[[list[str]], list[float]]

        def __init__(self) -> None:  # the base class wants a classifier
            self.model, self.maximizable, self.use_cache, self.allow_skip = None, True, False, False
            self.query_budget = float("inf")

        def _call_model(self, texts: Sequence[Any]) -> list[float]:
            return self.score([text.text for text in texts]) if texts else []

        def _is_goal_complete(self, output: float, text: Any) -> bool:
            return False

        def _get_score(self, output: float, text: Any) -> float:
            return -output

        def _get_displayed_output(self, output: float) -> str:
            return f"{output:.4f}"

        def _process_model_outputs(self, inputs: Any, scores: Any) -> Any:
            return scores

        def _goal_function_result_type(self) -> Any:
            return kind

    return Margin


def _limits(constraints: Any) -> Any:
    class Limits(constraints.PreTransformationConstraint):  # type: ignore[misc]  # untyped library
        """Words that may change, each once, while the budget lasts."""

        allowed: frozenset[int] = frozenset()
        budget = 0

        def _get_modifiable_indices(self, current_text: Any) -> set[int]:
            changed = current_text.attack_attrs["modified_indices"]
            original = current_text.attack_attrs["original_index_map"].tolist()
            gone = sum(place < 0 for place in original)
            if len(changed) + gone >= self.budget:
                return set()
            return {original[place] for place in self.allowed if original[place] >= 0} - set(changed)

    return Limits


def _within(constraints: Any) -> Any:
    class Within(constraints.Constraint):  # type: ignore[misc]  # untyped library
        """No text with more edited words than the budget: crossings of two texts can have more than either."""

        budget = 0

        def __init__(self) -> None:
            super().__init__(compare_against_original=True)

        def _check_constraint(self, transformed_text: Any, reference_text: Any) -> bool:
            return bool(transformed_text.text.strip()) and _edited(reference_text, transformed_text) <= self.budget

    return Within
