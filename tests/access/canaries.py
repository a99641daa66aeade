"""A register in which foton has private things full of canaries, and what names them."""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import time_machine
from django.apps import apps
from django.test import Client

from riskreg.analysis.models import Driver
from riskreg.comments.services import edit_comment
from riskreg.decisions.services import add_argument, refuse_acceptance, release_argument
from riskreg.endpoints.models import Endpoint
from riskreg.evidence.services import withdraw_evidence_and_delete_file
from riskreg.handover.services import hand_over
from riskreg.indicators.services import close_risk_and_end_dependents
from riskreg.notify.models import Delivery, Message
from riskreg.register.models import Absence, Invitation
from riskreg.register.services import add_member, create_register, invite, start_absence
from riskreg.register.visibility import PartyBound
from riskreg.reminders.services import sweep
from riskreg.reviews.models import Extension
from riskreg.risks import services
from riskreg.risks.models import Assessment, Mitigation, Risk
from tests import builders
from tests.access.parts import another, bring_files, change_sides, extend, listen, meet
from tests.analysis import making as estimating
from tests.builders import World
from tests.built_once import built_once
from tests.comments import making as talking
from tests.decisions import making as accepting
from tests.evidence import making as attaching
from tests.exchange import packing, scheduling
from tests.indicators import making

CANARY = "CANARYBIRD"
WORD = "zzyzx"
DAY = dt.timedelta(days=1)


def sing(what: str) -> str:
    """A text that must not be heard on the other side; ``WORD`` finds it in a search."""
    return f"{CANARY} {WORD} {what}"


@dataclass
class CanaryWorld(World):
    """See the module. ``secrets`` are refs, keys and ids that only foton may see."""

    risk_refs: list[str] = field(default_factory=list)
    mitigation_refs: list[str] = field(default_factory=list)
    objective_keys: list[str] = field(default_factory=list)
    indicator_refs: list[str] = field(default_factory=list)
    controls: list[str] = field(default_factory=list)
    relations: list[str] = field(default_factory=list)
    evidence: list[str] = field(default_factory=list)
    shared_evidence: str = ""
    deliveries: list[str] = field(default_factory=list)
    endpoints: list[str] = field(default_factory=list)
    messages: list[str] = field(default_factory=list)
    meetings: list[str] = field(default_factory=list)
    tokens: list[str] = field(default_factory=list)
    invitations: list[str] = field(default_factory=list)
    estimates: list[str] = field(default_factory=list)
    effects: list[str] = field(default_factory=list)
    drivers: list[str] = field(default_factory=list)
    beliefs: list[str] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    simulations: list[str] = field(default_factory=list)
    shared_simulation: str = ""
    acceptances: list[str] = field(default_factory=list)
    conditions: list[str] = field(default_factory=list)
    comments: list[str] = field(default_factory=list)
    shared_comment: str = ""
    shared_relation: str = ""
    appetites: list[str] = field(default_factory=list)
    # Of catl, which is not everybody's: both worlds have it, and its people its pages.
    partner_appetite: str = ""
    decisions: list[str] = field(default_factory=list)
    arguments: list[str] = field(default_factory=list)
    imports: list[str] = field(default_factory=list)
    drafts: list[str] = field(default_factory=list)
    packs: list[str] = field(default_factory=list)
    pack_schedules: list[str] = field(default_factory=list)
    # Of catl, as ``partner_appetite``.
    partner_schedule: str = ""
    uuids: list[UUID] = field(default_factory=list)
    # A public id of each kind.
    examples: list[str] = field(default_factory=list)
    clients: dict[Any, Client] = field(default_factory=dict)
    shared_risk: str = ""
    once_private: str = ""
    shared_closed: str = ""
    partner_risk: str = ""
    shared_mitigation: str = ""
    shared_objective: str = ""
    shared_meetings: list[str] = field(default_factory=list)

    @property
    def secrets(self) -> list[str]:
        """Everything that names a private thing."""
        return [
            *self.risk_refs, *self.mitigation_refs, *self.objective_keys, *self.controls,
            *self.relations, *self.evidence, *self.appetites,
            *self.endpoints, *self.messages, *self.indicator_refs, *self.meetings,
            *self.deliveries, *self.tokens, *self.invitations, *self.estimates, *self.effects,
            *self.simulations,
            *self.acceptances, *self.conditions, *self.decisions, *self.arguments,
            *self.comments, *self.packs, *self.pack_schedules,
            *self.drivers, *self.beliefs, *self.links,
            *map(str, self.uuids), "zzyzx-id",
        ]  # fmt: skip

    @property
    def shared_risks(self) -> list[str]:
        """Shared risks whose pages are visited."""
        refs = (self.shared_risk, self.once_private, self.shared_closed, self.partner_risk)
        return [ref for ref in refs if ref]

    def client(self, key: Any, make: Callable[[], Client]) -> Client:
        """The client of that key, made once."""
        if key not in self.clients:
            self.clients[key] = make()
        return self.clients[key]

    def shared_paths(self, route: str) -> list[str]:
        """``route`` filled with shared things, where it names one thing."""
        path = route.replace("/r/{}/", f"/r/{self.register.slug}/")
        path = path.replace("/registers/{}/", f"/registers/{self.register.slug}/")
        path = path.replace("/mitigations/{}/", f"/mitigations/{self.shared_mitigation}/")
        path = path.replace("/objectives/{}/", f"/objectives/{self.shared_objective}/")
        path = path.replace("/change-requests/{}/", "/change-requests/CR-003/")
        path = path.replace("/acceptances/{}/", "/acceptances/A-002/")
        path = path.replace("/evidence/new/{}/{}/", f"/evidence/new/risk/{self.shared_risk}/")
        path = path.replace("/evidence/{}/", f"/evidence/{self.shared_evidence}/")
        # The draft is catl's, so that they have the forms of its options.
        path = path.replace("/decisions/{}/options/{}/", "/decisions/X-003/options/B/")
        path = path.replace("/decisions/{}/options/", "/decisions/X-003/options/")
        if "/record/" in path:
            path = path.replace("/decisions/{}/", "/decisions/X-002/")
        path = path.replace("/decisions/{}/", "/decisions/X-001/")
        path = path.replace("/parties/{}/", f"/parties/{self.foton.key}/")
        path = path.replace("/comments/{}/", f"/comments/{self.shared_comment}/")
        path = path.replace("/relations/{}/", f"/relations/{self.shared_relation}/")
        path = path.replace("/own-appetites/{}/", f"/own-appetites/{self.partner_appetite}/")
        path = path.replace("schedules/{}/", f"schedules/{self.partner_schedule}/")
        if path == route:
            return []
        if "/risks/{}/" in path:
            return [path.replace("{}", ref) for ref in self.shared_risks]
        if "/meetings/{}/" in path:
            path = path.replace("/items/{}/", "/items/1/")
            return [path.replace("{}", meeting) for meeting in self.shared_meetings]
        path = path.replace("/indicators/{}/", "/indicators/K-001/")
        path = path.replace("/drivers/{}/", "/drivers/D-001/")
        path = path.replace("/simulations/{}/", f"/simulations/{self.shared_simulation}/")
        path = path.replace("/pictures/{}/", "/pictures/loss/")
        return [] if "{}" in path else [path]


def shared_part(world: World, after: Callable[[str], None] = lambda step: None) -> dict[str, str]:
    """What both parties know. ``after(step)`` is called between, for private things to happen."""
    after("start")
    listen(world, "Common hook", by="partner_manager")
    everywhere = {"tells": ["owner", "deputy"], "channels": ["mail", "chat", "webhook"]}
    rungs = [{"offset_days": days, **everywhere} for days in (-14, -3, 0, 7, 21)]
    builders.ladder(world, rungs, actor=world.viewer("partner_manager"))
    builders.taxonomy(world)
    content = builders.own_appetite(world, "low", by="partner_manager", term="market:eu")
    builders.own_appetite(world, "high", by="partner_manager", term="market:mideast")
    objective = builders.objective(world)
    after("frame")
    first = builders.risk(
        world, terms=["market:eu"], objectives=[objective.key], inherent=(5, 5), target=(2, 3),
        at=world.at - 40 * DAY, deputy=world.partner_manager.email,
        sources=[{"title": "Report", "label": "illustrative", "url": "https://example.org/"}],
    )  # fmt: skip
    after("first")
    theirs = builders.risk(
        world, by=world.partner_owner, title="Hydrogen", rated=(3, 3), at=world.at - 30 * DAY,
        external_id="catl-7", kind="opportunity", response="",
    )  # fmt: skip
    builders.control(world, first)
    related = builders.relation(world, theirs, "worsens", first)
    attached = attaching.evidence(world, first, source="Known to both")
    attaching.evidence(world, theirs, by="partner_owner", label="derived")
    for by in ("partner_manager", "partner_owner", "manager"):
        estimating.estimate(world, first, by=by, released=True)
    for on, unit in (("severity", "CNY/t"), ("frequency", "CNY/kg")):
        common = estimating.driver(world, by="partner_owner", unit=unit)
        for by in ("partner_manager", "partner_owner", "manager"):
            estimating.belief(world, common, by=by)
        estimating.link(world, common, first, by="manager", on=on)
    for follows in (0, 1):
        estimating.model(world, hits=[estimating.hit(first)], follows=follows,
                         elasticities=[{"driver": "D-001", "elasticity": "-0.2"}])  # fmt: skip
    for _n in range(2):
        packing.pack(world, "partner_manager", done=False)
    before = scheduling.schedule(world, "partner_manager")
    scheduling.schedule(world, "partner_leader", title="Board", every_months=3)
    after("second")
    planned = builders.mitigation(world, first, theirs)
    for by in ("partner_manager", "partner_owner", "manager"):
        estimating.effect(world, planned, first, by=by, released=True)
    builders.mitigation(world, theirs, by=world.partner_owner, title="Pilot stations",
                       external_id="catl-7")  # fmt: skip
    builders.risk(world, by=world.partner_owner, visibility="party", title="Own affairs",
                  rated=None, at=world.at - 20 * DAY)  # fmt: skip
    builders.review(world, first, cell=(3, 5), comment="Better", at=world.at - 5 * DAY)
    after("review")
    builders.risk(world, by=world.partner_owner, title="Draft", rated=None, opened=False)
    extend(world, theirs, by="partner_manager", days=70, reason="For everybody to read")
    builders.review(world, theirs, comment="Still so", at=world.at - 2 * DAY)
    again = builders.review(world, theirs, comment="And again", at=world.at - DAY)
    attaching.evidence(world, again, "review", by="partner_owner", label="illustrative")
    taken_back = attaching.evidence(
        world, planned, "mitigation", by="manager", data=attaching.PNG, name="plan.png"
    )
    withdraw_evidence_and_delete_file(
        actor=world.viewer("manager"), evidence=taken_back.uuid, reason="Drawn anew", at=world.at
    )
    extend(world, theirs, by="partner_manager", days=90, reason="Once more")
    another(world)
    # One that was refused, and one that holds, with a condition.
    refused = accepting.asked(world, first)
    refuse_acceptance(
        actor=world.viewer("leader"), ref=refused.ref, version=None, words="Do more", at=world.at
    )
    accepting.accepted(world, first, conditions=[accepting.condition(world)])
    for number in range(2):
        accepting.question(world, first, by="partner_leader", text=f"What if {number}?")
    said = [
        talking.comment(
            world, thing, by=by, text=f"Said of {thing}", mentions=[world.auditor.email]
        )
        for thing in (first, planned)
        for by in ("partner_leader", "owner")
    ]
    edit_comment(
        actor=world.viewer("partner_leader"), comment=said[0].uuid, text="Said better", at=world.at
    )
    ice = builders.risk(world, by=world.partner_owner, title="Ice in the port", rated=(5, 5))
    accepting.asked(world, ice, by="partner_manager")
    deciding(world, first, theirs)
    meetings = [str(meet(world, recipe={"state": "open"}, ended=n == 1).uuid) for n in (0, 1)]
    start_absence(
        actor=world.viewer("leader"), starts_on=world.today + 30 * DAY,
        until_on=world.today + 40 * DAY, stand_in=world.manager.email, at=world.at,
    )  # fmt: skip
    run = estimating.simulation(world, by="partner_manager")
    estimating.simulation(world, by="partner_owner", done=False, seed=2)
    after("end")
    return {
        "shared_simulation": str(run.uuid), "shared_comment": str(said[0].uuid),
        "shared_evidence": str(attached.uuid), "shared_relation": str(related.uuid),
        "partner_appetite": str(content.uuid), "partner_schedule": str(before.uuid),
        "shared_risk": first.ref, "partner_risk": theirs.ref, "shared_mitigation": planned.ref,
        "shared_objective": objective.key, "shared_meetings": meetings,
    }  # fmt: skip


def private_part(world: World, step: str) -> None:
    """What only foton knows, a piece at each step of ``shared_part``."""
    act = {"actor": world.viewer("manager"), "version": None}
    if step == "start":
        listen(world, sing("hook"), by="manager")
        listen(world, sing("group"), by="manager", kind="slack")
        draft = private_risk(world, "a draft", rated=None, opened=False)
        assert draft.ref == "F-001"
    if step == "frame":
        builders.objective(
            world, key="zzyzx-target", names={"en": sing("target"), "zh-hans": sing("目标")},
            unit=sing("unit"), visibility="party", value=777_777,
            external_id="zzyzx-id",
        )  # fmt: skip
        for rating, term in (("very_low", None), ("low", "market:eu")):
            builders.own_appetite(world, rating, term=term, reasons={"en": sing("own appetite")})
    if step == "first":
        row = private_risk(world, "overdue", at=world.at - 50 * DAY, inherent=(5, 5))
        builders.assess(world, row, (5, 5), rationale=sing("rationale"), at=world.at - 49 * DAY)
        extend(world, row, days=20, reason=sing("extension"))
        builders.control(world, row, name=sing("control"))
        builders.mitigation(
            world, row, title=sing("work"), description=sing("how"), expected_effect=sing("effect")
        )
    if step == "second":
        closed = private_risk(world, "closed", at=world.at - 45 * DAY)
        services.close_risk(ref=closed.ref, reason=sing("reason"), at=world.at - 44 * DAY, **act)
    if step == "review":
        builders.mitigation(
            world, Risk.objects.get(ref="R-001"), visibility="party", title=sing("quiet work"),
            external_id="zzyzx-id",
            due_on=world.today + DAY,
        )  # fmt: skip
        due = private_risk(
            world, "due", rated=(5, 5), at=world.at - 30 * DAY, terms=["market:eu"],
            objectives=["overseas-units-2030"],
        )  # fmt: skip
        builders.review(world, due, comment=sing("comment"), at=world.at - 27 * DAY)
        term = {**accepting.condition(world), "text": sing("condition")}
        accepting.accepted(world, due, reason=sing("acceptance"), conditions=[term])
        accepting.question(world, due, by="leader", text=sing("question"))
        said = talking.comment(
            world, due, text=sing("comment first"), mentions=[world.manager.email]
        )
        edit_comment(
            actor=world.viewer("leader"),
            comment=said.uuid,
            text=sing("comment edited"),
            at=world.at,
        )
        waiting = Risk.objects.get(ref="F-002")
        accepting.asked(world, waiting, reason=sing("request"), conditions=[term])
        deciding_in_private(world, due)
        estimating.estimate(
            world, Risk.objects.get(ref="R-001"), by="owner", rationale=sing("why"),
            included=sing("included"), severity_high="777777000",
        )  # fmt: skip
        estimating.estimate(world, due, by="owner", rationale=sing("why"))
        for mitigation, served in (
            (Mitigation.objects.get(ref="M-001"), Risk.objects.get(ref="R-001")),
            (Mitigation.objects.get(title=sing("quiet work")), Risk.objects.get(ref="R-001")),
        ):
            estimating.effect(
                world, mitigation, served, by="owner", rationale=sing("why"), cost_high="777777000"
            )
        own = estimating.driver(
            world, visibility="party", names={"en": sing("driver")}, unit=sing("unit")
        )
        estimating.belief(world, own, rationale=sing("why"))
        estimating.link(
            world, own, Risk.objects.get(ref="R-001"), rationale=sing("why"), on="severity"
        )
        common = Driver.objects.get(ref="D-001")
        estimating.belief(world, common, visibility="party", rationale=sing("why"), high="777777")
        hits = [estimating.hit(due, "-77"), estimating.hit(Risk.objects.get(ref="R-001"))]
        lifts = [
            estimating.lift(Mitigation.objects.get(title=sing("quiet work")), "77"),
            estimating.lift(Mitigation.objects.get(ref="M-001")),
        ]
        for key in ("overseas-units-2030", "zzyzx-target"):
            estimating.model(
                world, key=key, visibility="party", hits=hits, lifts=lifts, rationale=sing("why"),
                elasticities=[{"driver": own.ref, "elasticity": "-0.2"}], start="77777",
            )  # fmt: skip
    if step == "end":
        gone = None
        for ref in ("F-001", "F-002"):
            gone = attaching.evidence(
                world, Risk.objects.get(ref=ref), by="manager", name=f"{sing('file')}.pdf",
                data=attaching.PDF + sing("bytes").encode(), source=sing("issuer"),
            )  # fmt: skip
        assert gone is not None
        withdraw_evidence_and_delete_file(
            actor=world.viewer("manager"), evidence=gone.uuid, reason=sing("withdrawal"),
            at=world.at,
        )  # fmt: skip
        argue_in_private(world)
        estimating.simulation(world, by="owner", audience="party")
        for own, kind, other in (("F-002", "worsens", "R-001"), ("F-001", "part_of", "F-002")):
            builders.relation(
                world, Risk.objects.get(ref=own), kind, Risk.objects.get(ref=other),
                by=world.manager, note=sing("relation"),
            )  # fmt: skip
        private_risk(world, "fresh", external_id="zzyzx-id")
        bring_files(world, sing)
        packing.pack(world, audience="party", language="both", format="pptx")
        for on in (world.today, world.today + 10 * DAY):
            scheduling.schedule(
                world, title=sing("committee"), first_on=on, audience="party", every_months=1
            )
        scheduling.tend(world, 0)
        private_risk(world, "handed over", owner=world.deputy.email)
        hand_over(
            actor=world.viewer("manager"), from_user=world.deputy, to_user=world.leader,
            reason=sing("hand-over"), at=world.at,
        )  # fmt: skip
        invite(
            actor=world.viewer("manager"), email=f"{CANARY.lower()}-{WORD}@example.com",
            role="owner", party="foton", at=world.at,
        )  # fmt: skip
        # By hand: a note is for the absent person's own party, and all else of an absence is not.
        Absence.objects.filter(user=world.leader).update(note=sing("note"))
        for ended in (False, True):
            meet(world, title=sing("meeting"), note=sing("note"), visibility="party",
                 recipe={"q": WORD}, ended=ended)  # fmt: skip


def deciding(world: World, *risks: Risk) -> None:
    """A question that is put to both parties, one that was decided, and a draft."""
    both = [world.leader.email, world.partner_leader.email]
    asked = accepting.proposed(world, *risks, deciders=both)
    actor = world.viewer("partner_owner")
    for stance in ("for", "against"):
        said = {"option": "B", "stance": stance, "text": "For everybody to read"}
        made = add_argument(actor=actor, ref=asked.ref, given=said, at=world.at)
        release_argument(actor=actor, ref=asked.ref, argument=made.uuid, at=world.at)
    taken = accepting.proposed(world, risks[0])
    accepting.chosen(world, taken, conditions=[accepting.condition(world)])
    accepting.drafted(world, risks[1], by="partner_manager", deciders=[both[1]])


def deciding_in_private(world: World, about: Risk) -> None:
    """Foton's own questions, one of them decided, and what it says to itself of each."""
    given = {
        "title": sing("question"), "context": sing("background"), "advice": sing("advice"),
        "translations": {"zh-hans": {"title": sing("问题")}},
    }  # fmt: skip
    term = {**accepting.condition(world), "text": sing("condition")}
    row = accepting.proposed(world, about, **given)
    accepting.chosen(world, row, rationale=sing("rationale"), conditions=[term])
    waiting = accepting.proposed(world, about, **given)
    said = {"option": "B", "stance": "against", "text": sing("argument")}
    add_argument(actor=world.viewer("owner"), ref=waiting.ref, given=said, at=world.at)


def argue_in_private(world: World) -> None:
    """What foton says to itself of a question that both parties see."""
    said = {"option": "B", "stance": "against", "text": sing("argument")}
    add_argument(actor=world.viewer("owner"), ref="X-001", given=said, at=world.at)


def private_risk(world: World, what: str, **given: Any) -> Risk:
    """A private risk of foton every text of which sings."""
    return builders.risk(
        world,
        visibility="party",
        title=sing(what),
        cause=sing("cause"),
        event=sing("event"),
        consequence=sing("consequence"),
        terms=given.pop("terms", []),
        sources=[{"title": sing("source"), "label": "judgement", "quote": sing("quote")}],
        translations={"zh-hans": {"title": sing("标题")}},
        **given,
    )


def shared_later(world: World) -> str:
    """A risk that was private, was judged and reviewed in private, and then was shared."""
    row = builders.risk(
        world, visibility="party", title="Shared at last", at=world.at - 60 * DAY, rated=(2, 2)
    )
    builders.assess(world, row, (4, 4), rationale=sing("old rationale"), at=world.at - 59 * DAY)
    held = builders.review(world, row, comment=sing("old comment"), at=world.at - 58 * DAY)
    for kind, thing in (("risk", row), ("review", held)):
        attaching.evidence(
            world, thing, kind, name=f"{sing('old file')}.pdf", source=sing("old source"),
            data=attaching.PDF + sing("bytes").encode(), at=world.at - 58 * DAY,
        )  # fmt: skip
    builders.control(world, row, name=sing("old control"))
    talking.comment(world, row, by="owner", text=sing("old comment"), at=world.at - 57 * DAY)
    accepting.question(world, row, by="manager", text=sing("old question"), at=world.at - 57 * DAY)
    services.edit_risk(
        actor=world.viewer("owner"), ref=row.ref, version=None, at=world.at - 57 * DAY,
        fields={"cause": sing("old cause")},
    )  # fmt: skip
    services.edit_risk(
        actor=world.viewer("owner"), ref=row.ref, version=None, at=world.at - 56 * DAY,
        fields={"cause": "A cause for everybody"},
    )  # fmt: skip
    shared = services.share_risk(
        actor=world.viewer("manager"), ref=row.ref, version=None, at=world.at - 10 * DAY
    )
    builders.assess(world, shared, (3, 4), rationale="For everybody", at=world.at - 9 * DAY)
    return shared.ref


def closed_with(world: World) -> str:
    """A shared risk that is closed, and with it what served it alone in private."""
    row = builders.risk(world, title="Closed with what hung on it", at=world.at - 8 * DAY)
    work = builders.mitigation(world, row, visibility="party", title=sing("work ended with it"))
    watch = making.indicator(
        world, row, names={"en": sing("indicator ended with it")}, visibility="party"
    )
    close_risk_and_end_dependents(
        actor=world.viewer("manager"), ref=row.ref, version=None, reason="It is past",
        end=[work.ref, watch.ref], at=world.at - 7 * DAY,
    )  # fmt: skip
    return row.ref


def watched(world: World) -> None:
    """Foton's own indicators: one over a private risk, one that made a breach of a shared one."""
    first, own = Risk.objects.get(ref="R-001"), Risk.objects.get(ref="F-002")
    common = making.indicator(world, first, names={"en": "A shared price"})
    # By hand, as the rules refuse it: then the reading makes a private breach of a shared price.
    common.risks.add(own)
    making.indicator(
        world, first, by=world.partner_owner, names={"en": "Another price"}, external_id="catl-7"
    )
    making.read(world, common, "100000", "200000", at=world.at - 3 * DAY)
    for row in (first, own):
        private = making.indicator(
            world, row, names={"en": sing("indicator")}, unit="zzyzx", visibility="party",
            at=world.at - 6 * DAY,
        )  # fmt: skip
        making.read(world, private, "91000", "777777", at=world.at - 2 * DAY)
    change_sides(world, "moved_worker", "moved_reader")
    builders.mitigation(
        world, own, title=sing("work of who was catl's"), owner=world.moved_worker.email
    )
    making.indicator(
        world, own, names={"en": sing("indicator of who was catl's")}, visibility="party",
        external_id="zzyzx-id",
        owner=world.moved_reader.email, at=world.at - 6 * DAY,
    )  # fmt: skip


def broken_links(world: World) -> None:
    """Links that the rules refuse, put there by hand: the second line must hold by itself."""
    first = Risk.objects.get(ref="R-001")
    mitigation = apps.get_model("risks", "Mitigation").objects.get(ref="M-001")
    mitigation.risks.add(Risk.objects.get(ref="F-002"))
    common = apps.get_model("indicators", "Indicator").objects.get(ref="K-001")
    common.risks.add(Risk.objects.get(title="Shared at last"))
    objective = apps.get_model("register", "Objective").objects.get(key="zzyzx-target")
    # Somebody of the other party deputises for what was extended in private: for the review that is
    # due now, and for one before, which would be counted among the extensions granted.
    late = Risk.objects.get(title="Shared at last")
    late.deputy = world.partner_manager
    late.save(update_fields=["deputy"])
    for due_on, before in (
        (late.next_review_on, late.reviews.latest("id")),
        (late.reviews.earliest("id").due_on, None),
    ):
        Extension.objects.create(
            register=late.register, party=world.foton, visibility="party", risk=late,
            reviewed_before=before, due_on=due_on, until=world.today + 9 * DAY,
            reason=sing("private extension"), granted_by=world.manager, at=world.at - DAY,
            created_at=world.at - DAY,
        )  # fmt: skip
    first.objectives.add(objective)
    Assessment.objects.create(
        register=first.register, party=world.foton, visibility="party", risk=first,
        criteria=first.register.criteria, stage="residual", likelihood=3, impact=5, score=15,
        rating="high", rationale=sing("private view of a shared risk"), assessor=world.owner,
        at=world.at - 4 * DAY, created_at=world.at - 4 * DAY,
    )  # fmt: skip


@built_once
def build(at: dt.datetime) -> CanaryWorld:
    """The whole world, with the names of everything private in it."""
    world = CanaryWorld(**vars(builders.build_world(at)))
    shared = shared_part(world, lambda step: private_part(world, step))
    vars(world).update(shared)
    watched(world)
    world.once_private = shared_later(world)
    world.shared_closed = closed_with(world)
    broken_links(world)
    second = create_register(
        slug="second", names={"en": "Second"}, currency="CNY", time_zone=builders.ZONE, at=at,
        by=world.founder,
    )  # fmt: skip
    add_member(
        register=second, user=world.partner_manager, role="viewer", party=None, at=at,
        by=world.founder,
    )  # fmt: skip
    rows = builders_private(world)
    world.examples = [str(u) for u in {row._meta.model_name: row.uuid for row in rows}.values()]
    for row in rows:
        world.uuids.append(row.uuid)
        name = row._meta.model_name
        if name == "risk":
            world.risk_refs.append(row.ref)
        elif name == "mitigation":
            world.mitigation_refs.append(row.ref)
        elif name == "objective":
            world.objective_keys.append(row.key)
        elif name == "indicator":
            world.indicator_refs.append(row.ref)
        elif name == "meeting":
            world.meetings.append(str(row.uuid))
        elif name == "estimate":
            world.estimates.append(str(row.uuid))
        elif name == "effect":
            world.effects.append(str(row.uuid))
        elif name == "driver":
            world.drivers.append(row.ref)
        elif name == "belief":
            world.beliefs.append(str(row.uuid))
        elif name == "driverlink":
            world.links.append(str(row.uuid))
        elif name == "simulation":
            world.simulations.append(str(row.uuid))
        elif name == "control":
            world.controls.append(str(row.uuid))
        elif name == "acceptance":
            world.acceptances.append(row.ref)
        elif name == "obligation":
            world.conditions.append(str(row.uuid))
        elif name == "comment":
            world.comments.append(str(row.uuid))
        elif name == "decision":
            world.decisions.append(row.ref)
        elif name == "argument":
            world.arguments.append(str(row.uuid))
        elif name == "riskrelation":
            world.relations.append(str(row.uuid))
        elif name == "ownappetite":
            world.appetites.append(str(row.uuid))
        elif name == "evidence":
            world.evidence.append(str(row.uuid))
        elif name == "packschedule":
            world.pack_schedules.append(str(row.uuid))
        elif name == "boardpack":
            world.packs.append(str(row.uuid))
        elif name in ("import", "importdraft"):
            (world.imports if name == "import" else world.drafts).append(str(row.uuid))
    world.risk_refs += [alias.ref for alias in apps.get_model("risks", "RiskAlias").objects.all()]
    world.endpoints = [str(row.uuid) for row in Endpoint.objects.filter(party=world.foton.uuid)]
    with time_machine.travel(at + DAY, tick=False):
        sweep(at + DAY)
    told = Message.objects.filter(audiences__party=world.foton.uuid)
    assert told.filter(recipient__in=world.endpoints, payload__isnull=False).exists()
    inbox = told.filter(deliveries__channel="inbox").order_by("id")
    world.messages = [str(message.uuid) for message in inbox[:2]]
    assert world.messages
    world.deliveries = [
        str(d.uuid) for d in Delivery.objects.filter(message__audiences__party=world.foton.uuid)
    ]
    assert world.deliveries, "foton should have been told of what is due"
    assert CANARY in "".join(Message.objects.values_list("text", flat=True))
    world.invitations = [str(row.uuid) for row in Invitation.objects.filter(party=world.foton)]
    assert world.invitations
    for name in ("owner", "manager"):
        person = getattr(world, name)
        builders.token(person)
        world.tokens += [str(t.uuid) for t in person.tokens.all()]
    return world


def builders_private(world: World) -> list[Any]:
    """Every party-bound thing of foton's own that has a public id."""
    return [
        row
        for model in apps.get_models()
        if issubclass(model, PartyBound) and any(f.name == "uuid" for f in model._meta.fields)
        for row in model.objects.filter(party=world.foton, visibility="party").order_by("pk")
    ]
