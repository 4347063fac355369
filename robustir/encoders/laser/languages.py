"""Which languages have a student of LASER3, and under which code.

The codes (ISO 639-3 and script) are those of the released files, listed in facebookresearch/LASER (nllb/README.md and
laser_encoders/language_list.py); the two-letter codes are ISO 639-1's for the same language, or for the macrolanguage
that the student stands for.
"""

from __future__ import annotations

from difflib import get_close_matches

from robustir.errors import UnknownNameError
from robustir.languages import language, normalise

__all__ = ["OWN_VOCABULARY", "STUDENTS", "named_student", "student_of"]

_STUDENTS = """
ace_Latn aka_Latn als_Latn amh_Ethi asm_Beng awa_Deva ayr_Latn azb_Arab azj_Latn bak_Cyrl bam_Latn ban_Latn bel_Cyrl
bem_Latn ben_Beng bho_Deva bjn_Latn bod_Tibt bug_Latn ceb_Latn cjk_Latn ckb_Arab crh_Latn cym_Latn dik_Latn diq_Latn
dyu_Latn dzo_Tibt ewe_Latn fao_Latn fij_Latn fon_Latn fur_Latn fuv_Latn gaz_Latn gla_Latn gle_Latn grn_Latn guj_Gujr
hat_Latn hau_Latn hin_Deva hne_Deva hye_Armn ibo_Latn ilo_Latn ind_Latn jav_Latn kab_Latn kac_Latn kam_Latn kan_Knda
kas_Arab kas_Deva kat_Geor kaz_Cyrl kbp_Latn kea_Latn khk_Cyrl khm_Khmr kik_Latn kin_Latn kir_Cyrl kmb_Latn kmr_Latn
knc_Arab knc_Latn kon_Latn lao_Laoo lij_Latn lim_Latn lin_Latn lmo_Latn ltg_Latn ltz_Latn lua_Latn lug_Latn luo_Latn
lus_Latn mag_Deva mai_Deva mal_Mlym mar_Deva min_Latn mlt_Latn mni_Beng mos_Latn mri_Latn mya_Mymr npi_Deva nso_Latn
nus_Latn nya_Latn ory_Orya pag_Latn pan_Guru pap_Latn pbt_Arab pes_Arab plt_Latn prs_Arab quy_Latn run_Latn sag_Latn
san_Deva sat_Beng scn_Latn shn_Mymr sin_Sinh smo_Latn sna_Latn snd_Arab som_Latn sot_Latn srd_Latn ssw_Latn sun_Latn
swh_Latn szl_Latn tam_Taml taq_Latn tat_Cyrl tel_Telu tgk_Cyrl tgl_Latn tha_Thai tir_Ethi tpi_Latn tsn_Latn tso_Latn
tuk_Latn tum_Latn tur_Latn twi_Latn tzm_Tfng uig_Arab umb_Latn urd_Arab uzn_Latn vec_Latn war_Latn wol_Latn xho_Latn
ydd_Hebr yor_Latn zsm_Latn zul_Latn
"""
STUDENTS = frozenset(_STUDENTS.split())

# Students with a SentencePiece model and vocabulary of their own; the others use LASER2's.
_OWN_VOCABULARY = """
amh_Ethi ayr_Latn azj_Latn bak_Cyrl bel_Cyrl bod_Tibt ckb_Arab crh_Latn dik_Latn dzo_Tibt fur_Latn fuv_Latn grn_Latn
kab_Latn kac_Latn kaz_Cyrl kir_Cyrl kmr_Latn lij_Latn lim_Latn lmo_Latn ltg_Latn mya_Mymr pbt_Arab pes_Arab prs_Arab
sat_Beng scn_Latn srd_Latn szl_Latn taq_Latn tgk_Cyrl tir_Ethi tzm_Tfng vec_Latn
"""
OWN_VOCABULARY = frozenset(_OWN_VOCABULARY.split())

_SHORT_CODES = """
ak:aka am:amh as:asm ay:ayr az:azj ba:bak be:bel bm:bam bn:ben bo:bod cy:cym dz:dzo ee:ewe fa:pes ff:fuv fj:fij
fo:fao ga:gle gd:gla gn:grn gu:guj ha:hau hi:hin ht:hat hy:hye id:ind ig:ibo jv:jav ka:kat kg:kon ki:kik kk:kaz
km:khm kn:kan ks:kas kr:knc ku:kmr ky:kir lb:ltz lg:lug li:lim ln:lin lo:lao mg:plt mi:mri ml:mal mn:khk mr:mar
ms:zsm mt:mlt my:mya ne:npi ny:nya om:gaz or:ory pa:pan ps:pbt qu:quy rn:run rw:kin sa:san sc:srd sd:snd sg:sag
si:sin sm:smo sn:sna so:som sq:als ss:ssw st:sot su:sun sw:swh ta:tam te:tel tg:tgk th:tha ti:tir tk:tuk tl:tgl
tn:tsn tr:tur ts:tso tt:tat tw:twi ug:uig ur:urd uz:uzn wo:wol xh:xho yi:ydd yo:yor zu:zul
"""
_SHORT = {short: code for short, _, code in (pair.partition(":") for pair in _SHORT_CODES.split())}


def student_of(lang: str) -> str | None:
    """Return the code of the student for a language (hi, hin or hin_Deva), None if LASER2 itself covers it.

    Of students in two scripts, the one in the language's usual script is returned, unless the code names the other.
    """
    if lang in STUDENTS:
        return lang
    base, _, script = normalise(lang).partition("-")
    students = [code for code in sorted(STUDENTS) if code.partition("_")[0] in (base, _SHORT.get(base))]
    script = script or (language(base).script if len(students) > 1 else "")
    return next((code for code in students if script in ("", code.partition("_")[2])), None)


def named_student(lang: str) -> str:
    """Return the student that a user named; raise UnknownNameError if there is none."""
    student = student_of(lang)
    if student is None:
        near = get_close_matches(lang, [*STUDENTS, *_SHORT], n=3)
        raise UnknownNameError(
            f"LASER3 has no student for {lang!r}"
            + (f"; did you mean {', '.join(near)}?" if near else "; LASER2 covers 93 languages by itself: use  laser2")
        )
    return student
