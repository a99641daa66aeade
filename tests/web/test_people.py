"""Being away, handing over, the calendar feed and what one sees of them."""

import datetime as dt
import re
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from icalendar import Calendar

from riskreg.accounts.models import CalendarFeed, User
from riskreg.handover.models import HandOver
from riskreg.register.models import Absence, Membership
from riskreg.risks.models import Mitigation, Risk
from riskreg.risks.services import close_risk, edit_risk
from tests import builders
from tests.builders import World
from tests.dump import nothing_changes
from tests.indicators import making

pytestmark = pytest.mark.django_db
R = f"/r/{builders.SLUG}/"
DAY = dt.timedelta(days=1)


@builders.shared_world
def busy(world: World) -> World:
    """A duty of every kind for foton's owner, with a Chinese title that needs folding."""
    first = builders.risk(world, title="Overseas, policy; barriers",
                          translations={"zh-hans": {"title": "海外政策壁垒，" * 12}})  # fmt: skip
    builders.risk(world, visibility="party", title="CANARY private")
    builders.mitigation(world, first, status="in_progress", progress=40)
    making.read(world, making.indicator(world, first), "160000")
    return world


def text(response: Any, status: int = 200) -> str:
    assert response.status_code == status, response.content[:500]
    return str(response.content.decode())


# Away -------------------------------------------------------------------------------------------
def test_somebody_goes_away_and_comes_back(busy: World) -> None:
    client = builders.web(busy.owner)
    html = text(client.get(R + "away/"))
    assert "Nobody is away" in html
    given = {
        "user": str(busy.owner.uuid), "starts_on": "2026-09-16", "until_on": "2026-09-25",
        "stand_in": str(busy.deputy.uuid), "note": "at a plant",
    }  # fmt: skip
    response = client.post(R + "away/", given, follow=True)
    assert "stands in" in text(response)
    row = Absence.objects.get()
    for person, note in ((busy.manager, True), (busy.partner_owner, False), (busy.auditor, False)):
        html = text(builders.web(person).get(R + "away/"))
        assert str(busy.deputy) in html
        assert ("at a plant" in html) is note
    work = text(client.get(R + "work/"))
    assert "You are away until" in work
    detail = text(builders.web(busy.partner_owner).get(R + "risks/R-001/"))
    assert "stands in" in detail
    stand_in = text(builders.web(busy.deputy).get(R + "work/"))
    assert "You stand in for" in stand_in
    assert stand_in.count(f"for {busy.owner}, away until") == 2
    assert f'{R}risks/R-001/review/?next=work"' in stand_in
    end = f"{R}away/{row.uuid}/end/"
    assert builders.web(busy.deputy).post(end).status_code == 403
    assert builders.web(busy.outsider).post(end).status_code == 404
    client.post(end)
    assert Absence.objects.get().ended_at == busy.at
    assert "You stand in for" not in text(builders.web(busy.deputy).get(R + "work/"))


def test_a_bad_absence_says_what_is_wrong_and_keeps_what_was_typed(busy: World) -> None:
    given = {
        "user": str(busy.owner.uuid), "starts_on": "2026-09-20", "until_on": "2026-09-18",
        "note": "typed",
    }  # fmt: skip
    client = builders.web(busy.owner)
    with nothing_changes():
        html = text(client.post(R + "away/", given), 400)
    assert "The last day away cannot lie before the first." in html
    assert 'value="typed"' in html
    assert text(builders.web(busy.onlooker).get(R + "away/")).count("<form") >= 0
    with nothing_changes():
        assert builders.web(busy.auditor).post(R + "away/", given).status_code == 403


def test_a_manager_is_offered_their_party_only(busy: World) -> None:
    html = text(builders.web(busy.manager).get(R + "away/"))
    assert str(busy.owner.uuid) in html
    assert str(busy.partner_owner.uuid) not in html


# Handing over -----------------------------------------------------------------------------------
def test_handing_over_shows_what_would_move_first(busy: World) -> None:
    client = builders.web(busy.manager)
    html = text(client.get(R + "handover/", {"from": str(busy.owner.uuid)}))
    assert "F-001, R-001" in html
    assert "Hand 4 things over" in html
    seen = re.search(r'name="seen" value="(\w+)"', html)
    assert seen
    given = {
        "from": str(busy.owner.uuid), "part": "all", "to": str(busy.deputy.uuid),
        "reason": "A new post", "seen": seen[1],
    }  # fmt: skip
    with nothing_changes():
        assert "This field is required" in text(
            client.post(R + "handover/", {**given, "reason": ""}), 400
        )
        assert "somebody of that party must take over" in text(
            client.post(R + "handover/", {**given, "to": str(busy.partner_owner.uuid)}), 400
        )
    html = text(client.post(R + "handover/", given, follow=True))
    assert "4 things of" in html
    assert "A new post" in html
    assert HandOver.objects.get().counts["owned"] == 2
    # The second of two is told.
    with nothing_changes():
        html = text(client.post(R + "handover/", {**given, "to": str(busy.leader.uuid)}), 409)
    assert "has changed since you looked" in html
    other = text(builders.web(busy.partner_manager).get(R + "handover/"))
    assert "A new post" not in other


def test_who_may_not_hand_over_is_refused(busy: World) -> None:
    query = {"from": str(busy.owner.uuid)}
    for person, status in (
        (busy.auditor, 403), (busy.integration, 403), (busy.deputy, 403),
        (busy.partner_manager, 403), (busy.outsider, 404),
    ):  # fmt: skip
        assert builders.web(person).get(R + "handover/", query).status_code == status
    assert builders.web(busy.manager).get(R + "handover/?from=nobody").status_code == 404


def test_ticked_risks_are_handed_over_together(busy: World) -> None:
    client = builders.web(busy.owner)
    assert 'name="risk" value="R-001" form="reassign"' in text(client.get(R + "risks/"))
    assert 'form="reassign"' not in text(builders.web(busy.auditor).get(R + "risks/"))
    html = text(client.get(R + "handover/risks/?risk=R-001&risk=F-001&risk=R-077"))
    found = re.findall(r'name="risk" value="([^"]*)"', html)
    assert [value.partition("@")[0] for value in found] == ["R-001", "F-001", "R-077"]
    assert "There is no such risk." in html
    given = {"risk": found[:2], "owner": str(busy.leader.uuid)}
    with nothing_changes():
        html = text(client.post(R + "handover/risks/", {**given, "risk": found}), 400)
        assert "1 risk cannot be handed over, so none was." in html
        stale = {**given, "risk": ["R-001@99"]}
        assert "Somebody changed it meanwhile" in text(
            client.post(R + "handover/risks/", stale), 400
        )
        theirs = {**given, "owner": str(busy.partner_owner.uuid)}
        html = text(client.post(R + "handover/risks/", theirs), 400)
        assert "own; somebody of that party" in html
        assert "Tick at least one" in text(
            client.post(R + "handover/risks/", {"owner": str(busy.leader.uuid)}), 400
        )
    html = text(client.post(R + "handover/risks/", given, follow=True))
    assert "2 risks were handed over." in html
    assert set(Risk.objects.values_list("owner", flat=True)) == {busy.leader.pk}


# Settings ---------------------------------------------------------------------------------------
SAVED = {"language": "en", "time_zone": "Europe/Berlin"}


def test_when_digests_come_is_set_on_the_settings_page(busy: World) -> None:
    client = builders.web(busy.owner)
    html = text(client.get("/preferences/"))
    assert 'value="CN"' in html
    # Parts of a country are offered once it is chosen.
    assert "DE-BY" not in html
    germany = {**SAVED, "digest_hour": "9", "working_days": ["1"], "holiday_calendar": "DE"}
    assert client.post("/preferences/", germany).status_code == 302
    assert "DE-BY" in text(client.get("/preferences/"))
    bavaria = {**germany, "holiday_calendar": "DE-BY"}
    assert client.post("/preferences/", bavaria).status_code == 302
    assert "always mailed" in html
    given = {**SAVED, "digest_hour": "9", "working_days": ["1", "6"], "holiday_calendar": "CN"}
    assert client.post("/preferences/", given).status_code == 302
    user = User.objects.get(pk=busy.owner.pk)
    assert (user.digest_hour, user.working_days) == (9, [1, 6])
    # Saved at one press with the other half of the page.
    assert user.time_zone == "Europe/Berlin"
    assert (user.holiday_calendar, user.digest_by_mail) == ("CN", False)
    for change in ({"digest_hour": "24"}, {"working_days": []}, {"holiday_calendar": "XX"}):
        with nothing_changes():
            typed = {**given, **change, "time_zone": "Asia/Tokyo"}
            html = text(client.post("/preferences/", typed), 400)
        assert 'value="Asia/Tokyo" selected' in html, "what was typed in the other half stays"
    user.language = "zh-hans"
    user.save()
    assert "中国" in text(client.get("/preferences/"))


def test_a_holiday_calendar_that_is_not_known_any_more_is_said_and_kept(busy: World) -> None:
    User.objects.filter(pk=busy.owner.pk).update(holiday_calendar="DE-XX")
    client = builders.web(busy.owner)
    html = text(client.get("/preferences/"))
    assert 'value="DE-XX" selected' in html
    assert "DE-XX: not known any more, counts as none" in html
    given = {**SAVED, "digest_hour": "9", "working_days": ["1"], "holiday_calendar": "DE-XX"}
    assert client.post("/preferences/", given).status_code == 302
    user = User.objects.get(pk=busy.owner.pk)
    assert (user.digest_hour, user.holiday_calendar) == (9, "DE-XX")
    assert "not known any more" not in text(builders.web(busy.deputy).get("/preferences/"))


# Calendar ---------------------------------------------------------------------------------------
def feed_of(person: User) -> str:
    response = builders.web(person).post("/preferences/calendar/")
    html = text(response)
    assert response["Cache-Control"] == "no-store"
    found = re.search(r"https?://[^<]+?(/calendar/[\w-]+\.ics)", html)
    assert found
    return found[1]


def entries(path: str) -> dict[str, Any]:
    """The feed's entries by uid, after a check of our own of each line and property."""
    response = Client().get(path)
    assert response.status_code == 200
    assert response["Content-Type"] == "text/calendar; charset=utf-8"
    strict(response.content)
    calendar = Calendar.from_ical(response.content)
    assert not calendar.errors
    found = {}
    for event in calendar.walk("VEVENT"):
        assert not event.errors
        assert str(event["UID"]) not in found
        found[str(event["UID"])] = event
    return found


ONCE = ("UID", "DTSTAMP", "DTSTART", "DTEND", "SUMMARY", "SEQUENCE", "LAST-MODIFIED", "URL")


def strict(raw: bytes) -> None:
    """RFC 5545 by hand: CRLF, lines of at most 75 octets, whole characters, what must be there."""
    assert raw.endswith(b"\r\n")
    lines = raw[:-2].split(b"\r\n")
    assert all(b"\n" not in line and b"\r" not in line for line in lines)
    assert all(0 < len(line) <= 75 for line in lines), max(lines, key=len)
    for line in lines:
        line.decode("utf-8")  # no character is cut in two by a fold
    whole = raw.decode().replace("\r\n ", "").split("\r\n")[:-1]
    names = [re.split("[:;]", line)[0] for line in whole]
    assert names[0] == "BEGIN"
    assert {"PRODID", "VERSION", "METHOD", "X-WR-CALNAME", "X-WR-TIMEZONE"} <= set(names)
    assert names.count("VERSION") == names.count("PRODID") == 1
    assert whole.count("BEGIN:VEVENT") == whole.count("END:VEVENT")
    inside: list[str] | None = None
    for line, name in zip(whole, names, strict=True):
        if line == "BEGIN:VEVENT":
            inside = []
        elif line == "END:VEVENT":
            assert inside is not None
            assert all(inside.count(one) == 1 for one in ONCE), inside
            inside = None
        elif inside is not None:
            inside.append(name)
            if name in ("DTSTART", "DTEND"):
                assert re.fullmatch(name + r";VALUE=DATE:\d{8}", line)
            if name in ("DTSTAMP", "LAST-MODIFIED"):
                assert re.fullmatch(name + r":\d{8}T\d{6}Z", line)
            if name == "SUMMARY":
                # Separators that are not escaped would end the text for some readers.
                assert not re.search(r"(?<!\\)[,;]", line.partition(":")[2])


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_the_feed_has_every_duty_as_a_day(busy: World, language: str) -> None:
    User.objects.filter(pk=busy.owner.pk).update(language=language)
    found = entries(feed_of(busy.owner))
    assert len(found) == 6
    sentences = [str(e["SUMMARY"]) for e in found.values()]
    title = "海外政策壁垒，" * 12 if language == "zh-hans" else "Overseas, policy; barriers"
    assert (
        sum(title in line for line in sentences) == 2
    )  # the review, and what the indicator calls for
    review = next(e for e in found.values() if "R-001" in e["SUMMARY"] and "SEQUENCE" in e)
    assert review.decoded("DTEND") - review.decoded("DTSTART") == DAY
    assert not review.subcomponents  # no alarm: reminders are riskreg's own affair
    assert "/r/foton-catl/risks/R-001/review/" in review["URL"]
    risk = Risk.objects.get(ref="R-001")
    assert risk.next_review_on in {e.decoded("DTSTART") for e in found.values()}


def test_one_that_moves_keeps_its_uid_and_one_that_is_done_vanishes(busy: World) -> None:
    path = feed_of(busy.owner)
    before = entries(path)
    later = busy.at + dt.timedelta(hours=5)
    builders.review(busy, Risk.objects.get(ref="R-001"), cell=(1, 1), at=later)
    close_risk(actor=busy.viewer("owner"), ref="F-001", version=None, reason="x", at=later)
    after = entries(path)
    gone = set(before) - set(after)
    assert len(gone) == 2  # the private review, and the call that the review answered
    assert set(after) < set(before)
    moved = [u for u in after if after[u]["DTSTART"].dt != before[u]["DTSTART"].dt]
    assert len(moved) == 1
    assert after[moved[0]]["SEQUENCE"] > before[moved[0]]["SEQUENCE"]
    assert after[moved[0]]["LAST-MODIFIED"].dt == later
    for uid in set(after) - set(moved):
        assert after[uid].to_ical() == before[uid].to_ical()


def test_a_new_title_is_a_new_sequence_on_the_same_day(busy: World) -> None:
    path = feed_of(busy.owner)
    before = entries(path)
    edit_risk(
        actor=busy.viewer("owner"), ref="F-001", version=None, fields={"title": "Another"},
        at=busy.at + dt.timedelta(minutes=2),
    )  # fmt: skip
    (changed,) = [e for u, e in entries(path).items() if e.to_ical() != before[u].to_ical()]
    assert changed["SEQUENCE"] == before[str(changed["UID"])]["SEQUENCE"] + 2


def test_the_feed_knows_what_its_owner_may_know_now(busy: World) -> None:
    path = feed_of(busy.owner)
    assert "CANARY" in Client().get(path).content.decode()
    Membership.objects.filter(user=busy.owner).update(party=busy.catl)
    assert "CANARY" not in Client().get(path).content.decode()
    Membership.objects.filter(user=busy.owner).update(ended_at=busy.at)
    assert Client().get(path).status_code == 404


def test_a_feed_that_was_revoked_or_never_was_is_not_there(
    busy: World, django_assert_num_queries: Any
) -> None:
    path = feed_of(busy.owner)
    second = feed_of(busy.owner)
    for gone in (path, "/calendar/x.ics", "/calendar/" + "a" * 43 + ".ics"):
        with django_assert_num_queries(1):
            assert Client().get(gone).status_code == 404
    assert Client().get(second).status_code == 200
    assert Client().post(second).status_code == 405
    assert CalendarFeed.objects.get(revoked_at=None).last_used_on == busy.at.date()
    User.objects.filter(pk=busy.owner.pk).update(is_active=False)
    assert Client().get(second).status_code == 404
    User.objects.filter(pk=busy.owner.pk).update(is_active=True)
    builders.web(busy.owner).post("/preferences/calendar/revoke/")
    assert Client().get(second).status_code == 404


def test_who_has_the_feed_already_is_told_so(busy: World) -> None:
    path = feed_of(busy.owner)
    first = Client().get(path)
    with time_machine.travel(busy.at + 3 * DAY, tick=False):
        again = Client().get(path, headers={"If-None-Match": first["ETag"]})
        assert (again.status_code, again.content) == (304, b"")
        assert Client().get(path).content == first.content
        builders.review(busy, Risk.objects.get(ref="R-001"), at=busy.at + 3 * DAY)
        changed = Client().get(path, headers={"If-None-Match": first["ETag"]})
    assert changed.status_code == 200
    assert changed["ETag"] != first["ETag"]
    assert "set-cookie" not in {name.lower() for name in changed.headers}


def test_more_duties_cost_the_feed_no_more_queries(busy: World) -> None:
    path = feed_of(busy.owner)
    counts = []
    for _n in range(2):
        Client().get(path)  # the first of a day also notes that it was used
        with CaptureQueriesContext(connection) as queries:
            entries(path)
        counts.append(len(queries))
        for _m in range(4):
            row = builders.risk(busy)
            builders.mitigation(busy, row, status="in_progress")
            making.read(busy, making.indicator(busy, row), "160000")
    assert counts[0] == counts[1] < 20


def test_who_stands_in_has_it_in_the_calendar(busy: World) -> None:
    path = feed_of(busy.deputy)
    assert entries(path) == {}
    given = {"starts_on": "2026-09-16", "until_on": "2026-09-18", "stand_in": busy.deputy.email}
    builders.api(busy.owner).post(
        f"/api/v1/registers/{builders.SLUG}/absences/", given, content_type="application/json"
    )
    found = entries(path)
    assert len(found) == 6
    assert all("you stand in" in e["DESCRIPTION"] for e in found.values())
    with time_machine.travel(busy.at + 4 * DAY, tick=False):
        assert entries(path) == {}


# My work ----------------------------------------------------------------------------------------
def test_every_kind_of_duty_stands_on_my_work(busy: World) -> None:
    work = Mitigation.objects.get(status="in_progress")
    Mitigation.objects.filter(pk=work.pk).update(
        due_on=busy.today + DAY, next_update_on=busy.today - DAY
    )
    Risk.objects.filter(ref="F-001").update(next_review_on=busy.today + 2 * DAY)
    response = builders.web(busy.owner).get(R + "work/")
    html = text(response)
    rows = [(d["kind"], d["ref"]) for g in response.context["groups"] for d in g["duties"]]
    assert rows == [
        ("mitigation.update", "M-001"), ("mitigation.due", "M-001"), ("risk.review", "F-001"),
    ]  # fmt: skip
    assert "discharged by saying how far the work is" in html
    assert "Progress update" in html
    assert "Reviews that indicators call for" in html
    # One press on the page where it leads discharges it.
    client = builders.web(busy.owner)
    client.post(R + "mitigations/M-001/", {"progress": "40", "version": str(work.version)})
    response = client.get(R + "work/")
    rows = [(d["kind"], d["ref"]) for g in response.context["groups"] for d in g["duties"]]
    assert ("mitigation.update", "M-001") not in rows
