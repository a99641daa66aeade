"""A draft that nobody touches is somebody's duty until it is opened or closed."""

import datetime as dt

import pytest
from django.core import mail

from riskreg.duties.queries import agenda
from riskreg.duties.sources import SOURCES
from riskreg.notify.services import deliver_due
from riskreg.operations.services.backfills import run_backfills_again
from riskreg.register.services.members import end_membership
from riskreg.reminders.models import Reminder
from riskreg.reminders.services import sweep
from riskreg.risks import services
from riskreg.risks.models import Risk
from tests import builders
from tests.builders import World

pytestmark = pytest.mark.django_db
DAY = dt.timedelta(days=1)


def run(at: dt.datetime) -> list[str]:
    """A sweep and its mails; the names of those who got one."""
    mail.outbox.clear()
    sweep(at)
    deliver_due(lambda: at, seconds=60, limit=1000)
    return sorted(m.to[0].split("@")[0] for m in mail.outbox)


def waiting(world: World, name: str, *, mine: bool = True) -> list[tuple[str, dt.date | None]]:
    viewer = world.viewer(name)
    people = agenda.ids_of_self_and_stood_in_for(viewer) if mine else None
    wanted = agenda.Wanted(world.today, kinds=("risk.draft",), people=people)
    found = agenda.duties_for(viewer, wanted, 9).duties
    listed = agenda.most_urgent_duties_for(viewer, [agenda.WantedList(wanted, 9)])[0]
    assert {d.ref for d in found} == {d.ref for d in listed}
    assert agenda.summed_duty_counts(viewer, wanted) == len(found)
    return [(duty.ref, duty.due_on) for duty in found]


def test_a_draft_climbs_the_ladder_from_its_last_change_until_it_is_opened(world: World) -> None:
    row = builders.risk(world, opened=False, deputy=world.deputy.email)
    assert run(world.at + 15 * DAY) == []
    assert run(world.at + 16 * DAY) == ["owner"], "announced before"
    body = str(mail.outbox[0].body)
    assert f"/risks/{row.ref}/" in body
    assert "the draft has stood unchanged since 16 September 2026" in body, body
    # Whoever changes it has thirty days more.
    services.edit_risk(
        actor=world.viewer("owner"), ref=row.ref, version=None, at=world.at + 17 * DAY,
        fields={"cause": "Another cause"},
    )  # fmt: skip
    assert waiting(world, "owner") == [(row.ref, world.today + 47 * DAY)]
    assert run(world.at + 30 * DAY) == []
    assert run(world.at + 47 * DAY) == ["deputy", "owner"]
    assert run(world.at + 54 * DAY) == ["deputy", "manager", "owner"]
    assert "leader" in run(world.at + 68 * DAY)
    services.open_risk(
        actor=world.viewer("owner"), ref=row.ref, version=None, at=world.at + 69 * DAY
    )
    assert Risk.objects.get(pk=row.pk).draft_due_on is None
    assert waiting(world, "owner") == []
    assert SOURCES["risk.draft"].load([row.uuid])[row.uuid].due_on is None
    told = Reminder.objects.filter(kind="risk.draft").count()
    run(world.at + 75 * DAY)
    assert Reminder.objects.filter(kind="risk.draft").count() == told


def test_whose_it_is_who_sees_it_and_what_ends_it(world: World) -> None:
    shared = builders.risk(world, opened=False)
    own = builders.risk(world, opened=False, visibility="party")
    due = world.today + 30 * DAY
    assert sorted(waiting(world, "owner")) == [(own.ref, due), (shared.ref, due)]
    assert waiting(world, "partner_manager", mine=False) == [(shared.ref, due)]
    # Sharing is a change, seen by those to whom it is new.
    moved = services.share_risk(
        actor=world.viewer("manager"), ref=own.ref, version=None, at=world.at + 3 * DAY
    )
    later = (moved.ref, due + 3 * DAY)
    assert waiting(world, "partner_manager", mine=False) == [(shared.ref, due), later]
    services.close_risk(
        actor=world.viewer("owner"), ref=shared.ref, version=None, reason="no risk", at=world.at
    )
    assert waiting(world, "owner") == [later]
    # Nobody is there who answers for it: its party's risk managers are told.
    end_membership(
        register=world.register, user=world.owner, at=world.at + 4 * DAY, by=world.manager
    )
    assert run(world.at + 33 * DAY) == ["manager"]
    assert "nobody who answers for it is here any more" in str(mail.outbox[0].body)


def test_drafts_from_before_count_from_their_last_change(world: World) -> None:
    drafts = [builders.risk(world, opened=False, at=world.at + n * DAY) for n in (0, 5)]
    opened = builders.risk(world)
    Risk.objects.update(draft_due_on=None)
    assert run_backfills_again() == 2
    found = dict(Risk.objects.values_list("pk", "draft_due_on"))
    assert [found[row.pk] for row in (*drafts, opened)] == [
        world.today + 30 * DAY, world.today + 35 * DAY, None,
    ]  # fmt: skip
