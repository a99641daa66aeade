"""Where the pages of the demo are, each with something to show; made where it is not there."""

import datetime as dt
import io
from typing import Any

from django.urls import reverse

from riskreg.accounts.models import User
from riskreg.analysis.models import Driver, Estimate, Simulation
from riskreg.analysis.services import add_driver, record_belief, request_simulation
from riskreg.comments.models import Comment
from riskreg.comments.services import edit_comment, write_comment
from riskreg.decisions.models import Acceptance, Decision
from riskreg.decisions.services import (
    add_argument,
    add_option,
    create_decision,
    decide,
    edit_decision,
    propose_decision,
)
from riskreg.endpoints.models import Endpoint
from riskreg.endpoints.services import add_endpoint, disable_endpoint, queue_test_message
from riskreg.endpoints.url_guard import parse_address
from riskreg.evidence.models import Evidence
from riskreg.evidence.services import add_evidence, check_file, store_upload
from riskreg.exchange.models import PackSchedule, PackSending
from riskreg.exchange.services import Brought, import_file_unless_answers_needed, replace_own_draft
from riskreg.exchange.services.schedules import create_schedule
from riskreg.indicators.models import Indicator
from riskreg.jobs.models import JobState
from riskreg.jobs.queries import newest_job_of, steps_to_begin
from riskreg.jobs.services import run_step
from riskreg.kernel import clock
from riskreg.notify.models import Delivery
from riskreg.register.access import inbox_of, viewer_for
from riskreg.register.models import Objective, OwnAppetite, Register
from riskreg.reviews.models import Meeting
from riskreg.reviews.services import end_meeting, record_item, start_meeting
from riskreg.risks.models import Control, Mitigation, Risk, RiskRelation, State

OWNER, MANAGER, LEADER = "owner@foton.example", "manager@foton.example", "leader@foton.example"


def brought(slug: str, url: str) -> Any:
    """A file that is looked through, or one that was brought in and could not be taken."""
    actor, at = viewer_for(User.objects.get(email=MANAGER), slug), clock.now()
    if url == "web:import_draft":
        rows = b"Risk,Likelihood,Impact,Date raised\nIce on the ramp,High,Low,3/4/2026\n"
        return replace_own_draft(actor=actor, brought=Brought("list.csv", rows), at=at)
    rows = b"Risk,Likelihood,Date raised\nIce on the ramp,5,2026-02-31\n"
    return import_file_unless_answers_needed(actor=actor, brought=Brought("list.csv", rows), at=at)[
        0
    ]


def attached(slug: str) -> Evidence:
    """A file on the first risk."""
    found = Evidence.objects.filter(register__slug=slug, party__key="foton", withdrawn_at=None)
    if (row := found.first()) is not None:
        return row
    actor = viewer_for(User.objects.get(email=MANAGER), slug)
    text = io.BytesIO(b"as agreed (illustrative)")
    checked = check_file(text, "minutes.txt")
    with store_upload(text, checked, clock.now()) as stored:
        return add_evidence(
            actor=actor, kind="risk", ref="R-001", stored=stored, label="illustrative",
            at=clock.now(),
        )  # fmt: skip


def address(name: str, query: str) -> str:
    """Where the page ``name`` is in the demo register."""
    slug = Register.objects.get().slug
    if name in ("404", "403"):
        tail = "risks/R-999/" if name == "404" else "mitigations/new/"
        return f"/r/{slug}/{tail}"
    url, _space, face = name.partition(" ")
    if url == "web:inbox_message":
        owner = User.objects.get(email=OWNER)
        return reverse(url, kwargs={"message": inbox_of(owner).first().uuid})
    outside: tuple[str, ...] = (
        "web:home", "web:preferences", "web:search", "web:inbox", "web:registers",
        "web:work_everywhere",
    )  # fmt: skip
    if url in outside or url.startswith("account_"):
        keys = {"uidb36": "1", "key": "1-abc"} if url.endswith("_from_key") else {}
        return reverse(url, kwargs=keys) + query
    keys: dict[str, Any] = {"slug": slug}
    risks = Risk.objects.filter(party__key="foton").order_by("ref")
    if face == "draft" and url == "web:risk":
        keys["ref"] = Risk.objects.filter(state=State.DRAFT, visibility="shared").first().ref
    elif url == "web:risk_extend":  # of a risk that the manager does not answer for
        keys["ref"] = Risk.objects.filter(
            owner__email="owner@catl.example", deputy__email="leader@catl.example"
        ).first().ref  # fmt: skip
    elif url == "web:risk_share":
        keys["ref"] = risks.filter(visibility="party").first().ref
    elif url == "web:risk_reopen":
        keys["ref"] = risks.filter(state=State.CLOSED).first().ref
    elif url.startswith("web:meeting") and url not in ("web:meetings", "web:meeting_new"):
        keys |= {"meeting": meeting_of(ended=face == "minutes").uuid}
        keys |= {"number": 1} if url == "web:meeting_item" else {}
    elif url in ("web:delivery", "web:delivery_html"):
        mails = Delivery.objects.filter(message__address=OWNER, channel="mail", state="sent")
        keys["delivery"] = mails.latest("id").uuid
    elif url == "web:simulation":
        keys["simulation"] = simulation_of(over=face != "going on").uuid
    elif url == "web:acceptance":
        state = "requested" if face == "asked for" else "granted"
        keys["ref"] = Acceptance.objects.filter(state=state, party__key="foton").first().ref
    elif url == "web:acceptance_new":  # of one that nobody has asked for
        asked = Acceptance.objects.values("risk")
        keys["ref"] = risks.filter(
            state=State.OPEN, owner__email=OWNER, visibility="shared"
        ).exclude(pk__in=asked).first().ref  # fmt: skip
    elif url == "web:comment":
        keys["comment"] = said().uuid
    elif url.startswith(("web:decision", "web:option")) and url not in (
        "web:decisions", "web:decision_new",
    ):  # fmt: skip
        states = {"web:decision_decide": "proposed", "web:decision_record": "in_force"}
        keys["ref"] = decision_of(face or states.get(url, "draft")).ref
        keys |= {"key": "B"} if url == "web:option" else {}
    elif url == "web:driver":
        keys["ref"] = driver().ref
    elif url == "web:change_request":
        keys["ref"] = "CR-001"
    elif url in ("web:import", "web:import_draft"):
        keys["uuid"] = brought(slug, url).uuid
    elif url == "web:term":
        keys["ref"] = "market:eu"
    elif url == "web:taxonomy":
        keys["key"] = "market"
    elif url in ("web:objective", "web:objective_edit", "web:objective_model"):
        keys["key"] = Objective.objects.filter(party__key="foton").earliest("id").key
    elif url == "web:party":
        keys["party"] = "foton"
    elif url in ("web:control", "web:control_edit", "web:control_test", "web:control_end"):
        controls = Control.objects.filter(risk__party__key="foton", visibility="shared")
        keys["control"] = controls.earliest("id").uuid
    elif url == "web:evidence_new":
        keys |= {"kind": "risk", "name": "R-001"}
    elif url in ("web:evidence", "web:evidence_withdraw"):
        keys["evidence"] = attached(slug).uuid
    elif url == "web:relation_new":
        keys["ref"] = "R-001"
    elif url == "web:relation_end":
        ours = RiskRelation.objects.filter(risk__party__key="foton", ended_at=None)
        keys["relation"] = ours.earliest("id").uuid
    elif url == "web:own_appetite_edit":
        keys["appetite"] = OwnAppetite.objects.filter(party__key="foton", ended_at=None)[0].uuid
    elif url == "web:pack_schedule":
        keys["schedule"] = pack_schedule(slug).uuid
    elif url == "web:member":
        keys["member"] = User.objects.get(email=OWNER).uuid
    elif url == "web:endpoint":
        keys["endpoint"] = endpoint().uuid
    elif url in ("web:indicator", "web:indicator_edit", "web:indicator_readings"):
        keys["ref"] = Indicator.objects.filter(
            party__key="foton", visibility="shared"
        ).order_by("ref").first().ref  # fmt: skip
    elif url in ("web:estimates", "web:estimate_new"):  # one that the viewer has judged himself
        own = Estimate.objects.filter(expert__email=OWNER, risk__visibility="shared")
        keys["ref"] = own.earliest("id").risk.ref
    elif url in ("web:mitigation", "web:mitigation_edit", "web:effects", "web:effect_new"):
        keys["ref"] = Mitigation.objects.filter(owner__email=OWNER).order_by("ref").first().ref
    elif (
        url.startswith(("web:risk_", "web:review")) and url != "web:risk_new"
    ) or url == "web:risk":
        keys["ref"] = risks.filter(state=State.OPEN, owner__email=OWNER).exclude(
            visibility="party"
        ).first().ref  # fmt: skip
    return reverse(url, kwargs=keys) + query


def said() -> Comment:
    """A comment of foton's leader, edited, made where there is none."""
    slug, at = Register.objects.get().slug, clock.now()
    if (row := Comment.objects.first()) is None:
        actor = viewer_for(User.objects.get(email="leader@foton.example"), slug)
        row = write_comment(
            actor=actor, kind="risk", ref_or_id="R-001", text="What of the draft rule?", at=at,
            mentions=[OWNER],
        )  # fmt: skip
        row = edit_comment(actor=actor, comment=row.uuid, text="What of the rule?", at=at)
    return row


def pack_schedule(slug: str) -> PackSchedule:
    """Packs before a meeting of foton's, one of them missed, made where there is none."""
    if (row := PackSchedule.objects.first()) is None:
        leader, at = viewer_for(User.objects.get(email=LEADER), slug), clock.now()
        today = leader.today(at)
        given = {"title": "Steering committee", "first_on": today, "every_months": 3,
                 "repeats": "weekday", "recipients": [LEADER, MANAGER]}  # fmt: skip
        row = create_schedule(actor=leader, given=given, at=at)
        PackSending.objects.create(
            schedule=row, meeting_on=today - dt.timedelta(days=91), created_at=at, ended_at=at,
            due_on=today - dt.timedelta(days=98), state="sent", notified=row.recipients,
        )  # fmt: skip
    return row


def decision_of(state: str) -> Decision:
    """A decision of foton's that stands so, made where there is none."""
    found = Decision.objects.filter(state=state, party__key="foton", visibility="shared").first()
    if found is not None:
        return found
    slug, at = Register.objects.get().slug, clock.now()
    manager = viewer_for(User.objects.get(email=MANAGER), slug)
    leader = viewer_for(User.objects.get(email=LEADER), slug)
    risk = Risk.objects.filter(party__key="foton", state=State.OPEN, visibility="shared")
    act: dict[str, Any] = {"actor": manager, "version": None, "at": at}
    row = create_decision(
        actor=manager, at=at,
        fields={
            "title": "Hydrogen: all in, a gate, or stop? (illustrative)",
            "context": "The pilot ends in March; the plant is ordered in April (illustrative).",
            "due_on": str(manager.today(at) + dt.timedelta(days=14)),
            "risks": [risk.earliest("id").ref], "deciders": [LEADER],
        },
    )  # fmt: skip
    cost = {"amount": "120000000", "year": 2027, "party": "foton"}
    option = {"title": "A pilot, then a gate (illustrative)", "effects": "Keeps the option.",
              "costs": [cost]}  # fmt: skip
    add_option(ref=row.ref, fields=option, **act)
    edit_decision(ref=row.ref, fields={"recommended": "B", "certainty": "illustrative"}, **act)
    said = {"option": "B", "stance": "for", "text": "It tells most of what we do not know."}
    add_argument(actor=manager, ref=row.ref, given=said, at=at)
    if state != "draft":
        propose_decision(ref=row.ref, **act)
    if state == "in_force":
        far = str(manager.today(at) + dt.timedelta(days=90))
        term = {"text": "The data are with both parties", "owner": MANAGER, "due_on": far}
        decide(
            actor=leader, ref=row.ref, version=None, option="B", rationale="It is cheap.",
            review_on=far, conditions=[term], at=at,
        )  # fmt: skip
    return Decision.objects.get(pk=row.pk)


def driver() -> Driver:
    """A driver of everybody's with a belief of it that its owner gave, made where there is none."""
    owner = viewer_for(User.objects.get(email=OWNER), Register.objects.get().slug)
    found = Driver.objects.filter(visibility="shared").first()
    if found is None:
        at = clock.now()
        names = {"en": "Lithium carbonate price", "zh-hans": "碳酸锂价格"}
        given = {"names": names, "unit": "CNY/t"}
        found = add_driver(actor=owner, given=given, at=at)
        said = {
            "family": "pert", "low": "58400", "mode": "120000", "high": "200000",
            "rationale": "Range of analysts (illustrative)", "as_of": "2026-01-12",
            "label": "illustrative", "steps": [{"on": "2099-01-01", "factor": "1.1"}],
        }  # fmt: skip
        record_belief(actor=owner, ref=found.ref, given=said, at=at)
    return found


def endpoint() -> Endpoint:
    """A webhook of foton's that is switched off, made where there is none; nobody calls it."""
    manager = viewer_for(User.objects.get(email=MANAGER), Register.objects.get().slug)
    who: dict[str, Any] = {
        "audience": manager.audience, "actor_for_log": manager.user.uuid, "at": clock.now(),
    }  # fmt: skip
    found = Endpoint.objects.first()
    if found is None:
        found, _secret = add_endpoint(
            kind="webhook", name="ERP of the plant", language="en",
            address=parse_address("https://erp.foton.example/in/7"), **who,
        )  # fmt: skip
        queue_test_message(endpoint=found.uuid, local_day=manager.today(clock.now()), **who)
        disable_endpoint(found.uuid, "410 Gone", clock.now())
    return found


def meeting_of(*, ended: bool) -> Meeting:
    """A running meeting, or one that is over, of foton's manager; made where there is none."""
    found = Meeting.objects.filter(ended_at__isnull=not ended).first()
    if found is not None:
        return found
    manager = viewer_for(User.objects.get(email=MANAGER), Register.objects.get().slug)
    act: dict[str, Any] = {"actor": manager, "at": clock.now()}
    meeting = start_meeting(title="Monthly review", recipe={"party": "foton"}, **act)
    act |= {"meeting": meeting.uuid, "version": None}
    if ended:
        record_item(number=2, outcome="deferred", note="Figures are missing", **act)
        end_meeting(**act)
    return meeting


def simulation_of(*, over: bool) -> Simulation:
    """A run of the demo's estimates that a worker has worked through, or one that waits for it."""
    leader = viewer_for(User.objects.get(email=LEADER), Register.objects.get().slug)
    given = {"years": 10_000, "seed": 1 if over else 2}
    row, _new = request_simulation(actor=leader, given=given, at=clock.now())
    job = newest_job_of(row.uuid)
    assert job is not None
    while over and (steps := steps_to_begin(job, clock.now())):
        for step in steps:
            run_step(step.pk, clock.now)
    job.refresh_from_db()
    assert (job.state == JobState.DONE) is over, job.failure
    return row
