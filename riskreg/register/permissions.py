"""Who may do what: one table of role × action, from which the docs and the tests are made.

A cell says how far the right reaches: ``OWN`` the risks one owns or deputises for, ``PARTY`` those
of one's party as well, ``ANY`` everything one can see. Seeing comes first: whatever lies behind the
party boundary does not exist for the viewer, whatever this table says. Who stands in for somebody
that is away answers for what is theirs as they do, until they are back.
"""

from enum import IntEnum
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _

from riskreg.accounts.models import User
from riskreg.kernel.errors import Forbidden
from riskreg.kernel.punctuation import enumerate_texts
from riskreg.register.access import Viewer
from riskreg.register.models import Register, Role


class Reach(IntEnum):
    """How far a right reaches."""

    NONE = 0
    OWN = 1
    PARTY = 2
    ANY = 3


NONE, OWN, PARTY, ANY = Reach.NONE, Reach.OWN, Reach.PARTY, Reach.ANY
_ROLES = (Role.VIEWER, Role.OWNER, Role.MANAGER, Role.LEADER, Role.AUDITOR, Role.INTEGRATION)


def _reach_by_role(*reaches: Reach) -> dict[str, Reach]:
    return {role.value: reach for role, reach in zip(_ROLES, reaches, strict=True)}


# fmt: off
#                                 viewer owner  manager leader auditor integration
PERMISSIONS: dict[str, dict[str, Reach]] = {
    "register.view":         _reach_by_role(ANY,   ANY,   ANY,   ANY,   ANY,   ANY),
    "register.configure":    _reach_by_role(NONE,  NONE,  ANY,   NONE,  NONE,  NONE),
    "member.manage":        _reach_by_role(NONE,  NONE,  PARTY, NONE,  NONE,  NONE),
    "ladder.edit":          _reach_by_role(NONE,  NONE,  ANY,   NONE,  NONE,  NONE),
    "change.answer":        _reach_by_role(NONE,  NONE,  PARTY, PARTY, NONE,  NONE),
    "risk.view":             _reach_by_role(ANY,   ANY,   ANY,   ANY,   ANY,   ANY),
    "risk.create":           _reach_by_role(NONE,  ANY,   ANY,   NONE,  NONE,  ANY),
    "risk.edit":             _reach_by_role(NONE,  OWN,   PARTY, OWN,   NONE,  PARTY),
    "risk.open":             _reach_by_role(NONE,  OWN,   PARTY, OWN,   NONE,  PARTY),
    "risk.close":            _reach_by_role(NONE,  OWN,   PARTY, OWN,   NONE,  NONE),
    "risk.reopen":           _reach_by_role(NONE,  OWN,   PARTY, OWN,   NONE,  NONE),
    "risk.transfer":         _reach_by_role(NONE,  OWN,   PARTY, OWN,   NONE,  NONE),
    "risk.share":            _reach_by_role(NONE,  NONE,  PARTY, PARTY, NONE,  NONE),
    "risk.assess":           _reach_by_role(NONE,  OWN,   PARTY, OWN,   NONE,  PARTY),
    "risk.review":           _reach_by_role(NONE,  OWN,   PARTY, OWN,   NONE,  NONE),
    "risk.extend":           _reach_by_role(NONE,  NONE,  PARTY, NONE,  NONE,  NONE),
    "meeting.hold":          _reach_by_role(NONE,  NONE,  ANY,   ANY,   NONE,  NONE),
    "meeting.record":        _reach_by_role(NONE,  OWN,   PARTY, PARTY, NONE,  NONE),
    "coverage.view":         _reach_by_role(NONE,  NONE,  ANY,   ANY,   ANY,   ANY),
    "objective.edit":        _reach_by_role(NONE,  NONE,  PARTY, NONE,  NONE,  NONE),
    "own_appetite.edit":     _reach_by_role(NONE,  NONE,  PARTY, NONE,  NONE,  NONE),
    "control.edit":          _reach_by_role(NONE,  OWN,   PARTY, OWN,   NONE,  PARTY),
    "mitigation.create":     _reach_by_role(NONE,  ANY,   ANY,   NONE,  NONE,  ANY),
    "mitigation.edit":       _reach_by_role(NONE,  OWN,   PARTY, OWN,   NONE,  PARTY),
    "indicator.create":      _reach_by_role(NONE,  ANY,   ANY,   NONE,  NONE,  ANY),
    "indicator.edit":        _reach_by_role(NONE,  OWN,   PARTY, OWN,   NONE,  PARTY),
    "indicator.reading":     _reach_by_role(NONE,  OWN,   PARTY, OWN,   NONE,  PARTY),
    "estimate.record":       _reach_by_role(NONE,  ANY,   ANY,   NONE,  NONE,  ANY),
    "estimate.release":      _reach_by_role(NONE,  OWN,   PARTY, PARTY, NONE,  NONE),
    "driver.edit":           _reach_by_role(NONE,  ANY,   ANY,   NONE,  NONE,  ANY),
    "belief.end":            _reach_by_role(NONE,  OWN,   PARTY, PARTY, NONE,  OWN),
    "simulation.run":        _reach_by_role(NONE,  ANY,   ANY,   ANY,   NONE,  ANY),
    "simulation.cancel":     _reach_by_role(NONE,  OWN,   PARTY, OWN,   NONE,  OWN),
    "risk.ask":              _reach_by_role(NONE,  ANY,   ANY,   ANY,   NONE,  NONE),
    "comment.write":         _reach_by_role(NONE,  ANY,   ANY,   ANY,   NONE,  NONE),
    "acceptance.request":    _reach_by_role(NONE,  OWN,   PARTY, PARTY, NONE,  NONE),
    "acceptance.decide":     _reach_by_role(NONE,  PARTY, PARTY, PARTY, NONE,  NONE),
    "acceptance.close_condition":       _reach_by_role(NONE,  OWN,   PARTY, PARTY, NONE,  NONE),
    "evidence.add":         _reach_by_role(NONE,  OWN,   PARTY, OWN,   NONE,  PARTY),
    "evidence.withdraw":    _reach_by_role(NONE,  OWN,   PARTY, PARTY, NONE,  OWN),
    "evidence.release":     _reach_by_role(NONE,  OWN,   PARTY, PARTY, NONE,  NONE),
    "decision.ask":          _reach_by_role(NONE,  ANY,   ANY,   ANY,   NONE,  NONE),
    "decision.edit":         _reach_by_role(NONE,  OWN,   PARTY, PARTY, NONE,  NONE),
    "decision.argue":        _reach_by_role(NONE,  ANY,   ANY,   ANY,   NONE,  NONE),
    "decision.release":      _reach_by_role(NONE,  OWN,   PARTY, PARTY, NONE,  NONE),
    "decision.decide":       _reach_by_role(NONE,  ANY,   ANY,   ANY,   NONE,  NONE),
    "decision.revisit":      _reach_by_role(NONE,  NONE,  PARTY, PARTY, NONE,  NONE),
    "decision.close_condition":         _reach_by_role(NONE,  OWN,   PARTY, PARTY, NONE,  NONE),
    "absence.record":        _reach_by_role(NONE,  OWN,   PARTY, OWN,   NONE,  NONE),
    "handover.make":         _reach_by_role(NONE,  OWN,   PARTY, OWN,   NONE,  NONE),
    "import.make":           _reach_by_role(NONE,  NONE,  PARTY, NONE,  NONE,  NONE),
    "party.export":          _reach_by_role(NONE,  NONE,  PARTY, NONE,  NONE,  NONE),
    "pack.make":             _reach_by_role(NONE,  NONE,  PARTY, PARTY, NONE,  NONE),
    "delivery.view":         _reach_by_role(NONE,  NONE,  PARTY, NONE,  NONE,  NONE),
    "endpoint.edit":        _reach_by_role(NONE,  NONE,  PARTY, NONE,  NONE,  NONE),
    "event.view":            _reach_by_role(ANY,   ANY,   ANY,   ANY,   ANY,   ANY),
    "register.archive":      _reach_by_role(NONE,  NONE,  ANY,   NONE,  NONE,  NONE),
}
# fmt: on


# What an archived register is still there for.
IN_ARCHIVED = frozenset(
    (
        "register.view", "risk.view", "coverage.view", "delivery.view", "event.view",
        "register.archive", "party.export",
        # To restore it alone: ``change_queries.takes_answers``.
        "change.answer",
    )
)  # fmt: skip


def reach_of(viewer: Viewer, action: str) -> Reach:
    """How far ``action`` reaches for ``viewer``: as the table says, and in an archived register not
    beyond reading. Raises ``KeyError`` for an unknown action."""
    how_far = PERMISSIONS[action][viewer.role]
    if viewer.register.archived_at is not None and action not in IN_ARCHIVED:
        return NONE
    return how_far


def require_not_archived(register: Register) -> None:
    """Raise ``Forbidden`` for an archived register: it takes no write of any kind."""
    if register.archived_at is not None:
        raise Forbidden(archived_refusal_text())


def archived_refusal_text() -> str:
    """What is said to whoever would change something in an archived register."""
    return _(
        "This register is archived: it can be read, and nothing in it changes. A risk manager can "
        "restore it under Register settings."
    )


def permits(viewer: Viewer, action: str, thing: Any = None) -> bool:
    """Whether ``viewer`` may do ``action``, to ``thing`` if one is given.

    ``thing`` has ``party_id`` and, where somebody answers for it, ``owner_id`` and ``deputy_id``.
    """
    how_far = reach_of(viewer, action)
    if how_far is Reach.NONE:
        return False
    if thing is None or how_far is Reach.ANY:
        return True
    people = {getattr(thing, "owner_id", None), getattr(thing, "deputy_id", None)} - {None}
    if viewer.user.pk in people:
        return True
    if how_far is Reach.PARTY and thing.party_id == viewer.party_id:
        return True
    # Asked last: it costs a query, once for each viewer.
    return bool(people and people & viewer.stands_in_for)


def permits_for_person(viewer: Viewer, action: str, user_id: int, party_id: int | None) -> bool:
    """Whether ``viewer`` may do ``action`` for a person, who acts or acted for that party.

    Here standing in does not count: it is about somebody's things, not about themselves.
    """
    how_far = reach_of(viewer, action)
    if how_far is Reach.NONE:
        return False
    if how_far is Reach.ANY or user_id == viewer.user.pk:
        return True
    return how_far is Reach.PARTY and party_id is not None and party_id == viewer.party_id


def require(viewer: Viewer, action: str, thing: Any = None) -> None:
    """Raise ``Forbidden``, in a sentence that says why not and who may, unless ``permits``."""
    if not permits(viewer, action, thing):
        raise Forbidden(_why_not(viewer, action, thing))


def require_for_person(viewer: Viewer, action: str, user_id: int, party_id: int | None) -> None:
    """Raise ``Forbidden`` unless ``permits_for_person``."""
    if not permits_for_person(viewer, action, user_id, party_id):
        raise Forbidden(_why_not_for_person(viewer, action))


def may_make_registers(user: User) -> bool:
    """Whether ``user`` may make a register: an administrator, or whoever ``REGISTER_MAKERS`` says.

    Nobody has a role before there is a register, so this is no row of the table.
    """
    if not user.is_active or user.is_program:
        return False
    return user.is_superuser or settings.REGISTER_MAKERS == "everybody"


def roles_with(action: str) -> tuple[str, ...]:
    """The roles that may do ``action``, for some things at least."""
    return tuple(role for role, how_far in PERMISSIONS[action].items() if how_far > Reach.NONE)


def _why_not(viewer: Viewer, action: str, thing: Any) -> str:
    """The true cause: the role, the party that it belongs to, or who answers for it."""
    if viewer.register.archived_at is not None and action not in IN_ARCHIVED:
        return archived_refusal_text()
    how_far = reach_of(viewer, action)
    if how_far is Reach.PARTY and thing is not None:
        party = getattr(thing, "party", None)
        whose = str(party.name) if party is not None else _("another party")
        return _(
            "This belongs to %(whose)s; as %(role)s you do this for what your own party has."
        ) % {"whose": whose, "role": Role(viewer.role).label}
    if how_far is Reach.OWN and thing is not None:
        return _(
            "You do not answer for this. Its owner or deputy can do it, or of its party: %(roles)s."
        ) % {"roles": _roles_with_reach_text(action, Reach.PARTY)}
    return _(
        "Your role (%(role)s) may not do this. These may, for what they answer for: %(roles)s."
    ) % {
        "role": Role(viewer.role).label,
        "roles": _roles_with_reach_text(action, Reach.OWN),
    }


def _why_not_for_person(viewer: Viewer, action: str) -> str:
    if viewer.register.archived_at is not None and action not in IN_ARCHIVED:
        return archived_refusal_text()
    how_far = reach_of(viewer, action)
    if how_far is Reach.OWN:
        return _(
            "As %(role)s you do this for yourself alone; for others of their party: %(roles)s."
        ) % {"role": Role(viewer.role).label, "roles": _roles_with_reach_text(action, Reach.PARTY)}
    if how_far is Reach.PARTY:
        return _("As %(role)s you do this for people of your own party alone.") % {
            "role": Role(viewer.role).label
        }
    return _why_not(viewer, action, None)


def _roles_with_reach_text(action: str, at_least: Reach) -> str:
    """The roles whose right to ``action`` reaches that far."""
    return enumerate_texts(
        Role(role).label for role, how_far in PERMISSIONS[action].items() if how_far >= at_least
    )
