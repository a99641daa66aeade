"""Words that nobody translated are marked as what they are."""

from types import SimpleNamespace

import pytest
from django.template import Context, Template

pytestmark = pytest.mark.once


@pytest.mark.parametrize(
    ("languages", "text", "marked"),
    [
        (["en", "zh-hans"], "The pilot tells more", ' lang="en"'),
        (["zh-hans", "en"], "试点 tells more", ' lang="zh-Hans"'),
        (["en", "zh-hans"], "120 / 30", ""),
        (["en", "zh-hans"], "", ""),
        (["en"], "The pilot tells more", ""),
        (["en", "fr", "zh-hans"], "Le pilote", ""),
        ([], "The pilot tells more", ""),
    ],
)
def test_a_text_is_of_the_language_that_its_letters_say(
    languages: list[str], text: str, marked: str
) -> None:
    of = Context({"register": SimpleNamespace(languages=languages), "text": text})
    assert Template("{% load spoken %}<p{% lang_attr_of text %}>").render(of) == f"<p{marked}>"


def test_nothing_is_said_where_there_is_no_register() -> None:
    assert Template("{% load spoken %}<p{% lang_attr_of 'x' %}>").render(Context()) == "<p>"
