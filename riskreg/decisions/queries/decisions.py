"""Decisions as their reader may see them, who may do what to one, and who could instead."""

import datetime as dt
from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.db.models import Count, Exists, OuterRef, Prefetch, Q, QuerySet, Subquery
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from riskreg.accounts.models import User
from riskreg.decisions.models import (
    Argument,
    Decider,
    Decision,
    DecisionState,
    Obligation,
    ObligationKind,
    ObligationState,
    Option,
    Revisit,
    Vote,
)
from riskreg.decisions.policy import decisions as policy
from riskreg.decisions.policy.acceptances import roles_with_at_least_authority_of
from riskreg.decisions.policy.decisions import Act, Block, Situation, Stale, ViewerRelation
from riskreg.decisions.queries.acceptances import text_on_who_can
from riskreg.kernel.errors import NotFound
from riskreg.kernel.punctuation import enumerate_texts, join_sentences
from riskreg.register.access import Viewer
from riskreg.register.models import Role
from riskreg.register.permissions import permits
from riskreg.register.policy import Matrix
from riskreg.register.queries import active_members_for
from riskreg.register.visibility import Visibility
from riskreg.register.written import written_once
from riskreg.risks.appetite import joined_terms_expression, split_joined_terms
from riskreg.risks.models import Mitigation, Position, Risk
from riskreg.risks.queries.access import is_valid_ref, visible_risks

# What somebody can be offered; the rest happens by itself.
OFFERED = tuple(act for act in Act if act not in policy.BY_ITSELF)


def visible_decisions(viewer: Viewer) -> QuerySet[Decision]:
    """Every decision that the viewer may know of."""
    return Decision.objects.visible_to(viewer)


def decisions_with_shown_fields_for(viewer: Viewer, today: dt.date) -> QuerySet[Decision]:
    """Those with everything that is shown of one."""
    now = Position.objects.filter(risk=OuterRef("pk"), valid_to=None)
    risks = visible_risks(viewer).annotate(
        rating_now=Subquery(now.values("residual_rating")[:1]),
        terms_now=joined_terms_expression("pk"),
    )
    conditions = Obligation.objects.visible_to(viewer).filter(
        kind=ObligationKind.DECISION_CONDITION
    )
    late = conditions.filter(decision=OuterRef("pk"), state=ObligationState.OPEN, due_on__lt=today)
    # Whose vote it was: a member for that party still, and in which role.
    still = (
        active_members_for(viewer)
        .filter(user=OuterRef("member"), party=OuterRef("party"))
        .order_by()
    )
    people = ("requested_by", "proposed_by", "ruled_by", "closed_by")
    works = Mitigation.objects.visible_to(viewer).order_by("ref")
    options = Option.objects.prefetch_related(
        Prefetch("mitigations", queryset=works, to_attr="works")
    )
    return (
        visible_decisions(viewer)
        .select_related("party", "criteria", "replaces", *people)
        .prefetch_related(
            Prefetch("risks", queryset=risks.order_by("ref"), to_attr="touched"),
            Prefetch(
                "deciders",
                queryset=Decider.objects.select_related("user", "party").order_by("pk"),
                to_attr="asked",
            ),
            Prefetch("options", queryset=options.order_by("key"), to_attr="choices"),
            Prefetch(
                "arguments",
                queryset=Argument.objects.visible_to(viewer)
                .select_related("author", "party")
                .order_by("at", "pk"),
                to_attr="argued",
            ),
            Prefetch(
                "votes",
                queryset=Vote.objects.select_related("member", "party")
                .annotate(role_now=Subquery(still.values("role")[:1]))
                .order_by("at", "pk"),
                to_attr="cast",
            ),
            Prefetch(
                "revisits",
                queryset=Revisit.objects.select_related("by").order_by("at", "pk"),
                to_attr="looked",
            ),
            Prefetch(
                "obligations",
                queryset=conditions.select_related("owner", "closed_by").order_by("due_on", "pk"),
                to_attr="conditions",
            ),
        )
        .annotate(missed=Exists(late))
    )


def decisions_about(viewer: Viewer, risk: Risk) -> QuerySet[Decision]:
    """Those that touch ``risk``, as far as the viewer may know, the newest first."""
    rows: QuerySet[Decision] = visible_decisions(viewer).filter(risks=risk)
    return rows.order_by("-created_at", "-pk")


def decision_exists(viewer: Viewer, risk_column: str) -> Exists:
    """Whether the viewer may know of a decision that touches the risk that the column
    ``risk_column`` of an outer query names."""
    return Exists(visible_decisions(viewer).filter(risks=OuterRef(risk_column)))


def decision_counts_by_state(viewer: Viewer) -> dict[str, int]:
    """How many decisions are in each state that there are any in; one query."""
    return dict(_state_and_count(viewer))


@written_once()
def _state_and_count(viewer: Viewer) -> QuerySet[Decision, tuple[str, int]]:
    return visible_decisions(viewer).order_by().values_list("state").annotate(n=Count("pk"))


def decision_for(viewer: Viewer, ref: str, today: dt.date) -> Decision:
    """The decision called ``ref``. Raises ``NotFound`` also for another party's own."""
    row = (
        decisions_with_shown_fields_for(viewer, today).filter(ref=ref).first()
        if is_valid_ref(ref)
        else None
    )
    if row is None:
        raise NotFound(_("There is no such decision."))
    row.register = viewer.register
    return row


def bare_decision_for(viewer: Viewer, ref: str) -> Decision:
    """The decision called ``ref`` alone, without what is shown of one. Raises ``NotFound``."""
    rows = visible_decisions(viewer).select_related("party")
    row = rows.filter(ref=ref).first() if is_valid_ref(ref) else None
    if row is None:
        raise NotFound(_("There is no such decision."))
    row.register = viewer.register
    return row


def option_of(decision: Decision, key: str) -> Option:
    """The option of a decision that is called ``key``. Raises ``NotFound``."""
    row = decision.options.filter(key=key).first() if len(key) == 1 and key.isascii() else None
    if row is None:
        raise NotFound(_("There is no such option."))
    return row


def argument_for(
    viewer: Viewer, decision: Decision, argument: UUID, *, lock: bool = False
) -> Argument:
    """The argument of that id on a decision. Raises ``NotFound`` also for another party's own."""
    rows = Argument.objects.visible_to(viewer).select_related("party", "author")
    if lock:
        rows = rows.select_for_update(of=("self",), no_key=True)
    row = rows.filter(decision=decision, uuid=argument).first()
    if row is None:
        raise NotFound(_("There is no such argument."))
    row.register, row.decision = viewer.register, decision
    return row


def decision_condition_for(
    viewer: Viewer, ref: str, condition: UUID, *, lock: bool = False
) -> Obligation:
    """The condition of that id of the decision called ``ref``. Raises ``NotFound``."""
    rows = Obligation.objects.visible_to(viewer).select_related("risk", "party", "owner")
    if lock:
        rows = rows.select_for_update(of=("self",), no_key=True)
    found = rows.filter(uuid=condition, kind=ObligationKind.DECISION_CONDITION, decision__ref=ref)
    row = found.first() if is_valid_ref(ref) else None
    if row is None:
        raise NotFound(_("There is no such condition."))
    return row


# How it stands ---------------------------------------------------------------------------------
def ratings_now_by_risk(row: Decision) -> dict[str, str | None]:
    """{public id: rating} of the risks that a decision, read by
    ``decisions_with_shown_fields_for``, touches."""
    touched: list[Risk] = row.touched  # type: ignore[attr-defined]
    return {str(risk.uuid): risk.rating_now for risk in touched}  # type: ignore[attr-defined]


def stale_because(viewer: Viewer, row: Decision) -> list[Stale]:
    """What a decision, read by ``decisions_with_shown_fields_for``, stood on and that moved
    since."""
    frozen = Matrix(row.criteria) if row.criteria is not None else None
    missed: bool = row.missed  # type: ignore[attr-defined]
    touched: list[Any] = row.touched  # type: ignore[attr-defined]
    terms = [split_joined_terms(risk.terms_now) for risk in touched]
    return policy.stale_because(
        row.state,
        row.basis,
        ratings_now_by_risk(row),
        frozen,
        Matrix(viewer.criteria),
        missed,
        terms,
    )


def least_role_to_decide(viewer: Viewer, row: Decision) -> str:
    """The role that the criteria in force name for the highest rating that it touches."""
    matrix = Matrix(viewer.criteria)
    return matrix.least_role_to_accept(
        policy.highest_rating_or_worst_if_unrated(list(ratings_now_by_risk(row).values()), matrix)
    )


def parties_whose_yes_counts(viewer: Viewer, row: Decision) -> set[int]:
    """The parties (database ids) whose yes to the ruling counts: given in this round, by somebody
    who is still a member for that party and has the authority."""
    if row.ruled_by_id is None:
        return set()
    roles = roles_with_at_least_authority_of(least_role_to_decide(viewer, row))
    votes: list[Vote] = row.cast  # type: ignore[attr-defined]
    return {
        vote.party_id
        for vote in votes
        if vote.is_yes and vote.round == row.round and vote.role_now in roles  # type: ignore[attr-defined]
    }


def asked_parties(row: Decision) -> set[int]:
    """The parties (database ids) whose yes it takes: each that somebody was named for."""
    asked: list[Decider] = row.asked  # type: ignore[attr-defined]
    return {one.party_id for one in asked}


# Who may ---------------------------------------------------------------------------------------
def viewer_relation_to(viewer: Viewer, row: Decision) -> ViewerRelation:
    """The viewer in relation to a decision, read by ``decisions_with_shown_fields_for``."""
    me = viewer.user.pk
    asked: list[Decider] = row.asked  # type: ignore[attr-defined]
    named = any(one.user_id == me and one.party_id == viewer.party_id for one in asked)
    may = permits(viewer, "decision.decide")
    return ViewerRelation(
        edits=permits(viewer, "decision.edit", row),
        requested_it=me in (row.requested_by_id, row.proposed_by_id),
        decides=named,
        has_authority=may and policy.may_decide(viewer.role, least_role_to_decide(viewer, row)),
        reviews=permits(viewer, "decision.revisit", row) or (may and named),
    )


def reason_blocked_for(viewer: Viewer, act: str, row: Decision, today: dt.date) -> Block | None:
    """What keeps the viewer from doing ``act`` to a decision; None for nothing."""
    voting = act in (Act.AGREE, Act.OBJECT) and row.ruled_by_id is not None
    situation = Situation(
        state=row.state,
        ruled=row.ruled_by_id is not None,
        party_agreed=voting and viewer.party_id in parties_whose_yes_counts(viewer, row),
        overdue=policy.is_overdue(row.state, row.due_on, today),
    )
    return policy.reason_blocked(act, situation, viewer_relation_to(viewer, row))


def acts_open_to(viewer: Viewer, row: Decision, today: dt.date) -> list[str]:
    """What the viewer can do to it now."""
    return [act.value for act in OFFERED if reason_blocked_for(viewer, act, row, today) is None]


def may_be_edited(viewer: Viewer, row: Decision) -> bool:
    """Whether the viewer can change its texts, options and who decides."""
    return row.state == DecisionState.DRAFT and permits(viewer, "decision.edit", row)


def may_argue(viewer: Viewer, row: Decision) -> bool:
    """Whether the viewer can say something for or against an option."""
    open_states = (DecisionState.DRAFT, DecisionState.PROPOSED)
    return (
        row.state in open_states
        and viewer.party_id is not None
        and permits(viewer, "decision.argue")
    )


def who_can_decide(
    viewer: Viewer, row: Decision, but: Iterable[int] = (), *, only_named: bool = True
) -> list[User]:
    """The members with the authority who did not ask for it: those that were named alone, or
    whoever could be."""
    roles = roles_with_at_least_authority_of(least_role_to_decide(viewer, row))
    left_out = {row.requested_by_id, row.proposed_by_id, *but} - {None}
    rows = active_members_for(viewer).filter(role__in=roles, party__isnull=False)
    if only_named:
        rows = rows.filter(user__in=[one.user_id for one in row.asked])  # type: ignore[attr-defined]
    return [one.user for one in rows.exclude(user__in=left_out)]


def reason_blocked_and_who_can_text(viewer: Viewer, act: str, row: Decision, block: Block) -> str:
    """What keeps the viewer from it in their words, and who could."""
    if block == Block.STATE:
        text = _("%(ref)s is %(state)s; this cannot be done to it now.")
        return text % {"ref": row.ref, "state": row.get_state_display()}
    if block == Block.NOT_DUE:
        text = _("It can lapse when its day, %(day)s, has passed.")
        return text % {"day": date_format(row.due_on, "DATE_FORMAT")}
    if block == Block.EDITOR:
        text = _("Who asked (%(name)s) can do this, or the risk managers and leaders of %(party)s.")
        return text % {"name": row.requested_by, "party": row.party.name}
    if block == Block.RULED:
        text = _("%(name)s has chosen %(key)s; the other parties say yes or no to that.")
        return text % {"name": row.ruled_by, "key": row.chosen}
    if block == Block.NO_RULING:
        return _("Nobody has chosen yet; there is nothing to say yes or no to.")
    if block == Block.VOTED:
        return _("Your party has said yes to it.")
    if act in (Act.REVISIT, Act.CLOSE):
        names = [one.user for one in row.asked]  # type: ignore[attr-defined]
        reason = {
            Block.REQUESTER: _("You asked for it; somebody else says what became of it."),
            Block.REVIEWER: _(
                "Who decided it says what became of it, or the risk managers and leaders of its "
                "party."
            ),
        }[block]
        others = [user for user in names if user.pk != viewer.user.pk]
        return f"{reason} {text_on_who_can(others)}"
    reason = {
        Block.REQUESTER: _("You asked for it; somebody else has to decide."),
        Block.DECIDER: _("You were not asked to decide this."),
        Block.AUTHORITY: _("The criteria name another role for what it touches (%(role)s).")
        % {"role": Role(least_role_to_decide(viewer, row)).label},
    }[block]
    named = who_can_decide(viewer, row)
    if named:
        return join_sentences([reason, text_on_who_can(named)])
    # Those who are asked have left, or have another role by now.
    others = who_can_decide(viewer, row, only_named=False)
    if not others:
        return join_sentences([reason, text_on_who_can([])])
    text = _("Nobody who is asked can decide it any more; one of these could be asked: %(people)s.")
    return join_sentences([reason, text % {"people": enumerate_texts(others[:10])}])


def arguments_of(viewer: Viewer, row: Decision) -> QuerySet[Argument]:
    """What is said about a decision, as far as the viewer may read it."""
    rows = Argument.objects.visible_to(viewer).filter(decision=row)
    return rows.select_related("author", "party")


def decision_taken_for(viewer: Viewer, ref: str) -> Decision:
    """A decision that was taken, for its record. Raises ``NotFound`` also for one that was not."""
    rows = visible_decisions(viewer).filter(decided_at__isnull=False).select_related("criteria")
    row = rows.filter(ref=ref).first() if is_valid_ref(ref) else None
    if row is None:
        raise NotFound(_("There is no record: nothing has been decided."))
    return row


# More than this are not offered in a form; a program can name any.
MOST_WORKS = 60


def first_mitigations_to_offer(
    viewer: Viewer, row: Decision, named_refs: Iterable[str]
) -> list[Mitigation]:
    """The mitigations that an option of ``row``, read by ``decision_for``, can name: those that
    serve the risks it touches, and those in ``named_refs``; of a shared decision shared ones."""
    touched: list[Risk] = row.touched  # type: ignore[attr-defined]
    rows = Mitigation.objects.visible_to(viewer).filter(
        Q(risks__in=touched) | Q(ref__in=list(named_refs))
    )
    fitting = Q(visibility=Visibility.SHARED)
    if row.visibility == Visibility.PARTY:
        fitting |= Q(party=row.party_id)
    rows = rows.filter(fitting)
    return list(rows.distinct().order_by("ref")[:MOST_WORKS])
