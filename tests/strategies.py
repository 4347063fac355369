"""Hypothesis strategies that several test modules share: texts of all scripts, the nasty ones among them, and keys."""

from __future__ import annotations

from hypothesis import strategies as st

from robustir.seeds import derive_key

LANGUAGES = ("ar", "de", "el", "en", "es", "hi", "ru", "th", "tr", "vi", "zh")

# One ordinary sentence per language, written for these tests; every script's letters and marks occur.
SENTENCES = {
    "ar": "متى بُني الجسر القديم في المدينة، ومن أشرف على بنائه؟",
    "de": "Welche größere Stadt liegt südlich der Brücke über den Fluss?",
    "el": "Ποιος σχεδίασε τη γέφυρα που ενώνει τις δύο όχθες του ποταμού;",
    "en": "Which architect's drawings were used when the old bridge wasn't safe anymore?",
    "es": "¿Quién diseñó el puente más antiguo de la región y cuándo se construyó?",
    "hi": "नदी पर बना पुराना पुल किसने और क्यों बनवाया था, क्या यह सुरक्षित है?",
    "ru": "Кто построил старый мост через реку и когда его объявили памятником?",
    "th": "ใครเป็นผู้สร้างสะพานเก่าที่ข้ามแม่น้ำในเมืองนี้ และสร้างขึ้นเมื่อใด",
    "tr": "Irmağın üzerindeki eski köprüyü kim, hangi yılda yaptırmıştır?",
    "vi": "Ai đã thiết kế cây cầu cổ bắc qua dòng sông ở thành phố này?",
    "zh": "这座城市里横跨河流的古桥是谁设计的，什么时候建成？",
}

NASTY = (
    "",
    " ",
    "\n",
    "a",
    "7",
    "?!",
    "1,997 42",
    "👩‍👩‍👧‍👦 family 🇩🇪🇫🇷 1️⃣",
    "\u200fשלום\u200e abc",
    "e\u0301te\u0301 \u0301",
    "\u0301ab",
    "\r\n\u0301ab\r",
    "\ud800 lone \udfff",
    "नि\u200dष्ठा क्\u200cष विद्वान् अ",
    "한국어 각\u1100\u1161\u11a8",
    "\u0e33\u0e48 น้ำ ำ",
    "ﷺ لا",
    "aaaa bb",
    "don't l’eau rock 'n' roll",
    "ẞß İiIı Σσς",
    "的的的，的",
    "tab\tand  two spaces ",
    "\u2067\u0634\u0639\u0631\u2069 \u061cabc \u202eevil\u202c",
    "🏴\U000e0067\U000e0062\U000e007f ❤\ufe0f 👍🏽 #\ufe0f\u20e3",
    "Z\u0351\u036b\u0343a\u0334\u031bl\u0322g\u0319o",
    "\ufeffbom\u00a0nbsp\u2028line\u0000nul",
    "ភាសាខ្មែរ བོད་ཡིག་རྐྱ தமிழ்",
    "\u0e33",
)

_ALPHABET = "".join(sorted(set("".join(SENTENCES.values()) + "".join(NASTY))))

_ordinary = st.lists(
    st.sampled_from([word for sentence in SENTENCES.values() for word in sentence.split()]), max_size=8
).map(" ".join)
texts = st.one_of(
    st.sampled_from(NASTY),
    st.sampled_from(tuple(SENTENCES.values())),
    st.lists(st.sampled_from((*NASTY, *SENTENCES.values())), min_size=2, max_size=3).map("".join),
    _ordinary,
    st.text(_ALPHABET, max_size=30),
    st.text(max_size=15),
    st.text("ab'é ", max_size=20),
)
"""Texts of any script, among them marks without letters, joiners, lone surrogates, emoji and controls."""

languages = st.sampled_from(LANGUAGES)
keys = st.integers(0, 10**6).map(lambda number: derive_key("test", number))
severities = st.one_of(st.sampled_from([0.1, 0.3, 0.5, 1.0]), st.floats(0, 1))
