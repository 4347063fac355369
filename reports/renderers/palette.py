"""The colours of reports: six hues for lines, two for change, one for levels, which also differ in lightness.

The hues were searched, with steps of eight in CIE L*, so that any two lines differ under deuteranopia and protanopia
(Machado, Oliveira & Fernandes 2009) and in grey; the tests have the bounds. More lines than hues differ by dash and marker.
"""

from __future__ import annotations

from collections.abc import Iterator

__all__ = ["DARK_SERIES", "GAIN_ALPHAS", "INKS", "LEVEL_ALPHAS", "LOSS_ALPHAS", "SERIES", "css_rules", "print_shades"]

SERIES = ("#0547b7", "#ab4100", "#068580", "#4e0254", "#1a94cf", "#800028")
DARK_SERIES = ("#5690ff", "#c1662c", "#60b99a", "#fad042", "#52cdf1", "#c3f7a0")
INKS = {"ink": "#1d1b18", "quiet": "#5f5a52", "rule": "#d9d4c9", "paper": "#ffffff"}
"""The colours of a figure's other parts; in HTML each is a variable of report.css of the same name."""

# A loss is darker than a gain of the same size, so that print without colour tells them apart.
LOSS_ALPHAS = (0.11, 0.22, 0.33, 0.45, 0.58)
GAIN_ALPHAS = (0.06, 0.12, 0.18, 0.25, 0.33)
LEVEL_ALPHAS = (0.03, 0.08, 0.13, 0.18, 0.23, 0.28, 0.33, 0.38, 0.43, 0.48)
_LOSS, _GAIN, _LEVEL = (196, 80, 10), (0, 103, 165), (0, 108, 103)
_DARK_LOSS, _DARK_GAIN, _DARK_LEVEL = (240, 128, 60), (84, 170, 230), (60, 176, 168)


def _variables(series: tuple[str, ...], shades: dict[str, tuple[int, int, int]]) -> str:
    lines = [f"--s{at}:{colour}" for at, colour in enumerate(series)]
    lines += [f"--{name}:{','.join(map(str, colour))}" for name, colour in shades.items()]
    return ":root{" + ";".join(lines) + "}"


def _cells() -> Iterator[str]:
    for prefix, name, alphas, first in (
        ("dn", "loss", LOSS_ALPHAS, 1),
        ("d", "gain", GAIN_ALPHAS, 1),
        ("q", "level", LEVEL_ALPHAS, 0),
    ):
        for step, alpha in enumerate(alphas, first):
            yield f".{prefix}{step}{{background:rgba(var(--{name}),{alpha:g})}}"


def css_rules() -> str:
    """Return the rules of a style sheet: the colours as variables, light, dark and on paper, and the shades of cells."""
    light = _variables(SERIES, {"loss": _LOSS, "gain": _GAIN, "level": _LEVEL})
    dark = _variables(DARK_SERIES, {"loss": _DARK_LOSS, "gain": _DARK_GAIN, "level": _DARK_LEVEL})
    cells = "\n".join(_cells())
    return f"{light}\n@media screen and (prefers-color-scheme:dark){{{dark}}}\n{cells}"


def _on_white(colour: tuple[int, int, int], alpha: float) -> str:
    return "#" + "".join(f"{round(255 - (255 - channel) * alpha):02x}" for channel in colour)


def print_shades() -> dict[str, list[str]]:
    """Return the shades of cells on white paper, lightest first: ``loss`` and ``gain`` from step 1, ``level`` from 0."""
    return {
        "loss": [_on_white(_LOSS, alpha) for alpha in LOSS_ALPHAS],
        "gain": [_on_white(_GAIN, alpha) for alpha in GAIN_ALPHAS],
        "level": [_on_white(_LEVEL, alpha) for alpha in LEVEL_ALPHAS],
    }
