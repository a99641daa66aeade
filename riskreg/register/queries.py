"""Reads of a register's frame: members, terms, objectives."""

import datetime as dt
import uuid
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Exists, FilteredRelation, OuterRef, Prefetch, Q, QuerySet, Subquery
from django.utils.translation import gettext as _

from riskreg.accounts.models import User
from riskreg.kernel.compiled import Statement
from riskreg.kernel.errors import Errors, NotFound
from riskreg.kernel.localised import localised
from riskreg.kernel.text import is_storable
from riskreg.register.access import Viewer
from riskreg.register.axes import AXES, axes_of
from riskreg.register.models import (
    Absence,
    Criteria,
    Membership,
    Objective,
    Party,
    Role,
    Taxonomy,
    Term,
)
from riskreg.register.written import written_once

ANSWERABLE = (Role.OWNER, Role.MANAGER, Role.LEADER)


def taxonomies_for(viewer: Viewer) -> list[Taxonomy]:
    """The register's taxonomies with their terms, in order (two queries)."""
    return list(
        Taxonomy.objects.filter(register=viewer.register).prefetch_related(
            Prefetch("terms", queryset=Term.objects.order_by("position", "id"))
        )
    )


@dataclass(frozen=True)
class Choices:
    """What a form or a filter offers: parties and who answers for risks (both ``(value, name)``,
    people with their party's key), and taxonomies in order: key, name and their terms as
    ``(taxonomy:term, name)``. ``retired``: terms out of use, which are shown where they were used
    or asked for already. ``axes``: what the register calls the axes of its matrix."""

    parties: list[tuple[str, str]] = field(default_factory=list)
    people: list[tuple[str, str, str]] = field(default_factory=list)
    taxonomies: list[tuple[str, str, list[tuple[str, str]]]] = field(default_factory=list)
    retired: dict[str, str] = field(default_factory=dict)
    axes: dict[str, str] = field(default_factory=dict)

    def terms_with_held_retired(
        self, taxonomy: str, terms: list[tuple[str, str]], held: Collection[str]
    ) -> list[tuple[str, str]]:
        """``terms`` of that taxonomy, and those out of use that are in ``held``."""
        old = [
            (value, _("%(name)s (out of use)") % {"name": name})
            for value, name in self.retired.items()
            if value in held and value.startswith(f"{taxonomy}:")
        ]
        return [*terms, *old]


def _parties_with_answerable_members(register: int) -> QuerySet[Party, tuple[Any, ...]]:
    """Each party with everybody who answers for risks there, by name."""
    answering = Q(members__ended_at=None, members__role__in=ANSWERABLE)
    return (
        Party.objects.filter(register=register)
        .annotate(present=FilteredRelation("members", condition=answering))
        .order_by("id", "present__user__name", "present__id")
        .values_list(
            "key", "names", "present__user__uuid", "present__user__name", "present__user__names"
        )
    )


def _terms_with_taxonomy(register: int) -> QuerySet[Term, tuple[Any, ...]]:
    """Each term with its taxonomy, in the register's order."""
    return (
        Term.objects.filter(taxonomy__register=register)
        .order_by("taxonomy__position", "taxonomy_id", "position", "id")
        .values_list("taxonomy__key", "taxonomy__names", "key", "names", "retired_at")
    )


_ANSWERING: Statement[Any] = Statement(_parties_with_answerable_members, int)
_FILED_UNDER: Statement[Any] = Statement(_terms_with_taxonomy, int)


def choices_for(viewer: Viewer) -> Choices:
    """Everything of the register's frame that can be chosen, in two queries."""
    axes = axes_of(viewer.register)
    choices = Choices(axes={axis: axes.name(axis) for axis in AXES})
    for key, names, user, name, user_names in _ANSWERING(viewer.register.pk):
        if not choices.parties or choices.parties[-1][0] != key:
            choices.parties.append((key, localised(names, key)))
        if user is not None:
            choices.people.append((str(user), localised(user_names, name), key))
    for taxonomy, taxonomy_names, key, names, retired_at in _FILED_UNDER(viewer.register.pk):
        if not choices.taxonomies or choices.taxonomies[-1][0] != taxonomy:
            choices.taxonomies.append((taxonomy, localised(taxonomy_names, taxonomy), []))
        if retired_at:
            choices.retired[f"{taxonomy}:{key}"] = localised(names, key)
        else:
            choices.taxonomies[-1][2].append((f"{taxonomy}:{key}", localised(names, key)))
    return choices


def objectives_for(viewer: Viewer) -> QuerySet[Objective]:
    """The objectives the viewer may know of, soonest first."""
    return Objective.objects.visible_to(viewer).order_by("due_on", "id")


@written_once()
def first_objectives_not_past(viewer: Viewer, today: dt.date, *, most: int) -> QuerySet[Objective]:
    """The first ``most`` of them that are not due before ``today``."""
    return objectives_for(viewer).filter(due_on__gte=today)[:most]


def objective_for(viewer: Viewer, key: str, *, lock: bool = False) -> Objective:
    """The objective of that key; where a shared one has the key of one of the viewer's party, that
    of the party. Raises ``NotFound`` for what the viewer may not know of, as for what is not there.
    """
    rows = Objective.objects.visible_to(viewer).select_related("party")
    rows = rows.select_for_update(of=("self",), no_key=True) if lock else rows
    found = rows.filter(key=key).order_by("visibility").first() if is_storable(key) else None
    if found is None:
        raise NotFound(_("There is no such objective."))
    return found


def terms_of(viewer: Viewer) -> QuerySet[Term]:
    """The register's terms with their taxonomies, in the order of both."""
    terms = Term.objects.filter(taxonomy__register=viewer.register).select_related("taxonomy")
    return terms.order_by("taxonomy__position", "taxonomy_id", "position", "id")


def taxonomy_rows(viewer: Viewer) -> QuerySet[Taxonomy]:
    """The register's classifications, in their order."""
    return Taxonomy.objects.filter(register=viewer.register).order_by("position", "id")


def criteria_versions(viewer: Viewer, **which: Any) -> QuerySet[Criteria]:
    """Versions of the register's criteria; ``which`` are look-ups such as ``number=2``."""
    return Criteria.objects.filter(register=viewer.register, **which)


def parties_for(viewer: Viewer) -> QuerySet[Party]:
    """The register's parties."""
    return Party.objects.filter(register=viewer.register).order_by("id")


def active_members_for(viewer: Viewer) -> QuerySet[Membership]:
    """The register's present members with user and party, by name."""
    return (
        Membership.objects.select_related("user", "party")
        .filter(register=viewer.register, ended_at=None, user__is_active=True)
        .order_by("user__name", "id")
    )


def answerable_members(viewer: Viewer, *, private_to: Party | None = None) -> QuerySet[Membership]:
    """Members who can own a risk; for a private one only those of its party."""
    members = active_members_for(viewer).filter(role__in=ANSWERABLE)
    return members.filter(party=private_to) if private_to else members


def is_member_with_id_or_email(name: object) -> Q:
    """Membership of whoever has that public id or e-mail address; anything else is nobody's."""
    text = str(name or "").strip().lower()
    try:
        return Q(user__uuid=uuid.UUID(text))
    except ValueError:
        return Q(user__email=text) if len(text) <= 254 and is_storable(text) else Q(pk=None)


def find_answerable_member(viewer: Viewer, errors: Errors, field: str, name: object) -> User | None:
    """The member whose public id or e-mail address is ``name``; notes an error otherwise."""
    wanted = Q(user=name) if isinstance(name, User) else is_member_with_id_or_email(name)
    member = active_members_for(viewer).filter(wanted).first()
    if member is None:
        errors.add(
            field, "unknown_member", _("Nobody of this register is known by that; pick a member.")
        )
        return None
    if member.role not in ANSWERABLE:
        errors.add(
            field,
            "cannot_own",
            _("This member's role cannot answer for risks; name an owner or manager."),
        )
        return None
    return member.user


def party_id_of(viewer: Viewer, user: User) -> int | None:
    """Database id of the party that ``user`` acts for in the viewer's register."""
    return (
        Membership.objects.filter(register=viewer.register, user=user, ended_at=None)
        .values_list("party_id", flat=True)
        .first()
    )


def find_objectives(
    viewer: Viewer, errors: Errors, field: str, keys: Iterable[object]
) -> list[Objective]:
    """The visible objectives of those keys; notes those that do not exist for this viewer."""
    wanted = [str(k) for k in keys]
    found = objectives_for(viewer).filter(key__in=[key for key in wanted if is_storable(key)])
    known = {o.key: o for o in found}
    unknown = sorted(set(wanted) - set(known))
    if unknown:
        errors.add(
            field,
            "unknown_objective",
            _("Unknown objective: %(names)s.") % {"names": ", ".join(unknown)[:200]},
        )
    return [known[k] for k in dict.fromkeys(wanted) if k in known]


def stand_ins_by_absent_user(register_id: int, day: dt.date) -> dict[int, int | None]:
    """Who is away on ``day`` of that register's calendar, and who stands in: {user: user or None}.

    Only members, by database ids. A stand-in who is a member no more, or of another party now, is
    none. Who stands in may be away as well: that is in the answer under their own id.
    """
    return stand_ins_by_day_and_absent_user(register_id, [day])[day]


def stand_ins_by_day_and_absent_user(
    register_id: int, days: Collection[dt.date]
) -> dict[dt.date, dict[int, int | None]]:
    """``stand_ins_by_absent_user`` for each of ``days`` (at least one), in one query."""
    rows = _absences_with_parties(
        Q(register_id=register_id, starts_on__lte=max(days), until_on__gte=min(days))
    ).values_list("starts_on", "until_on", "user_id", "stand_in_id", "party", "party_of_stand_in")
    away: dict[dt.date, dict[int, int | None]] = {day: {} for day in days}
    for first, last, user, stand_in, party_now, theirs in rows:
        for day in days:
            if first <= day <= last:
                away[day][user] = stand_in if party_now == theirs else None
    return away


def stand_ins_by_register_and_absent_user(
    days: Mapping[int, dt.date],
) -> dict[int, dict[int, int | None]]:
    """``stand_ins_by_absent_user`` for each of many registers on its own day (``days``), in one
    query."""
    away: dict[int, dict[int, int | None]] = {register: {} for register in days}
    that_day = Q()
    for day in set(days.values()):
        there = [register for register, its in days.items() if its == day]
        that_day |= Q(register_id__in=there, starts_on__lte=day, until_on__gte=day)
    if not that_day:
        return away
    rows = _absences_with_parties(that_day).values_list(
        "register_id", "user_id", "stand_in_id", "party", "party_of_stand_in"
    )
    for register, user, stand_in, party_now, theirs in rows:
        away[register][user] = stand_in if party_now == theirs else None
    return away


def _absences_with_parties(which: Q) -> QuerySet[Any]:
    """Absences of members, with their ``party`` now and ``party_of_stand_in``, if they answer."""
    party_of_stand_in = Membership.objects.filter(
        register_id=OuterRef("register_id"),
        user_id=OuterRef("stand_in_id"),
        user__is_active=True,
        ended_at=None,
        role__in=ANSWERABLE,
    ).values("party_id")
    party = Membership.objects.filter(
        register_id=OuterRef("register_id"), user_id=OuterRef("user_id"), ended_at=None
    ).values("party_id")
    return (
        Absence.objects.filter(which, ended_at=None)
        .annotate(party=Subquery(party), party_of_stand_in=Subquery(party_of_stand_in))
        .filter(party__isnull=False)
        .order_by("pk")
    )


def unended_absences_between(
    register_id: int, user_id: int, first: dt.date, last: dt.date
) -> QuerySet[Absence]:
    """Absences of somebody that share a day with ``first`` to ``last``, soonest first."""
    return Absence.objects.filter(
        register_id=register_id,
        user_id=user_id,
        ended_at=None,
        starts_on__lte=last,
        until_on__gte=first,
    ).order_by("starts_on", "pk")


def every_absence_for(viewer: Viewer) -> QuerySet[Absence]:
    """Every absence in the register, over or not."""
    return Absence.objects.filter(register=viewer.register)


def unended_absences_for(viewer: Viewer, today: dt.date) -> QuerySet[Absence]:
    """Absences of present members that are not over, soonest first, with both people.

    Each has the absent member's party in ``of_party`` (database id), and in ``stand_in_away``
    whether who stands in is away on some of the same days.
    """
    party = Membership.objects.filter(
        register=viewer.register.pk, user_id=OuterRef("user_id"), ended_at=None
    ).values("party_id")
    clash = Absence.objects.filter(
        register=viewer.register.pk,
        user_id=OuterRef("stand_in_id"),
        ended_at=None,
        starts_on__lte=OuterRef("until_on"),
        until_on__gte=OuterRef("starts_on"),
    )
    return (
        Absence.objects.filter(register=viewer.register.pk, ended_at=None, until_on__gte=today)
        .select_related("user", "stand_in")
        .annotate(of_party=Subquery(party), stand_in_away=Exists(clash))
        .filter(of_party__isnull=False)
        .order_by("starts_on", "pk")
    )


def absences_today_of(viewer: Viewer, today: dt.date, users: Collection[int]) -> dict[int, Absence]:
    """Of ``users``, who is away ``today``, with the absence and its stand-in (one query)."""
    rows = unended_absences_for(viewer, today).filter(user_id__in=set(users), starts_on__lte=today)
    return {row.user_id: row for row in rows}


def is_anybody_away(viewer: Viewer, today: dt.date, *person_columns: str) -> Exists:
    """Whether anybody of those columns (users, as ``owner``) is away ``today``: an expression."""
    anybody = Q()
    for column in person_columns:
        anybody |= Q(user=OuterRef(column))
    return Exists(unended_absences_for(viewer, today).filter(anybody, starts_on__lte=today))
