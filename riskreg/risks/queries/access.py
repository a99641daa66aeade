"""How a risk or a mitigation reaches a request: by ref, if the viewer may know of it."""

import datetime as dt
from collections.abc import Iterable
from typing import Any, Protocol, cast
from uuid import UUID

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from riskreg.kernel.errors import Conflict, Forbidden, NotFound
from riskreg.kernel.punctuation import colon
from riskreg.register.access import Viewer
from riskreg.register.models import Register
from riskreg.register.permissions import require
from riskreg.register.written import written_once
from riskreg.risks.models import Control, Mitigation, Position, Risk, RiskAlias


def visible_risks(viewer: Viewer) -> QuerySet[Risk]:
    """Every risk the viewer may know of."""
    return Risk.objects.visible_to(viewer)


def risk_for(viewer: Viewer, ref: str, *, lock: bool = False) -> Risk:
    """The risk called ``ref``, or that the viewer's party once called so. ``lock``: for update.

    Raises ``NotFound`` both for what is not there and for what is another party's own.
    """
    risk = (
        next(iter(_risk_called_as_one_row(viewer, ref, lock=lock)), None)
        if is_valid_ref(ref)
        else None
    )
    if risk is None and is_valid_ref(ref) and viewer.party_id is not None:
        alias = RiskAlias.objects.filter(
            register=viewer.register, party_id=viewer.party_id, ref=ref
        ).first()
        risk = (
            _risks_with_people(viewer, lock=lock).filter(pk=alias.risk_id).first()
            if alias
            else None
        )
    if risk is None:
        raise NotFound(_("There is no such risk."))
    if lock:
        # The criteria can have been replaced since the viewer was read; under the lock they stand,
        # because adopting new ones locks every risk.
        now = Register.objects.values_list("criteria_id", flat=True).get(pk=viewer.register.pk)
        if now != viewer.register.criteria_id:
            viewer.register.refresh_from_db(fields=["criteria"])
    risk.register = viewer.register
    return risk


def _risks_with_people(viewer: Viewer, *, lock: bool) -> QuerySet[Risk]:
    risks = visible_risks(viewer).select_related("register", "party", "owner", "deputy")
    return risks.select_for_update(of=("self",), no_key=True) if lock else risks


@written_once()
def _risk_called_as_one_row(viewer: Viewer, ref: str, *, lock: bool) -> QuerySet[Risk]:
    return _risks_with_people(viewer, lock=lock).filter(ref=ref)


def own_risk_aliases_before(viewer: Viewer, moment: dt.datetime) -> QuerySet[RiskAlias]:
    """What the viewer's party keeps of risks that it had recorded before ``moment`` and shared."""
    return RiskAlias.objects.filter(
        register=viewer.register.pk, party=viewer.party_id, risk_created_at__lt=moment
    )


def risks_called(viewer: Viewer, refs: Iterable[str]) -> QuerySet[Risk]:
    """Those of the risks called ``refs`` that the viewer may know of; what is no ref names none."""
    return visible_risks(viewer).filter(ref__in=[ref for ref in refs if is_valid_ref(ref)])


def control_for(
    viewer: Viewer, control: UUID, *, risk: Risk | None = None, lock: bool = False
) -> Control:
    """The control of that id, ended or not; with ``risk`` only if it works on that one.

    Raises ``NotFound`` as ``risk_for`` does.
    """
    rows = Control.objects.visible_to(viewer).select_related("party", "risk__party", "owner")
    if risk is not None:
        rows = rows.filter(risks=risk)
    if lock:
        rows = rows.select_for_update(of=("self",), no_key=True)
    found = rows.filter(uuid=control).first()
    if found is None:
        raise NotFound(_("There is no such control."))
    found.register = found.risk.register = viewer.register
    return found


def mitigation_for(viewer: Viewer, ref: str, *, lock: bool = False) -> Mitigation:
    """The mitigation called ``ref``. Raises ``NotFound`` as ``risk_for`` does."""
    mitigations = Mitigation.objects.visible_to(viewer).select_related("party", "owner")
    if lock:
        mitigations = mitigations.select_for_update(of=("self",), no_key=True)
    mitigation = mitigations.filter(ref=ref).first() if is_valid_ref(ref) else None
    if mitigation is None:
        raise NotFound(_("There is no such mitigation."))
    mitigation.register = viewer.register
    return mitigation


def is_valid_ref(ref: str) -> bool:
    """Whether ``ref`` could be one at all (databases refuse NUL, and a ref is short ASCII)."""
    return isinstance(ref, str) and 0 < len(ref) <= 20 and ref.isascii() and ref.isprintable()


class Versioned(Protocol):
    """What is known by a ref and counts its changes."""

    ref: str
    version: int


def require_permission_on(actor: Viewer, action: str, risk: Risk) -> None:
    """``require`` about one of the risks that somebody named: the refusal says which. Raises
    ``Forbidden``."""
    try:
        require(actor, action, risk)
    except Forbidden as refusal:
        raise Forbidden(f"{risk.ref}{colon()}{refusal.detail}") from None


def require_version(thing: Versioned, version: int | None) -> None:
    """Raise ``Conflict`` if ``thing`` is no longer at the version the caller has seen.

    None is for callers that build on the row they just locked and have no older sight of it.
    """
    if version is not None and thing.version != version:
        raise Conflict(_("%(ref)s was changed meanwhile.") % {"ref": thing.ref}, current=thing)


def current_position_of(risk: Risk) -> Position:
    """Where ``risk`` stands now."""
    return Position.objects.get(risk=risk, valid_to=None)


def visible_positions(viewer: Viewer) -> QuerySet[Position]:
    """Every position, past or present, the viewer may know of."""
    return Position.objects.visible_to(viewer)


def current_positions(viewer: Viewer) -> QuerySet[Position]:
    """Where each visible risk stands now."""
    return visible_positions(viewer).filter(valid_to=None)


@written_once()
def current_position_values(
    viewer: Viewer, risk: int, *, columns: tuple[str, ...]
) -> QuerySet[Position, dict[str, Any]]:
    """Those ``columns`` of where the risk of that database id stands now; nothing for one that the
    viewer may not know of."""
    rows = current_positions(viewer).filter(risk_id=risk).values(*columns)
    return cast(QuerySet[Position, dict[str, Any]], rows)


def positions_at(viewer: Viewer, moment: dt.datetime | None) -> QuerySet[Position]:
    """Where each visible risk stood at ``moment`` (aware; None: where it stands now)."""
    if moment is None:
        return current_positions(viewer)
    return visible_positions(viewer).filter(
        Q(valid_to=None) | Q(valid_to__gt=moment), valid_from__lte=moment
    )
