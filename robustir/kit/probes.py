"""Questions with names, numbers and negations, to try on a perturbation what it claims to keep; written for this project."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

__all__ = ["PROBES"]

# Names are where rules find them (robustir.text.protected): with a capital inside a sentence, or in Latin letters.
PROBES: Final[Mapping[str, tuple[str, ...]]] = {
    "ar": (
        "لماذا لم تنشر وكالة NASA صور المريخ قبل عام 1998؟",
        "كم مليون دولار دفعت شركة IBM ولماذا لا يعرف الناس ذلك في 12.5 بالمئة من المدن؟",
    ),
    "de": (
        "Warum hat die NASA vor 1998 keine Bilder der Venus gezeigt?",
        "Wie viele der 3,5 Millionen Kunden von IBM wussten nicht, dass das Werk in der Nähe des Bahnhofs liegt?",
    ),
    "el": (
        "Γιατί η εταιρεία του Παπαδόπουλου δεν άνοιξε στην Αθήνα πριν από το 1998;",
        "Πόσα από τα 3,5 εκατομμύρια δολάρια της IBM δεν έφτασαν ποτέ στη Θεσσαλονίκη;",
    ),
    "en": (
        "Why did Angela Merkel not visit the University of Boston before the year 1998?",
        "How many of the 3.5 million people in the US have never read about Doctor Who, and who isn't one of the 12?",
    ),
    "es": (
        "¿Por qué no visitó Angela Merkel la ciudad de Sevilla antes de 1998?",
        "¿Cuántos de los 3,5 millones de clientes de IBM nunca han escrito a la oficina de Madrid?",
    ),
    "hi": (
        "NASA ने 1998 से पहले मंगल के चित्र क्यों नहीं दिखाए?",
        "IBM के 3.5 लाख ग्राहकों में से कितने लोग यह नहीं जानते थे?",
    ),
    "ru": (
        "Почему Ангела Меркель не приезжала в университет Казани до 1998 года?",
        "Сколько из 3,5 миллиона клиентов компании Яндекс никогда не были в Москве и почему об этом не писали?",
    ),
    "th": (
        "ทำไมองค์การ NASA ไม่แสดงภาพดาวอังคารก่อนปี 1998",
        "ลูกค้า 3.5 ล้านคนของบริษัท IBM กี่คนที่ไม่รู้เรื่องนี้",
    ),
    "tr": (
        "Angela Merkel 1998 yılından önce Ankara Üniversitesi için neden hiç gelmedi ve bu neden doğru değil?",
        "IBM şirketinin 3,5 milyon müşterisinden kaçı İzmir şehrinde yaşadığını asla söylemedi?",
    ),
    "vi": (
        "Vì sao Angela Merkel không đến thăm trường đại học ở Huế trước năm 1998?",
        "Bao nhiêu trong số 3,5 triệu khách hàng của IBM chưa từng viết thư cho thành phố Đà Nẵng?",
    ),
    "zh": (
        "为什么NASA在1998年以前没有公布火星的照片？",
        "IBM公司的3.5万名客户中有多少人从来不知道这件事？",
    ),
}
