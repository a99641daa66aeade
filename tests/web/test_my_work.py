"""My work: what is due, for whom, how much of it, and what changed since the last visit."""

import datetime as dt

import pytest
import time_machine
from django.utils import translation

from riskreg.reviews.services import record_review
from riskreg.risks.services import open_risk
from riskreg.risks.services.mitigations import edit_mitigation

AT = dt.datetime(2026, 11, 24, 4, 0, tzinfo=dt.UTC)


def page(client, address):
    response = client.get(address("work/"))
    assert response.status_code == 200
    return response, response.content.decode()


def test_overdue_first_with_one_click_to_the_review(pilot, address):
    response, html = page(pilot.client("owner"), address)
    groups = response.context["groups"]
    assert groups[0]["late"] is True
    assert "R-001" in [d["ref"] for d in groups[0]["duties"]]
    dates = [d["due_on"] for g in groups for d in g["duties"]]
    assert dates == sorted(dates)
    assert f'href="{address("risks/R-001/review/?next=work")}"' in html
    assert "CANARY" not in html
    assert "Bridge closes" in html


def test_a_deputy_sees_it_too_and_for_whom(pilot, address):
    _response, html = page(pilot.client("manager"), address)
    assert "you deputise for The owner" in html
    assert f'href="{address("risks/R-001/review/?next=work")}"' in html


def test_mitigations_i_answer_for_and_the_calendar(pilot, address):
    edit_mitigation(
        actor=pilot.viewer("owner"),
        ref="M-001",
        version=None,
        fields={"due_on": dt.date(2026, 12, 4)},
        at=AT,
    )
    response, html = page(pilot.client("owner"), address)
    assert "Build a ferry" in html
    days = {c["day"]: c["refs"] for week in response.context["weeks"] for c in week}
    assert days[dt.date(2026, 12, 4)] == ["M-001"]
    assert [len(week) for week in response.context["weeks"]] == [7] * 5
    assert min(days) == dt.date(2026, 11, 23)
    assert min(days).weekday() == 0


@pytest.mark.parametrize(
    ("who", "sees", "reviews", "overdue"),
    [
        ("leader", ["R-001", "N-001"], False, 3),
        ("manager", ["N-001"], True, 3),
        ("feed", ["R-001", "N-001"], False, 3),
        ("auditor", ["R-001", "R-002"], False, 2),
    ],
)
def test_who_owns_nothing_sees_what_waits(pilot, address, who, sees, reviews, overdue):
    response, html = page(pilot.client(who), address)
    waiting = response.context["waiting"]
    assert {d["ref"] for d in waiting} == set(sees)
    assert ("/review/" in html) is reviews
    assert response.context["standing"]["overdue"] == overdue
    assert "CANARY" not in html


def test_changes_are_those_of_others_since_the_last_visit(pilot, address):
    client = pilot.client("owner")
    page(client, address)
    # A reload a moment later is the same visit, and my own doing is no news.
    with time_machine.travel(AT + dt.timedelta(minutes=5), tick=False):
        edit_mitigation(
            actor=pilot.viewer("owner"), ref="M-001", version=None, fields={"progress": 45},
            at=AT + dt.timedelta(minutes=5),
        )  # fmt: skip
        response, _html = page(client, address)
        assert response.context["since"] == AT - dt.timedelta(days=7)
        assert all(row["who"] != "The owner" for row in response.context["changed"])
    later = AT + dt.timedelta(hours=3)
    with time_machine.travel(later, tick=False):
        edit_mitigation(
            actor=pilot.viewer("manager"), ref="M-001", version=None, fields={"progress": 60},
            at=later,
        )  # fmt: skip
    with time_machine.travel(later + dt.timedelta(hours=1), tick=False):
        response, html = page(client, address)
        assert response.context["since"] == AT + dt.timedelta(minutes=5)
        assert [row["event"].subject_ref for row in response.context["changed"]] == ["M-001"]
        assert "45 %" in html
        assert "60 %" in html


def test_history_that_is_brought_in_is_no_news(pilot, address):
    client = pilot.client("leader")
    page(client, address)
    later = AT + dt.timedelta(days=1)
    with time_machine.travel(later, tick=False):
        record_review(
            actor=pilot.viewer("manager"),
            ref="R-001",
            version=None,
            outcome="unchanged",
            comment="seen long ago",
            at=AT - dt.timedelta(days=30),
            recorded_at=later,
        )
        open_risk(actor=pilot.viewer("owner"), ref=pilot.risks["draft"].ref, version=None, at=later)
        response, html = page(client, address)
    assert "seen long ago" not in html
    assert [row["what"] for row in response.context["changed"]] == ["opened"]


def test_a_forged_or_foreign_cookie_is_a_first_visit(pilot, address):
    client = pilot.client("owner")
    page(client, address)
    stolen = client.cookies["seen"].value
    for name, value in (("owner", "2026-01-01 2026-01-01:forged"), ("manager", stolen)):
        other = pilot.client(name)
        other.cookies["seen"] = value
        response, _html = page(other, address)
        assert response.context["since"] == AT - dt.timedelta(days=7)


def test_it_reads_in_chinese_and_grows_with_nothing(pilot, address, django_assert_max_num_queries):
    pilot.users["owner"].language = "zh-hans"
    pilot.users["owner"].save()
    client = pilot.client("owner")
    with django_assert_max_num_queries(13):
        _response, html = page(client, address)
    assert "我的工作" in html
    assert "桥梁关闭" in html
    translation.activate("en")
    for n in range(6):
        pilot.make("owner", f"more {n}", AT, title=f"One more {n}", deputy=None)
        pilot.open("owner", f"more {n}", AT)
    client = pilot.client("owner")
    with django_assert_max_num_queries(13):
        page(client, address)
