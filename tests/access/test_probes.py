"""Probes of filters that no page shows by itself: what a write answers, or what only a crossed link
or a long list would bring to light.

A probe is an act of catl's and whether it gave something of foton's away. With every filter on none
does; with the one that it is about switched off it must.
"""

import datetime as dt
import json
from collections.abc import Callable
from functools import partial
from typing import Any
from uuid import uuid4

import pytest
from django.db import transaction

from riskreg.accounts.models import User
from riskreg.analysis.models import Driver, Simulation
from riskreg.analysis.queries.drivers import driver_for, first_active_indicators_fitting
from riskreg.analysis.queries.simulations import (
    mitigations_of_run,
    risks_of_run,
    stale_because,
)
from riskreg.analysis.services import set_indicator_of_driver
from riskreg.decisions.models import Argument
from riskreg.decisions.services import add_option, release_argument
from riskreg.duties.queries import agenda
from riskreg.events.queries import chains_of
from riskreg.evidence.queries import same_file_elsewhere
from riskreg.evidence.targets import thing_for
from riskreg.exchange.queries.exports import export_rows
from riskreg.indicators.models import Reading
from riskreg.indicators.services import close_risk_and_end_dependents
from riskreg.kernel.errors import Forbidden, Invalid, NotFound
from riskreg.register.models import Membership, Objective
from riskreg.register.policy import default_criteria
from riskreg.register.services import add_criteria, add_member, end_membership
from riskreg.reviews.queries.meetings import last_meeting_before
from riskreg.reviews.services import end_meeting, start_meeting
from riskreg.risks import control_filters
from riskreg.risks.models import Assessment, Control, Mitigation, Risk
from riskreg.risks.queries.access import current_positions
from riskreg.risks.services import (
    edit_mitigation,
    edit_risk,
    end_control,
    record_assessment,
    share_risk,
    transfer_risk,
)
from riskreg.risks.services.criteria import adopt_criteria
from tests import builders
from tests.access import canaries, walk
from tests.access.canaries import CanaryWorld
from tests.access.switching import Switch, every_site, place
from tests.analysis import making as estimating
from tests.evidence import making as attaching
from tests.indicators import making

pytestmark = [pytest.mark.django_db, pytest.mark.once, pytest.mark.unmeasured]


def refusals(act: Callable[..., Any], **given: Any) -> list[tuple[str, str]]:
    """What is refused, as (field, code); empty where the act is done."""
    try:
        act(**given)
    except Invalid as invalid:
        return [(name, e.code) for name, errors in invalid.fields.items() for e in errors]
    return []


def key_of_an_objective(world: CanaryWorld) -> bool:
    """A key that foton uses in private is free for catl."""
    return bool(refusals(
        builders.objective, world=world, key=world.objective_keys[0], by=world.partner_manager,
        party=world.catl,
    ))  # fmt: skip


def chains(world: CanaryWorld) -> bool:
    """Its own chain and the shared one."""
    return len(chains_of(world.viewer("partner_manager").audience)) != 2


def end_of_a_control(world: CanaryWorld) -> bool:
    """Who owns a shared risk for the other party does not reach what was private beside it."""
    given = transfer_risk(
        actor=world.viewer("manager"), ref=world.once_private, version=None,
        owner=world.partner_owner.email, at=world.at,
    )  # fmt: skip
    builders.agreed(world, given, world.at)
    control = Control.objects.get(risk__ref=world.once_private, visibility="party")
    try:
        end_control(
            actor=world.viewer("partner_owner"), ref=world.once_private, control=control.uuid,
            reason="x", at=world.at,
        )  # fmt: skip
    except NotFound:
        return False
    return True


def end_of_what_serves_a_risk(world: CanaryWorld) -> bool:
    """Closing a risk of catl's names work and indicators of foton's, and ones that are not."""
    act = {"actor": world.viewer("partner_owner"), "ref": "R-002", "version": None,
           "reason": "Past", "at": world.at}  # fmt: skip
    absent = refusals(close_risk_and_end_dependents, end=["FM-999"], **act)
    assert absent
    private = (world.mitigation_refs[0], world.indicator_refs[0])
    return any(
        refusals(close_risk_and_end_dependents, end=[ref], **act) != absent for ref in private
    )


def recipe_of_a_meeting(world: CanaryWorld) -> bool:
    """A shared objective of catl's bears the key of one that foton has in private."""
    key = world.objective_keys[0]
    by = world.partner_manager
    builders.objective(world, key=key, by=by, party=world.catl)
    builders.risk(world, by=world.partner_owner, title="On the way there", objectives=[key])
    return bool(refusals(
        start_meeting, actor=world.viewer(by), title="Ours", recipe={"objective": key}, at=world.at,
    ))  # fmt: skip


def day_of_the_last_meeting(world: CanaryWorld) -> bool:
    """A meeting of foton's own is not the one that catl's home compares with."""
    actor = world.viewer("leader")
    own = start_meeting(
        actor=actor, title="Ours", recipe={"state": "open"}, visibility="party", at=world.at
    )
    end_meeting(actor=actor, meeting=own.uuid, version=None, at=world.at)
    last = last_meeting_before(world.viewer("partner_leader"), world.at + dt.timedelta(hours=1))
    return last is not None and last.uuid == own.uuid


def former_owner_of_a_control(world: CanaryWorld) -> bool:
    """Somebody who left foton and still owns a control of its own is nobody to catl."""
    gone = builders.user("gone@foton.example", world.at)
    add_member(
        register=world.register, user=gone, role="owner", party=world.foton, at=world.at,
        by=world.founder,
    )  # fmt: skip
    builders.control(world, Risk.objects.get(ref="F-002"), owner=gone.email)
    Membership.objects.filter(user=gone).update(ended_at=world.at)
    try:
        control_filters.parse(
            world.viewer("partner_manager"), {"owner": [str(gone.uuid)]}, world.at
        )
    except Invalid:
        return False
    return True


def sources_of_what_work_serves(world: CanaryWorld) -> bool:
    """By hand, as the rules refuse it: shared work of catl's that serves a private risk as well,
    whose sources would bear out a claim to be sourced."""
    work = Mitigation.objects.get(ref="M-002")
    assert not any(risk.sources for risk in work.risks.all())
    private = Risk.objects.get(ref="F-002")
    assert private.sources
    work.risks.add(private)
    return not refusals(
        edit_mitigation, actor=world.viewer("partner_owner"), ref=work.ref, version=None,
        fields={"labels": {"cost": "sourced"}}, at=world.at,
    )  # fmt: skip


def last_source_of_a_risk(world: CanaryWorld, what: str) -> bool:
    """What foton has in private that says “sourced” by a risk of catl's does not keep its last
    source there."""
    risk = Risk.objects.get(ref="R-002")
    Risk.objects.filter(pk=risk.pk).update(sources=[{"title": "A report", "label": "sourced"}])
    private: dict[str, Any] = {"visibility": "party", "party": world.foton}
    if what == "work":
        work = Mitigation.objects.get(ref=world.mitigation_refs[0])
        work.risks.set([risk])
        Mitigation.objects.filter(pk=work.pk).update(labels={"cost": "sourced"}, **private)
    else:
        row = Assessment.objects.filter(risk=risk).latest("at", "pk")
        row.pk, row.uuid, row.label = None, uuid4(), "sourced"
        row.visibility, row.party = private["visibility"], private["party"]
        row.save(force_insert=True)
    return bool(refusals(
        edit_risk, actor=world.viewer("partner_owner"), ref=risk.ref, version=None,
        fields={"sources": []}, at=world.at,
    ))  # fmt: skip


def what_is_handed_over(world: CanaryWorld) -> bool:
    """Who went from foton to catl is catl's to relieve of their things, and of what they keep of
    foton's catl does not learn."""
    person = _of_foton(world)
    canaries.private_risk(world, "left behind", owner=person.email, by=world.manager)
    works = Mitigation.objects.filter(ref__in=world.mitigation_refs)
    assert works.update(owner=person)
    _leave(world, person)
    add_member(register=world.register, user=person, role="owner", party=world.catl, at=world.at,
               by=world.founder)  # fmt: skip
    browser = walk.client_for(world, "partner_manager", "/")
    response = browser.get(f"/r/{world.register.slug}/handover/?from={person.uuid}")
    assert response.status_code == 200
    return any(ref in response.content.decode() for ref in world.mitigation_refs)


def owner_who_left(world: CanaryWorld, noun: str) -> bool:
    """Who owned nothing but what is foton's own, and left, is unknown as who never was there."""
    person = _of_foton(world)
    row = canaries.private_risk(world, "left behind", owner=person.email, by=world.manager)
    given: dict[str, Any] = {"owner": person.email, "by": world.manager, "visibility": "party"}
    builders.mitigation(world, row, **given)
    making.indicator(world, row, **given)
    _leave(world, person)
    program = walk.client_for(world, "partner_manager", "/api/")
    path = f"/api/v1/registers/{world.register.slug}/{noun}/?owner="
    theirs, nobodys = (program.get(f"{path}{name}") for name in (person.uuid, uuid4()))
    assert nobodys.status_code == 400
    return theirs.status_code != nobodys.status_code


def _of_foton(world: CanaryWorld) -> User:
    person = builders.user("once-of-foton@example.com", world.at)
    add_member(register=world.register, user=person, role="owner", party=world.foton, at=world.at,
               by=world.founder)  # fmt: skip
    return person


def _leave(world: CanaryWorld, person: User) -> None:
    end_membership(register=world.register, user=person, at=world.at, by=world.founder)


def duties_by_day(world: CanaryWorld) -> bool:
    """By hand, as the rules refuse it: somebody of catl's answers for foton's private work, which
    would be counted among what is overdue in a list too long to be read."""
    viewer = world.viewer("partner_manager")
    before = _days_of_my_work(world)
    works = Mitigation.objects.filter(ref__in=world.mitigation_refs)
    assert works.update(owner=viewer.user, due_on=world.today - dt.timedelta(days=1))
    return _days_of_my_work(world) != before


def how_soon_enough_is_due(world: CanaryWorld) -> bool:
    """What is overdue of foton's own alone leaves no room for what catl sees and is due later."""
    viewer = world.viewer("partner_manager")
    rows = Risk.objects.filter(register=world.register, state="open")
    assert rows.update(next_review_on=world.today + dt.timedelta(days=30))
    own = rows.filter(visibility="party", party=world.foton)
    assert own.update(next_review_on=world.today - dt.timedelta(days=1))
    wanted = agenda.Wanted(world.today, kinds=("risk.review",))
    [found] = agenda.most_urgent_duties_for(viewer, [agenda.WantedList(wanted, 1)])
    return not found


def _days_of_my_work(world: CanaryWorld) -> str:
    browser = walk.client_for(world, "partner_manager", "/")
    return walk.normal(browser.get(f"/r/{world.register.slug}/work/").content.decode())


def reading_of_another(world: CanaryWorld) -> bool:
    """A reading of foton's own indicator is nothing that a file could be attached to."""
    private = Reading.objects.filter(indicator__visibility="party", indicator__party=world.foton)
    name = str(private.latest("pk").uuid)
    try:
        thing_for(world.viewer("partner_manager"), "reading", name)
    except NotFound:
        return False
    return True


def same_file_of_another(world: CanaryWorld) -> bool:
    """Foton has the same bytes on a risk that is shared by now, in a file of its own."""
    row = builders.risk(world, by=world.partner_owner)
    same = attaching.PDF + canaries.sing("bytes").encode()
    attached = attaching.evidence(world, row, by="partner_owner", data=same)
    return bool(same_file_elsewhere(world.viewer("partner_owner"), attached))


def risk_of_a_run(world: CanaryWorld) -> bool:
    """By hand, as no run of everybody's names one: a shared run with a risk of foton's own."""
    row, private = _run_with_a_private_risk(world)
    return str(private.uuid) in risks_of_run(world.viewer("partner_manager"), row)


def work_of_a_run(world: CanaryWorld) -> bool:
    """By hand, as no run of everybody's names one: a shared run with work of foton's own."""
    row = Simulation.objects.get(uuid=world.shared_simulation)
    private = Mitigation.objects.filter(visibility="party", party=world.foton).earliest("pk")
    row.inputs = json.dumps(
        json.loads(row.inputs) | {"mitigations": [{"mitigation": str(private.uuid)}]}
    )
    return str(private.uuid) in mitigations_of_run(world.viewer("partner_manager"), row)


def what_moved_in_a_run(world: CanaryWorld) -> bool:
    """As before: that some input moved is said of it, and not by its ref."""
    row, private = _run_with_a_private_risk(world)
    moved = stale_because(world.viewer("partner_manager"), row, world.today)
    assert "gone" in {one["what"] for one in moved}
    return private.ref in {one["ref"] for one in moved}


def _run_with_a_private_risk(world: CanaryWorld) -> tuple[Simulation, Risk]:
    row = Simulation.objects.get(uuid=world.shared_simulation)
    private = Risk.objects.get(ref="F-002")
    inputs = json.loads(row.inputs)
    inputs["exposures"][0]["risk"] = str(private.uuid)
    row.inputs = json.dumps(inputs)
    return row, private


def what_measures_a_driver(world: CanaryWorld) -> bool:
    """Indicators of foton's own are not offered for a driver of catl's own in the same unit."""
    row = _own_driver(world)
    fitting = first_active_indicators_fitting(world.viewer("partner_manager"), row)
    return any(each.ref in world.indicator_refs for each in fitting)


def feeding_a_driver(world: CanaryWorld) -> bool:
    """Nor can one be named there: it is unknown, as one is that does not exist."""
    row = _own_driver(world)
    act = {"actor": world.viewer("partner_manager"), "ref": row.ref, "at": world.at}
    absent = refusals(set_indicator_of_driver, indicator="FK-999", **act)
    assert absent
    return refusals(set_indicator_of_driver, indicator=world.indicator_refs[0], **act) != absent


def _own_driver(world: CanaryWorld) -> Driver:
    made = estimating.driver(world, by="partner_manager", visibility="party", unit="zzyzx")
    return driver_for(world.viewer("partner_manager"), made.ref)


def risk_of_a_model(world: CanaryWorld) -> bool:
    """A model of catl's own cannot name a risk of foton's: it is unknown, as one that is not."""
    shared = Objective.objects.filter(visibility="shared", register=world.register).first()
    assert shared is not None

    def refused(ref: str) -> list[tuple[str, str]]:
        hit = {"risk": ref, "mode": "-15"}
        act = partial(estimating.model, world, key=shared.key, by="partner_manager")
        return refusals(act, visibility="party", hits=[hit])

    absent = refused("F-999")
    assert ("hits.0.risk", "unknown") in absent
    return refused("F-002") != absent


def work_of_a_model(world: CanaryWorld) -> bool:
    """Nor can it name a mitigation of foton's."""
    shared = Objective.objects.filter(visibility="shared", register=world.register).first()
    assert shared is not None

    def refused(ref: str) -> list[tuple[str, str]]:
        lift = {"mitigation": ref, "mode": "6"}
        act = partial(estimating.model, world, key=shared.key, by="partner_manager")
        return refusals(act, visibility="party", lifts=[lift])

    absent = refused("FM-999")
    assert ("lifts.0.mitigation", "unknown") in absent
    return refused(world.mitigation_refs[0]) != absent


def impact_kind_of_a_private_past(world: CanaryWorld) -> bool:
    """Of a risk that was judged while it was foton's own: which kind of impact drove it then."""
    manager = world.viewer("manager")
    kinds = [{"key": "cost", "names": {"en": "Cost"}, "descriptions": []}]
    made = add_criteria(
        actor=manager, data={**default_criteria(), "dimensions": kinds}, at=world.at
    )
    adopt_criteria(actor=manager, number=made.number, at=world.at)
    row = builders.risk(world, visibility="party")
    given = {"stage": "residual", "likelihood": 4, "impact": 5, "dimension": "cost",
             "rationale": "Money"}  # fmt: skip
    record_assessment(
        actor=world.viewer("owner"), ref=row.ref, version=None, given=given, at=world.at
    )
    share_risk(actor=manager, ref=row.ref, version=None, at=world.at)
    found = current_positions(world.viewer("partner_manager")).filter(risk=row)
    reader = world.viewer("partner_manager")
    (line,) = export_rows(reader, found, "en")
    return bool(line.get("dimension") == "Cost")


def release_of_an_argument(world: CanaryWorld) -> bool:
    """An argument of foton's on a question that both parties see, by its id."""
    own = Argument.objects.get(decision__ref="X-001", visibility="party")
    try:
        release_argument(
            actor=world.viewer("partner_manager"), ref="X-001", argument=own.uuid, at=world.at
        )
    except Forbidden:
        return True
    except NotFound:
        return False
    return True


def work_of_an_option(world: CanaryWorld) -> bool:
    """An option of catl's question with foton's own mitigation in it."""
    found = refusals(
        add_option, actor=world.viewer("partner_manager"), ref="X-003", version=None,
        fields={"title": "Probe", "mitigations": world.mitigation_refs[:1]}, at=world.at,
    )  # fmt: skip
    return ("mitigations", "unknown_mitigation") not in found


PROBES: dict[str, Callable[[CanaryWorld], bool]] = {
    "analysis/queries/drivers.py:first_active_indicators_fitting": what_measures_a_driver,
    "analysis/services/drivers.py:set_indicator_of_driver": feeding_a_driver,
    "analysis/queries/simulations.py:_visible_ids_and_refs": what_moved_in_a_run,
    "analysis/queries/simulations.py:risks_of_run": risk_of_a_run,
    "analysis/queries/simulations.py:mitigations_of_run": work_of_a_run,
    "analysis/services/objectives.py:_find_usable_risk": risk_of_a_model,
    "analysis/services/objectives.py:_find_usable_mitigation": work_of_a_model,
    "exchange/queries/exports.py:_newest_residual_dimension_by_risk": impact_kind_of_a_private_past,
    "decisions/queries/decisions.py:argument_for": release_of_an_argument,
    "decisions/services/options.py:_find_usable_mitigations": work_of_an_option,
    "events/queries.py:chains_of": chains,
    "evidence/queries.py:same_file_elsewhere": same_file_of_another,
    "indicators/queries/access.py:visible_readings": reading_of_another,
    "handover/queries.py:_unended_rows_by_kind": what_is_handed_over,
    "indicators/services/closing.py:_locked_by_ref": end_of_what_serves_a_risk,
    "register/services/objectives.py:add_objective": key_of_an_objective,
    "duties/queries/urgency.py:is_as_urgent_as_first_rows": how_soon_enough_is_due,
    "duties/queries/counts.py:_counts_by_kind_part_and_day": duties_by_day,
    "reviews/services/meetings.py:_check_recipe_names_nothing_private": recipe_of_a_meeting,
    "indicators/filters.py:_visible_indicators": partial(owner_who_left, noun="indicators"),
    "risks/filters.py:_visible_positions": partial(owner_who_left, noun="risks"),
    "risks/mitigation_filters.py:_visible_mitigations": partial(owner_who_left, noun="mitigations"),
    "risks/queries/access.py:control_for": end_of_a_control,
    "reviews/queries/meetings.py:_last_meeting_as_one_row": day_of_the_last_meeting,
    "risks/control_filters.py:_visible_controls": former_owner_of_a_control,
    "risks/services/claims.py:_sourced_score_texts": partial(last_source_of_a_risk, what="score"),
    "risks/services/claims.py:_refs_of_mitigations_sourced_here_alone": partial(
        last_source_of_a_risk, what="work"
    ),
    "risks/services/mitigations.py:_risks_served": sources_of_what_work_serves,
}


@pytest.fixture
def canary_world(db: None, at: dt.datetime, monkeypatch: pytest.MonkeyPatch) -> CanaryWorld:
    # A list of one duty is too long to be read already.
    monkeypatch.setattr("riskreg.web.duties.my_work.MOST_DUTIES", 1)
    return canaries.build(at)


@pytest.mark.parametrize("about", PROBES)
def test_a_filter_switched_off_is_heard_by_its_probe(
    canary_world: CanaryWorld, monkeypatch: pytest.MonkeyPatch, about: str
) -> None:
    switch = Switch(monkeypatch)
    for off in (False, True):
        switch.off = {place(site) for site in every_site() if off and str(site) == about}
        assert bool(switch.off) == off, "there is no such place any more"
        # Their sessions and tokens were undone with all else.
        canary_world.clients.clear()
        with transaction.atomic():
            assert PROBES[about](canary_world) == off
            transaction.set_rollback(True)
