"""Many risks made at once are as they would be if each were made by itself."""

import datetime as dt
from dataclasses import replace
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from riskreg.events.models import Event
from riskreg.events.queries import all_chains, first_fault_in
from riskreg.kernel.errors import RiskregError
from riskreg.register.access import Viewer
from riskreg.register.models import Criteria, Term
from riskreg.register.services import take_next_refs
from riskreg.risks import services
from riskreg.risks.models import Assessment, Position, Risk
from riskreg.risks.services import NewRisk
from tests import builders
from tests.amounts import examples
from tests.builders import World

pytestmark = pytest.mark.django_db
DAY = dt.timedelta(days=1)
# Of each call which rows were left to be made by themselves.
LEFT: list[list[bool]] = []


@builders.shared_world
def filed(world: World) -> World:
    """With terms, an objective of all and one of a party, and a risk that has an external id."""
    builders.objective(world)
    builders.taxonomy(world)
    builders.risk(world, by=world.manager, external_id="X-0")
    return world


def one_by_one(actor: Viewer, rows: list[NewRisk], at: dt.datetime) -> list[Risk | None]:
    """By the services that make one."""
    made: list[Risk | None] = []
    for row in rows:
        try:
            with transaction.atomic():
                risk = services.create_risk(
                    actor=actor, fields=row.fields, visibility=row.visibility, at=row.since,
                    recorded_at=at,
                )  # fmt: skip
                for judgement in row.judgements:
                    services.record_assessment(
                        actor=actor, ref=risk.ref, version=None, given=judgement, at=row.since,
                        recorded_at=at,
                    )  # fmt: skip
                if row.opened_at is not None:
                    services.open_risk(
                        actor=actor, ref=risk.ref, version=None, at=row.opened_at, recorded_at=at
                    )
            made.append(Risk.objects.get(pk=risk.pk))
        except RiskregError:
            made.append(None)
    return made


def together(actor: Viewer, rows: list[NewRisk], at: dt.datetime) -> list[Risk | None]:
    """At once, and what is left by itself, as an import does."""
    made = services.create_risks_together_where_possible(actor=actor, rows=rows, recorded_at=at)
    LEFT.append([risk is None for risk in made])
    return [risk or one_by_one(actor, [row], at)[0] for row, risk in zip(rows, made, strict=True)]


def everything(since: int) -> list[list[dict[str, Any]]]:
    """Every row that tells of risks, without what is drawn anew for each; ``since``: of events."""
    unlike = {"id", "uuid", "risk_id", "hash", "previous"}

    def rows(found: Any) -> list[dict[str, Any]]:
        return [{k: v for k, v in row.items() if k not in unlike} for row in found.values()]

    events = rows(Event.objects.filter(pk__gt=since).order_by("pk"))
    public = {risk.uuid: risk.ref for risk in Risk.objects.all()}
    for event in events:
        event["subject_uuid"] = public.get(event["subject_uuid"], event["subject_uuid"])
    links = [
        # In which order a risk's own were linked says nothing.
        list(through.objects.order_by("risk__ref_order", other).values_list("risk__ref", other))
        for through, other in (
            (Risk.terms.through, "term__key"), (Risk.objectives.through, "objective__key"),
        )
    ]  # fmt: skip
    of_risks = [
        rows(model.objects.order_by("risk__ref_order", "pk")) for model in (Position, Assessment)
    ]
    return [rows(Risk.objects.order_by("ref_order")), *of_risks, events, *links]


def in_a_world_of_its_own(way: Any, world: World, rows: list[NewRisk]) -> Any:
    """What ``way`` makes of ``rows``; nothing of it stays."""
    since = Event.objects.order_by("-pk").values_list("pk", flat=True)[0]
    with transaction.atomic():
        made = way(world.viewer("manager"), rows, world.at)
        found = everything(since)
        assert all(not first_fault_in(chain) for chain in all_chains())
        transaction.set_rollback(True)
    return [risk and (risk.ref, risk.version, risk.state) for risk in made], found


GOOD = {"title": "A thing", "event": "It happens"}
JUDGED = {"stage": "residual", "likelihood": 2, "impact": 3, "rationale": "As the file says"}


def faults(world: World) -> list[dict[str, Any]]:
    """What is wrong with a row, one by one."""
    fields = [
        {"title": ""}, {"event": ""}, {"colour": "red"}, {"kind": "neither"},
        {"response": "exploit"}, {"terms": ["no:such"]}, {"terms": "no list"},
        {"objectives": ["none"]}, {"sources": "none"}, {"external_id": "X-0"},
        {"external_id": "\x00"}, {"owner": world.auditor.email}, {"owner": "nobody@example.com"},
        {"owner": world.partner_owner.email}, {"deputy": world.partner_owner.email},
        {"owner": world.owner.email, "deputy": world.owner.email},
    ]  # fmt: skip
    judgements = [{"stage": "later"}, {"likelihood": 6}, {"rationale": ""}]
    return [
        *({"fields": GOOD | wrong} for wrong in fields),
        *({"judgements": [JUDGED | wrong]} for wrong in judgements),
        {"visibility": "nobody"},
    ]


def drawn_rows(world: World) -> st.SearchStrategy[list[NewRisk]]:
    """Rows of which one in a few has a fault."""
    known = [term.ref for term in Term.objects.all()[:3]]
    people = [world.owner.email, world.manager.email, str(world.deputy.uuid)]
    fields = st.fixed_dictionaries(
        {
            "title": st.sampled_from(["A thing", " Spaced  title ", "冰雪封路"]),
            "event": st.just("It happens"),
        },
        optional={
            "kind": st.sampled_from(["threat", "opportunity"]),
            "owner": st.sampled_from(people[:2]),
            "deputy": st.just(people[2]),
            "external_id": st.integers(1, 10**6).map("X-{}".format),
            "terms": st.sampled_from([[], known[:1], known, known[1:]]),
            "objectives": st.sampled_from([[], ["overseas-units-2030"]]),
            "sources": st.sampled_from([[], [{"title": "A file", "label": "judgement"}]]),
        },
    )
    judgement = st.builds(
        lambda stage, likelihood, impact: {
            **JUDGED, "stage": stage, "likelihood": likelihood, "impact": impact,
        },
        st.sampled_from(["inherent", "residual", "target"]), st.integers(1, 5), st.integers(1, 5),
    )  # fmt: skip
    moments = st.sampled_from([world.at - 40 * DAY, world.at - 40 * DAY, world.at])
    good = st.builds(
        NewRisk,
        fields=fields,
        visibility=st.sampled_from(["shared", "party"]),
        since=moments,
        judgements=st.lists(judgement, max_size=3),
        opened_at=st.sampled_from([None, world.at, world.at]),
    )
    fault = st.sampled_from([*[{}] * 3 * len(faults(world)), *faults(world)])
    row = st.builds(lambda whole, wrong: replace(whole, **wrong), good, fault)
    return st.lists(row, min_size=2, max_size=8)


def test_drawn_rows_become_the_same_as_one_by_one(filed: World) -> None:
    @settings(
        max_examples=examples(40), deadline=None, suppress_health_check=list(HealthCheck),
        database=None,
    )  # fmt: skip
    @given(drawn_rows(filed))
    def same(rows: list[NewRisk]) -> None:
        made, found = in_a_world_of_its_own(together, filed, rows)
        expected, plain = in_a_world_of_its_own(one_by_one, filed, rows)
        refused = [risk is None for risk in expected]
        assert [risk is None for risk in made] == refused
        # What is left and could be made by itself has a later ref than what came behind it.
        if LEFT[-1] == refused:
            assert (made, found) == (expected, plain)
            compared.append(len(rows) - sum(refused))

    compared: list[int] = []
    same()
    # One row for each example at the least, however few there are of them in this run.
    assert sum(compared) > examples(40), compared


def plain(n: int, **fields: Any) -> NewRisk:
    at = builders.AT
    return NewRisk(
        {"title": f"Risk {n}", "event": "It happens", **fields}, "shared", at - 9 * DAY,
        [{"stage": "residual", "likelihood": 2, "impact": 3, "rationale": "So it says"}], at,
    )  # fmt: skip


def test_statements_do_not_grow_with_the_rows(filed: World, django_assert_num_queries: Any) -> None:
    actor, counts = filed.viewer("manager"), []
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    services.create_risks_together_where_possible(
        actor=actor, rows=[plain(0), plain(1)], recorded_at=filed.at
    )
    for size in (3, 12):
        with CaptureQueriesContext(connection) as caught:
            made = services.create_risks_together_where_possible(
                actor=actor, rows=[plain(n) for n in range(size)], recorded_at=filed.at
            )
        assert None not in made
        counts.append(len(caught))
    assert counts[0] == counts[1] < 25


def test_an_id_of_two_rows_and_one_that_is_taken_are_left(filed: World) -> None:
    rows = [plain(0, external_id="X-9"), plain(1, external_id="X-9"), plain(2, external_id="X-0")]
    made = services.create_risks_together_where_possible(
        actor=filed.viewer("manager"), rows=rows, recorded_at=filed.at
    )
    assert [risk is None for risk in made] == [False, True, True]


@pytest.mark.parametrize(
    "error", [IntegrityError("UNIQUE constraint failed: external_id"), RiskregError("merged")]
)
def test_where_writing_fails_nothing_of_it_stays(
    filed: World, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def fails(*_args: Any) -> None:
        raise error

    before = everything(0)
    monkeypatch.setattr("riskreg.risks.services.many.append_all", fails)
    rows = [plain(0), plain(1)]
    made = services.create_risks_together_where_possible(
        actor=filed.viewer("manager"), rows=rows, recorded_at=filed.at
    )
    assert made == [None, None]
    assert everything(0) == before


def test_a_term_that_was_merged_meanwhile_is_not_linked_to(
    filed: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As where it is merged between the look at the rows and the writing of them."""
    first, second = Term.objects.order_by("taxonomy", "pk")[:2]

    def merged(*given: Any) -> list[str]:
        Term.objects.filter(pk=first.pk).update(merged_into=second)
        return take_next_refs(*given)

    monkeypatch.setattr("riskreg.risks.services.many.take_next_refs", merged)
    rows = [plain(0, terms=[first.ref]), plain(1)]
    made = services.create_risks_together_where_possible(
        actor=filed.viewer("manager"), rows=rows, recorded_at=filed.at
    )
    assert made == [None, None]


def test_who_may_make_none_makes_none(filed: World) -> None:
    for who in ("auditor", "leader", "onlooker"):
        made = services.create_risks_together_where_possible(
            actor=filed.viewer(who), rows=[plain(0), plain(1)], recorded_at=filed.at
        )
        assert made == [None, None], who


@pytest.mark.parametrize("at_once", [True, False])
def test_criteria_are_frozen_also_where_the_first_try_was_undone(
    world: World, monkeypatch: pytest.MonkeyPatch, at_once: bool
) -> None:
    """Whoever judges by them next, with the same viewer, freezes them."""
    actor = world.viewer("manager")
    assert actor.criteria.used_at is None
    wrong: dict[str, Any] = {"judgements": [JUDGED | {"likelihood": 9}]}
    with monkeypatch.context() as here:
        here.setattr("riskreg.risks.services.many.append_all", lambda *_given: 1 / 0)
        if at_once:
            with pytest.raises(ZeroDivisionError), transaction.atomic():
                services.create_risks_together_where_possible(
                    actor=actor, rows=[plain(0), plain(1)], recorded_at=world.at
                )
        else:
            assert one_by_one(actor, [replace(plain(0), **wrong)], world.at) == [None]
    assert Criteria.objects.get(pk=actor.criteria.pk).used_at is None
    # A draft: opening it would look at the row anew.
    draft = replace(plain(2), opened_at=None)
    assert None not in one_by_one(actor, [draft], world.at)
    assert Criteria.objects.get(pk=actor.criteria.pk).used_at == world.at
