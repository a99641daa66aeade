"""One sentence in one language, and what became of a translation is said."""

import datetime as dt
import re

import pytest

from riskreg.reviews.services import grant_extension, record_review
from riskreg.risks.services import (
    add_control,
    close_risk,
    edit_risk,
    record_assessment,
    reopen_risk,
)
from tests import builders
from tests.builders import SLUG
from tests.indicators import making

ZH = {"title": "桥梁关闭", "cause": "降雨", "event": "桥梁可能关闭", "consequence": "货车需等待"}


def edit(pilot, **fields):
    return edit_risk(
        actor=pilot.viewer("owner"), ref="R-001", version=None, fields=fields,
        at=pilot.again("bridge").updated_at,
    )  # fmt: skip


def read(pilot, address, language, tail="risks/R-001/"):
    pilot.users["owner"].language = language
    pilot.users["owner"].save()
    return pilot.client("owner").get(address(tail)).content.decode()


@pytest.mark.parametrize("tail", ["risks/R-001/", "risks/R-001/review/"])
def test_a_sentence_is_in_one_language(pilot, address, tail):
    # Only the title is translated: the sentence stays as it was written, its pattern too.
    html = read(pilot, address, "zh-hans", tail)
    assert '<span lang="en">Because rain, <b>the bridge may close</b>; as a result' in html
    assert "因降雨" not in html
    edit(pilot, translations={"zh-hans": ZH})
    html = read(pilot, address, "zh-hans", tail)
    assert "因降雨，<b>桥梁可能关闭</b>" in html
    assert "has changed since this was translated" not in html
    # One text of the original changes: the reader still has one language, and is told.
    edit(pilot, cause="something else entirely")
    html = read(pilot, address, "zh-hans", tail)
    assert "因降雨，<b>桥梁可能关闭</b>" in html
    assert "译文完成后，原文已有改动" in html
    assert "something else entirely" in html
    html = read(pilot, address, "en", tail)
    assert "Because something else entirely, <b>the bridge may close</b>" in html
    edit(pilot, event="The bridge may close")
    assert "entirely, <b>the bridge may close</b>" in read(pilot, address, "en", tail)
    assert "has changed since this was translated" not in html


def test_a_chinese_original_is_not_put_into_an_english_sentence(pilot, address):
    edit(pilot, cause="降雨", event="桥梁可能关闭", consequence="货车需等待")
    html = read(pilot, address, "en")
    assert '<span lang="zh-Hans">因降雨，<b>桥梁可能关闭</b>' in html
    assert "Because" not in html


def test_the_writer_is_told_and_may_say_that_it_still_fits(pilot, address):
    from tests.web.test_risk_changes import form_data

    edit(pilot, translations={"zh-hans": ZH})
    client, path = pilot.client("owner"), address("risks/R-001/edit/")
    page = client.post(path, form_data(client, path, cause="heavy rain"), follow=True)
    text = page.content.decode()
    assert "The translation is out of date now, and marked so for its readers: cause." in text
    data = form_data(client, path)
    assert "still_fits" not in data
    assert "Still fits, although the original has changed" in client.get(path).content.decode()
    client.post(path, {**data, "still_fits": ["cause"]})
    assert pilot.again("bridge").outdated_translations is None
    body = client.get("/api/v1/registers/pilot/risks/R-001/").json()
    assert (body["outdated_translations"], body["translations"]) == ({}, {"zh-hans": ZH})


def zh(field, text):
    return {"zh-hans": {field: text}}


def test_history_is_in_the_readers_language(pilot, address):
    at = dt.datetime(2026, 11, 23, 4, tzinfo=dt.UTC)
    act = {"actor": pilot.viewer("owner"), "ref": "R-001", "version": None, "at": at}
    record_assessment(
        given={"likelihood": 4, "impact": 4, "rationale": "water rises",
               "translations": zh("rationale", "水位上涨")}, **act,
    )  # fmt: skip
    record_review(comment="seen", translations=zh("comment", "已查看"), **act)
    add_control(
        actor=act["actor"], ref="R-001", name="Dam", kind="corrective", at=at,
        translations=zh("name", "堤坝"),
    )  # fmt: skip
    edit_risk(fields={"terms": ["market:asia"], "objectives": []}, **act)
    close_risk(reason="built", translations=zh("reason", "已建成"), **act)
    reopen_risk(reason="cracks", translations=zh("reason", "出现裂缝"), **act)
    edit_risk(
        fields={"cause": "flood", "translations": {"zh-hans": {**ZH, "cause": "洪水"}}}, **act
    )
    html = read(pilot, address, "zh-hans", "risks/R-001/history/")
    for text in ("水位上涨", "已查看", "堤坝（纠正性）", "已建成", "出现裂缝"):
        assert text in html, text
    for text in ("water rises", "seen<", "Dam", "built", "cracks", "market:eu", ">units<"):
        assert text not in html, text
    assert "Union" in html
    assert "Many units" in html
    # The text of before has no Chinese: no difference between two languages is shown.
    assert "rain" in html
    assert "flood" in html
    assert "洪水" not in html
    english = read(pilot, address, "en", "risks/R-001/history/")
    assert "water rises" in english
    assert "水位上涨" not in english


def test_a_change_of_both_versions_is_shown_in_the_readers_own(pilot, address):
    edit(pilot, translations={"zh-hans": ZH})
    edit(pilot, cause="flood", translations={"zh-hans": {**ZH, "cause": "洪水"}})
    edit(pilot, cause="storm")
    html = read(pilot, address, "zh-hans", "risks/R-001/history/")
    assert "降雨" in html
    assert "洪水" in html
    assert "storm" in html


def test_a_change_of_one_version_alone_is_told_to_readers_of_both(pilot, address):
    edit(pilot, translations={"zh-hans": ZH})
    edit(pilot, translations={"zh-hans": {**ZH, "cause": "洪水"}})
    chinese = read(pilot, address, "zh-hans", "risks/R-001/history/")
    assert "<del>降雨</del>" in chinese
    assert "<ins>洪水</ins>" in chinese
    english = read(pilot, address, "en", "risks/R-001/history/")
    assert "洪水" not in english
    latest = english.split('<dl class="diff">')[1]
    assert "texts in another language (Simplified Chinese)" in latest
    assert re.search(r"<dd\s*>cause</dd>", latest)


def test_the_reason_of_an_extension_is_in_the_readers_language(world):
    row = builders.risk(world)
    assert row.next_review_on is not None
    grant_extension(
        actor=world.viewer("manager"), ref=row.ref, version=None,
        until=row.next_review_on + dt.timedelta(days=1), reason="The audit comes first",
        translations=zh("reason", "先完成审计"), at=world.at + dt.timedelta(days=20),
    )  # fmt: skip
    path = f"/r/{world.register.slug}/risks/{row.ref}/"

    def shown(language, tail=""):
        world.owner.language = language
        world.owner.save()
        return builders.web(world.owner).get(path + tail).content.decode()

    for tail in ("", "history/"):
        assert "先完成审计" in shown("zh-hans", tail)
        assert "The audit comes first" not in shown("zh-hans", tail)
        assert "The audit comes first" in shown("en", tail)
    body = (
        builders.api(world.owner)
        .get(f"/api/v1/registers/{world.register.slug}/risks/{row.ref}/extensions/")
        .json()
    )
    assert body["results"][0]["translations"] == zh("reason", "先完成审计")


def shown_data(client, path: str) -> dict:
    """What a browser would send back from the form at ``path``."""
    data = {}
    for bound in client.get(path).context["form"]:
        value = bound.value()
        if value not in (None, [], ""):
            data[bound.html_name] = value
            if bound.field.show_hidden_initial:
                data[bound.html_initial_name] = value
    return data


def test_a_translation_of_a_mitigation_may_be_said_to_fit(world):
    row = builders.mitigation(
        world, builders.risk(world), translations={"zh-hans": {"title": "本地组装"}}
    )
    client, path = builders.web(world.owner), f"/r/{SLUG}/mitigations/{row.ref}/edit/"
    client.post(path, {**shown_data(client, path), "title": "Assemble elsewhere"})
    row.refresh_from_db()
    assert row.outdated_translations == {"zh-hans": ["title"]}
    assert "Still fits, although the original has changed" in client.get(path).content.decode()
    client.post(path, {**shown_data(client, path), "still_fits": ["zh-hans:title"]})
    row.refresh_from_db()
    assert row.outdated_translations is None
    assert row.translations == {"zh-hans": {"title": "本地组装"}}
    assert "still_fits" not in client.get(path).context["form"].fields


def test_a_translation_of_an_indicator_may_be_said_to_fit(world):
    row = making.indicator(world, names={"en": "Lithium", "zh-hans": "锂"})
    client, path = builders.web(world.owner), f"/r/{SLUG}/indicators/{row.ref}/edit/"
    client.post(path, {**shown_data(client, path), "name": "Lithium carbonate"})
    row.refresh_from_db()
    assert row.outdated_translations == {"zh-hans": ["names"]}
    client.post(path, {**shown_data(client, path), "still_fits": ["zh-hans:names"]})
    row.refresh_from_db()
    assert (row.outdated_translations, row.names["zh-hans"]) == (None, "锂")
