"""Any perturbation at an equal realised dose in every language."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

from robustir.errors import DataError, NotApplicableError, SpecError
from robustir.noise.prepared import PreparedPerturbation
from robustir.perturbations.shared.parts import prepare_part
from robustir.perturbations.tables.calibrations import Calibration, find_calibration, shipped_folder
from robustir.plugins.doses import parse_dose
from robustir.plugins.registry import canonical
from robustir.plugins.shown import Shown
from robustir.plugins.specs import Spec
from robustir.seeds import Stream

__all__ = ["Dosed"]


class Dosed(Shown):
    """A perturbation whose severity is a share of a calibrated dose: ``typos(dose='cer:0.05')``.

    At severity s the expected character error rate is s times the dose in every language: the perturbation runs at
    the nominal severity that its calibration gives, with its own random stream, so that it edits what it would edit
    at that severity. ``languages`` are those that can reach the whole dose and whose calibration was confirmed on
    held-out text.

    Args:
        spec: the perturbation without its dose.
        dose: a character error rate above 0, such as ``cer:0.05``.
        calibration: a folder that ``robustir calibrate build`` wrote; by default the tables that come with robustir.
        checked: refuse languages that missed their doses on held-out text by more than ``TOLERANCE``.

    Raises:
        SpecError: if the perturbation is not calibrated, or was calibrated in another version.
        DataError: if the folder is missing or a table in it is damaged.
        NotApplicableError: if no language reaches the dose.
    """

    severity_meaning: ClassVar[str] = (
        "share of the dose: at severity s the expected character error rate is s times the dose, in every language"
    )

    def __init__(self, spec: str | Spec, *, dose: str, calibration: str | None = None, checked: bool = True) -> None:
        self.checked = checked
        self.dose = parse_dose(dose)
        self.perturbation = perturbation = prepare_part("dose", spec)
        if perturbation.needs_queries:
            raise SpecError(f"{spec} takes its texts from a file, so it cannot take a dose; leave dose out")
        self._spec = canonical("perturbation", spec)
        self._calibration = _calibration(perturbation, self._spec, calibration)
        self.name: str = perturbation.name
        self.version: str = perturbation.version  # as in the random stream, which knows no arguments
        self.calibrated = self._calibration.digest  # with the version, part of every cell key
        self.nested: bool = perturbation.nested
        curves = self._calibration.curves
        reached = {lang for lang in curves if self._is_reached(lang) and self._is_right(lang)}
        self.languages: frozenset[str] | None = frozenset(
            reached if perturbation.languages is None else reached & frozenset(perturbation.languages)
        )
        self.nesting_note = perturbation.nesting_note
        self.inside_clusters = perturbation.inside_clusters
        self.claims = perturbation.claims
        self.embedded_lang = perturbation.embedded_lang
        self.source = perturbation.source
        if not self.languages:
            raise NotApplicableError(f"no language reaches {self.dose.words}; {self.scope}")

    def _is_reached(self, lang: str) -> bool:
        return self._calibration.curves[lang].greatest >= self.dose.value

    def _is_right(self, lang: str) -> bool:
        return not self.checked or self._calibration.is_right(lang)

    @property
    def scope(self) -> str:
        """What every language can reach, in words."""
        return f"{self._spec} reaches at most: {self._calibration.range_text(checked=self.checked)}"

    def refusal(self, lang: str) -> str:
        """Say why the dose cannot be given in ``lang``."""
        known = self.perturbation.languages
        if known is not None and lang not in known:
            return f"{self.name} does not know {lang}"
        curve = self._calibration.curves.get(lang)
        if curve is None:
            return f"{self._spec} is not calibrated in {lang}"
        if not self._is_right(lang):
            error = self._calibration.missed[lang]
            return (
                f"the calibration of {self._spec} is unreliable in {lang}: on held-out text it missed the requested dose by "
                f"{abs(error):.0%}; calibrate it on queries like yours with  robustir calibrate build "
                f"\"{self._spec}\" --texts {lang}=FILE -o FOLDER  and add  calibration='FOLDER'"
            )
        return f"{self.dose.words} is out of reach in {lang}, where it is at most {curve.shown_greatest}"

    def nominal(self, lang: str, severity: float) -> float:
        """Return the perturbation's own severity that stands for ``severity`` of the dose in ``lang``."""
        if lang not in (self.languages or ()):
            raise NotApplicableError(f"{self.refusal(lang)}; {self.scope}")
        return self._calibration.curves[lang].severity(severity * self.dose.value)

    def __call__(self, text: str, *, lang: str, severity: float, rng: Stream) -> str:
        """Return ``text`` with noise; see :meth:`apply_batch`."""
        return self.apply_batch([text], langs=[lang], severity=severity, keys=[rng.key])[0]

    def apply_batch(
        self, texts: Sequence[str], *, langs: Sequence[str], severity: float, keys: Sequence[bytes]
    ) -> list[str]:
        """Return the texts with noise, each language at its own nominal severity."""
        if not 0 <= severity <= 1:
            raise SpecError(f"severity={severity} is not a share of the dose; give a number from 0 to 1")
        result = list(texts)
        for lang in dict.fromkeys(langs):
            nominal = self.nominal(lang, severity)
            if nominal == 0:
                continue
            rows = [row for row, language in enumerate(langs) if language == lang]
            noisy = self.perturbation.apply_texts(
                [texts[row] for row in rows],
                [lang] * len(rows),
                severity=nominal,
                keys=[keys[row] for row in rows],
            )
            for row, text in zip(rows, noisy, strict=True):
                result[row] = text
        return result


def _calibration(perturbation: PreparedPerturbation, spec: str, folder: str | None) -> Calibration:
    if folder is not None and not Path(folder).is_dir():
        raise DataError(
            f"calibration={folder!r} is not a folder; write one with  robustir calibrate build {spec!r} -o {folder}"
        )
    place = Path(folder) if folder is not None else shipped_folder()
    calibration = find_calibration(place, perturbation.name, spec)
    command = f'robustir calibrate build "{spec}" -o FOLDER'
    if calibration is None:
        where = folder if folder is not None else "robustir's own tables"
        raise SpecError(
            f"{spec} is not calibrated in {where}, so it cannot take a dose: run  {command}  and add  calibration='FOLDER'"
        )
    if calibration.version != perturbation.version:
        raise SpecError(
            f"the calibration of {spec} in {place / perturbation.name}.json is for version {calibration.version}, and the perturbation "
            f"is at version {perturbation.version}: run  {command}  and add  calibration='FOLDER'"
        )
    return calibration
