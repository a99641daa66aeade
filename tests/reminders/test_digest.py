"""The mail: order, words, links, languages, and nothing in it that it should not have."""

import datetime as dt
import re
from typing import Any

import pytest
from django.urls import reverse
from django.utils import translation

from riskreg.accounts.models import User
from riskreg.duties import links
from riskreg.notify.models import Message
from riskreg.register.models import Register
from riskreg.reminders.digest import SHOWN, day_text, due_text
from riskreg.reminders.services import sweep
from tests import builders
from tests.builders import World

DAY = dt.timedelta(days=1)
BASE = "https://register.example"


def sweep_on(day: dt.date) -> None:
    sweep(dt.datetime.combine(day, dt.time(4), tzinfo=dt.UTC))


def digest_of(user: User) -> Message:
    return Message.objects.get(recipient=user.uuid)


@pytest.mark.parametrize(
    ("days", "words"),
    [
        (-12, "12 days overdue"), (-1, "1 day overdue"), (0, "due today"), (1, "due tomorrow"),
        (3, "due in 3 days"), (14, "due in 14 days"),
    ],
)  # fmt: skip
def test_distances_are_words(days: int, words: str) -> None:
    with translation.override("en"):
        assert due_text(days) == words


def test_dates_are_whole_and_cannot_be_misread() -> None:
    with translation.override("en"):
        assert day_text(dt.date(2026, 11, 7)) == "7 November 2026"


def test_links_are_those_of_the_pages(settings: Any) -> None:
    settings.BASE_URL = BASE
    keys = {"slug": "foton-catl", "ref": "R-001"}
    assert links.page_url("review", **keys) == BASE + reverse("web:review", kwargs=keys)
    assert links.page_url("review", **keys) == f"{BASE}/r/foton-catl/risks/R-001/review/"
    assert links.my_work_url("foton-catl") == f"{BASE}/r/foton-catl/work/"
    assert links.preferences_url() == f"{BASE}/preferences/"


def test_what_is_late_comes_first_and_every_duty_has_its_link(world: World, settings: Any) -> None:
    settings.BASE_URL = BASE
    late = builders.risk(world, title="The late one")
    today = late.next_review_on + 9 * DAY
    now = dt.datetime.combine(today, dt.time(1), tzinfo=dt.UTC)
    coming = builders.risk(world, title="The coming one", at=now - 20 * DAY)
    due = builders.risk(world, title="The one of today", at=now - 30 * DAY, rated=(5, 4))
    sweep_on(today)
    message = digest_of(world.owner)
    assert message.subject == "Waiting for you: 1 overdue, 1 due today, 1 coming up"
    for body in (message.text, message.html):
        places = [body.index(row.title) for row in (late, due, coming)]
        assert places == sorted(places)
        for row in (late, due, coming):
            assert f"{BASE}/r/foton-catl/risks/{row.ref}/review/" in body
    assert "9 days overdue · 16 October 2026 · Critical 20" in message.text
    assert "due in 10 days · 4 November 2026" in message.text


def test_one_duty_is_named_in_the_subject(world: World) -> None:
    row = builders.risk(world)
    sweep_on(row.next_review_on - 3 * DAY)
    subject = digest_of(world.owner).subject
    assert subject == "R-001 Overseas policy barriers: review due in 3 days"


def test_each_reads_in_their_own_language(world: World) -> None:
    User.objects.filter(pk=world.deputy.pk).update(language="zh-hans", names={"zh-hans": "代理"})
    row = builders.risk(
        world, deputy=world.deputy, translations={"zh-hans": {"title": "海外政策壁垒"}}
    )
    sweep_on(row.next_review_on)
    english, chinese = digest_of(world.owner), digest_of(world.deputy)
    assert english.language == "en"
    assert "Overseas policy barriers" in english.text
    assert '<html lang="en">' in english.html
    assert chinese.language == "zh-hans"
    assert '<html lang="zh-Hans">' in chinese.html
    assert "Overseas policy barriers" not in chinese.subject + chinese.text + chinese.html
    for words in ("海外政策壁垒", "评审今天到期"):
        assert words in chinese.subject
    for words in (
        "代理，您好",
        "今天到期 · 2026年10月16日 · 极高 20",
        "您是其代理责任人",
        "电动化合作项目",
    ):
        assert words in chinese.text
    # No English sentence is left in it.
    assert not re.search(r"[A-Za-z]{3,} [A-Za-z]{3,} [A-Za-z]{3,}", chinese.text)


def test_the_notice_of_the_register_is_in_every_mail(world: World) -> None:
    Register.objects.filter(pk=world.register.pk).update(
        notices={"en": "An illustration.", "zh-hans": "仅作演示。"}
    )
    row = builders.risk(world)
    sweep_on(row.next_review_on - 14 * DAY)
    message = digest_of(world.owner)
    assert "An illustration." in message.text
    assert "An illustration." in message.html


def test_what_people_wrote_is_text_and_never_markup(world: World) -> None:
    title = 'Duties <script>alert(1)</script> & "quotes"'
    row = builders.risk(world, title=title)
    sweep_on(row.next_review_on - 14 * DAY)
    message = digest_of(world.owner)
    assert title in message.text
    assert title in message.subject
    assert "<script" not in message.html
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp;" in message.html


def test_the_mail_fetches_nothing_and_reports_nothing(world: World, settings: Any) -> None:
    settings.BASE_URL = BASE
    row = builders.risk(world)
    sweep_on(row.next_review_on)
    message = digest_of(world.owner)
    html = message.html
    assert not re.search(r"<(img|script|link|iframe|form|style)\b|url\(|@import", html)
    assert re.findall(r'style="[^"]+"', html)
    addresses = set(re.findall(r'https?://[^"\s<]+', html))
    assert addresses == {
        f"{BASE}/r/foton-catl/risks/R-001/review/",
        f"{BASE}/preferences/",
    }
    assert message.unsubscribe_url == f"{BASE}/preferences/"
    assert not any("?" in address for address in addresses)


def test_a_long_digest_stays_readable_and_says_what_it_left_out(world: World) -> None:
    for n in range(SHOWN + 3):
        row = builders.risk(world, title=f"Risk number {n}")
    sweep_on(row.next_review_on)
    message = digest_of(world.owner)
    assert message.text.count("* R-") == SHOWN
    assert "3 more are under My work:" in message.text
    assert links.my_work_url("foton-catl") in message.html
    assert message.subject == f"Waiting for you: {SHOWN + 3} due today"


def test_managers_read_who_owes_the_review(world: World) -> None:
    row = builders.risk(world)
    sweep_on(row.next_review_on + 7 * DAY)
    text = digest_of(world.manager).text
    assert "you manage risks for its party" in text
    assert f"Owner: {world.owner.name}" in text
    assert "Owner:" not in digest_of(world.owner).text


def test_an_unrated_risk_is_said_to_be_unrated(world: World) -> None:
    row = builders.risk(world, rated=None)
    sweep_on(row.next_review_on)
    assert "unrated" in digest_of(world.owner).text
