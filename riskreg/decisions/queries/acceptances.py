"""Acceptances as their reader may see them, who could decide, and what stands without one."""

import datetime as dt
import functools
import operator
from collections import defaultdict
from collections.abc import Iterable, Sequence
from uuid import UUID

from django.db.models import Count, Exists, OuterRef, Prefetch, Q, QuerySet, Subquery, Window
from django.utils.translation import gettext as _

from riskreg.accounts.models import User
from riskreg.decisions.models import (
    Acceptance,
    AcceptanceState,
    Obligation,
    ObligationKind,
    ObligationState,
)
from riskreg.decisions.policy import acceptances as policy
from riskreg.decisions.policy.acceptances import Act, Block, Stale, Status, ViewerRelation
from riskreg.kernel.errors import NotFound
from riskreg.kernel.punctuation import enumerate_texts, join_sentences
from riskreg.register.access import Viewer
from riskreg.register.appetite import ConditionBeforeAndNow
from riskreg.register.models import Role
from riskreg.register.permissions import permits
from riskreg.register.policy import Matrix
from riskreg.register.queries import active_members_for
from riskreg.register.written import written_once
from riskreg.risks.appetite import (
    is_met_by_conditions_of_now_alone,
    is_threat_above_appetite,
    joined_terms_expression,
    split_joined_terms,
)
from riskreg.risks.models import Position, Risk, State
from riskreg.risks.parts import WITHIN, is_left_out_as_part_or_whole
from riskreg.risks.queries.access import current_positions, is_valid_ref
from riskreg.risks.queries.priority import priority_of_position


def visible_acceptances(viewer: Viewer) -> QuerySet[Acceptance]:
    """Every acceptance that the viewer may know of."""
    return Acceptance.objects.visible_to(viewer)


def acceptances_with_shown_fields_for(viewer: Viewer, today: dt.date) -> QuerySet[Acceptance]:
    """Those with what a list shows of them: people, conditions, and how the risk is rated now."""
    now = Position.objects.filter(risk=OuterRef("risk"), valid_to=None)
    return (
        visible_acceptances(viewer)
        .select_related(
            "risk", "party", "criteria", "requested_by", "acceptor", "granted_by", "closed_by",
            "extension_of",
        )
        .prefetch_related(
            Prefetch(
                "obligations",
                queryset=Obligation.objects.visible_to(viewer)
                .filter(kind=ObligationKind.CONDITION)
                .select_related("owner", "closed_by")
                .order_by("due_on", "pk"),
                to_attr="conditions",
            )
        )
        .annotate(
            rating_now=Subquery(now.values("residual_rating")[:1]),
            score_now=Subquery(now.values("residual_score")[:1]),
            filed_under=joined_terms_expression(),
            missed=Exists(_missed_conditions_of_outer(today)),
        )
    )  # fmt: skip


def acceptance_for(viewer: Viewer, ref: str, today: dt.date) -> Acceptance:
    """The acceptance called ``ref``. Raises ``NotFound`` also for another party's own."""
    row = (
        acceptances_with_shown_fields_for(viewer, today).filter(ref=ref).first()
        if is_valid_ref(ref)
        else None
    )
    if row is None:
        raise NotFound(_("There is no such acceptance."))
    row.register = row.risk.register = viewer.register
    return row


def acceptances_of(viewer: Viewer, risk: Risk, today: dt.date) -> QuerySet[Acceptance]:
    """Those of ``risk``, the newest first."""
    return acceptances_with_shown_fields_for(viewer, today).filter(risk=risk).order_by("-at", "-pk")


def acceptance_exists(viewer: Viewer, risk_column: str) -> Exists:
    """Whether the viewer may know of an acceptance of the risk that the column
    ``risk_column`` of an outer query names."""
    return Exists(visible_acceptances(viewer).filter(risk=OuterRef(risk_column)))


def acceptance_condition_for(
    viewer: Viewer, ref: str, condition: UUID, *, lock: bool = False
) -> Obligation:
    """The condition of that id of the acceptance called ``ref``. Raises ``NotFound``."""
    rows = Obligation.objects.visible_to(viewer).select_related("acceptance", "risk", "party")
    if lock:
        rows = rows.select_for_update(of=("self",), no_key=True)
    row = rows.filter(
        uuid=condition, kind=ObligationKind.CONDITION, acceptance__ref=ref
    ).first() if is_valid_ref(ref) else None  # fmt: skip
    if row is None:
        raise NotFound(_("There is no such condition."))
    return row


# How it stands ---------------------------------------------------------------------------------
def stale_because(viewer: Viewer, row: Acceptance) -> list[Stale]:
    """What a granted acceptance, read by ``acceptances_with_shown_fields_for``, stood on and that
    moved since."""
    if row.state != AcceptanceState.GRANTED:
        return []
    now: str | None = row.rating_now  # type: ignore[attr-defined]
    missed: bool = row.missed  # type: ignore[attr-defined]
    terms = split_joined_terms(row.filed_under)  # type: ignore[attr-defined]
    frozen, current = Matrix(row.criteria), Matrix(viewer.criteria)
    return policy.stale_because(frozen, current, row.rating, now, missed, terms)


def status_of(viewer: Viewer, row: Acceptance, today: dt.date) -> Status:
    """How an acceptance, read by ``acceptances_with_shown_fields_for``, stands today."""
    return policy.current_status(row.state, row.expires_on, today, stale_because(viewer, row))


def _missed_conditions_of_outer(today: dt.date) -> QuerySet[Obligation]:
    return Obligation.objects.filter(
        acceptance=OuterRef("pk"),
        kind=ObligationKind.CONDITION,
        state=ObligationState.OPEN,
        due_on__lt=today,
    )


# What stands without one -----------------------------------------------------------------------
def unaccepted_threats_above_appetite(viewer: Viewer, today: dt.date) -> QuerySet[Position]:
    """Where each visible open threat above appetite stands that nobody has validly accepted, the
    worst first. Each has ``request``: the ref of a request that waits, if one does.

    An acceptance counts while it runs, covers the rating of today, and nothing that it stood on has
    moved (``policy.stale_because``); for everybody who sees the risk, or for nobody.
    """
    rows = current_positions(viewer).filter(
        is_threat_above_appetite(Matrix(viewer.criteria)), state=State.OPEN
    )
    waiting = visible_acceptances(viewer).filter(
        risk=OuterRef("risk"), visibility=OuterRef("visibility"), state=AcceptanceState.REQUESTED
    )
    return (
        rows.exclude(_is_position_validly_accepted(viewer, today))
        .annotate(request=Subquery(waiting.values("ref")[:1]))
        .order_by(priority_of_position().desc(), "ref_order")
    )


@written_once("every version")
def first_unaccepted_threats(viewer: Viewer, today: dt.date, *, most: int) -> QuerySet[Position]:
    """The first ``most`` of ``unaccepted_threats_above_appetite``, with risk and owner. Each has
    ``all_of_them``, how many there are, and ``parts_of_them``, how many of these are parts of
    others on the map."""
    behind = is_left_out_as_part_or_whole(
        viewer, WITHIN, current_positions(viewer).filter(state=State.OPEN)
    )
    # How many there are is on each row: the same conditions need not be looked up twice.
    rows = unaccepted_threats_above_appetite(viewer, today).annotate(
        all_of_them=Window(Count("pk")), parts_of_them=Window(Count("pk", filter=behind))
    )
    return rows.select_related("risk", "owner")[:most]


def ref_order_of_risk(viewer: Viewer, ref: str) -> Subquery:
    """The place of the risk called ``ref`` among the visible ones, for paging."""
    return Subquery(current_positions(viewer).filter(ref=ref).values("ref_order")[:1])


def _is_position_validly_accepted(viewer: Viewer, today: dt.date) -> Q:
    """Of a position: whether a valid acceptance covers it."""
    granted = visible_acceptances(viewer).filter(
        state=AcceptanceState.GRANTED, starts_on__lte=today, expires_on__gte=today
    )
    running = granted.filter(
        ~Exists(_missed_conditions_of_outer(today)),
        risk=OuterRef("risk"),
        visibility=OuterRef("visibility"),
    )
    versions = map(Matrix, viewer.criteria_versions_by_id.values())
    return is_covered_by_acceptance(Matrix(viewer.criteria), versions, running)


def is_covered_by_acceptance(
    now: Matrix, versions: Iterable[Matrix], running: QuerySet[Acceptance]
) -> Q:
    """Of positions rated by the criteria ``now``: those that one of ``running`` covers, acceptances
    of the risk by one of the criteria ``versions``."""
    # Acceptances of criteria whose appetite is stricter by now for the same terms, or for none, are
    # looked up at once: what is asked grows with what criteria say, not with how many there are.
    groups: dict[tuple[ConditionBeforeAndNow, ...], list[Matrix]] = defaultdict(list)
    for version in versions:
        groups[tuple(policy.changed_appetite_conditions(version, now))].append(version)
    found = []
    for pairs, matrices in groups.items():
        stricter = is_met_by_conditions_of_now_alone(pairs, now)
        if stricter is True:
            continue
        unless = Q() if stricter is False else ~stricter
        for rating in now.rating_keys:
            which = _covers_rating(matrices, now, rating)
            if which is not None:
                found.append(Q(residual_rating=rating) & Exists(running.filter(which)) & unless)
    return functools.reduce(operator.or_, found, Q(pk=None))


def _covers_rating(matrices: Iterable[Matrix], now: Matrix, rating: str) -> Q | None:
    """Of acceptances by the criteria ``matrices``: those that cover a risk that is rated ``rating``
    by ``now``; None where none of them can, or none is needed."""
    alike: dict[tuple[str, ...], list[int]] = defaultdict(list)
    if not now.above_appetite_condition(rating).is_met_by_none:
        for one in matrices:
            alike[tuple(policy.ratings_that_cover(one, now, rating))].append(one.criteria.pk)
    covers = [Q(criteria__in=pks, rating__in=keys) for keys, pks in alike.items() if keys]
    return functools.reduce(operator.or_, covers) if covers else None


# Who may ---------------------------------------------------------------------------------------
def viewer_relation_to(viewer: Viewer, row: Acceptance) -> ViewerRelation:
    """The viewer in relation to an acceptance."""
    return ViewerRelation(
        role=viewer.role,
        same_party=viewer.party_id == row.party_id,
        requested_it=row.requested_by_id == viewer.user.pk,
        answers_for_it=viewer_answers_for(viewer, row.risk),
    )


def viewer_answers_for(viewer: Viewer, risk: Risk) -> bool:
    """Whether the viewer answers for ``risk``, also in the place of somebody who is away."""
    people = {risk.owner_id, risk.deputy_id} - {None}
    return bool(people & {viewer.user.pk, *viewer.stands_in_for})


def least_role_to_accept(viewer: Viewer, rating: str) -> str:
    """The role that the criteria in force name for a rating; the highest for one they lack."""
    matrix = Matrix(viewer.criteria)
    known = rating if rating in matrix.rating_keys else matrix.rating_keys[-1]
    return matrix.least_role_to_accept(known)


def reason_blocked_for(viewer: Viewer, act: str, row: Acceptance) -> Block | None:
    """What keeps the viewer from doing ``act`` to an acceptance; None for nothing."""
    needed = least_role_to_accept(viewer, row.rating)
    found = policy.reason_blocked(act, row.state, needed, viewer_relation_to(viewer, row))
    if found is None and act in (Act.GRANT, Act.REFUSE) and not permits(
        viewer, "acceptance.decide", row
    ):  # fmt: skip
        # Archived registers, and whatever the table says beside the criteria.
        return Block.AUTHORITY
    return found


def acts_open_to(viewer: Viewer, row: Acceptance) -> list[str]:
    """What the viewer can do to it now."""
    acts = (Act.GRANT, Act.REFUSE, Act.WITHDRAW, Act.REVOKE)
    return [act.value for act in acts if reason_blocked_for(viewer, act, row) is None]


def who_can_accept(viewer: Viewer, risk: Risk, rating: str, but: Iterable[int] = ()) -> list[User]:
    """The members who may accept ``risk`` at this rating: of its party, with the authority, not
    answering for it, and none of ``but`` (database ids)."""
    roles = policy.roles_with_at_least_authority_of(least_role_to_accept(viewer, rating))
    left_out = {risk.owner_id, risk.deputy_id, *but} - {None}
    rows = active_members_for(viewer).filter(party=risk.party_id, role__in=roles)
    return [row.user for row in rows.exclude(user__in=left_out)]


def reason_blocked_and_who_can_text(viewer: Viewer, act: str, row: Acceptance, block: Block) -> str:
    """What keeps the viewer from it in their words, and who could."""
    if block == Block.STATE:
        text = _("%(ref)s is %(state)s; this cannot be done to it any more.")
        return text % {"ref": row.ref, "state": row.get_state_display()}
    if block == Block.NOT_REQUESTER:
        return _("Only %(name)s, who asked, can take it back.") % {"name": row.requested_by}
    reasons = {
        Block.PARTY: _("This risk is %(party)s's; its people decide."),
        Block.AUTHORITY: _("The criteria name another role for this rating (%(role)s)."),
        Block.REQUESTER: _("You asked for it; somebody else has to answer."),
        Block.ANSWERS_FOR_IT: _("You answer for this risk; somebody else has to accept it."),
    }
    reason = reasons[block] % {
        "party": row.party.name,
        "role": _role_label(least_role_to_accept(viewer, row.rating)),
    }
    but = [row.requested_by_id] if act in (Act.GRANT, Act.REFUSE) else []
    return join_sentences(
        [reason, text_on_who_can(who_can_accept(viewer, row.risk, row.rating, but))]
    )


def text_on_who_can(people: Sequence[User]) -> str:
    """Who could do it, in a sentence."""
    if not people:
        return _("Nobody here could at present: name a member with that role.")
    return _("One of these can: %(people)s.") % {"people": enumerate_texts(people[:10])}


def _role_label(role: str) -> str:
    return str(Role(role).label)
