"""Makes docs/gallery.md and its pictures: runs, reports and screenshots of them (make gallery).

The runs take about an hour on two cores; they are kept in build/gallery and resumed. Needs chromium, pdftoppm and Pillow,
and the data folder; the run of a released encoder needs $ROBUSTIR_GALLERY_ENCODER, the folder of multilingual-e5-small.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
RUNS = Path(os.environ.get("ROBUSTIR_GALLERY", ROOT / "build" / "gallery"))
PICTURES = ROOT / "docs" / "gallery"
RELEASED = os.environ.get("ROBUSTIR_GALLERY_ENCODER", "")
WIDTH, HEIGHT, PHONE = 1280, 1000, 390
COLOURS = 200  # of a picture: a page has few


@dataclass(frozen=True)
class Shown:
    """One report of the gallery: its folder, what it shows, and the options of ``robustir run``."""

    name: str
    about: str
    options: tuple[str, ...]


TEN = (
    "static-hybrid", "static-xx", "static-xy", "bm25", "hashing", "hashing(dim=128)", "hashing(dim=1024)",
    "hashing(analyzer='word')", "ratio-margin('static-hybrid')", "random",
)  # fmt: skip
SIX = ("typos", "ocr", "phonetic", "code-switch", "mt-channel", "transliterate", "adversarial()")


def repeated(option: str, values: Sequence[str]) -> tuple[str, ...]:
    """Return an option once per value."""
    return tuple(part for value in values for part in (option, value))


E5 = f"transformer('{RELEASED or 'FOLDER'}', query_prefix='query: ', passage_prefix='query: ')"
GALLERY = (
    Shown("quickstart", "Three lexical encoders and a released one under two kinds of noise, in eleven languages; no download.", ("quickstart",)),
    Shown(
        "xquad-r",
        "A released encoder, BM25 and a static encoder on real questions with typing errors.",
        (
            "xquad-r", *repeated("--encoder", (f"mE5={E5}", "bm25", "static-hybrid")), "--languages", "en,de,ar,zh", "--draws", "1",
        ),
    ),
    Shown(
        "families",
        "Six encoders, a released one among them, under eight kinds of noise, some of it recorded, and attacks.",
        ("families", "--languages", "en,de,th", "--severities", "0.2", "--limit", "300"),
    ),
    Shown(
        "ten",
        "Ten encoders under six kinds of noise and an attack.",
        (
            "quickstart", *repeated("--encoder", TEN), *repeated("--perturbation", SIX), "--languages", "en,de,ar,th,zh",
            "--severities", "0.3", "--draws", "1", "--keep-top", "50",
        ),
    ),
    Shown(
        "tatoeba",
        "Wrong spaces in the 113 languages of Tatoeba, and typing errors in the eleven that have keyboards here.",
        (
            "bitext", "--benchmark", "tatoeba", *repeated("--encoder", ("static-hybrid", "bm25", "hashing")),
            "--perturbation", "spacing", "--perturbation", "typos", "--severities", "0.3", "--limit", "50",
        ),
    ),
)  # fmt: skip


def main() -> int:
    """Make every report that is asked for (all by default), its pictures and the page."""
    missing = [name for name in ("chromium", "pdftoppm") if shutil.which(name) is None]
    if missing:
        say(
            f"the gallery needs {' and '.join(missing)}; on Debian or Ubuntu:  sudo apt-get install chromium poppler-utils"
        )
        return 2
    PICTURES.mkdir(parents=True, exist_ok=True)
    asked = set(sys.argv[1:])
    for shown in GALLERY:
        if asked and shown.name not in asked:
            continue
        if shown.name == "xquad-r" and not RELEASED:
            say("xquad-r left out: set ROBUSTIR_GALLERY_ENCODER to a local folder of multilingual-e5-small")
            continue
        make(shown)
    (ROOT / "docs" / "gallery.md").write_text(page(), encoding="utf-8")
    return 0


def say(text: str) -> None:
    """Print a line at once."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def make(shown: Shown) -> None:
    """Make one run with its reports, then its pictures."""
    folder = RUNS / shown.name
    say(f"{shown.name}: {command(shown)}")
    robustir = (sys.executable, "-m", "robustir")
    if not (folder / "manifest.json").exists():
        subprocess.run([*robustir, "run", *shown.options, "-o", str(folder), "--format", "csv"], check=True)
    subprocess.run([*robustir, "report", str(folder), "--format", "html,pdf"], check=True)
    page_of = folder / "report.html"
    picture(page_of, PICTURES / f"{shown.name}.png", WIDTH, HEIGHT)
    picture(page_of, folder / "phone.png", PHONE, 1600)
    picture(page_of, folder / "dark.png", WIDTH, HEIGHT, dark=True)
    picture(page_of, folder / "long.png", WIDTH, 7000)
    subprocess.run(["pdftoppm", "-r", "60", "-png", str(folder / "report.pdf"), str(folder / "page")], check=True)


def picture(source: Path, target: Path, width: int, height: int, *, dark: bool = False) -> None:
    """Write a screenshot in few colours; a phone is a narrow frame, since a window is never that narrow."""
    from PIL import Image

    shown = source
    if width < WIDTH:
        shown = target.with_suffix(".html")
        frame = (
            f'<iframe src="{source.resolve().as_uri()}" style="border:0;width:{width}px;height:{height}px"></iframe>'
        )
        shown.write_text(f'<!DOCTYPE html><html><body style="margin:0">{frame}</body></html>', encoding="utf-8")
    options = ["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--allow-file-access-from-files"]
    options += ["--blink-settings=preferredColorScheme=0"] if dark else []
    size = f"--window-size={max(width, 500)},{height}"
    subprocess.run(
        ["chromium", *options, size, f"--screenshot={target}", shown.resolve().as_uri()],
        check=True,
        capture_output=True,
    )
    with Image.open(target) as drawn:
        drawn.convert("RGB").crop((0, 0, width, height)).quantize(COLOURS, dither=Image.Dither.NONE).save(
            target, optimize=True
        )


def command(shown: Shown) -> str:
    """Return the command of a run as a reader types it."""
    words = [f'"{word}"' if "'" in word else shlex.quote(word) for word in shown.options]
    return f"robustir run {' '.join(words).replace(RELEASED or 'FOLDER', 'FOLDER')} -o runs/{shown.name}"


def page() -> str:
    """Return the page: a picture of each first screen, below its command."""
    head = (
        "# Gallery\n\nThe first screens of reports, each with the command that made its run. `make gallery` makes them again, "
        "into `build/gallery`, and this page with its pictures.\n"
    )
    parts = [head]
    for shown in GALLERY:
        if (PICTURES / f"{shown.name}.png").exists():
            alt = f"The first screen of the report {shown.name}: a table of encoders by noise below some sentences."
            parts.append(
                f"## {shown.about}\n\n```console\n{command(shown)}\n```\n\n![{alt}](gallery/{shown.name}.png)\n"
            )
    return "\n".join(parts)


if __name__ == "__main__":
    raise SystemExit(main())
