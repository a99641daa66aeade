"""What a person answers for, as far as the viewer may know of it and hand it on."""

import hashlib
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet
from django.utils.translation import gettext as _

from riskreg.accounts.models import User
from riskreg.handover.models import HandOver, ItemKind
from riskreg.indicators.models import Indicator
from riskreg.indicators.queries.access import indicators_for
from riskreg.kernel.errors import NotFound
from riskreg.register.access import Viewer
from riskreg.register.models import Membership
from riskreg.register.permissions import permits, permits_for_person
from riskreg.register.queries import ANSWERABLE, is_member_with_id_or_email
from riskreg.register.visibility import Visibility
from riskreg.risks.models import Control, Mitigation, MitigationStatus, State
from riskreg.risks.queries.access import visible_risks
from riskreg.risks.queries.priority import priority_of_worst_open_risk

RUNNING = (MitigationStatus.PLANNED, MitigationStatus.IN_PROGRESS)
# What each kind of thing needs of who hands it on.
_NEEDS = {
    "owned": "risk.transfer",
    "deputised": "risk.edit",
    "mitigations": "mitigation.edit",
    "indicators": "indicator.edit",
    "controls": "control.edit",
}
_KINDS = {
    ItemKind.ALL: tuple(_NEEDS),
    ItemKind.RISKS: ("owned", "deputised"),
    ItemKind.MITIGATIONS: ("mitigations",),
    ItemKind.INDICATORS: ("indicators",),
    ItemKind.CONTROLS: ("controls",),
}


_AT_STAKE = {
    "owned": F("priority"),
    "deputised": F("priority"),
    "mitigations": priority_of_worst_open_risk("mitigations"),
    "indicators": priority_of_worst_open_risk("indicators"),
    "controls": priority_of_worst_open_risk("controls"),
}


@dataclass
class Responsibilities:
    """What somebody answers for: ``moving`` by kind, and ``staying``, which the viewer may see and
    not hand on. Each risk, mitigation, indicator or control is as it was when it was read."""

    moving: dict[str, list[Any]] = field(default_factory=dict)
    staying: dict[str, list[Any]] = field(default_factory=dict)

    @property
    def moving_counts(self) -> dict[str, int]:
        """How many of each kind move."""
        return {kind: len(self.moving.get(kind, [])) for kind in _NEEDS}

    @property
    def moving_total(self) -> int:
        """How many things move."""
        return sum(self.moving_counts.values())

    @property
    def moving_things(self) -> Iterator[Any]:
        """Everything that moves."""
        for rows in self.moving.values():
            yield from rows

    @property
    def moving_private_things(self) -> list[Any]:
        """What of it is a party's own."""
        return [row for row in self.moving_things if row.visibility == Visibility.PARTY]

    @property
    def fingerprint_of_moving(self) -> str:
        """A short text that is another one as soon as one of them changed hands or was edited."""
        text = ",".join(
            f"{kind}/{row.uuid}:{row.version}"
            for kind, rows in sorted(self.moving.items())
            for row in rows
        )
        return hashlib.sha256(text.encode()).hexdigest()[:32]


def responsibilities(
    viewer: Viewer, user: User, part: str = ItemKind.ALL, *, lock: bool = False
) -> Responsibilities:
    """What ``user`` answers for that is not over: open risks and drafts, work planned or in
    progress, indicators that are read, controls in place. One query for each kind; ``lock``: for
    update."""
    answered = _unended_rows_by_kind(viewer)
    found = Responsibilities()
    for kind in _KINDS[ItemKind(part)]:
        rows, who = answered[kind]
        queryset = (
            rows.filter(**{who: user.pk}).select_related("party").annotate(at_stake=_AT_STAKE[kind])
        )
        queryset = queryset.order_by("-at_stake", "pk" if kind == "controls" else "ref")
        if kind == "indicators":
            queryset = queryset.prefetch_related(None)
        if lock:
            queryset = queryset.select_for_update(of=("self",), no_key=True)
        for row in queryset:
            may = permits(viewer, _NEEDS[kind], row)
            (found.moving if may else found.staying).setdefault(kind, []).append(row)
    return found


def counts_answered_for_by_user(
    viewer: Viewer, users: Collection[int]
) -> dict[int, dict[str, int]]:
    """How much each of ``users`` (database ids) answers for, as far as the viewer may know of it:
    {user: {kind: number}}, kinds as in ``Responsibilities.moving_counts``. Five queries,
    however many."""
    found = {user: dict.fromkeys(_NEEDS, 0) for user in users}
    for kind, (rows, who) in _unended_rows_by_kind(viewer).items():
        counted = rows.filter(**{f"{who}__in": users}).order_by().values_list(who)
        for user, number in counted.annotate(n=Count("pk")):
            found[user][kind] = number
    return found


class RowsAndOwnerColumn(NamedTuple):
    """Rows, and the column that says who answers for each."""

    rows: QuerySet[Any]
    owner_column: str


def _unended_rows_by_kind(viewer: Viewer) -> dict[str, RowsAndOwnerColumn]:
    """What somebody can answer for that is not over, by kind, and the column that says who does."""
    risks = visible_risks(viewer).filter(state__in=[State.DRAFT, State.OPEN])
    work = Mitigation.objects.visible_to(viewer).filter(status__in=RUNNING)
    read = indicators_for(viewer).filter(active=True)
    in_place = Control.objects.visible_to(viewer).filter(ended_at=None)
    return {
        "owned": RowsAndOwnerColumn(risks, "owner_id"),
        "deputised": RowsAndOwnerColumn(risks, "deputy_id"),
        "mitigations": RowsAndOwnerColumn(work, "owner_id"),
        "indicators": RowsAndOwnerColumn(read, "owner_id"),
        "controls": RowsAndOwnerColumn(in_place, "owner_id"),
    }


def ref_or_name(row: Any) -> str:
    """What a thing is called in a list: its ref, or the name of what has none."""
    return str(row.localized("name") if isinstance(row, Control) else row.ref)


class PersonAndPartyId(NamedTuple):
    """Somebody, and their party by its database id; None for who acts for none."""

    person: User
    party_id: int | None


def present_or_past_member(viewer: Viewer, name: Any) -> PersonAndPartyId:
    """The person of that public id or e-mail address, a member now or once, and their party.

    Their present party, or that of their last membership. Raises ``NotFound`` for who never was.
    """
    wanted = Q(user=name) if isinstance(name, User) else is_member_with_id_or_email(name)
    row = (
        Membership.objects.select_related("user")
        .filter(wanted, register=viewer.register)
        .order_by("-created_at", "-pk")
    )
    member = row.filter(ended_at=None).first() or row.first()
    if member is None:
        raise NotFound(_("Nobody of this register is known by that; pick a member."))
    return PersonAndPartyId(member.user, member.party_id)


class PersonOrLeaver(NamedTuple):
    """Somebody of the register, and whether they have left it."""

    user: User
    has_left: bool


def people_whose_things_may_be_handed_over(viewer: Viewer) -> list[PersonOrLeaver]:
    """Whose things the viewer may hand over, by name.

    Of those who have left only who still answers for something that the viewer may know of.
    """
    risks = visible_risks(viewer).filter(state__in=[State.DRAFT, State.OPEN])
    me = OuterRef("user_id")
    answers = (
        Exists(risks.filter(owner=me))
        | Exists(risks.filter(deputy=me))
        | Exists(Mitigation.objects.visible_to(viewer).filter(owner=me, status__in=RUNNING))
        | Exists(Indicator.objects.visible_to(viewer).filter(owner=me, active=True))
        | Exists(Control.objects.visible_to(viewer).filter(owner=me, ended_at=None))
    )
    present = Q(ended_at=None, user__is_active=True)
    rows = (
        Membership.objects.select_related("user")
        .filter(register=viewer.register, role__in=ANSWERABLE)
        .filter(present | answers)
        .order_by("user__name", "user_id", "-created_at")
    )
    found: dict[int, PersonOrLeaver] = {}
    for row in rows:
        here = row.ended_at is None and row.user.is_active
        if not permits_for_person(viewer, "handover.make", row.user_id, row.party_id):
            continue
        if row.user_id not in found or here:
            found[row.user_id] = PersonOrLeaver(row.user, not here)
    return list(found.values())


def handovers_of_own_party(viewer: Viewer) -> QuerySet[HandOver]:
    """Those of the viewer's party, newest first."""
    return (
        HandOver.objects.visible_to(viewer)
        .select_related("from_user", "to_user", "by")
        .order_by("-at", "-pk")
    )
