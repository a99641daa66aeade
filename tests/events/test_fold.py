"""Whoever keeps a copy by the changes feed alone has every row that GET shows.

A story of random acts by both parties is told by the feed to three readers; each folds what they
were told, by the rules that docs/integrators.md gives, and compares it with what they can read.
"""

import datetime as dt
import random
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest

from riskreg.analysis.models import Effect, Estimate
from riskreg.analysis.queries.effects import RUNNING
from riskreg.analysis.services import (
    record_effect,
    record_estimate,
    release_effect,
    release_estimate,
)
from riskreg.exchange.models import Import
from riskreg.exchange.services import Brought, import_file_unless_answers_needed, undo_import
from riskreg.indicators.models import Indicator
from riskreg.indicators.services import create_indicator, edit_indicator, record_readings
from riskreg.indicators.services.closing import close_risk_and_end_dependents
from riskreg.kernel.errors import NotFound, RiskregError
from riskreg.register.change_models import ChangeRequest
from riskreg.register.models import Objective, Party
from riskreg.register.services import (
    add_party_or_ask_others,
    approve_change,
    edit_objective,
    edit_party,
    refuse_change,
    withdraw_change,
)
from riskreg.register.visibility import Visibility
from riskreg.reviews.services import record_review
from riskreg.risks import services
from riskreg.risks.models import Control, Mitigation, Risk
from tests import builders
from tests.analysis.making import EFFECT, GIVEN
from tests.builders import World
from tests.indicators.making import FIELDS

NOUNS = ("risk", "mitigation", "indicator", "objective")
# What has no list of its own at the top, or answers in a shape of its own.
OTHERS = ("party", "estimate", "effect", "changerequest", "import")
# Worked out when somebody asks, from the clock or from what else is in the answer.
WORKED_OUT = {
    "risk": {"url", "marks", "overdue"},
    "mitigation": {"url", "currency"},
    "indicator": {"url", "name", "late"},
    "objective": {"url", "name"},
    "party": {"url", "name"},
    "estimate": {"implied"},
    "effect": {"implied"},
    "changerequest": {"url", "page", "title", "difference"},
    "import": {"state"},  # of the work on it; an import is in the feed once it is done
}
EMPTY = (None, "", [], {})
Row = dict[str, Any]


# Folding, as an integration does it --------------------------------------------------------------
def fold(events: list[dict[str, Any]]) -> dict[str, Row]:
    """{id: row} from the feed, first to last."""
    rows: dict[str, Row] = {}
    renamed: dict[str, str] = {}
    for event in events:
        it, at = event["object"], event["recorded_at"]
        if it["type"] not in (*NOUNS, *OTHERS) or event["withheld"]:
            continue
        row = rows.setdefault(it["id"], {"type": it["type"], "created_at": at, "readings": {}})
        # What happened around a thing leaves it at its version; a reading is part of its indicator.
        if it["version"] != row.get("version") or event["verb"] == "indicator.read":
            row["updated_at"] = max(at, row.get("updated_at", at))
        row |= {"id": it["id"], "ref": it["ref"], "version": it["version"]}
        if event["verb"] == "risk.shared":
            row["created_at"] = at
        for name, (before, after) in event["changes"].items():
            if name == "ref":
                renamed[before] = after
            if name == "answers":
                given = {"by": event["actor"]["id"], "at": event["at"]}
                row["answered"] = row.get("answered", {}) | {
                    party: given
                    for party, answer in after.items()
                    if answer in ("yes", "no") and answer != (before or {}).get(party)
                }
            if name == "readings":
                row["readings"] |= {reading["id"]: reading for reading in after}
            elif name in ("inherent", "residual", "target"):
                row.setdefault("scores", dict.fromkeys(("inherent", "residual", "target")))
                row["scores"] = {**row["scores"], name: after}
            else:
                row["status" if name == "indicator_status" else name] = after
    for row in rows.values():
        row["risks"] = sorted(renamed.get(ref, ref) for ref in row.get("risks") or [])
    return rows


def latest(row: Row) -> Any:
    """The newest of the readings that no other corrects."""
    corrected = {r["corrects"] for r in row["readings"].values() if "corrects" in r}
    left = [r for key, r in row["readings"].items() if key not in corrected]
    newest = max(left, key=lambda r: r["at"], default=None)
    return newest and {"at": newest["at"], "value": newest["value"]}


def as_folded(noun: str, answer: Row) -> Row:
    """What GET shows, as the feed tells it: people by id, terms in a list."""
    told = {name: value for name, value in answer.items() if name not in WORKED_OUT[noun]}
    for name in ("owner", "deputy"):
        if told.get(name):
            told[name] = told[name]["id"]
    if noun == "risk":
        told["terms"] = sorted(f"{t}:{k}" for t, keys in told["terms"].items() for k in keys)
        told["objectives"] = sorted(told["objectives"])
        if not any(told["scores"].values()):
            told["scores"] = None
    if noun == "objective":
        told["ref"] = told["key"]
    if noun == "party":
        told["ref"] = told.pop("key")
    if noun in ("estimate", "effect"):
        told["expert"] = told["expert"]["id"]
    if noun == "changerequest":
        answers = told["answers"]
        told["answers"] = {each["party"]: each["answer"] for each in answers}
        told["answered"] = {
            each["party"]: {"by": each["by"]["id"], "at": each["at"]}
            for each in answers
            if each["by"]
        }
        told["words"] = told["words"] and {"en": told["words"]}
    for name in ("requested_by", "closed_by"):
        if told.get(name):
            told[name] = told[name]["id"]
    if noun == "import":
        # Who made it and when are those of the event.
        told["made_by"], told["created_at"] = told["made_by"]["id"], told.pop("at")
    return {name: value for name, value in told.items() if value not in EMPTY}


def compare(noun: str, row: Row, answer: Row) -> None:
    shown = as_folded(noun, answer)
    row = {**row, "latest": latest(row)} if noun == "indicator" else row
    if noun == "changerequest" and row.get("words"):
        row = {**row, "words": {"en": row["words"]["en"]}}
    for name, value in shown.items():
        assert row.get(name) == value, (noun, answer.get("ref"), name)
    known = {name for name in answer if name not in WORKED_OUT[noun]}
    for name in known - set(shown):
        assert row.get(name) in EMPTY or not any(row[name].values()), (noun, name)


# The story ---------------------------------------------------------------------------------------
class Story:
    """Random acts, each an hour after the one before. What a rule refuses is left undone."""

    def __init__(self, world: World, seed: int) -> None:
        self.world, self.dice, self.at, self.done = world, random.Random(seed), world.at, 0

    def tell(self, acts: int) -> None:
        for _n in range(acts):
            self.at += dt.timedelta(hours=1)
            act: Callable[[], Any] = self.dice.choice(
                [
                    self.new_risk, self.new_risk, self.change_risk, self.change_risk, self.assess,
                    self.assess, self.open, self.review, self.close, self.reopen, self.share,
                    self.transfer, self.control, self.plan, self.change_work, self.change_work,
                    self.watch, self.change_watch, self.read, self.read, self.correct,
                    self.change_target, self.judge, self.judge, self.judge, self.release,
                    self.release, self.weigh, self.weigh, self.release_effect,
                    self.bring_in_file, self.undo_file,
                    self.ask, self.join, self.answer, self.answer, self.rename,
                ]
            )  # fmt: skip
            try:
                act()
                self.done += 1
            except RiskregError:
                continue

    def actor(self, row: Any = None) -> Any:
        """A manager of the row's party, or of either."""
        names = {"foton": "manager", "catl": "partner_manager"}
        key = row.party.key if row is not None else self.dice.choice(list(names))
        return self.world.viewer(names[key])

    def pick(self, model: Any) -> Any:
        rows = list(model.objects.order_by("pk"))
        if not rows:
            raise RiskregError
        return self.dice.choice(rows)

    def word(self) -> str:
        return f"word {self.dice.randrange(1000)}"

    def some(self, **fields: Callable[[], Any]) -> dict[str, Any]:
        return {name: make() for name, make in fields.items() if self.dice.random() < 0.5}

    def risk_fields(self) -> dict[str, Any]:
        pick = self.dice.choice
        return self.some(
            title=self.word,
            cause=self.word,
            event=self.word,
            consequence=self.word,
            kind=lambda: pick(["threat", "threat", "opportunity"]),
            response=lambda: pick(["", "mitigate", "accept", "share"]),
            terms=lambda: pick([[], ["market:eu"], ["market:eu", "market:mideast"]]),
            objectives=lambda: pick([[], ["overseas-units-2030"]]),
            external_id=self.word,
            sources=lambda: [{"title": self.word(), "url": "", "label": "sourced"}],
            labels=lambda: {"cause": "illustrative"},
            translations=lambda: {"zh-hans": {"title": self.word()}},
        )

    def new_risk(self) -> None:
        fields = {"title": self.word(), "event": "It happens", **self.risk_fields()}
        visibility = self.dice.choice(Visibility.values)
        services.create_risk(actor=self.actor(), fields=fields, visibility=visibility, at=self.at)

    def on(self, model: Any, service: Any, **given: Any) -> None:
        row = self.pick(model)
        service(actor=self.actor(row), ref=row.ref, version=None, at=self.at, **given)

    def change_risk(self) -> None:
        self.on(Risk, services.edit_risk, fields=self.risk_fields())

    def assess(self) -> None:
        given = {
            "stage": self.dice.choice(["inherent", "residual", "target"]),
            "likelihood": self.dice.randint(1, 5),
            "impact": self.dice.randint(1, 5),
            "rationale": self.word(),
        }
        self.on(Risk, services.record_assessment, given=given)

    def open(self) -> None:
        self.on(Risk, services.open_risk)

    def review(self) -> None:
        self.on(Risk, record_review, outcome="unchanged", comment=self.word())

    def close(self) -> None:
        self.on(Risk, close_risk_and_end_dependents, reason=self.word())

    def reopen(self) -> None:
        self.on(Risk, services.reopen_risk, reason=self.word())

    def share(self) -> None:
        self.on(Risk, services.share_risk)

    def transfer(self) -> None:
        row = self.pick(Risk)
        mine = row.party.key == "foton"
        owner = self.world.deputy if mine else self.world.partner_deputy
        services.transfer_risk(
            actor=self.actor(row), ref=row.ref, version=None, owner=owner, at=self.at
        )

    def control(self) -> None:
        if self.dice.random() < 0.5:
            row = self.pick(Risk)
            services.add_control(
                actor=self.actor(row), ref=row.ref, name=self.word(), kind="preventive", at=self.at
            )
        else:
            old = self.pick(Control)
            services.end_control(
                actor=self.actor(old),
                ref=old.risk.ref,
                control=old.uuid,
                reason="x",
                at=self.at,
            )

    def work_fields(self) -> dict[str, Any]:
        pick = self.dice.choice
        return self.some(
            title=self.word,
            description=self.word,
            expected_effect=self.word,
            status=lambda: pick(["planned", "in_progress", "done", "cancelled"]),
            due_on=lambda: dt.date(2027, self.dice.randint(1, 12), 1),
            cost=lambda: pick([None, "12.5", "0"]),
            progress=lambda: pick([0, 40, 100]),
            external_id=self.word,
            labels=lambda: {"cost": "illustrative"},
            translations=lambda: {"zh-hans": {"title": self.word()}},
        )

    def plan(self) -> None:
        risk = self.pick(Risk)
        fields = {
            "title": self.word(), "due_on": dt.date(2027, 3, 1), "risks": [risk.ref],
            **self.work_fields(),
        }  # fmt: skip
        services.create_mitigation(actor=self.actor(risk), fields=fields, at=self.at)

    def change_work(self) -> None:
        self.on(Mitigation, services.edit_mitigation, fields=self.work_fields())

    def watch(self) -> None:
        risk = self.pick(Risk)
        create_indicator(
            actor=self.actor(risk),
            fields={**FIELDS, "risks": [risk.ref]},
            visibility=risk.visibility,
            at=self.at,
        )

    def change_watch(self) -> None:
        fields = self.some(
            names=lambda: {"en": self.word(), "zh-hans": self.word()},
            red=lambda: self.dice.randint(96, 120),
            grace_days=lambda: self.dice.randint(0, 20),
            active=lambda: self.dice.random() < 0.8,
            external_id=self.word,
        )
        self.on(Indicator, edit_indicator, fields=fields)

    def read(self, *rows: Any) -> None:
        row = self.pick(Indicator)
        first = self.at - dt.timedelta(minutes=50)
        made = [
            {"at": first + dt.timedelta(minutes=n), "value": self.dice.randint(50, 150)}
            for n in range(self.dice.choice([1, 2, 30]))
        ]
        record_readings(
            actor=self.actor(row), ref=row.ref, rows=[*rows, *made], origin="api", at=self.at
        )

    def correct(self) -> None:
        row = self.pick(Indicator)
        if row.latest_at is None:
            raise RiskregError
        fix = {"at": row.latest_at, "value": self.dice.randint(50, 150), "correction": True}
        record_readings(actor=self.actor(row), ref=row.ref, rows=[fix], origin="api", at=self.at)

    def change_target(self) -> None:
        row = self.pick(Objective)
        fields = self.some(
            external_id=self.word,
            names=lambda: {"en": self.word(), "zh-hans": self.word()},
            value=lambda: self.dice.randint(1, 900),
        )
        edit_objective(actor=self.actor(row), key=row.key, fields=fields, version=None, at=self.at)

    def judge(self) -> None:
        row = self.pick(Risk)
        given = GIVEN | self.some(
            stage=lambda: self.dice.choice(["inherent", "residual"]),
            frequency_high=lambda: str(self.dice.randint(2, 9)),
            severity_cap=lambda: "900000000",
            included=self.word,
            label=lambda: "illustrative",
            sources=lambda: [{"title": self.word(), "url": "", "label": "illustrative"}],
            translations=lambda: {"zh-hans": {"rationale": self.word()}},
        )
        person = self.dice.choice(["owner", "manager", "partner_owner", "partner_manager"])
        record_estimate(actor=self.world.viewer(person), ref=row.ref, given=given, at=self.at)

    def release(self) -> None:
        row = self.pick(Estimate)
        actor = self.world.viewer(row.expert)
        release_estimate(actor=actor, estimate=row.uuid, at=self.at)

    def weigh(self) -> None:
        running = Mitigation.objects.filter(status__in=RUNNING).exclude(risks__state="closed")
        rows = list(running.filter(visibility="shared").order_by("pk"))
        if not rows:
            raise RiskregError
        row = self.dice.choice(rows)
        served = self.dice.choice(list(row.risks.order_by("pk")))
        given = EFFECT | self.some(cost_year=lambda: 2028, rationale=self.word)
        if self.dice.random() < 0.5:
            given |= {"severity_low": "0.1", "severity_mode": "0.2", "severity_high": "1"}
        for person in ("owner", "manager", "partner_owner", "partner_manager"):
            actor = self.world.viewer(person)
            with suppress(NotFound):
                made = record_effect(
                    actor=actor, ref=row.ref, risk=served.ref, given=given, at=self.at
                )
                if self.dice.random() < 0.3:
                    release_effect(actor=actor, effect=made.uuid, at=self.at)

    def release_effect(self) -> None:
        row = self.pick(Effect)
        actor = self.world.viewer(row.expert)
        release_effect(actor=actor, effect=row.uuid, at=self.at)

    def bring_in_file(self) -> None:
        rows = [["Risk", "Likelihood", "Impact", "Owner", "Date raised"],
                [self.word(), "5", "5", "", ""],
                [self.word(), "5", "5", "", "2026-02-31"]]  # fmt: skip
        data = "\n".join("\t".join(row) for row in rows).encode()
        import_file_unless_answers_needed(
            actor=self.actor(), brought=Brought(f"{self.word()}.csv", data), at=self.at
        )

    def undo_file(self) -> None:
        row = self.pick(Import)
        undo_import(actor=self.actor(row), name=row.uuid, at=self.at)

    def ask(self) -> None:
        actor, days = self.actor(), self.dice.randint(10, 60)
        services.set_cadence(
            actor=actor, cadence={"critical": days}, seen_number=actor.criteria.number, at=self.at
        )

    def join(self) -> None:
        add_party_or_ask_others(actor=self.actor(), names={"en": self.word()}, at=self.at)

    def answer(self) -> None:
        row = self.pick(ChangeRequest)
        act = {"name": row.ref, "version": None, "at": self.at}
        who = self.dice.choice(["manager", "leader", "partner_manager", "partner_leader"])
        actor = self.world.viewer(who)
        match self.dice.choice(["yes", "yes", "no", "back"]):
            case "yes":
                approve_change(actor=actor, **act)
            case "no":
                refuse_change(actor=actor, words=self.word(), **act)
            case _:
                withdraw_change(actor=self.world.viewer(row.requested_by), **act)

    def rename(self) -> None:
        row = self.pick(Party)
        actor = self.world.viewer("partner_manager" if row.key == "catl" else "manager")
        edit_party(
            actor=actor,
            key=row.key,
            fields={"names": {"en": self.word()}},
            version=None,
            at=self.at,
        )


@pytest.mark.django_db
@pytest.mark.parametrize("seed", [1, 2])
def test_the_feed_folds_to_what_is_shown(world: World, seed: int) -> None:
    builders.taxonomy(world)
    builders.objective(world)
    story = Story(world, seed)
    story.tell(340)
    assert story.done > 110
    root = f"/api/v1/registers/{world.register.slug}/"
    for reader in ("manager", "integration", "partner_manager", "auditor"):
        program = builders.api(getattr(world, reader))
        events: list[dict[str, Any]] = []
        address = f"{root}changes/?limit=50"
        while address:
            page = program.get(address).json()
            events, address = events + page["results"], page["next"]
        rows = fold(events)
        for noun in NOUNS:
            shown = program.get(f"{root}{noun}s/?limit=500").json()["results"]
            assert {row["id"] for row in rows.values() if row["type"] == noun} == {
                answer["id"] for answer in shown
            }, (reader, noun)
            for answer in shown:
                compare(noun, rows[answer["id"]], answer)
        risks = program.get(f"{root}risks/?limit=500").json()["results"]
        lists = {"party": ["parties"], "changerequest": ["change-requests"]}
        works = program.get(f"{root}mitigations/?limit=500").json()["results"]
        lists["effect"] = [f"mitigations/{work['ref']}/effects" for work in works]
        lists["estimate"] = [f"risks/{risk['ref']}/estimates" for risk in risks]
        # Only managers bring files in, and read what came of it.
        lists["import"] = ["imports"] if "manager" in reader else []
        for noun in OTHERS:
            answers = [
                answer
                for path in lists[noun]
                for answer in program.get(f"{root}{path}/?limit=500").json()["results"]
            ]
            told = {row["id"] for row in rows.values() if row["type"] == noun}
            if (noun, reader) != ("import", "integration"):
                assert told == {answer["id"] for answer in answers}, (reader, noun)
            assert answers or (noun, reader) in {("import", "integration"), ("import", "auditor")}
            for answer in answers:
                compare(noun, rows[answer["id"]], answer)
        for indicator in program.get(f"{root}indicators/?limit=500").json()["results"]:
            listed = program.get(
                f"{root}indicators/{indicator['ref']}/readings/?limit=500&corrected=true"
            ).json()["results"]
            told = rows[indicator["id"]]["readings"]
            assert {(r["id"], r["at"], r["value"]) for r in listed} == {
                (r["id"], r["at"], r["value"]) for r in told.values()
            }
