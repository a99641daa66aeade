"""Which kind of impact drove a level: said with a judgement, shown wherever the judgement is."""

import datetime as dt
from typing import Any

import pytest

from riskreg.exchange.columns import export_columns_for
from riskreg.exchange.queries.exports import export_rows
from riskreg.exchange.services import Brought, import_file_unless_answers_needed
from riskreg.kernel.errors import Invalid
from riskreg.register.policy import default_criteria
from riskreg.reviews.services import record_review, start_meeting
from riskreg.risks.models import Assessment, Risk
from riskreg.risks.queries.access import current_positions
from riskreg.risks.services import publish_criteria, record_assessment, share_risk
from tests import builders
from tests.builders import World
from tests.dump import nothing_changes

pytestmark = pytest.mark.django_db
DAY = dt.timedelta(days=1)
KINDS = [
    {"key": "money", "names": {"en": "Money", "zh-hans": "资金"}, "descriptions": []},
    {"key": "people", "names": {"en": "People", "zh-hans": "人员"}, "descriptions": []},
]


def with_kinds(world: World) -> None:
    made = publish_criteria(
        actor=world.viewer("manager"), data={**default_criteria(), "dimensions": KINDS},
        seen_number=1, at=world.at,
    )  # fmt: skip
    builders.agreed(world, made)
    world.register.refresh_from_db()


def newest() -> tuple[int, str | None]:
    row = Assessment.objects.latest("pk")
    return row.impact, row.dimension


def test_it_is_said_on_every_way_and_shown(world: World) -> None:
    row = builders.risk(world)
    with_kinds(world)
    # A program.
    program = builders.api(world.owner)
    path = f"/api/v1/registers/{world.register.slug}/risks/{row.ref}/"
    body = {"likelihood": 3, "impact": 4, "rationale": "Two bids", "dimension": "money"}

    def send(tail: str, given: dict[str, Any]) -> Any:
        tag = {"If-Match": program.get(path).headers["ETag"]}
        return program.post(path + tail, given, content_type="application/json", headers=tag)

    made = send("assessments/", body)
    assert (made.status_code, made.json()["dimension"]) == (201, "money")
    refused = send("reviews/", {"assessment": {**body, "dimension": "volume", "impact": 5}})
    assert refused.json()["errors"][0]["pointer"] == "#/assessment/dimension"
    done = send("reviews/", {"assessment": {**body, "dimension": "people", "impact": 5}})
    assert done.json()["assessment"]["dimension"] == "people"
    listed = program.get(path + "assessments/").json()["results"]
    assert [one["dimension"] for one in listed] == ["people", "money", None]
    # The form of a judgement.
    web, here = builders.web(world.owner), f"/r/{world.register.slug}/risks/{row.ref}/"
    page = web.get(here + "assess/").content.decode()
    assert '<option value="people">People</option>' in page

    def version() -> int:
        return Risk.objects.get(pk=row.pk).version

    form: dict[str, Any] = {"stage": "residual", "cell": "3,3", "rationale": "Less"}
    form |= {"version": version(), "dimension": "money"}
    assert web.post(here + "assess/", form).status_code == 302
    assert newest() == (3, "money")
    # A review.
    form = {"version": version(), "cell": "3,3", "comment": "As before", "dimension": "people"}
    with nothing_changes():
        kept = web.post(here + "review/", {**form, "verdict": "unchanged"})
    assert kept.status_code == 400
    text = kept.content.decode()
    assert "No score is saved with this" in text
    assert '<option value="people" selected>' in text
    form |= {"cell": "3,4", "verdict": "rescore"}
    with nothing_changes():
        forged = web.post(here + "review/", {**form, "dimension": "volume"})
    assert "use one of: money, people." in forged.content.decode()
    assert web.post(here + "review/", form).status_code == 302
    assert newest() == (4, "people")
    # A meeting.
    meeting = start_meeting(actor=world.viewer("manager"), title="All", recipe={}, at=world.at)
    item = f"/r/{world.register.slug}/meetings/{meeting.uuid}/items/1/"
    form |= {"version": version(), "cell": "2,2", "dimension": "money"}
    assert web.post(item, form).status_code == 302
    assert newest() == (2, "money")
    # The page and the history of the risk, in the words of their reader.
    page = web.get(here).content.decode()
    assert page.count("impact 2, by Money") == 2, "as it stands, and among the judgements"
    assert "impact 4, by People" in page
    history = web.get(here + "history/").content.decode()
    assert "impact driven by" in history
    assert "People" in history
    # A file that goes out and comes into another register, in the words of either language.
    row.refresh_from_db()
    rows = list(export_rows(world.viewer("owner"), current_positions(world.viewer("owner")), "en"))
    assert [one["dimension"] for one in rows] == ["Money"]
    names = [column.name for column in export_columns_for(world.viewer("owner"))]
    assert "dimension" in names
    head = "Title,Likelihood,Impact,Residual impact driven by"
    data = f"{head}\nIce,3,4,人员\nSnow,3,4,volume\n".encode()
    made, plan = import_file_unless_answers_needed(
        actor=world.viewer("manager"), brought=Brought("ice.csv", data), at=world.at,
        answers_or_remembered={
            "visibility": "shared",
            "scales": {"Likelihood": {"3": 3}, "Impact": {"4": 4}},
        },
    )  # fmt: skip
    assert made is not None, plan.asked
    found = Assessment.objects.filter(risk__title__in=("Ice", "Snow")).order_by("risk__title")
    assert [one.dimension for one in found] == ["people", None]
    assert "volume" in str(Risk.objects.get(title="Snow").sources), "kept with its source"
    # A partner sees what drove a shared risk, and nothing of what was judged in private.
    own = builders.risk(world, visibility="party")
    builders.assess(world, own, (5, 5), dimension="money")
    shared = share_risk(actor=world.viewer("manager"), ref=own.ref, version=None, at=world.at + DAY)
    for who, what in (("owner", "Money"), ("partner_owner", None)):
        viewer = world.viewer(who)
        told = export_rows(viewer, current_positions(viewer).filter(risk=shared), "en")
        assert [one.get("dimension") for one in told] == [what], who
    world.owner.language = "zh-hans"
    world.owner.save()
    assert "影响2，主要来自资金" in builders.web(world.owner).get(here).content.decode()


def test_only_what_the_scale_in_force_has(world: World) -> None:
    row = builders.risk(world)

    def judged(**given: Any) -> set[str]:
        given = {"likelihood": 3, "impact": 3, "rationale": "Two bids", **given}
        act = {"actor": world.viewer("owner"), "ref": row.ref, "version": None, "at": world.at}
        with nothing_changes(), pytest.raises(Invalid) as refused:
            record_assessment(given=given, **act)
        return set(refused.value.fields)

    assert judged(dimension="money") == {"dimension"}, "this scale has none"
    web, here = builders.web(world.owner), f"/r/{world.register.slug}/risks/{row.ref}/"
    assert "What drove the impact" not in web.get(here + "assess/").content.decode()
    row.refresh_from_db()
    form = {"version": row.version, "stage": "residual", "cell": "3,3", "rationale": "Less"}
    forged = web.post(here + "assess/", {**form, "dimension": "money"}).content.decode()
    assert "tells no kinds of impact apart" in forged
    with_kinds(world)
    for wrong in ("volume", "Money", 7, True, ["money"], {"key": "money"}, "m" * 9000):
        assert judged(dimension=wrong) == {"dimension"}, wrong
    record_review(
        actor=world.viewer("owner"), ref=row.ref, version=None, comment="No kind",
        assessment={"likelihood": 2, "impact": 2, "dimension": ""}, at=world.at + DAY,
    )  # fmt: skip
    assert newest() == (2, None)
