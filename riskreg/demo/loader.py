"""Loading the demo register: the story in ``data/`` told to the services, step by step.

Each step is handed the time at which it happened and the time of loading as the time at which it
was recorded, so everything with a past date shows as brought in. One transaction: the register is
there whole or not at all.
"""

import datetime as dt
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from django.db import transaction

from riskreg.accounts.services import create_user, set_preferences
from riskreg.comments.services import write_comment
from riskreg.demo import acceptances, controls, decisions, estimates, indicators, modelling
from riskreg.demo import content as files
from riskreg.demo.queries import DEMO_PASSWORD, DEMO_SLUG
from riskreg.indicators.services import close_risk_and_end_dependents
from riskreg.kernel import clock
from riskreg.kernel.errors import Conflict
from riskreg.register import services as register_services
from riskreg.register.access import Viewer, viewer_for
from riskreg.register.frame_templates import DEFAULT_SCALE, NO_CLASSIFICATION
from riskreg.register.models import Party, Register, Role
from riskreg.register.services.creation import (
    Wanted,
    WantedMember,
    create_or_complete_register,
)
from riskreg.reviews.services import grant_extension, record_review
from riskreg.risks import services

REQUEST_ID = "load_demo"
_DAY_STARTS = dt.timedelta(hours=9)
_BETWEEN_STEPS = dt.timedelta(minutes=4)
# What a file of the demo says of one thing.
_Record = Mapping[str, Any]


@dataclass(frozen=True)
class Loaded:
    """The demo register, and whether this call made it.

    ``refs`` maps the keys of the files to refs (empty when nothing was done); ``moved_back`` is the
    number of days by which dated steps were moved back because the clock is before their end.
    """

    register: Register
    created: bool
    refs: Mapping[str, str] = field(default_factory=dict)
    moved_back: int = 0


@dataclass(frozen=True)
class _Step:
    day: dt.date
    run: Callable[[dt.datetime], None]


def load_demo_if_absent(*, at: dt.datetime) -> Loaded:
    """Make the demo register as if today were the day of ``at``; do nothing if it is there.

    Raises ``Conflict`` when a register of that slug is there that is not the demo's, ``Invalid``
    when one of the demo's accounts exists already without it.
    """
    content = files.read_content()
    with transaction.atomic():
        register = Register.objects.filter(slug=DEMO_SLUG).first()
        if register is None:
            return _Load(content, at).run()
    emails = [account["email"] for account in content.register["accounts"]]
    if not register.memberships.filter(user__email__in=emails).exists():
        raise Conflict(f"There is another register called {DEMO_SLUG}; the demo leaves it alone.")
    return Loaded(register, created=False)


class _Load:
    """One load under way."""

    def __init__(self, content: files.Content, at: dt.datetime) -> None:
        self.content = content
        self.at = at
        self.zone = content.register["time_zone"]
        self.calendar = files.calendar_shifted_to_fit(content, clock.local_date(at, self.zone))
        self.actors: dict[str, Viewer] = {}
        self.controls = controls.Controls(content, self.calendar, self.actors, at)
        self.risks: dict[str, str] = {}
        self.works: dict[str, str] = {}
        self.indicators: dict[str, str] = {}
        self.decisions: dict[str, str] = {}

    def run(self) -> Loaded:
        register = self._create_register_and_people()
        steps = [
            *self._risk_steps(),
            *self._relation_steps(),
            *self._mitigation_steps(),
            *self._further_steps(),
        ]
        # A stable sort: steps of one day stay in the order in which the files tell them.
        today, moment = dt.date.min, self.at
        for step in sorted(steps, key=lambda step: step.day):
            if step.day == today:
                moment += _BETWEEN_STEPS
            else:
                today, moment = step.day, clock.start_of_day(step.day, self.zone) + _DAY_STARTS
            step.run(moment)
        modelling.request_runs(self.content, self.actors, self.decisions, self.at)
        self._request_cadence_change()
        self._write_comments()
        refs = {**self.risks, **self.works, **self.indicators, **self.decisions}
        return Loaded(register, created=True, refs=refs, moved_back=self.calendar.moved_back)

    # The frame is of today: this register was set up now, whatever is then brought into it.
    def _create_register_and_people(self) -> Register:
        data = self.content.register
        users = {
            account["email"]: create_user(
                email=account["email"],
                name=account["name"]["en"],
                names=account["name"],
                password=DEMO_PASSWORD,
                language=account["language"],
                time_zone=account["time_zone"],
                at=self.at,
            )
            for account in data["accounts"]
        }
        for account in data["accounts"]:
            set_preferences(
                user=users[account["email"]],
                digest_hour=account["digest_hour"],
                working_days=account["working_days"],
                at=self.at,
            )
        managers = {a["party"]: a["email"] for a in data["accounts"] if a["role"] == "manager"}
        founder = users[managers[data["parties"][0]["key"]]]
        rest = [a for a in data["accounts"] if a["email"] != managers.get(a["party"])]
        register, _made = create_or_complete_register(
            Wanted(
                slug=DEMO_SLUG,
                names=data["name"],
                descriptions=data["description"],
                notices=data["notice"],
                currency=data["currency"],
                time_zone=self.zone,
                languages=data["languages"],
                criteria=files.criteria_fields(self.content.criteria),
                scale=DEFAULT_SCALE,
                classification=NO_CLASSIFICATION,
                parties=[
                    {"key": party["key"], "names": party["name"], "prefix": party["prefix"]}
                    for party in data["parties"]
                ],
                managers=[(party["key"], managers[party["key"]]) for party in data["parties"]],
                members=[WantedMember(a["party"] or "", a["role"], a["email"]) for a in rest],
            ),
            at=self.at,
        )
        parties = {party.key: party for party in register.parties.all()}
        for user in users.values():
            self.actors[user.email] = viewer_for(user, DEMO_SLUG, request_id=REQUEST_ID)
        register_services.set_programme(
            actor=self.actors[founder.email], given=data["programme"], version=None, at=self.at
        )
        self._add_taxonomies(self.actors[founder.email])
        for objective in self.content.objectives:
            self._add_objective(objective, self.actors[managers[objective["party"]]], parties)
        for own in self.content.own_appetites:
            given = {name: value for name, value in own.items() if name != "party"}
            manager = self.actors[managers[own["party"]]]
            register_services.set_own_appetite(actor=manager, at=self.at, **given)
        return register

    def _request_cadence_change(self) -> None:
        """Foton's manager would review high risks less often; CATL has not answered yet."""
        manager = next(v for v in self.actors.values() if v.role == Role.MANAGER)
        manager.register.refresh_from_db()
        days = next(r["cadence_days"] for r in manager.criteria.ratings if r["key"] == "high")
        services.set_cadence(
            actor=manager,
            cadence={"high": days + 30},
            seen_number=manager.criteria.number,
            at=self.at,
        )

    def _add_taxonomies(self, manager: Viewer) -> None:
        for taxonomy in self.content.taxonomies:
            register_services.add_taxonomy(
                actor=manager,
                key=taxonomy["key"],
                names=taxonomy["name"],
                terms=[
                    {"key": term["key"], "names": term["name"], "source": term["source"]}
                    for term in taxonomy["terms"]
                ],
                at=self.at,
            )

    def _add_objective(
        self, objective: _Record, manager: Viewer, parties: Mapping[str, Party]
    ) -> None:
        source = dict(objective["source"])
        if objective.get("formula"):
            source["formula"] = objective["formula"]
        register_services.add_objective(
            actor=manager,
            key=objective["key"],
            names=objective["name"],
            unit=objective["unit"],
            value=objective["value"],
            due_on=dt.date.fromisoformat(objective["due_on"]),
            label=objective["label"],
            party=parties[objective["party"]],
            visibility=objective.get("visibility", "shared"),
            baseline=objective.get("baseline"),
            source=source,
            at=self.at,
        )

    def _risk_steps(self) -> Iterator[_Step]:
        acts: dict[str, Callable[..., None]] = {
            "create": self._create_risk,
            "assess": self._record_assessment,
            "open": self._open_risk,
            "review": self._record_review,
            "extend": self._grant_extension,
            "close": self._close_risk,
            "reopen": self._reopen_risk,
        }
        for risk in self.content.risks:
            for step in risk["timeline"]:
                yield _Step(self.calendar.as_day(step["at"]), partial(acts[step["do"]], risk, step))

    def _relation_steps(self) -> Iterator[_Step]:
        for relation in self.content.relations:
            yield _Step(self.calendar.as_day(relation["at"]), partial(self._relate_risks, relation))

    def _mitigation_steps(self) -> Iterator[_Step]:
        for work in self.content.mitigations:
            yield _Step(
                self.calendar.as_day(work["created_on"]), partial(self._create_mitigation, work)
            )
            for step in work["steps"]:
                yield _Step(
                    self.calendar.as_day(step["at"]), partial(self._record_progress, work, step)
                )

    def _further_steps(self) -> Iterator[_Step]:
        """What further files tell, each by a module of its own."""
        base = (self.content, self.calendar, self.actors, self.risks)
        for day, run in (
            *self.controls.steps_of_tests(),
            *indicators.Measuring(*base, self.indicators, self.at).steps(),
            *estimates.Estimating(*base, self.works, self.at).steps(),
            *acceptances.Accepting(*base, self.at).steps(),
            *modelling.Modelling(*base, self.indicators, self.works, self.at).steps(),
            *decisions.Deciding(*base, self.works, self.at, self.decisions).steps(),
        ):
            yield _Step(day, run)

    def _write_comments(self) -> None:
        """What people say about it today, each in their own language."""
        names = {"risk": self.risks, "mitigation": self.works, "decision": self.decisions}
        for record in self.content.comments:
            kind, key = record["about"]
            write_comment(
                actor=self.actors[record["by"]],
                kind=kind,
                ref_or_id=names[kind][key],
                text=record["text"],
                mentions=record["mentions"],
                at=self.at,
            )

    def _create_risk(self, risk: _Record, step: _Record, at: dt.datetime) -> None:
        actor = self.actors[step["by"]]
        ref = services.create_risk(
            actor=actor,
            fields=files.risk_fields(risk),
            visibility=risk["visibility"],
            at=at,
            recorded_at=self.at,
        ).ref
        self.risks[risk["key"]] = ref
        self.controls.add_controls_of(risk, ref, actor, at)
        # Work that is older than a risk comes to serve it when the risk is found.
        for work in self.content.mitigations:
            if risk["key"] in work["risks"] and work["key"] in self.works:
                self._edit_mitigation(work, {"risks": self._refs_of_risks_served(work)}, at)

    def _relate_risks(self, relation: _Record, at: dt.datetime) -> None:
        row = services.relate_risks(
            actor=self.actors[relation["by"]],
            risk=self.risks[relation["risk"]],
            kind=relation["kind"],
            other=self.risks[relation["other"]],
            note=files.english_texts(relation, ("note",))["note"],
            translations=files.translations_in(relation, ("note",)),
            label=relation["label"],
            at=at,
            recorded_at=self.at,
        )
        assert row.visibility == relation["visibility"]  # noqa: S101 - as the file promises

    def _record_assessment(self, risk: _Record, step: _Record, at: dt.datetime) -> None:
        services.record_assessment(
            **self._fields_of_act(risk, step, at), given=_assessment_fields(step)
        )

    def _open_risk(self, risk: _Record, step: _Record, at: dt.datetime) -> None:
        services.open_risk(**self._fields_of_act(risk, step, at))

    def _close_risk(self, risk: _Record, step: _Record, at: dt.datetime) -> None:
        if (ending := step.get("ending")) and ending.get("happened_on"):
            ending = {**ending, "happened_on": str(self.calendar.as_day(ending["happened_on"]))}
        act = self._fields_of_act(risk, step, at) | _reason_fields(step["comment"])
        close_risk_and_end_dependents(**act, ending=ending)

    def _reopen_risk(self, risk: _Record, step: _Record, at: dt.datetime) -> None:
        services.reopen_risk(
            **self._fields_of_act(risk, step, at), **_reason_fields(step["comment"])
        )

    def _record_review(self, risk: _Record, step: _Record, at: dt.datetime) -> None:
        record_review(
            **self._fields_of_act(risk, step, at),
            outcome=step["outcome"],
            comment=files.english_texts(step, ("comment",))["comment"],
            translations=files.translations_in(step, ("comment",)),
            assessment=_assessment_fields(step) if step["stage"] else None,
            label=step["label"],
        )

    def _grant_extension(self, risk: _Record, step: _Record, at: dt.datetime) -> None:
        grant_extension(
            **self._fields_of_act(risk, step, at),
            until=self.calendar.day_after_loading(step["until"]),
            **_reason_fields(step["reason"]),
        )

    def _fields_of_act(self, risk: _Record, step: _Record, at: dt.datetime) -> dict[str, Any]:
        return {
            "actor": self.actors[step["by"]],
            "ref": self.risks[risk["key"]],
            "version": None,
            "at": at,
            "recorded_at": self.at,
        }

    def _create_mitigation(self, work: _Record, at: dt.datetime) -> None:
        fields = files.mitigation_fields(work, self.calendar.day_after_loading(work["due"]))
        self.works[work["key"]] = services.create_mitigation(
            actor=self.actors[work["owner"]],
            fields={**fields, "risks": self._refs_of_risks_served(work)},
            visibility=work["visibility"],
            at=at,
            recorded_at=self.at,
        ).ref

    def _record_progress(self, work: _Record, step: _Record, at: dt.datetime) -> None:
        status = "done" if step["progress"] == 100 else "in_progress"
        fields: dict[str, Any] = {"progress": step["progress"], "status": status}
        if "spent" in step:
            fields |= {"spent": step["spent"], "progress_note": step.get("sentence", "")}
        self._edit_mitigation(work, fields, at)

    def _edit_mitigation(self, work: _Record, fields: dict[str, Any], at: dt.datetime) -> None:
        services.edit_mitigation(
            actor=self.actors[work["owner"]],
            ref=self.works[work["key"]],
            version=None,
            fields=fields,
            at=at,
            recorded_at=self.at,
        )

    def _refs_of_risks_served(self, work: _Record) -> list[str]:
        return [self.risks[key] for key in work["risks"] if key in self.risks]


def _assessment_fields(step: _Record) -> dict[str, Any]:
    return {
        "stage": step["stage"],
        "likelihood": step["likelihood"],
        "impact": step["impact"],
        "dimension": step["dimension"],
        "rationale": files.english_texts(step, ("rationale",))["rationale"],
        "translations": files.translations_in(step, ("rationale",)),
        "label": step["label"],
    }


def _reason_fields(texts: Mapping[str, str]) -> dict[str, Any]:
    """A reason with its versions in other languages."""
    other = {language: {"reason": text} for language, text in texts.items() if language != "en"}
    return {"reason": texts["en"], "translations": other}
