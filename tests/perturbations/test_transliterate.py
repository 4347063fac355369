"""Words in Latin letters, worked out by hand."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from robustir.errors import NotApplicableError, SpecError
from robustir.perturbations.transliterate import Transliterate, romanised
from robustir.seeds import Stream, derive_key
from tests.strategies import keys, severities, texts


@pytest.mark.parametrize(
    ("lang", "scheme", "word", "latin"),
    [
        ("ru", "informal", "Щука", "Shchuka"),
        ("ru", "informal", "объявили", "obyavili"),
        ("ru", "iso9", "Ещё", "Eŝë"),
        ("el", "informal", "γέφυρα", "gefyra"),
        ("el", "informal", "ουρανός", "ouranos"),
        ("el", "informal", "αυτή", "afti"),
        ("el", "informal", "αύριο", "avrio"),
        ("el", "informal", "Ευχαριστώ", "Efcharisto"),
        ("el", "informal", "αϋπνία", "aypnia"),
        ("el", "informal", "άυλος", "aylos"),
        ("el", "informal", "ευρώ", "evro"),
        ("el", "informal", "ταυ", "taf"),
        ("el", "informal", "προϋπόθεση", "proypothesi"),
        ("el", "informal", "μπορώ", "boro"),
        ("el", "informal", "λάμπα", "lampa"),
        ("el", "informal", "Άγγελος", "Angelos"),
        ("el", "informal", "φάρυγξ", "farynx"),
        ("zh", "informal", "地位", "diwei"),
        ("zh", "informal", "地", "de"),
        ("zh", "informal", "首都", "shoudu"),
        ("zh", "informal", "都", "dou"),
        ("zh", "informal", "银行", "yinhang"),
        ("zh", "informal", "旅行", "lvxing"),
        ("zh", "informal", "目的", "mudi"),
        ("zh", "informal", "音乐家", "yinyuejia"),
        ("zh", "informal", "著作", "zhuzuo"),
        ("zh", "informal", "类似", "leisi"),
        ("zh", "informal", "呼吁", "huyu"),
        ("zh", "informal", "佛教", "fojiao"),
        ("zh", "informal", "仿佛", "fangfu"),
        ("zh", "informal", "睡觉", "shuijiao"),
        ("zh", "informal", "洛杉矶", "luoshanji"),
        ("zh", "informal", "飓风", "jufeng"),
        ("zh", "informal", "和平", "heping"),
        ("vi", "informal", "nước", "nuwowcs"),
        ("vi", "informal", "đường", "dduwowngf"),
        ("vi", "informal", "cầu", "caauf"),
        ("zh", "informal", "桥", "qiao"),
        ("ar", "informal", "دفاع", "dfa3"),
        ("ar", "informal", "كيف", "kayf"),
        ("ar", "informal", "الوثيقة", "alwthiqa"),
        ("ar", "informal", "الولايات", "alwlayat"),
        ("ar", "informal", "والوزن", "walwzn"),
        ("ar", "informal", "إيطاليا", "italiya"),
        ("ar", "informal", "ايطاليا", "italiya"),
        ("ar", "informal", "أيام", "ayam"),
        ("ar", "informal", "رأس", "ra2s"),
        ("ar", "informal", "مبدأ", "mbda2"),
        ("ar", "informal", "بأن", "b2an"),
        ("ar", "informal", "مُقَدَّمَة", "muqaddama"),
        ("ar", "informal", "صباح", "9ba7"),
        ("ar", "informal", "خلاء", "5la2"),
        ("ar", "informal", "بخاري", "b5ari"),
        ("ar", "informal", "حياة", "7iyat"),
        ("ar", "informal", "مُقَرِّر", "muqarrir"),
        ("ar", "informal", "تتكوّن", "ttkwwn"),
        ("ar", "informal", "أساسًا", "asasan"),
        ("ar", "informal", "الأنظمة", "alanzma"),
        ("ar", "informal", "٢٠١٥", "2015"),
        ("hi", "informal", "एमएलएस", "MLS"),
        ("hi", "informal", "डब्ल्यूडब्ल्यूई", "WWE"),
        ("hi", "informal", "यूएस", "US"),
        ("hi", "informal", "बीवी", "bivi"),  # a wife
        ("hi", "informal", "बर्फ", "barf"),
        ("hi", "informal", "फल", "phal"),
        ("hi", "informal", "समझना", "samajhna"),
        ("hi", "informal", "जटिलता", "jatilta"),
        ("hi", "informal", "नगर", "nagar"),
        ("hi", "informal", "भारतीय", "bhartiya"),
        ("hi", "informal", "विश्व", "vishwa"),
        ("hi", "informal", "पूर्व", "purva"),
        ("hi", "informal", "मस्त", "mast"),
        ("hi", "informal", "दूध", "doodh"),
        ("hi", "informal", "किए", "kiye"),
        ("hi", "informal", "नहीं", "nahin"),
        ("hi", "informal", "संबंध", "sambandh"),
        ("hi", "informal", "पढ़ना", "padhna"),
        ("th", "informal", "กรุงเทพ", "krungthep"),
        ("th", "informal", "ไทย", "thai"),
        ("th", "informal", "ภาษา", "phasa"),
    ],
)
def test_words_in_latin_letters(lang: str, scheme: str, word: str, latin: str) -> None:
    assert romanised(word, lang, scheme) == latin
    made = Transliterate(scheme)
    assert made.apply_batch([f"{word}?"], langs=[lang], severity=1, keys=[derive_key("x")]) == [f"{latin}?"]


@pytest.mark.parametrize(
    ("lang", "text", "latin"),
    [
        ("zh", "在勒费", "zai lefei"),  # jieba leaves the small word with the name
        ("th", "แพนเธอร์สยอมแพ้", "phaenthoet yomphae"),  # the name is not cut
        ("th", "ควอเตอร์ของลูเทอร์", "kha wotoe khong luthoe"),
    ],
)
def test_names_are_read_as_one(lang: str, text: str, latin: str) -> None:
    assert Transliterate().apply_batch([text], langs=[lang], severity=1, keys=[derive_key("x")]) == [latin]


def test_thai_words_are_set_apart() -> None:
    made = Transliterate()
    text = "แม่น้ำไนล์ยาว 6650 กม. และอยู่ที่ไหน"
    assert made(text, lang="th", severity=1, rng=Stream(derive_key("x"))) == "maenam nai yao 6650 kom. lae yu thinai"
    seen = {made(text, lang="th", severity=0.5, rng=Stream(derive_key("x", number))) for number in range(60)}
    for noisy in seen:  # no Latin letter touches a Thai one
        assert not re.search(r"[a-z][ก-๛]|[ก-๛][a-z]", noisy)
    assert len(seen) > 20


def test_chinese_words_are_set_apart() -> None:
    made = Transliterate()
    assert made("海底的火山是怎样形成的？", lang="zh", severity=1, rng=Stream(derive_key("x"))) == (
        "haidi de huoshan shi zenyang xingcheng de？"
    )


@given(texts, st.sampled_from(["ar", "el", "hi", "ru", "th", "vi", "zh"]), keys, severities)
@settings(max_examples=60, deadline=None)
def test_severities_nest(text: str, lang: str, key: bytes, severity: float) -> None:
    made = Transliterate()
    noisy = made(text, lang=lang, severity=severity, rng=Stream(key))
    assert made(text, lang=lang, severity=0, rng=Stream(key)) == text
    if noisy != text:
        assert made(text, lang=lang, severity=1, rng=Stream(key)) != text


def test_what_is_not_there_is_refused() -> None:
    with pytest.raises(SpecError, match="iso9"):
        Transliterate("gost")
    with pytest.raises(NotApplicableError, match="ar, el, hi, ru, th, vi, zh"):
        Transliterate().apply_batch(["a"], langs=["de"], severity=1, keys=[derive_key("x")])
