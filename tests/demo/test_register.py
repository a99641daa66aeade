"""The demo register once it is loaded, on two days that are far apart."""

import datetime as dt
import io
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from django.core.management import call_command
from django.db import transaction
from django.utils import translation
from pytest_django import DjangoDbBlocker

from riskreg.accounts.models import User
from riskreg.demo import content as files
from riskreg.demo.loader import Loaded
from riskreg.demo.queries import DEMO_PASSWORD, DEMO_SLUG
from riskreg.events.models import Event
from riskreg.events.queries import history_of, visible_events
from riskreg.kernel.errors import NotFound
from riskreg.register.access import Viewer, viewer_for
from riskreg.register.models import Objective
from riskreg.register.policy import LABELS, Matrix
from riskreg.reviews.models import Review
from riskreg.risks.models import Assessment, Control, Mitigation, Position, Risk, RiskRelation
from riskreg.risks.queries.access import mitigation_for, risk_for, visible_risks
from riskreg.risks.queries.heatmap import Heatmap, heatmap
from riskreg.risks.queries.lists import mitigations_of
from riskreg.risks.queries.relations import first_related_to
from tests.builders import ZONE
from tests.demo.loaded import loaded

CONTENT = files.read_content()
NAMED = {
    "R-001": "overseas-policy",
    "R-002": "hydrogen-commercialisation",
    "R-003": "raw-material-prices",
    "R-004": "recycling-gaps",
}


@dataclass(frozen=True)
class Demo:
    """The loaded register at the moment of loading."""

    at: dt.datetime
    day: dt.date
    loaded: Loaded

    def viewer(self, email: str) -> Viewer:
        return viewer_for(User.objects.get(email=email), DEMO_SLUG)

    def risk(self, key: str) -> Risk:
        return Risk.objects.get(ref=self.loaded.refs[key])

    def heatmap(self, email: str, as_of: dt.date | None = None) -> Heatmap:
        return heatmap(self.viewer(email), stage="residual", at=self.at, as_of=as_of)


# 01:10 on the register's own day, which is still the day before in UTC; and a leap year later on.
@pytest.fixture(
    scope="module",
    params=[
        dt.datetime(2026, 11, 23, 17, 10, tzinfo=dt.UTC),
        dt.datetime(2028, 3, 1, 4, 0, tzinfo=dt.UTC),
    ],
    ids=["2026-11-24", "2028-03-01"],
)
def demo(
    request: pytest.FixtureRequest, django_db_setup: None, django_db_blocker: DjangoDbBlocker
) -> Iterator[Demo]:
    """Loaded once per day for all tests of this file, and taken back."""
    with django_db_blocker.unblock(), transaction.atomic():
        day = (request.param + dt.timedelta(hours=8)).date()
        yield Demo(at=request.param, day=day, loaded=loaded(at=request.param))
        transaction.set_rollback(True)


def test_it_is_all_there(demo: Demo) -> None:
    assert demo.loaded.created
    assert demo.loaded.moved_back == 0
    assert Risk.objects.count() == len(CONTENT.risks) == 28
    assert Mitigation.objects.count() == len(CONTENT.mitigations)
    assert Control.objects.count() == sum(len(risk["controls"]) for risk in CONTENT.risks)
    steps = [step for risk in CONTENT.risks for step in risk["timeline"]]
    assert Review.objects.count() == sum(step["do"] == "review" for step in steps)
    assert Assessment.objects.count() == sum(step["stage"] is not None for step in steps)
    targets = {o.key: (float(o.value), o.label) for o in Objective.objects.order_by("pk")}
    assert len(targets) == len(CONTENT.objectives)
    assert {key: targets[key] for key in list(targets)[:3]} == {
        "overseas-units-2030": (300_000, "sourced"),
        "nev-share-2030": (30, "sourced"),
        "nev-units-2030": (90_000, "derived"),
    }
    assert {risk.state for risk in Risk.objects.all()} == {"draft", "open", "closed"}
    for account in CONTENT.register["accounts"]:
        user = User.objects.get(email=account["email"])
        assert user.check_password(DEMO_PASSWORD)
        assert (user.language, user.time_zone) == (account["language"], account["time_zone"])


def test_the_four_named_risks_come_first_with_owners_scores_and_mitigations(demo: Demo) -> None:
    for ref, key in NAMED.items():
        assert demo.loaded.refs[key] == ref
        for email in ("owner@foton.example", "owner@catl.example", "auditor@programme.example"):
            viewer = demo.viewer(email)
            risk = risk_for(viewer, ref)
            assert risk.owner.email.startswith("owner@")
            assert risk.labels["owner"] == "illustrative"
            assert risk.labels["title"] == "sourced"
            position = Position.objects.get(risk=risk, valid_to=None)
            assert all(position.cell(stage) for stage in ("inherent", "residual", "target"))
            assert mitigations_of(viewer, risk).exists()
            assert risk.terms.exists()
            assert risk.objectives.exists()
    assert demo.loaded.refs["partner-exclusivity"] == "F-001"
    assert demo.loaded.refs["reserved-capacity"] == "C-001"


def test_refs_have_no_gap_and_follow_the_order_of_creation(demo: Demo) -> None:
    shared = [
        demo.loaded.refs[risk["key"]] for risk in CONTENT.risks if risk["visibility"] == "shared"
    ]
    assert shared == [f"R-{n:03d}" for n in range(1, 27)]
    work = [m for m in CONTENT.mitigations if m["visibility"] == "shared"]
    assert [demo.loaded.refs[m["key"]] for m in work] == [
        f"M-{n:03d}" for n in range(1, len(work) + 1)
    ]


def test_review_dates_follow_from_the_day_of_loading(demo: Demo) -> None:
    checked = 0
    for record in CONTENT.risks:
        risk = demo.risk(record["key"])
        assert (risk.state == "open") == (record["due"] is not None), record["key"]
        if record["due"] is None:
            continue
        assert risk.next_review_on == demo.day + dt.timedelta(days=record["due"]), record["key"]
        # The date is the ledger's, not laid by hand: last review (or opening) plus cadence.
        position = Position.objects.get(risk=risk, valid_to=None)
        cadence = Matrix(position.criteria).cadence_days(position.residual_rating)
        last = Review.objects.filter(risk=risk).order_by("-at").first()
        if last is not None:
            assert last.next_review_on == risk.next_review_on
            assert risk.last_reviewed_on == risk.next_review_on - dt.timedelta(days=cadence)
        checked += 1
    assert checked == 25


@pytest.mark.parametrize("email", ["owner@foton.example", "owner@catl.example"])
def test_each_owner_has_something_late_and_something_due_soon(demo: Demo, email: str) -> None:
    dates = list(
        Risk.objects.filter(owner__email=email, state="open").values_list(
            "next_review_on", flat=True
        )
    )
    assert any(date < demo.day for date in dates)
    assert any(demo.day <= date <= demo.day + dt.timedelta(days=14) for date in dates)
    work = Mitigation.objects.filter(owner__email=email).exclude(status="done")
    assert work.exists()


def test_one_is_unrated_one_a_draft_one_was_closed_and_came_back(demo: Demo) -> None:
    assert demo.heatmap("owner@foton.example").unrated_refs == [demo.loaded.refs["brazil-kit-duty"]]
    assert demo.risk("waste-shipment").state == "draft"
    assert demo.risk("eu-truck-duty").state == "closed"
    viewer = demo.viewer("owner@foton.example")
    history = history_of(viewer.audience, [demo.risk("home-demand").uuid])
    verbs = set(history.values_list("verb", flat=True))
    assert {"risk.opened", "risk.closed", "risk.reopened", "risk.reviewed"} <= verbs


def test_what_happened_is_an_issue_with_its_day_and_its_labelled_cost(demo: Demo) -> None:
    dip = demo.risk("home-demand")
    assert (dip.state, dip.happened_on) == ("closed", dt.date(2026, 2, 28))
    assert dip.happened_cost == 46_000_000
    assert dip.labels["happened_cost"] == "illustrative"
    happened = visible_risks(demo.viewer("owner@catl.example")).filter(happened_on__isnull=False)
    assert [risk.ref for risk in happened] == [demo.loaded.refs["home-demand"]]


def test_what_the_article_names_within_another_risk_is_part_of_it(demo: Demo) -> None:
    parts = {demo.loaded.refs[key] for key in ("carbon-tariff", "local-production")}
    assert set(demo.heatmap("leader@catl.example").left_out_refs) == parts
    assert RiskRelation.objects.count() == len(CONTENT.relations)
    own = RiskRelation.objects.get(visibility="party")
    shown = first_related_to(demo.viewer("owner@foton.example"), own.other)
    assert own in [one.relation for one in shown]
    hidden = first_related_to(demo.viewer("owner@catl.example"), own.other)
    assert own not in [one.relation for one in hidden]


def test_the_heatmap_moves_with_time(demo: Demo) -> None:
    def counts(day: dt.date) -> dict[tuple[int, int], int]:
        cells = demo.heatmap("owner@foton.example", day).cells
        return {(c.likelihood, c.impact): c.count for c in cells if c.count}

    early, late = counts(dt.date(2025, 6, 30)), counts(dt.date(2026, 6, 30))
    assert early
    assert late
    assert early != late
    # Before the first entry there is nothing; today all open risks are counted.
    assert not counts(dt.date(2025, 2, 1))
    today = demo.heatmap("owner@foton.example")
    assert (
        today.total + today.left_out_count + today.other_total
        == visible_risks(demo.viewer("owner@foton.example")).filter(state="open").count()
    )


def test_the_heatmap_of_a_past_day_tells_what_the_files_tell(demo: Demo) -> None:
    day = dt.date(2026, 6, 30)
    told: dict[str, tuple[int, int]] = {}
    for record in CONTENT.risks:
        if record["kind"] == "opportunity":
            continue
        for step in record["timeline"]:
            if not isinstance(step["at"], str) or dt.date.fromisoformat(step["at"]) > day:
                break
            if step["stage"] == "residual":
                told[record["key"]] = (step["likelihood"], step["impact"])
            elif step["do"] == "close":
                told.pop(record["key"])
            elif step["do"] == "reopen":
                told[record["key"]] = (2, 3)
    cells = demo.heatmap("owner@foton.example", day).cells
    shown = {ref: (c.likelihood, c.impact) for c in cells for ref in c.refs}
    expected = {demo.loaded.refs[key]: cell for key, cell in told.items()}
    expected.pop("C-001")
    assert shown == expected


def test_what_happened_before_shows_as_brought_in_with_both_times(demo: Demo) -> None:
    for model in (Assessment, Review):
        assert not model.objects.filter(brought_in=False).exists()
        assert set(model.objects.values_list("created_at", flat=True)) == {demo.at}
        assert all(at < demo.at for at in model.objects.values_list("at", flat=True))
    story = Event.objects.filter(verb__startswith="risk.") | Event.objects.filter(
        verb__startswith="mitigation."
    )
    assert set(story.values_list("brought_in", "recorded_at")) == {(True, demo.at)}
    frame = Event.objects.filter(verb__in=["register.created", "member.added", "user.created"])
    assert set(frame.values_list("brought_in", flat=True)) == {False}
    assert demo.loaded.register.created_at == demo.at


def test_each_chain_tells_the_story_in_order_and_is_whole(demo: Demo) -> None:
    for email in ("owner@foton.example", "owner@catl.example"):
        events = visible_events(demo.viewer(email).audience).filter(brought_in=True)
        for chain in set(events.values_list("chain", flat=True)):
            times = list(events.filter(chain=chain).order_by("seq").values_list("at", flat=True))
            assert times == sorted(times)
    told = io.StringIO()
    call_command("verify_events", stdout=told)
    assert "Every chain is whole" in told.getvalue()


def test_every_score_amount_and_owner_is_labelled_illustrative(demo: Demo) -> None:
    for model in (Assessment, Review):
        assert set(model.objects.values_list("label", flat=True)) == {"illustrative"}
    for work in Mitigation.objects.all():
        for name in ("owner", "due_on", "cost", "progress", "expected_effect"):
            assert work.labels[name] == "illustrative", (work.ref, name)
    for risk in Risk.objects.all():
        assert risk.labels["owner"] == risk.labels["response"] == "illustrative", risk.ref
        assert set(risk.labels.values()) <= set(LABELS)
        assert all(source["label"] in LABELS for source in risk.sources), risk.ref
        assert risk.sources[-1]["note"]["zh-hans"], risk.ref
    assert demo.loaded.register.criteria.label == "illustrative"


def test_every_text_has_its_chinese_version(demo: Demo) -> None:
    rows = [
        (Risk, ("title", "cause", "event", "consequence")),
        (Mitigation, ("title", "description", "expected_effect")),
        (Control, ("name",)),
        (Assessment, ("rationale",)),
        (Review, ("comment",)),
    ]
    compared = 0
    for model, fields in rows:
        for row in model.objects.all():
            for name in fields:
                english = getattr(row, name)
                with translation.override("zh-hans"):
                    chinese = row.localized(name)
                assert bool(english) == bool(chinese), (row, name)
                assert not english or chinese != english, (row, name)
                compared += bool(english)
    assert compared > 250
    user = User.objects.get(email="owner@catl.example")
    with translation.override("zh-hans"):
        assert str(user) == user.display_name == "原材料与回收风险责任人"
        assert "示例" in demo.loaded.register.notice
    with translation.override("en"):
        assert user.display_name == "Raw-material and recycling risk owner"
        assert "not data of" in demo.loaded.register.notice.replace("isn't", "not")


def test_mitigations_are_as_the_files_say(demo: Demo) -> None:
    for record in CONTENT.mitigations:
        work = Mitigation.objects.get(ref=demo.loaded.refs[record["key"]])
        assert (work.status, work.progress) == (record["status"], record["progress"])
        assert work.due_on == demo.day + dt.timedelta(days=record["due"])
        assert work.cost == record["cost"]["amount"]
        assert work.owner.email == record["owner"]
        assert {r.ref for r in work.risks.all()} == {demo.loaded.refs[k] for k in record["risks"]}
        assert work.visibility == record["visibility"]


@pytest.mark.parametrize(
    "email, own, other",
    [
        ("owner@foton.example", "F-001", "C-001"),
        ("manager@catl.example", "C-001", "F-001"),
        ("leader@catl.example", "C-001", "F-001"),
        ("auditor@programme.example", None, "F-001"),
    ],
)
def test_a_partys_own_does_not_exist_for_the_other(
    demo: Demo, email: str, own: str | None, other: str
) -> None:
    viewer = demo.viewer(email)
    if own is not None:
        assert risk_for(viewer, own).visibility == "party"
        assert mitigation_for(viewer, f"{own[0]}M-001").visibility == "party"
    for read, ref in ((risk_for, other), (mitigation_for, f"{other[0]}M-001")):
        with pytest.raises(NotFound):
            read(viewer, ref)
    hidden = Risk.objects.get(ref=other)
    assert hidden not in visible_risks(viewer)
    message = " ".join(visible_events(viewer.audience).values_list("changes", flat=True))
    assert hidden.title not in message
    assert hidden.title not in " ".join(visible_risks(viewer).values_list("title", flat=True))


def test_the_days_are_the_registers(demo: Demo) -> None:
    assert demo.loaded.register.time_zone == ZONE
    assert demo.viewer("owner@foton.example").today(demo.at) == demo.day
