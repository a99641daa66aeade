"""A register as an operator's command describes it: made, or brought to what is described."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from riskreg.accounts.models import User
from riskreg.kernel.errors import Conflict, Errors, Invalid
from riskreg.register.access import Viewer, as_viewer
from riskreg.register.change_models import ChangeRequest, ChangeState
from riskreg.register.change_queries import who_can_answer_by_party
from riskreg.register.models import (
    Invitation,
    Membership,
    Objective,
    Party,
    Register,
    Role,
)
from riskreg.register.people import FOR_PEOPLE, WITHOUT_PARTY
from riskreg.register.permissions import require_not_archived
from riskreg.register.services.founding import (
    add_classification,
    found_register,
    prefix_from_party_key,
)
from riskreg.register.services.invitations import invite
from riskreg.register.services.members import add_member
from riskreg.register.services.objectives import add_objective
from riskreg.register.services.party_requests import PARTY, bring_in_party
from riskreg.register.visibility import Visibility


class WantedMember(NamedTuple):
    """Who is to be a member: of no party where ``party_key`` is empty."""

    party_key: str
    role: str
    email: str


@dataclass(frozen=True)
class Wanted:
    """What the command describes; ``managers`` are (party's key, e-mail address), ``objectives`` as
    ``add_objective`` takes them. What no option names: ``descriptions``, ``notices`` and
    ``criteria`` of its own.

    Empty: ``currency`` is EUR, ``time_zone`` the first manager's, ``languages`` are all; of a
    register that is there what it has.
    """

    slug: str
    names: Mapping[str, str]
    parties: Sequence[Mapping[str, Any]]
    managers: Sequence[tuple[str, str]]
    classification: str
    scale: str
    currency: str
    time_zone: str
    languages: list[str]
    members: Sequence[WantedMember] = ()
    objectives: Sequence[Mapping[str, Any]] = ()
    descriptions: Mapping[str, str] | None = None
    notices: Mapping[str, str] | None = None
    criteria: Mapping[str, Any] | None = None


@transaction.atomic
def create_or_complete_register(wanted: Wanted, *, at: dt.datetime) -> tuple[Register, bool]:
    """Make the register, or add what it lacks; whether it was made.

    By the operator, in the name of the first manager. Raises ``Invalid`` naming the option,
    ``Conflict`` where the register is there with another currency or time zone; then nothing is
    changed.
    """
    errors = Errors()
    founder = _check_people_and_find_founder(errors, wanted)
    errors.raise_if_any()
    assert founder is not None  # noqa: S101 - or the error about it was raised
    register = Register.objects.select_for_update().filter(slug=wanted.slug).first()
    created = register is None
    if register is None:
        register = found_register(
            by=founder,
            slug=wanted.slug,
            names=wanted.names,
            parties=wanted.parties,
            acts_for=wanted.managers[0][0],
            currency=wanted.currency or "EUR",
            time_zone=wanted.time_zone or founder.time_zone,
            languages=wanted.languages,
            descriptions=wanted.descriptions,
            notices=wanted.notices,
            criteria=wanted.criteria,
            scale=wanted.scale,
            classification=wanted.classification,
            by_operator=True,
            at=at,
        ).register
    else:
        require_not_archived(register)
        _require_same_currency_and_zone(register, wanted)
        _add_missing_parties_or_ask_others(register, wanted, at, founder)
        as_maker = Viewer(user=founder, register=register, role=Role.MANAGER, party=None)
        add_classification(actor=as_maker, template=wanted.classification, at=at)
    for key, email in wanted.managers:
        _add_or_invite_member_if_party_exists(register, key, Role.MANAGER, email, at, founder)
    for key, role, email in wanted.members:
        _add_or_invite_member_if_party_exists(register, key, role, email, at, founder)
    register.refresh_from_db()
    _add_missing_objectives(register, wanted, at, founder)
    return register, created


def register_to_json(register: Register) -> dict[str, Any]:
    """The register, its parties and their managers, for whoever runs the command."""
    there = Membership.objects.filter(register=register, ended_at=None, user__is_program=False)
    people: dict[int | None, list[dict[str, str]]] = {}
    members = []
    for row in there.select_related("user", "party").order_by("pk"):
        person = {"email": row.user.email, "state": "member"}
        if row.role == Role.MANAGER:
            people.setdefault(row.party_id, []).append(person)
        members.append({**person, **_role_and_party_to_json(row)})
    for waiting in _open_invitations_of(register).select_related("party").order_by("pk"):
        person = {"email": waiting.email, "state": "invited"}
        if waiting.role == Role.MANAGER:
            people.setdefault(waiting.party_id, []).append(person)
        members.append({**person, **_role_and_party_to_json(waiting)})
    return {
        "id": str(register.uuid),
        "slug": register.slug,
        "url": f"{settings.BASE_URL}/r/{register.slug}/work/",
        "currency": register.currency,
        "time_zone": register.time_zone,
        "languages": register.languages,
        "waiting": [
            {"ref": row.ref, "party": row.content["key"]}
            for row in _open_requests_to_add_party(register)
        ],
        "taxonomies": [t.key for t in register.taxonomies.all()],
        "parties": [
            {"key": p.key, "prefix": p.prefix, "managers": people.get(p.pk, [])}
            for p in register.parties.order_by("pk")
        ],
        "members": members,
        "objectives": [o.key for o in _objectives_visible_to_all_parties(register).order_by("pk")],
    }


def _role_and_party_to_json(row: Membership | Invitation) -> dict[str, str | None]:
    return {"role": row.role, "party": row.party.key if row.party else None}


def _objectives_visible_to_all_parties(register: Register) -> QuerySet[Objective]:
    return Objective.objects.filter(register=register, visibility=Visibility.SHARED)


def _open_invitations_of(register: Register) -> QuerySet[Invitation]:
    """People who were invited and have not answered yet."""
    return Invitation.objects.filter(register=register, accepted_at=None, revoked_at=None)


def _check_people_and_find_founder(errors: Errors, wanted: Wanted) -> User | None:
    keys = [given["key"] for given in wanted.parties]
    for key, _email in wanted.managers:
        if key not in keys:
            errors.add("manager", "unknown_party", _("There is no party %s among these.") % key)
    for key, role, _email in wanted.members:
        if key and key not in keys:
            errors.add("member", "unknown_party", _("There is no party %s among these.") % key)
        # A program is not invited, but may have an account.
        allowed = (*FOR_PEOPLE, Role.INTEGRATION) if key else WITHOUT_PARTY
        if role not in allowed:
            known = _("Unknown role; use one of: %s.") % ", ".join(allowed)
            errors.add("member", "unknown_role", known)
    if not wanted.managers:
        errors.add("manager", "required", _("Name a manager: the first one makes the register."))
        return None
    email = wanted.managers[0][1]
    user = User.objects.filter(email__iexact=email, is_active=True).first()
    if user is None:
        errors.add(
            "manager",
            "unknown_account",
            _("There is no active account %s; make it first (manage.py create_admin).") % email,
        )
    return user


def _require_same_currency_and_zone(register: Register, wanted: Wanted) -> None:
    """What cannot be added to is the same, or the command means another register."""
    pairs = [
        ("currency", register.currency, wanted.currency or register.currency),
        ("time zone", register.time_zone, wanted.time_zone or register.time_zone),
    ]
    for what, now, then in pairs:
        if now != then:
            raise Conflict(
                _("There is a register %(slug)s, and its %(what)s is %(now)s, not %(then)s.")
                % {"slug": register.slug, "what": what, "now": now, "then": then}
            )


def _add_missing_parties_or_ask_others(
    register: Register, wanted: Wanted, at: dt.datetime, by: User
) -> None:
    """Those that are not there yet; where others must agree, the first manager asks them."""
    asking = _founder_as_member_or_maker(register, by)
    waiting = {row.content["key"] for row in _open_requests_to_add_party(register)}
    there = {party.key: party.prefix for party in register.parties.all()}
    for given in wanted.parties:
        if given["key"] in there or given["key"] in waiting:
            continue
        prefix = given["prefix"] or prefix_from_party_key(given["key"], there.values())
        try:
            bring_in_party(
                actor=asking, key=given["key"], names=given["names"], prefix=prefix, at=at
            )
        except Invalid as invalid:
            raise Invalid({f"party.{name}": e for name, e in invalid.fields.items()}) from None
        there[given["key"]] = prefix


def _founder_as_member_or_maker(register: Register, by: User) -> Viewer:
    """The first manager as a member, who can ask the parties that are there; before anybody is,
    as the maker. Raises ``Conflict`` for who is no member of a register that has some."""
    membership = (
        Membership.objects.select_related("register__criteria", "party")
        .filter(register=register, user=by, ended_at=None)
        .first()
    )
    if membership is not None:
        return as_viewer(by, membership)
    if who_can_answer_by_party(register.pk):
        raise Conflict(
            _("%(email)s is no member here. Name one of the managers first: they ask the others.")
            % {"email": by.email}
        )
    return Viewer(user=by, register=register, role=Role.MANAGER, party=None)


def _open_requests_to_add_party(register: Register) -> QuerySet[ChangeRequest]:
    """Parties that the others have not agreed to yet."""
    return ChangeRequest.objects.filter(register=register, kind=PARTY, state=ChangeState.OPEN)


def _add_or_invite_member_if_party_exists(
    register: Register, key: str, role: str, email: str, at: dt.datetime, by: User
) -> None:
    """A member at once where there is an account; otherwise invited, once. ``key`` of the party;
    empty for none."""
    party = Party.objects.filter(register=register, key=key).first() if key else None
    if key and party is None:
        # It waits for the others' yes; run again afterwards, this adds its people.
        return
    user = User.objects.filter(email__iexact=email, is_active=True).first()
    if user is None:
        waiting = _open_invitations_of(register).filter(party=party, email=email.lower())
        if not waiting.exists():
            as_theirs = Viewer(user=by, register=register, role=Role.MANAGER, party=party)
            invite(actor=as_theirs, email=email, role=role, party=key or None, at=at)
        return
    member = Membership.objects.filter(register=register, user=user, ended_at=None).first()
    if member is None:
        add_member(register=register, user=user, role=role, party=party, at=at, by=by)
    elif member.party_id != (party.pk if party else None) or member.role != role:
        raise Conflict(
            _("%(email)s is a member already, as %(role)s; change that in the register.")
            % {"email": email, "role": member.get_role_display()}
        )


def _add_missing_objectives(register: Register, wanted: Wanted, at: dt.datetime, by: User) -> None:
    """Those whose key is not there yet, of the first manager's party."""
    there = set(_objectives_visible_to_all_parties(register).values_list("key", flat=True))
    missing = [given for given in wanted.objectives if given["key"] not in there]
    if not missing:
        return
    actor = _founder_as_member_or_maker(register, by)
    for given in missing:
        try:
            add_objective(actor=actor, party=actor.party, at=at, **given)
        except Invalid as invalid:
            fields = {f"objective.{name}": e for name, e in invalid.fields.items()}
            raise Invalid(fields) from None
