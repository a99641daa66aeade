"""Numbers, shares, amounts and days have one form in each language."""

from decimal import Decimal

import pytest
from django.utils import translation

from riskreg.kernel.localised import day_text, exact_amount, number, percent_text
from riskreg.web.history.language import pair_with_reading_texts


@pytest.mark.parametrize(
    ("language", "forms"),
    [
        ("en", ["−1,234.5", "35 %", "49,660,000", "8 Feb 2025", "February 2025"]),
        ("zh-hans", ["−1,234.5", "35%", "4,966万", "2025年2月8日", "2025年2月"]),
    ],
)
def test_one_form_in_each_language(language: str, forms: list[str]) -> None:
    with translation.override(language):
        assert [
            number("-1234.50"), percent_text("35"), exact_amount(Decimal("49660000.00")),
            day_text("2025-02-08"), day_text("2025-02"),
        ] == forms  # fmt: skip
        for text in ("", "2025", "2025-02-30", "spring 25 "):
            assert day_text(text) == text


def test_a_logged_reading_is_told_as_a_reader_writes_it() -> None:
    row = {"at": "2026-01-28T16:00:00+00:00", "precision": "day", "value": "168000"}
    with translation.override("zh-hans"):
        (_none, (told,)) = pair_with_reading_texts("readings", [None, [row]], "Asia/Shanghai")
    assert told == "2026年1月29日：168,000"
