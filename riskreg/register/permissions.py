"""Who may do what: one table of role × action, from which the docs and the tests are made.

A cell says how far the right reaches: ``OWN`` the risks one owns or deputises for, ``PARTY`` those
of one's party as well, ``ANY`` everything one can see. Seeing comes first: whatever lies behind the
party boundary does not exist for the viewer, whatever this table says.
"""

from enum import IntEnum
from typing import Any

from django.utils.translation import gettext as _

from riskreg.kernel.errors import Forbidden
from riskreg.register.access import Viewer
from riskreg.register.models import Role


class Reach(IntEnum):
    """How far a right reaches."""

    NONE = 0
    OWN = 1
    PARTY = 2
    ANY = 3


NONE, OWN, PARTY, ANY = Reach.NONE, Reach.OWN, Reach.PARTY, Reach.ANY
_ROLES = (Role.VIEWER, Role.OWNER, Role.MANAGER, Role.LEADER, Role.AUDITOR, Role.INTEGRATION)


def _row(*reaches: Reach) -> dict[str, Reach]:
    return {role.value: reach for role, reach in zip(_ROLES, reaches, strict=True)}


# fmt: off
#                                 viewer owner  manager leader auditor integration
PERMISSIONS: dict[str, dict[str, Reach]] = {
    "register.view":         _row(ANY,   ANY,   ANY,   ANY,   ANY,   ANY),
    "register.configure":    _row(NONE,  NONE,  ANY,   NONE,  NONE,  NONE),
    "risk.view":             _row(ANY,   ANY,   ANY,   ANY,   ANY,   ANY),
    "risk.create":           _row(NONE,  ANY,   ANY,   NONE,  NONE,  ANY),
    "risk.edit":             _row(NONE,  OWN,   PARTY, OWN,   NONE,  PARTY),
    "risk.open":             _row(NONE,  OWN,   PARTY, OWN,   NONE,  PARTY),
    "risk.close":            _row(NONE,  OWN,   PARTY, OWN,   NONE,  NONE),
    "risk.reopen":           _row(NONE,  OWN,   PARTY, OWN,   NONE,  NONE),
    "risk.transfer":         _row(NONE,  OWN,   PARTY, OWN,   NONE,  NONE),
    "risk.share":            _row(NONE,  NONE,  PARTY, PARTY, NONE,  NONE),
    "risk.assess":           _row(NONE,  OWN,   PARTY, OWN,   NONE,  PARTY),
    "risk.review":           _row(NONE,  OWN,   PARTY, OWN,   NONE,  NONE),
    "control.edit":          _row(NONE,  OWN,   PARTY, OWN,   NONE,  PARTY),
    "mitigation.create":     _row(NONE,  ANY,   ANY,   NONE,  NONE,  ANY),
    "mitigation.edit":       _row(NONE,  OWN,   PARTY, OWN,   NONE,  PARTY),
    "indicator.create":      _row(NONE,  ANY,   ANY,   NONE,  NONE,  ANY),
    "indicator.edit":        _row(NONE,  OWN,   PARTY, OWN,   NONE,  PARTY),
    "indicator.reading":     _row(NONE,  OWN,   PARTY, OWN,   NONE,  PARTY),
    "delivery.view":         _row(NONE,  NONE,  PARTY, NONE,  NONE,  NONE),
    "event.view":            _row(ANY,   ANY,   ANY,   ANY,   ANY,   ANY),
}
# fmt: on


def reach(viewer: Viewer, action: str) -> Reach:
    """How far ``action`` reaches for ``viewer``. Raises ``KeyError`` for an unknown action."""
    return PERMISSIONS[action][viewer.role]


def permits(viewer: Viewer, action: str, thing: Any = None) -> bool:
    """Whether ``viewer`` may do ``action``, to ``thing`` if one is given.

    ``thing`` has ``party_id`` and, where somebody answers for it, ``owner_id`` and ``deputy_id``.
    """
    how_far = reach(viewer, action)
    if how_far is Reach.NONE:
        return False
    if thing is None or how_far is Reach.ANY:
        return True
    answers = viewer.user.pk in (
        getattr(thing, "owner_id", None),
        getattr(thing, "deputy_id", None),
    )
    if how_far is Reach.OWN or answers:
        return answers
    return thing.party_id == viewer.party_id


def require(viewer: Viewer, action: str, thing: Any = None) -> None:
    """Raise ``Forbidden``, in a sentence that says who may, unless ``permits``."""
    if permits(viewer, action, thing):
        return
    roles = [Role(r).label for r, how_far in PERMISSIONS[action].items() if how_far]
    raise Forbidden(
        _(
            "Your role (%(role)s) may not do this here. These may, for what they answer for: "
            "%(roles)s."
        )
        % {"role": Role(viewer.role).label, "roles": ", ".join(str(r) for r in roles)}
    )
