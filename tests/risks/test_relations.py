"""Relations between risks: what is refused, who sees them, and that nothing is counted twice."""

import datetime as dt
import json

import pytest
from django.http import QueryDict

from riskreg.events.models import Event
from riskreg.kernel.errors import Forbidden, Invalid, NotFound
from riskreg.risks import filters, services
from riskreg.risks.models import Risk
from riskreg.risks.queries import heatmap_lists
from riskreg.risks.queries.counts import open_counts_by_rating, risk_counts
from riskreg.risks.queries.heatmap import Heatmap, heatmap
from riskreg.risks.queries.lists import risk_list
from riskreg.risks.queries.relations import first_related_to, relation_for
from riskreg.risks.queries.totals import above_appetite_counts_over_time
from tests import builders
from tests.builders import World
from tests.dump import nothing_changes

pytestmark = pytest.mark.django_db
DAY = dt.timedelta(days=1)


def refused(world: World, row: Risk, kind: str, other: Risk | str, who: str = "owner") -> str:
    """The code with which the relation is refused, nothing being changed."""
    ref = other if isinstance(other, str) else other.ref
    with nothing_changes(), pytest.raises(Invalid) as caught:
        services.relate_risks(
            actor=world.viewer(who), risk=row.ref, kind=kind, other=ref, at=world.at
        )
    return next(error.code for errors in caught.value.fields.values() for error in errors)


def test_a_relation_is_seen_from_both_ends_and_logged_under_both(world: World) -> None:
    cause, effect = builders.risk(world), builders.risk(world, by=world.partner_owner)
    row = builders.relation(world, cause, "causes", effect)
    viewer = world.viewer("partner_owner")
    assert [(one.role, one.risk) for one in first_related_to(viewer, effect)] == [("cause", cause)]
    assert [(one.role, one.risk) for one in first_related_to(viewer, cause)] == [("effect", effect)]
    told = Event.objects.filter(verb="relation.added").order_by("pk")
    assert [event.subject_ref for event in told] == [cause.ref, effect.ref]
    logged = json.loads(told[0].changes)["relation"][1]
    assert (logged["kind"], logged["risk"], logged["other"]) == ("causes", "R-001", "R-002")
    # Whoever may change one of the two may end it, with a reason.
    with nothing_changes(), pytest.raises(Invalid):
        services.end_relation(actor=viewer, relation=row.uuid, reason=" ", at=world.at)
    services.end_relation(actor=viewer, relation=row.uuid, reason="No longer so", at=world.at)
    assert first_related_to(viewer, effect) == []
    with nothing_changes(), pytest.raises(Invalid):
        services.end_relation(actor=viewer, relation=row.uuid, reason="Again", at=world.at)


def test_what_cannot_be_is_refused_in_words(world: World) -> None:
    first, second, third, fourth, fifth = (builders.risk(world) for _ in range(5))
    own = builders.risk(world, visibility="party")
    gain = builders.risk(world, kind="opportunity", response="exploit")
    assert refused(world, first, "causes", first) == "itself"
    assert refused(world, first, "follows", second) == "unknown"
    assert refused(world, first, "causes", "R-999") == "unknown_risk"
    assert refused(world, first, "causes", "") == "required"
    assert refused(world, own, "part_of", first) == "narrower"
    assert refused(world, first, "part_of", own) == "narrower"
    assert refused(world, gain, "part_of", first) == "other_kind"
    builders.relation(world, first, "part_of", second)
    assert refused(world, first, "part_of", second) == "taken"
    assert refused(world, first, "part_of", third) == "taken"
    assert refused(world, second, "part_of", first) == "circle"
    builders.relation(world, second, "part_of", third)
    assert refused(world, third, "part_of", first) == "circle"
    builders.relation(world, third, "part_of", fourth)
    assert refused(world, fourth, "part_of", fifth) == "too_deep"
    builders.relation(world, fifth, "duplicates", first)
    assert refused(world, first, "duplicates", fifth) == "taken"
    # A loop of causes is how things are, and no fault.
    builders.relation(world, first, "causes", second)
    builders.relation(world, second, "causes", first)


def test_parts_stay_of_one_kind_and_one_audience(world: World) -> None:
    part, parent = (builders.risk(world, visibility="party") for _ in range(2))
    row = builders.relation(world, part, "part_of", parent)
    manager = world.viewer("manager")
    for ref in (part.ref, parent.ref):
        with nothing_changes(), pytest.raises(Invalid) as caught:
            services.share_risk(actor=manager, ref=ref, version=None, at=world.at)
        assert caught.value.fields["relations"][0].code == "private_parts"
        with nothing_changes(), pytest.raises(Invalid) as caught:
            services.edit_risk(
                actor=manager, ref=ref, version=None, at=world.at,
                fields={"kind": "opportunity"},
            )  # fmt: skip
        assert caught.value.fields["kind"][0].code == "other_kind"
    services.end_relation(actor=manager, relation=row.uuid, reason="To be shared", at=world.at)
    assert services.share_risk(actor=manager, ref=part.ref, version=None, at=world.at).ref


def test_a_relation_is_for_those_who_see_both_ends(world: World) -> None:
    shared = builders.risk(world, by=world.partner_owner)
    own = builders.risk(world, visibility="party")
    # Said of the partner's shared risk by whoever may change the other end.
    row = builders.relation(world, shared, "worsens", own, by=world.owner)
    assert (row.visibility, row.party) == ("party", world.foton)
    partner = world.viewer("partner_manager")
    assert first_related_to(partner, shared) == []
    with pytest.raises(NotFound):
        relation_for(partner, row.uuid)
    assert [one.risk for one in first_related_to(world.viewer("leader"), shared)] == [own]
    private = Event.objects.filter(verb="relation.added").values_list("chain__key", flat=True)
    assert set(private) == {world.viewer("owner").audience.key}
    # Shared later, it still is its party's own, and the partner can note the same for everybody.
    manager = world.viewer("manager")
    now = services.share_risk(actor=manager, ref=own.ref, version=None, at=world.at)
    assert first_related_to(partner, shared) == []
    builders.relation(world, shared, "worsens", now, by=world.partner_owner)
    assert len(first_related_to(partner, shared)) == 1


def test_a_part_is_noted_by_whoever_may_change_it(world: World) -> None:
    ours, theirs = builders.risk(world), builders.risk(world, by=world.partner_owner)
    given = {"kind": "part_of", "at": world.at, "actor": world.viewer("manager")}
    with nothing_changes(), pytest.raises(Forbidden):
        services.relate_risks(risk=theirs.ref, other=ours.ref, **given)
    services.relate_risks(risk=ours.ref, other=theirs.ref, **given)
    with nothing_changes(), pytest.raises(Forbidden):
        services.relate_risks(**{**given, "actor": world.viewer("leader"), "kind": "causes"},
                              risk=ours.ref, other=theirs.ref)  # fmt: skip


# Counting ----------------------------------------------------------------------------------------
def counted(shown: Heatmap) -> list[str]:
    return sorted([ref for cell in shown.cells for ref in cell.refs] + shown.unrated_refs)


def see(world: World, who: str = "auditor", *, at: dt.datetime | None = None, **params: str
        ) -> Heatmap:  # fmt: skip
    viewer, at = world.viewer(who), at or world.at
    chosen = filters.parse(viewer, params, at, other_params=("as_of", "compare"), one_kind=True)
    days = {n: dt.date.fromisoformat(params[n]) for n in ("as_of", "compare") if n in params}
    return heatmap(viewer, stage="residual", at=at, chosen=chosen, kind=chosen.kind, **days)


def test_a_parent_and_its_parts_are_never_counted_twice(world: World) -> None:
    parent = builders.risk(world, rated=(5, 5))
    parts = [builders.risk(world, rated=(5, 5)), builders.risk(world, rated=None)]
    deep, alone = builders.risk(world, rated=(5, 5)), builders.risk(world, rated=(1, 1))
    for part in parts:
        builders.relation(world, part, "part_of", parent)
    builders.relation(world, deep, "part_of", parts[0])
    refs = [row.ref for row in (parent, *parts, deep, alone)]
    shown = see(world)
    assert counted(shown) == [refs[0], refs[4]]
    assert (shown.total, shown.left_out_count) == (2, 3)
    assert sorted(shown.left_out_refs) == refs[1:4]
    apart = see(world, parts="apart")
    # Each once: those without parts of their own stand for what they are part of.
    assert counted(apart) == refs[2:]
    assert (apart.total, sorted(apart.left_out_refs)) == (3, refs[:2])
    # Every other count says the same, and so do the lists that it opens.
    viewer = world.viewer("auditor")
    now = risk_counts(viewer, world.at)
    assert (now.open, now.unrated, now.above_appetite) == (2, 0, 1)
    assert sum(counts for counts in open_counts_by_rating(viewer)["threat"].values()) == 2
    rows = heatmap_lists.risks_in_cell(
        viewer, (5, 5), stage="residual", at=world.at, as_of=world.today
    )
    assert [row.ref for row in rows] == [parent.ref]
    for query, found in (
        ("state=open&parts=within", [refs[0], refs[4]]),
        ("state=open&parts=within&likelihood=5&impact=5", [refs[0]]),
        ("state=open&parts=apart&likelihood=5&impact=5", [refs[3]]),
        ("state=open", refs),
        (f"part_of={parent.ref}", refs[1:3]),
        (f"related_to={parts[0].ref}", [refs[0], refs[3]]),
    ):
        chosen = filters.parse(viewer, QueryDict(query), world.at)
        assert sorted(row.ref for row in risk_list(viewer, chosen)) == found, query
    for query in ("parts=twice", "part_of=R-999", "related_to=F-001"):
        with pytest.raises(Invalid):
            filters.parse(viewer, QueryDict(query), world.at)


def test_parts_count_for_themselves_where_their_parent_is_not_on_the_map(world: World) -> None:
    parent = builders.risk(world, by=world.partner_owner, rated=(3, 3))
    part = builders.risk(world, rated=(4, 4), terms=[])
    builders.relation(world, part, "part_of", parent)
    assert counted(see(world)) == [parent.ref]
    # A filter that the parent does not meet does not make its parts disappear.
    assert counted(see(world, party="foton")) == [part.ref]
    assert counted(see(world, likelihood="4")) == []
    services.close_risk(
        actor=world.viewer("partner_owner"), ref=parent.ref, version=None, reason="Past",
        at=world.at,
    )  # fmt: skip
    assert counted(see(world)) == [part.ref]


def test_the_map_of_a_past_day_counts_what_was_part_of_what_then(world: World) -> None:
    made = world.at - 40 * DAY
    parent, part = (builders.risk(world, rated=(5, 5), at=made) for _ in range(2))
    builders.relation(world, part, "part_of", parent, at=world.at - 20 * DAY)
    before, since = ((world.today - n * DAY).isoformat() for n in (30, 10))
    assert counted(see(world, as_of=before)) == [parent.ref, part.ref]
    assert counted(see(world, as_of=since)) == [parent.ref]
    moved = see(world, compare=before).comparison
    assert moved is not None
    assert (moved.opened, moved.closed, moved.moves) == ([], [part.ref], [])
    row = part.relations.get()
    services.end_relation(
        actor=world.viewer("owner"), relation=row.uuid, reason="Stands alone", at=world.at
    )
    moved = see(world, compare=since).comparison
    assert moved is not None
    assert (moved.opened, moved.closed) == ([part.ref], [])
    days = [world.today - n * DAY for n in (30, 10)]
    assert above_appetite_counts_over_time(world.viewer("auditor"), days) == [2, 1]
