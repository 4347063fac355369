"""``tatoeba``: LASER's similarity search test, sentences of 112 languages and their English translations."""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Sequence
from pathlib import Path

from robustir.benchmarks.bitext import Bitext, pair_task, read_lines
from robustir.benchmarks.files import chosen_languages, find_folder
from robustir.benchmarks.pinned import pinned
from robustir.disk.download import Remote
from robustir.errors import NotApplicableError, SpecError
from robustir.types import Task

__all__ = ["Tatoeba"]

# ISO 639-3 codes of the files; those with a two-letter code go by it, as everywhere in robustir.
_CODES = (  # noqa: SIM905 - tables read better
    "afr amh ang ara arq arz ast awa aze bel ben ber bos bre bul cat cbk ceb ces cha cmn cor csb cym dan deu dsb dtp ell epo "
    "est eus fao fin fra fry gla gle glg gsw heb hin hrv hsb hun hye ido ile ina ind isl ita jav jpn kab kat kaz khm kor kur "
    "kzj lat lfn lit lvs mal mar max mhr mkd mon nds nld nno nob nov oci orv pam pes pms pol por ron rus slk slv spa sqi srp "
    "swe swg swh tam tat tel tgl tha tuk tur tzl uig ukr urd uzb vie war wuu xho yid yue zsm"
).split()
_SHORT: dict[str, str] = {
    code: short
    for code, _, short in (
        pair.partition("=")
        for pair in (  # noqa: SIM905
            "afr=af amh=am ara=ar aze=az bel=be ben=bn bos=bs bre=br bul=bg cat=ca ces=cs cha=ch cmn=zh cor=kw cym=cy dan=da "
            "deu=de ell=el epo=eo est=et eus=eu fao=fo fin=fi fra=fr fry=fy gla=gd gle=ga glg=gl heb=he hin=hi hrv=hr hun=hu "
            "hye=hy ido=io ile=ie ina=ia ind=id isl=is ita=it jav=jv jpn=ja kat=ka kaz=kk khm=km kor=ko kur=ku lat=la lit=lt "
            "lvs=lv mal=ml mar=mr mkd=mk mon=mn nld=nl nno=nn nob=nb oci=oc pes=fa pol=pl por=pt ron=ro rus=ru slk=sk slv=sl "
            "spa=es sqi=sq srp=sr swe=sv swh=sw tam=ta tat=tt tel=te tgl=tl tha=th tuk=tk tur=tr uig=ug ukr=uk urd=ur uzb=uz "
            "vie=vi xho=xh yid=yi zsm=ms"
        ).split()
    )
}
_FILES = {_SHORT.get(code, code): code for code in _CODES}
_BUCKETS = 100
_DIRECTIONS = {"both": ("there", "back"), "to-en": ("there",), "from-en": ("back",)}


class Tatoeba:
    """Bitext retrieval between English and 112 languages, up to 1,000 sentences each (Artetxe & Schwenk 2019).

    The candidates of a sentence are the translations of its own language pair. Accuracy is Hit@1; the xsim error is
    1 - Hit@1 of ``ratio-margin(ENCODER)``. The sentences have no documents, and pairs share English sentences, so groups
    are 100 buckets of English sentences (by their SHA-256): all pairs that share a sentence are resampled together.

    Args:
        direction: "both", "to-en" or "from-en".
    """

    name = "tatoeba"
    languages: tuple[str, ...] = (*sorted(_FILES), "en")
    folder = "tatoeba-v1"
    licence = "CC-BY-2.0-FR (Tatoeba)"
    source = "https://github.com/facebookresearch/LASER @ fec5c7d63daa, data/tatoeba/v1"

    def __init__(self, direction: str = "both") -> None:
        if direction not in _DIRECTIONS:
            raise SpecError(f"tatoeba: direction must be one of {', '.join(_DIRECTIONS)}, not {direction!r}")
        self.direction = direction

    def files(self) -> tuple[Remote, ...]:
        """Return what ``robustir fetch`` downloads."""
        return pinned(self.name)

    def load(self, data: Path | None, languages: Sequence[str] | None = None) -> Task:
        """Return the task of the pairs of ``languages`` with English; English itself need not be named."""
        folder = find_folder(data, self.folder, self)
        chosen = [lang for lang in chosen_languages(languages, self.languages, self.name) if lang != "en"]
        if not chosen:
            raise NotApplicableError("tatoeba pairs other languages with English; name at least one other language")
        return pair_task(
            self.name,
            [self._read(folder, lang) for lang in chosen],
            directions=_DIRECTIONS[self.direction],
            group_kind="bucket of English sentences (there are no documents)",
            licence=self.licence,
            source=self.source,
        )

    def _read(self, folder: Path, lang: str) -> Bitext:
        code = _FILES[lang]
        paths = [folder / f"tatoeba.{code}-eng.{side}" for side in (code, "eng")]
        left, right = map(read_lines, paths)
        sources = [f"{code}-{line:04d}" for line in range(len(left))]
        return Bitext(
            f"tatoeba-{code}",
            (lang, "en"),
            left,
            right,
            [_bucket(text) for text in right],
            sources,
            " and ".join(map(str, paths)),
        )


def _bucket(english: str) -> str:
    folded = " ".join(unicodedata.normalize("NFKC", english).casefold().split())
    number = int.from_bytes(hashlib.sha256(folded.encode()).digest()[:8], "big") % _BUCKETS
    return f"bucket-{number:02d}"
