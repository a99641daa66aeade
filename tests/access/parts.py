"""Things that both worlds have, made by the services that make them in real life."""

import datetime as dt
from collections.abc import Callable
from typing import Any

from riskreg.endpoints.services import add_endpoint
from riskreg.endpoints.url_guard import Address
from riskreg.exchange.services import Brought, import_file_unless_answers_needed, replace_own_draft
from riskreg.handover.services import hand_over
from riskreg.register.services import (
    add_member,
    create_program,
    end_membership,
    invite,
    start_absence,
)
from riskreg.reviews.models import Extension, Meeting
from riskreg.reviews.services import end_meeting, grant_extension, record_item, start_meeting
from riskreg.risks.models import Risk
from riskreg.risks.services import set_cadence
from tests import builders
from tests.builders import World

DAY = dt.timedelta(days=1)


def another(world: World) -> None:
    """A second one of what lists would hold only one of, so that there is a page to follow."""
    # They wait for catl as CR-003 and CR-004, behind what both agreed on already.
    seen = world.viewer("manager").criteria.number
    for days in (200, 300):
        set_cadence(
            actor=world.viewer("manager"), cadence={"critical": days}, seen_number=seen, at=world.at
        )
    listen(world, "Second hook", by="partner_manager")
    builders.objective(world, by=world.partner_manager, party=world.catl, key="second",
                       external_id="catl-7")  # fmt: skip
    tested = {"effectiveness": "effective", "tested_on": str(world.today), "test_every_days": 90}
    builders.control(
        world, Risk.objects.get(ref="R-002"), by=world.partner_owner, name="Stations tested",
        owner=world.partner_owner.email, **tested,
    )  # fmt: skip
    builders.taxonomy(world, "region", {"north": "North"})
    for n in (1, 2):
        invite(
            actor=world.viewer("partner_manager"), email=f"invited-{n}@example.com", role="owner",
            party="catl", at=world.at,
        )  # fmt: skip
        create_program(
            actor=world.viewer("partner_manager"), name=f"Feed {n}", scope="read", at=world.at
        )
    handed = builders.risk(world, by=world.partner_owner, title="Handed on", external_id="catl-8",
                           owner=world.partner_leader.email)  # fmt: skip
    builders.relation(world, handed, "part_of", Risk.objects.get(ref="R-001"),
                      by=world.partner_manager)  # fmt: skip
    for giver, taker in (("leader", "deputy"), ("deputy", "leader")):
        hand_over(
            actor=world.viewer("partner_manager"), from_user=getattr(world, f"partner_{giver}"),
            to_user=getattr(world, f"partner_{taker}"), reason="On a journey", at=world.at,
        )  # fmt: skip
    assert handed.ref
    for title in ("Ice on the ramp", "Late castings"):
        data = f"Risk,Likelihood,Impact\n{title},5,5\n".encode()
        actor = world.viewer("partner_manager")
        made, plan = import_file_unless_answers_needed(
            actor=actor, brought=Brought(f"{title}.csv", data), at=world.at
        )
        assert made is not None, plan.asked
    start_absence(
        actor=world.viewer("partner_leader"), starts_on=world.today + 30 * DAY,
        until_on=world.today + 40 * DAY, at=world.at,
    )  # fmt: skip


def change_sides(world: World, *names: str) -> None:
    """People who left catl and are foton's now: catl may hand over what they kept of its things.

    What they answer for in private since then must not put them on catl's list.
    """
    for name in names:
        email = f"{name.replace('_', '-')}@{world.register.slug}.example"
        person = builders.user(email, world.at, time_zone=builders.ZONE, name=name)
        for party in (world.catl, world.foton):
            act = {"register": world.register, "user": person, "at": world.at, "by": world.founder}
            add_member(role="owner", party=party, **act)
            if party == world.catl:
                end_membership(**act)
        world.members[name] = person


def extend(world: World, row: Risk, *, days: int, reason: str, by: str = "manager") -> Extension:
    """More time for the review of ``row``, ``days`` from today."""
    return grant_extension(
        actor=world.viewer(by), ref=row.ref, version=None, until=world.today + days * DAY,
        reason=reason, at=world.at,
    )  # fmt: skip


def meet(world: World, *, note: str = "Later", ended: bool = False, **given: Any) -> Meeting:
    """A meeting of foton's manager that deferred its first item of foton's."""
    actor = world.viewer("manager")
    meeting = start_meeting(actor=actor, at=world.at, **{"title": "Common review", **given})
    item = meeting.items.filter(risk__party=world.foton).first()
    assert item is not None
    act = {"actor": actor, "meeting": meeting.uuid, "version": None, "at": world.at}
    record_item(number=item.number, outcome="deferred", note=note, **act)
    return end_meeting(**act) if ended else meeting


def listen(world: World, name: str, *, by: str, kind: str = "webhook") -> None:
    """A chat or webhook of the party of ``by``. Nothing is ever sent to it: its server is none
    that may be called."""
    viewer = world.viewer(by)
    address = Address("https", "hooks.zzyzx.internal", 443, f"/{name}")
    add_endpoint(
        audience=viewer.audience, kind=kind, name=name, address=address, language="en",
        actor_for_log=viewer.user.uuid, at=world.at,
    )  # fmt: skip


def bring_files(world: World, sing: Callable[[str], str]) -> None:
    """Foton's own import, with a row that was not taken and an owner whom nobody is called, and a
    file that is still looked through."""
    rows = [["Risk", "Likelihood", "Impact", "Owner", "Date raised"],
            [sing("brought in"), "5", "5", sing("owner"), ""],
            [sing("not taken"), "5", "5", "", "2026-02-31"]]  # fmt: skip
    data = "\n".join("\t".join(row) for row in rows).encode()
    brought = Brought(f"{sing('file')}.csv", data)
    actor = world.viewer("manager")
    made, plan = import_file_unless_answers_needed(actor=actor, brought=brought, at=world.at)
    assert made is not None, plan.asked
    replace_own_draft(actor=actor, brought=brought, at=world.at)
