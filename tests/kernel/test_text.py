"""What text is let in."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from riskreg.kernel.errors import Errors, FieldError, Invalid
from riskreg.kernel.localised import clean_names, localised
from riskreg.kernel.text import clean_text, clean_url, is_storable

BAD_TEXTS = {
    "NUL": ("a\0b", "bad_character"),
    "NUL at the end": ("ab\0", "bad_character"),
    "escape": ("a\x1b[31m", "bad_character"),
    "unit separator, white space to Python": ("ab\x1f", "bad_character"),
    "next line": ("ab\x85", "bad_character"),
    "delete": ("a\x7fb", "bad_character"),
    "bidi override": ("a\u202eb", "bidi_override"),
    "bidi isolate": ("a\u2066b", "bidi_override"),
    "lone surrogate": ("a\ud800b", "bad_character"),
    "200 KB": ("x" * 200_000, "too_long"),
    "number": (7, "not_text"),
    "list": (["a"], "not_text"),
    "object": ({"en": "a"}, "not_text"),
    "boolean": (True, "not_text"),
    "longer once composed": ("\u0958" * 200, "too_long"),
}


# Each of these would be stored as a reason or a title that nobody can read.
SHOW_NOTHING = {
    "white space": " \t\n\u3000",
    "zero-width space": "\u200b",
    "joiners": "\u2060\u200d\ufeff",
    "soft hyphens": "\u00ad \u00ad",
    "blank letter": "\u3164",
    "blank pattern": "\u2800",
    "marks without a letter": "\u0301\ufe0f",
}


def codes(errors: Errors) -> list[str]:
    try:
        errors.raise_if_any()
    except Invalid as invalid:
        return [e.code for each in invalid.fields.values() for e in each]
    return []


@pytest.mark.parametrize("text, code", BAD_TEXTS.values(), ids=BAD_TEXTS)
def test_bad_text_is_refused_by_name(text: object, code: str) -> None:
    errors = Errors()
    assert clean_text(errors, "title", text, limit=200) == ""
    assert codes(errors) == [code]


@pytest.mark.parametrize("text", SHOW_NOTHING.values(), ids=SHOW_NOTHING)
def test_a_text_that_shows_nothing_is_none(text: str) -> None:
    errors = Errors()
    assert clean_text(errors, "rationale", text) == ""
    assert codes(errors) == []
    assert clean_text(errors, "rationale", text, required=True) == ""
    assert codes(errors) == ["required"]


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "[x](javascript:alert(1))",
        "a & b",
        "电动化",
        "🙂",
        "\tlist\nitem",
    ],
)
def test_markup_is_text_like_any_other(text: str) -> None:
    errors = Errors()
    assert clean_text(errors, "cause", text) == text.strip()
    assert codes(errors) == []


def test_lines_are_one_sort_and_titles_have_one() -> None:
    errors = Errors()
    assert clean_text(errors, "cause", " a\r\nb\rc ") == "a\nb\nc"
    assert codes(errors) == []
    clean_text(errors, "title", "a\nb", one_line=True)
    clean_text(errors, "title", " \n ", required=True)
    assert codes(errors) == ["one_line", "required"]


@given(st.text(max_size=300))
def test_what_is_let_in_stays_the_same_when_sent_again(text: str) -> None:
    errors = Errors()
    once = clean_text(errors, "f", text, limit=200)
    if codes(errors) == []:
        assert clean_text(errors, "f", once, limit=200) == once
        assert unicodedata.is_normalized("NFC", once)
        assert len(once) <= 200
        assert "\0" not in once


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)", "JaVaScRiPt:alert(1)", "data:text/html,x", "//host/x", "/x", "http://",
        "https://a b", "ftp://host/x", "http://[::1", "vbscript:x", "x",
    ],
)  # fmt: skip
def test_only_web_addresses_are_linked(url: str) -> None:
    errors = Errors()
    assert clean_url(errors, "url", url) == ""
    assert codes(errors) == ["bad_url"]


def test_good_addresses_and_none() -> None:
    errors = Errors()
    assert (
        clean_url(errors, "url", " https://example.org/a?b=c#d ") == "https://example.org/a?b=c#d"
    )
    assert clean_url(errors, "url", None) == ""
    assert codes(errors) == []


def test_names_in_languages() -> None:
    errors = Errors()
    assert clean_names(errors, "names", "Plain") == {"en": "Plain"}
    assert codes(errors) == []
    assert clean_names(errors, "names", {"xx": "?", "zh-hans": "名"}) == {"zh-hans": "名"}
    assert clean_names(errors, "names", {}) == {}
    assert codes(errors) == ["unknown_language", "required"]
    assert localised({"zh-hans": "名"}) == "名"
    assert localised({"zh-hans": "名", "en": "name"}) == "name"
    assert localised({}, "fallback") == "fallback"


def test_errors_are_kept_apart_by_field_and_the_first_speaks() -> None:
    invalid = Invalid({"a": FieldError("x", "first"), "b": [FieldError("y", "second")]})
    assert str(invalid) == "first"
    errors = Errors()
    errors.merge(invalid, prefix="sub.")
    with pytest.raises(Invalid) as raised:
        errors.raise_if_any()
    assert set(raised.value.fields) == {"sub.a", "sub.b"}
    assert Invalid.one("f", "c", "d").fields == {"f": [FieldError("c", "d")]}


@pytest.mark.parametrize("text", ["", "a", "关税", "😀", "\u202e", "\x01", "x" * 10_000])
def test_storable(text: str) -> None:
    assert is_storable(text)


@pytest.mark.parametrize("text", ["\0", "a\0b", "\ud800", "a\udfffb"])
def test_not_storable(text: str) -> None:
    assert not is_storable(text)
