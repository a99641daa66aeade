"""Every face knows every field of a noun's table, and no list of fields stands beside a table.

Each check reads a table as it is; ``test_a_forgotten_face_is_noticed`` gives the checks a field
that one face does not know, and sees each of them fail.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from django.core.exceptions import FieldDoesNotExist
from django.db import models
from django.test import Client
from django.utils import translation

from riskreg.analysis.fields import BELIEF, DRIVER, EFFECT, ESTIMATE, LINK, MODEL
from riskreg.analysis.models import (
    Belief,
    Driver,
    DriverLink,
    Effect,
    Estimate,
    ObjectiveModel,
)
from riskreg.api.examples import ANSWERS
from riskreg.decisions.fields import ACCEPTANCE, DECISION
from riskreg.decisions.models import Acceptance, Decision
from riskreg.evidence.fields import EVIDENCE
from riskreg.evidence.models import Evidence
from riskreg.exchange.models import PackSchedule
from riskreg.exchange.schedule_fields import PACK_SCHEDULE
from riskreg.indicators.fields import INDICATOR
from riskreg.indicators.models import Indicator
from riskreg.kernel.fields import Field, Table, Type
from riskreg.register import cleaning
from riskreg.register.fields import OBJECTIVE
from riskreg.register.models import Objective, OwnAppetite
from riskreg.register.own_appetite_fields import OWN_APPETITE
from riskreg.register.translations import CONFIRMED
from riskreg.risks import filters
from riskreg.risks.fields import CONTROL, MITIGATION, RELATION, RISK
from riskreg.risks.models import Control, Mitigation, Risk, RiskRelation
from riskreg.web.history.page import field_label
from riskreg.web.indicators.forms import TEXT_FIELDS
from tests import builders
from tests.analysis import making as estimating
from tests.builders import World
from tests.decisions import making as accepting
from tests.evidence import making as attaching
from tests.exchange import scheduling
from tests.indicators import making

TABLES = {
    "risk": (RISK, Risk),
    "mitigation": (MITIGATION, Mitigation),
    "control": (CONTROL, Control),
    "relation": (RELATION, RiskRelation),
    "evidence": (EVIDENCE, Evidence),
    "indicator": (INDICATOR, Indicator),
    "objective": (OBJECTIVE, Objective),
    "ownappetite": (OWN_APPETITE, OwnAppetite),
    "packschedule": (PACK_SCHEDULE, PackSchedule),
    "estimate": (ESTIMATE, Estimate),
    "effect": (EFFECT, Effect),
    "driver": (DRIVER, Driver),
    "belief": (BELIEF, Belief),
    "driverlink": (LINK, DriverLink),
    "objectivemodel": (MODEL, ObjectiveModel),
    "acceptance": (ACCEPTANCE, Acceptance),
    "decision": (DECISION, Decision),
}
# What these can be given as: none is ever changed, another takes its place.
NEVER_CHANGED = {
    "estimate": "EstimateNewRequest",
    "effect": "EffectNewRequest",
    "acceptance": "AcceptanceNewRequest",
    "relation": "RelationNewRequest",
    "evidence": "EvidenceNewRequest",
    "driver": "DriverNewRequest",
    "belief": "BeliefNewRequest",
    "driverlink": "DriverlinkNewRequest",
    "objectivemodel": "ObjectivemodelNewRequest",
}
# Columns that are no field of the noun: of the database, or made of other columns.
INTERNAL = {"uuid", "register", "search_text", "sort_key_en", "sort_key_zh", "ref_order"}
# How the newest reading stands is told as ``latest``; with what something ended is in its events.
TOLD_OTHERWISE = {
    "indicator": {"latest_at", "latest_value", "ended_with"},
    "mitigation": {"ended_with"},
    # Counted from ``updated_at``, and told as its duty; follows from where it stands now.
    "risk": {"draft_due_on", "priority"},
    "objective": {"created_at"},
    # Set when it was made or changed, which is ``set_at``; one that has ended answers no more.
    "ownappetite": {"created_at", "ended_at"},
    "packschedule": {"created_at", "ended_at"},
    # The one that it was noted on first is among ``risks``.
    "control": {"risk"},
    # Recorded when it was given, which is ``at``; who released it did the event that tells so.
    "estimate": {"created_at", "released_by"},
    "effect": {"created_at", "released_by"},
    # Told as ``criteria_number``; recorded when it was asked for.
    "acceptance": {"criteria", "created_at"},
    # Where its range has one in twenty, and the earlier of two of its days.
    # Told as ``criteria_number``; by its hash; and what counts letters that nobody sees.
    "decision": {"criteria", "basis", "record", "letters"},
    "belief": {"created_at", "driver", "p5", "p95", "look_on"},
    "driverlink": {"created_at", "made_by"},
    "objectivemodel": {"created_at"},
    # When its party added it, which is its own once it is released (``at``).
    "evidence": {"created_at"},
}
# What people cannot set on a page yet; programs and imports can.
SET_BY_PROGRAMS = {
    "risk": {"labels"},
    "mitigation": {"labels", "translations"},
    "indicator": {"source"},
    # The currency can only be the register's, so that nobody is asked for it.
    "estimate": {"currency", "translations"},
    "effect": {"currency", "translations"},
    "acceptance": {"translations"},
    "decision": {"translations"},
}
# What is sent beside the fields of a table and who sees it.
BESIDE = {
    "evidence": {"thing", "ref", "file"},
    "acceptance": {"risk", "conditions"},
    "decision": {"deciders"},
    "driverlink": {"driver"},
    "effect": {"risk"},
    "objectivemodel": {"follows"},
}
Answers = dict[str, dict[str, Any]]
every_table = pytest.mark.parametrize("noun", TABLES)


@pytest.fixture(scope="module")
def schema() -> dict[str, Any]:
    shapes_of: dict[str, Any] = json.loads(Client().get("/api/schema/").content)["components"]
    return dict(shapes_of["schemas"])


# The checks: what each face does not know of a table --------------------------------------------
def unkept(it: Table, model: type[models.Model]) -> Iterator[str]:
    """Fields without a column, and columns without a field."""
    for field in it:
        if field.type in (Type.COMPUTED, Type.ID):
            continue
        try:
            model._meta.get_field(field.name)
        except FieldDoesNotExist:
            yield field.name
    known = {field.name for field in it} | INTERNAL | TOLD_OTHERWISE.get(it.noun, set())
    for column in (*model._meta.concrete_fields, *model._meta.many_to_many):
        if column.name != "id" and column.name not in known:
            yield column.name


def uncleaned(it: Table) -> Iterator[str]:
    """Fields that can be set and that no service cleans."""
    links = {
        Type.PERSON,
        Type.RISK,
        Type.TERM,
        Type.TERMS,
        Type.OBJECTIVE,
        Type.OBJECTIVES,
        Type.RISKS,
        Type.PEOPLE,
    }
    # What names risks and drivers is cleaned by the service that knows who may see them.
    links |= {Type.HITS, Type.LIFTS, Type.ELASTICITIES}
    known = links | {Type.LABELS, Type.TRANSLATIONS, *cleaning._CLEANERS}
    return (field.name for field in it.settable if field.type not in known)


def unbounded(it: Table) -> Iterator[str]:
    """Texts without a limit, words without a choice, numbers without an end."""
    for field in it.settable:
        is_text = field.type in (Type.LINE, Type.TEXT, Type.NAMES)
        if (is_text and not field.limit) or (field.type == Type.CHOICE and not field.choices):
            yield field.name
        if field.type == Type.WHOLE and not field.most:
            yield field.name


def unspoken(it: Table) -> Iterator[str]:
    """Fields that the history or a conflict would call by their English name in code."""
    for field in it:
        if field.type in (Type.COMPUTED, Type.ID):
            continue
        for language in ("en", "zh-hans"):
            with translation.override(language):
                text = field_label(field.name, it.noun)
            if not text or "_" in text or (language == "zh-hans" and text.isascii()):
                yield field.name


def unanswered(it: Table, answer: dict[str, Any]) -> set[str]:
    """What an answer has and the table has not, or the reverse."""
    return set(answer) ^ set(it.names)


def undescribed(it: Table, name: str, document: dict[str, Any]) -> Iterator[str]:
    """Fields that the schema's shapes of an answer or a change do not have, or not described."""
    answer = document[name]["properties"]
    yield from set(answer) ^ set(it.names)
    yield from (field for field, message in answer.items() if not about(message))
    given = NEVER_CHANGED.get(it.noun, f"{name}ChangeRequest")
    change = set(document[given]["properties"])
    confirmed = {CONFIRMED} if it.has_translations and it.noun not in NEVER_CHANGED else set()
    change -= BESIDE.get(it.noun, set())
    yield from (change ^ {f.name for f in it.settable} ^ confirmed) - {"visibility"}


def about(said: dict[str, Any]) -> str:
    return str(said.get("description") or said.get("$ref") or said.get("allOf") or "")


# The tables as they are --------------------------------------------------------------------------
@every_table
def test_every_field_is_kept_and_every_column_is_a_field(noun: str) -> None:
    assert list(unkept(*TABLES[noun])) == []


@every_table
def test_every_field_can_be_cleaned_and_has_bounds(noun: str) -> None:
    it, _model = TABLES[noun]
    assert [*uncleaned(it), *unbounded(it)] == []


@every_table
def test_every_field_has_a_name_in_both_languages(noun: str) -> None:
    assert list(unspoken(TABLES[noun][0])) == []


@every_table
def test_names_are_unique_and_texts_agree_with_the_model(noun: str) -> None:
    it, model = TABLES[noun]
    assert len(set(it.names)) == len(it.fields)
    for field in it.settable:
        if field.type not in (Type.COMPUTED, Type.ID) and field.limit:
            column: Any = model._meta.get_field(field.name)
            most = getattr(column, "max_length", None)
            assert most is None or field.limit == most, field.name


@pytest.mark.django_db
def test_every_field_is_answered(world: World) -> None:
    answers = answers_of(world)
    for noun, answer in answers.items():
        assert unanswered(TABLES[noun][0], answer) == set(), noun


def answers_of(world: World) -> Answers:
    """What GET says of one of each noun that has an address of its own."""
    risk = builders.risk(world)
    program = builders.api(world.owner)
    root = f"/api/v1/registers/{world.register.slug}/"
    target = builders.objective(world)
    control = builders.control(world, risk)
    relation = builders.relation(world, builders.risk(world), "causes", risk)
    content = builders.own_appetite(world)
    attached = attaching.evidence(world, risk)
    before = scheduling.schedule(world)
    work, watched = builders.mitigation(world, risk), making.indicator(world, risk)
    estimating.estimate(world, risk)
    estimating.effect(world, work, risk)
    moving = estimating.driver(world)
    estimating.belief(world, moving)
    estimating.link(world, moving, risk)
    estimating.model(world, hits=[estimating.hit(risk)])
    return {
        "risk": program.get(f"{root}risks/{risk.ref}/").json(),
        "mitigation": program.get(f"{root}mitigations/{work.ref}/").json(),
        "indicator": program.get(f"{root}indicators/{watched.ref}/").json(),
        "objective": program.get(f"{root}objectives/{target.key}/").json(),
        "ownappetite": program.get(f"{root}own-appetites/{content.uuid}/").json(),
        "packschedule": builders.api(world.manager)
        .get(f"{root}pack-schedules/{before.uuid}/")
        .json(),
        "control": program.get(f"{root}controls/{control.uuid}/").json(),
        "relation": program.get(f"{root}relations/{relation.uuid}/").json(),
        "evidence": program.get(f"{root}evidence/{attached.uuid}/").json(),
        "estimate": program.get(f"{root}risks/{risk.ref}/estimates/").json()["results"][0],
        "effect": program.get(f"{root}mitigations/{work.ref}/effects/").json()["results"][0],
        "acceptance": program.get(f"{root}acceptances/{accepting.asked(world, risk).ref}/").json(),
        "decision": program.get(f"{root}decisions/{accepting.drafted(world, risk).ref}/").json(),
        "driver": program.get(f"{root}drivers/{moving.ref}/").json(),
        "belief": program.get(f"{root}drivers/{moving.ref}/beliefs/").json()["results"][0],
        "objectivemodel": program.get(f"{root}objectives/{target.key}/models/").json()["results"][
            0
        ],
        "driverlink": program.get(f"{root}risks/{risk.ref}/drivers/").json()["results"][0],
    }


@pytest.mark.django_db
@every_table
def test_every_field_is_described(noun: str, schema: dict[str, Any]) -> None:
    assert list(undescribed(TABLES[noun][0], noun.capitalize(), schema)) == []


@pytest.mark.django_db
@pytest.mark.parametrize(
    "noun",
    ["risk", "mitigation", "indicator", "estimate", "effect", "acceptance", "decision"],
)
def test_every_field_that_can_be_set_is_in_the_form(world: World, noun: str) -> None:
    html = form_page(world, noun)
    it = TABLES[noun][0]
    absent = {f.name for f in it.settable if not in_page(html, f)}
    assert absent == SET_BY_PROGRAMS[noun]


def form_page(world: World, noun: str) -> str:
    """The form in which a noun is changed; of an estimate, in which it is given."""
    builders.taxonomy(world)
    builders.objective(world)
    row: Any = builders.risk(world)
    if noun == "mitigation":
        row = builders.mitigation(world, row)
    elif noun == "indicator":
        row = making.indicator(world, row)
    elif noun == "decision":
        row = accepting.drafted(world, row, by="owner")
    address = f"/r/{world.register.slug}/{noun}s/{row.ref}/edit/"
    if noun == "estimate":
        address = f"/r/{world.register.slug}/risks/{row.ref}/estimates/new/"
    if noun == "effect":
        work = builders.mitigation(world, row)
        address = f"/r/{world.register.slug}/mitigations/{work.ref}/effects/new/"
    if noun == "acceptance":
        address = f"/r/{world.register.slug}/risks/{row.ref}/accept/"
    return builders.web(world.owner).get(address).content.decode()


def in_page(html: str, field: Field) -> bool:
    """Whether a page has a control for ``field``, under its own name or that of its parts."""
    parts = {
        Type.TERMS: "terms_market",
        Type.SOURCES: "sources-0-title",
        Type.TRANSLATIONS: "other_title",
    }
    name = TEXT_FIELDS.get(field.name) or parts.get(field.type) or field.name
    # Of an estimate one source is asked for.
    names = (name, "source_title") if field.type == Type.SOURCES else (name,)
    return any(f'name="{each}"' in html for each in names)


@pytest.mark.django_db
def test_every_filter_and_order_of_a_risk_is_taken_and_described(world: World) -> None:
    parameters = {
        p["name"]: p
        for p in json.loads(Client().get("/api/schema/").content)["paths"][
            "/api/v1/registers/{slug}/risks/"
        ]["get"]["parameters"]
    }
    assert {field.name for field in RISK.filters} <= set(filters.NAMES)
    assert set(filters.NAMES) <= set(parameters)
    assert {o.removeprefix("-") for o in parameters["ordering"]["schema"]["enum"]} == set(
        filters.ORDERINGS
    )
    program = builders.api(world.owner)
    for name in filters.ORDERINGS:
        address = f"/api/v1/registers/{world.register.slug}/risks/?ordering=-{name}"
        assert program.get(address).status_code == 200, name


def test_every_example_is_of_its_table() -> None:
    assert unanswered(RISK, ANSWERS["Read a risk"]) == set()
    assert unanswered(MITIGATION, ANSWERS["Read a mitigation"]) == set()
    assert unanswered(INDICATOR, ANSWERS["Read an indicator"]) == set()
    assert unanswered(OBJECTIVE, ANSWERS["Read an objective"]) == set()
    assert unanswered(OWN_APPETITE, ANSWERS["Read an own appetite"]) == set()
    assert unanswered(PACK_SCHEDULE, ANSWERS["Read a schedule of board packs"]) == set()
    assert unanswered(RELATION, ANSWERS["Read a relation"]) == set()
    assert unanswered(EVIDENCE, ANSWERS["Read evidence"]) == set()
    assert unanswered(ESTIMATE, ANSWERS["Give an estimate"]) == set()
    assert unanswered(EFFECT, ANSWERS["Give an effect"]) == set()
    assert unanswered(ACCEPTANCE, ANSWERS["Read an acceptance"]) == set()
    assert unanswered(DECISION, ANSWERS["Read a decision"]) == set()
    assert unanswered(DRIVER, ANSWERS["Read a driver"]) == set()
    assert unanswered(BELIEF, ANSWERS["Say what one believes of a driver"]) == set()
    assert unanswered(LINK, ANSWERS["Link a driver to a risk"]) == set()
    assert unanswered(MODEL, ANSWERS["Give a model of an objective"]) == set()


@every_table
def test_every_exported_field_has_a_header(noun: str) -> None:
    assert [f.name for f in TABLES[noun][0] if f.export and not (f.history or f.label)] == []


# The checks fail where they should ---------------------------------------------------------------
def test_a_forgotten_face_is_noticed() -> None:
    stray = Field("stray_field", Type.TEXT, set_by="risk.edit")
    more = replace(RISK, fields=(*RISK.fields, stray))
    fewer = replace(RISK, fields=RISK.fields[1:-1])
    checks: dict[str, Callable[[Table], Any]] = {
        "kept": lambda it: unkept(it, Risk),
        "spoken": unspoken,
        "answered": lambda it: unanswered(it, ANSWERS["Read a risk"]),
        "bounded": unbounded,
    }
    for name, check in checks.items():
        assert "stray_field" in set(check(more)), name
    assert set(unanswered(fewer, ANSWERS["Read a risk"])) == {"id", "updated_at"}
    assert list(unkept(fewer, Risk)) == ["updated_at"]
    assert not in_page("", stray)
