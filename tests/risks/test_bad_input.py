"""Bad input to the services of risks: refused by field, all at once, and nothing changed."""

import datetime as dt
from typing import Any

import pytest

from riskreg.kernel.errors import Conflict, Invalid, NotFound
from riskreg.risks import services
from riskreg.risks.models import Risk
from tests import builders
from tests.builders import World
from tests.dump import nothing_changes
from tests.kernel.test_text import BAD_TEXTS

pytestmark = pytest.mark.django_db
SOURCE = {"title": "A report", "label": "sourced"}

BAD_FIELDS: dict[str, tuple[dict[str, Any], str]] = {
    **{f"title: {name}": ({"title": text}, "title") for name, (text, _code) in BAD_TEXTS.items()},
    **{
        f"{field}: NUL": ({field: "a\0b"}, field)
        for field in ("cause", "event", "consequence", "external_id")
    },
    "no title": ({"title": "  "}, "title"),
    "title of two lines": ({"title": "a\nb"}, "title"),
    "cause of 200 KB": ({"cause": "x" * 200_000}, "cause"),
    "unknown field": ({"owners": "x"}, "owners"),
    "score set directly": ({"score": 25}, "score"),
    "state set directly": ({"state": "closed"}, "state"),
    "review date set directly": ({"next_review_on": "2099-01-01"}, "next_review_on"),
    "unknown kind": ({"kind": "wish"}, "kind"),
    "response of the other kind": ({"response": "exploit"}, "response"),
    "response is a list": ({"response": ["mitigate"]}, "response"),
    "unknown owner": ({"owner": "nobody@foton.example"}, "owner"),
    "owner is an outsider": ({"owner": "outsider@foton-catl.example"}, "owner"),
    "owner is an auditor": ({"owner": "auditor@foton-catl.example"}, "owner"),
    "deputy is the owner": ({"deputy": "owner@foton-catl.example"}, "deputy"),
    "unknown term": ({"terms": ["market:atlantis"]}, "terms"),
    "term without taxonomy": ({"terms": ["eu"]}, "terms"),
    "terms are a number": ({"terms": 3}, "terms"),
    "terms map to a number": ({"terms": {"market": 3}}, "terms.market"),
    "too many terms": ({"terms": ["market:eu"] * 101}, "terms"),
    "unknown objective": ({"objectives": ["world-peace"]}, "objectives"),
    "javascript link": ({"sources": [{**SOURCE, "url": "javascript:alert(1)"}]}, "sources.0.url"),
    "source without label": ({"sources": [{"title": "x"}]}, "sources.0.label"),
    "source with unknown label": ({"sources": [{**SOURCE, "label": "fact"}]}, "sources.0.label"),
    "source without title": ({"sources": [{"label": "sourced"}]}, "sources.0.title"),
    "source is text": ({"sources": ["https://example.org"]}, "sources.0"),
    "sources are an object": ({"sources": SOURCE}, "sources"),
    "source quote with bidi": ({"sources": [{**SOURCE, "quote": "a\u202eb"}]}, "sources.0.quote"),
    "source note language": ({"sources": [{**SOURCE, "note": {"x\0": "a"}}]}, "sources.0.note"),
    "unknown label": ({"labels": {"title": "true"}}, "labels.title"),
    "label of a name with NUL": ({"labels": {"ti\0tle": "sourced"}}, "labels.ti\0tle"),
    "labels are a list": ({"labels": ["sourced"]}, "labels"),
    "unknown language": ({"translations": {"fr": {"title": "x"}}}, "translations.fr"),
    "translation of no text": (
        {"translations": {"zh-hans": {"state": "x"}}},
        "translations.zh-hans.state",
    ),
    "translation with NUL": (
        {"translations": {"zh-hans": {"title": "x\0"}}},
        "translations.zh-hans.title",
    ),
    "translations are text": ({"translations": "x"}, "translations"),
}


def refusal(call: Any, *args: Any, **kwargs: Any) -> set[str]:
    with nothing_changes(), pytest.raises(Invalid) as refused:
        call(*args, **kwargs)
    assert all(e.detail and e.code for each in refused.value.fields.values() for e in each)
    return set(refused.value.fields)


@pytest.mark.parametrize("given, field", BAD_FIELDS.values(), ids=BAD_FIELDS)
def test_a_bad_field_is_named_when_creating_and_when_editing(
    world: World, given: dict[str, Any], field: str
) -> None:
    builders.taxonomy(world)
    row = builders.risk(world)
    assert refusal(builders.risk, world, **given) == {field}
    assert refusal(
        services.edit_risk,
        actor=world.viewer("owner"),
        ref=row.ref,
        version=row.version,
        fields=given,
        at=world.at,
    ) == {field}


def test_everything_wrong_is_said_at_once(world: World) -> None:
    given = {"title": "", "kind": "x", "owner": "x", "terms": ["x"], "sources": [{}], "x": 1}
    fields = refusal(builders.risk, world, visibility="secret", **given)
    assert fields == {
        "title", "kind", "owner", "terms", "sources.0.title", "sources.0.label", "x", "visibility",
    }  # fmt: skip


def test_an_owner_of_the_other_party_cannot_answer_for_a_private_risk(world: World) -> None:
    for name in ("owner", "deputy"):
        given = {name: world.partner_manager.email}
        assert refusal(builders.risk, world, visibility="party", **given) == {name}
    row = builders.risk(world, visibility="party")
    for name in ("owner", "deputy"):
        assert refusal(
            services.transfer_risk,
            actor=world.viewer("owner"),
            ref=row.ref,
            version=None,
            **{"owner": world.owner.email, name: world.partner_manager.email},
            at=world.at,
        ) == {name}


ASSESSMENTS: dict[str, tuple[dict[str, Any], set[str]]] = {
    "likelihood without impact": ({"likelihood": 3}, {"impact"}),
    "impact without likelihood": ({"impact": 3}, {"likelihood"}),
    "nothing": ({}, {"likelihood", "impact"}),
    "unknown level": ({"likelihood": 6, "impact": 1}, {"likelihood"}),
    "level 0": ({"likelihood": 1, "impact": 0}, {"impact"}),
    "huge level": ({"likelihood": 10**30, "impact": 1}, {"likelihood"}),
    "level is text": ({"likelihood": "3", "impact": 3}, {"likelihood"}),
    "level is true": ({"likelihood": True, "impact": 3}, {"likelihood"}),
    "score given": ({"likelihood": 3, "impact": 3, "score": 25}, {"score"}),
    "rating given": ({"likelihood": 3, "impact": 3, "rating": "low"}, {"rating"}),
    "unknown stage": ({"stage": "final", "likelihood": 3, "impact": 3}, {"stage"}),
    "stage is a list": ({"stage": ["target"], "likelihood": 3, "impact": 3}, {"stage"}),
    "unknown label": ({"label": "fact", "likelihood": 3, "impact": 3}, {"label"}),
    "rationale with NUL": ({"rationale": "\0", "likelihood": 3, "impact": 3}, {"rationale"}),
    "rationale of 200 KB": (
        {"rationale": "x" * 200_000, "likelihood": 3, "impact": 3},
        {"rationale"},
    ),
}


@pytest.mark.parametrize("given, fields", ASSESSMENTS.values(), ids=ASSESSMENTS)
def test_a_bad_assessment_is_refused(world: World, given: Any, fields: set[str]) -> None:
    row = builders.risk(world)
    assert (
        refusal(
            services.record_assessment,
            actor=world.viewer("owner"),
            ref=row.ref,
            version=row.version,
            given={"rationale": "Two inquiries", **given},
            at=world.at,
        )
        == fields
    )


@pytest.mark.parametrize("given", [None, "3,3", [3, 3], 7])
def test_an_assessment_is_an_object(world: World, given: Any) -> None:
    row = builders.risk(world)
    act = {"actor": world.viewer("owner"), "ref": row.ref, "version": None, "at": world.at}
    assert refusal(services.record_assessment, given=given, **act) == {"assessment"}


@pytest.mark.parametrize("reason", [None, "", " \n", "\0", "x" * 200_000, 7, ["because"]])
def test_closing_and_reopening_need_a_reason(world: World, reason: Any) -> None:
    row = builders.risk(world)
    act = {"actor": world.viewer("owner"), "ref": row.ref, "version": None, "at": world.at}
    assert refusal(services.close_risk, reason=reason, **act) == {"reason"}
    services.close_risk(reason="It passed", **act)
    assert refusal(services.reopen_risk, reason=reason, **act) == {"reason"}


@pytest.mark.parametrize(
    "ref", ["R-002", "", "R-001 ", "r-001", "R-001\0", "x" * 500, "Ｒ-001", None, 7, ["R-001"]]
)
def test_a_risk_that_is_not_there_is_not_found(world: World, ref: Any) -> None:
    builders.risk(world)
    act = {"actor": world.viewer("owner"), "ref": ref, "version": None, "at": world.at}
    for call in (
        lambda: services.open_risk(**act),
        lambda: services.close_risk(reason="x", **act),
        lambda: services.edit_risk(fields={"title": "x"}, **act),
        lambda: services.record_assessment(given={}, **act),
        lambda: services.share_risk(**act),
        lambda: services.transfer_risk(owner=world.deputy.email, **act),
    ):
        with nothing_changes(), pytest.raises(NotFound):
            call()


def test_a_stale_version_is_a_conflict_that_carries_what_is_now(world: World) -> None:
    row = builders.risk(world)
    act = {"actor": world.viewer("owner"), "ref": row.ref, "at": world.at}
    changed = services.edit_risk(version=row.version, fields={"title": "Theirs"}, **act)
    assert changed.version == row.version + 1
    for call in (
        lambda: services.edit_risk(version=row.version, fields={"title": "Mine"}, **act),
        lambda: services.close_risk(version=row.version, reason="x", **act),
        lambda: services.transfer_risk(version=row.version, owner=world.deputy.email, **act),
        lambda: services.record_assessment(
            version=row.version, given={"likelihood": 1, "impact": 1}, **act
        ),
    ):
        with nothing_changes(), pytest.raises(Conflict) as refused:
            call()
        assert refused.value.current.title == "Theirs"
    assert Risk.objects.get().title == "Theirs"


MITIGATIONS: dict[str, tuple[dict[str, Any], str]] = {
    "no title": ({"title": ""}, "title"),
    "title of 200 KB": ({"title": "x" * 200_000}, "title"),
    "description with bidi": ({"description": "a\u202eb"}, "description"),
    "due in the past": ({"due_on": builders.AT.date() - dt.timedelta(days=1)}, "due_on"),
    "due is no date": ({"due_on": "soon"}, "due_on"),
    "due is a time": ({"due_on": builders.AT}, "due_on"),
    "due is missing": ({"due_on": None}, "due_on"),
    "cost below zero": ({"cost": -1}, "cost"),
    "cost is not a number": ({"cost": "NaN"}, "cost"),
    "cost is infinite": ({"cost": "Infinity"}, "cost"),
    "cost is text": ({"cost": "much"}, "cost"),
    "cost is too high": ({"cost": "1e300"}, "cost"),
    "progress above 100": ({"progress": 101}, "progress"),
    "progress below 0": ({"progress": -1}, "progress"),
    "progress is half": ({"progress": 0.5}, "progress"),
    "progress is text": ({"progress": "50"}, "progress"),
    "progress is true": ({"progress": True}, "progress"),
    "unknown status": ({"status": "maybe"}, "status"),
    "unknown owner": ({"owner": "nobody"}, "owner"),
    "no risk": ({"risks": []}, "risks"),
    "unknown risk": ({"risks": ["R-999"]}, "risks"),
    "the other party's risk": ({"risks": ["C-001"]}, "risks"),
    "risks is a number": ({"risks": 3}, "risks"),
    "unknown field": ({"budget": 3}, "budget"),
    "unknown label": ({"labels": {"cost": "exact"}}, "labels.cost"),
}


@pytest.mark.parametrize("given, field", MITIGATIONS.values(), ids=MITIGATIONS)
def test_bad_mitigations_are_refused(world: World, given: dict[str, Any], field: str) -> None:
    row = builders.risk(world)
    builders.risk(world, by=world.partner_owner, visibility="party")
    planned = builders.mitigation(world, row)
    assert field in refusal(builders.mitigation, world, row, **given)
    assert field in refusal(
        services.edit_mitigation,
        actor=world.viewer("owner"),
        ref=planned.ref,
        version=planned.version,
        fields=given,
        at=world.at,
    )


@pytest.mark.parametrize(
    "given, field",
    [
        ({"name": ""}, "name"),
        ({"name": "a\nb"}, "name"),
        ({"name": "x" * 200_000}, "name"),
        ({"kind": "magic"}, "kind"),
        ({"label": "fact"}, "label"),
        ({"source": {"title": "x", "label": "sourced", "url": "javascript:x"}}, "source.0.url"),
        ({"translations": {"fr": {}}}, "translations.fr"),
    ],
)
def test_bad_controls_are_refused(world: World, given: dict[str, Any], field: str) -> None:
    row = builders.risk(world)
    assert refusal(builders.control, world, row, **given) == {field}
