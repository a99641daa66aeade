"""The record of a decision as a PDF: what its page says, tagged, and the same bytes each time."""

import sys
from typing import Any

import pytest
from django.utils import translation

from riskreg.decisions.queries.decisions import decision_taken_for
from riskreg.exchange.queries.decision_records import decision_record_for_pdf
from riskreg.exchange.writing.record_pdf import record_html
from tests import builders
from tests.builders import World
from tests.decisions.making import chosen, condition, proposed
from tests.exchange.test_board_packs import _NoPango, needs_pango, streams_in


def decided(world: World, **given: Any) -> None:
    """X-001 decided, with a condition."""
    row = proposed(world, builders.risk(world), context="The <b>pilot</b> ends", **given)
    chosen(world, row, conditions=[condition(world)])


def ask(world: World, who: str = "leader", tail: str = "record/file/", api: bool = False) -> Any:
    person = getattr(world, who)
    if api:
        path = f"/api/v1/registers/{world.register.slug}/decisions/X-001/{tail}"
        language = {"accept-language": person.language}
        return builders.api(person).get(path, headers=language)
    return builders.web(person).get(f"/r/{world.register.slug}/decisions/X-001/{tail}")


@pytest.mark.process
def test_page_and_api_give_the_same_tagged_bytes(world: World) -> None:
    needs_pango()
    decided(world)
    answer = ask(world)
    assert answer.status_code == 200
    assert answer["Content-Type"] == "application/pdf"
    assert 'filename="' in answer["Content-Disposition"]
    data = b"".join(answer.streaming_content)
    whole = b"\n".join([data, *streams_in(data)])
    for part in (b"/StructTreeRoot", b"pdfuaid:part", b"/MarkInfo", b"/Lang"):
        assert part in whole, part
    rest = ask(world, api=True)
    assert rest.status_code == 200
    assert b"".join(rest.streaming_content) == data
    path = f"/api/v1/registers/{world.register.slug}/decisions/X-001/record/file/"
    known = {"if-none-match": rest["ETag"], "accept-language": "en"}
    assert builders.api(world.leader).get(path, headers=known).status_code == 304


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_it_says_what_the_page_says(world: World, language: str) -> None:
    decided(world)
    world.leader.language = language
    world.leader.save()
    page = " ".join(ask(world, tail="record/").content.decode().split())
    viewer = world.viewer("leader")
    row = decision_taken_for(viewer, "X-001")
    with translation.override(language):
        html = record_html(decision_record_for_pdf(viewer, row))
    assert f'<html lang="{language}">' in html
    words = {
        "en": ("Answers of the parties", "Conditions", "Why"),
        "zh-hans": ("条件", "方案"),
    }[language]
    for text in (
        row.digest, "A second supplier is named", "It keeps the option open", "A gate", "All in",
        "120 CNY", "900 CNY", "The &lt;b&gt;pilot&lt;/b&gt; ends", *words,
    ):  # fmt: skip
        assert text in html, text
        assert text in page, text
    assert "<b>pilot" not in html


def test_there_is_none_until_it_is_decided_and_none_for_who_does_not_see_it(world: World) -> None:
    proposed(world, builders.risk(world))
    assert ask(world).status_code == 404
    assert ask(world, api=True).status_code == 404
    own = builders.risk(world, visibility="party")
    row = proposed(world, own, visibility="party")
    chosen(world, row)
    for api in (False, True):
        start = "/api/v1/registers" if api else "/r"
        address = f"{start}/{world.register.slug}/decisions/{row.ref}/record/file/"
        client = builders.api if api else builders.web
        assert client(world.partner_leader).get(address).status_code == 404


def test_a_record_of_one_partys_own_says_so(world: World) -> None:
    row = proposed(world, builders.risk(world, visibility="party"), visibility="party")
    viewer = world.viewer("leader")
    chosen(world, row)
    html = record_html(decision_record_for_pdf(viewer, decision_taken_for(viewer, row.ref)))
    assert "This decision is Foton" in html


def test_where_the_machine_cannot_draw_it_that_is_said(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    decided(world)
    for name in [name for name in sys.modules if name.partition(".")[0] == "weasyprint"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr(sys, "meta_path", [_NoPango(), *sys.meta_path])
    path = f"/r/{world.register.slug}/decisions/X-001/record/file/"
    answer = builders.web(world.leader).get(path, follow=True)
    assert answer.redirect_chain[0][0].endswith("/decisions/X-001/record/")
    assert "Pango" in answer.content.decode()
    rest = ask(world, api=True)
    assert rest.status_code == 503
    assert "Pango" in rest.json()["detail"]
