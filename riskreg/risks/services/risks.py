"""Making and changing risks."""

import datetime as dt
from collections.abc import Mapping
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from riskreg.events.services import Entry, append, append_all
from riskreg.kernel.errors import Errors, Invalid
from riskreg.register.access import Viewer
from riskreg.register.permissions import require
from riskreg.register.services import mark_used, next_ref
from riskreg.register.visibility import Visibility
from riskreg.risks.models import Kind, Risk, RiskAlias, State
from riskreg.risks.queries.access import check_version, position_of, risk_for
from riskreg.risks.services.fields import (
    CONFIRMED,
    LINKS,
    TEXTS,
    check_people,
    clean_fields,
    outdated_translations,
    unchanged_owner,
)
from riskreg.risks.services.standing import take_position, touch


@transaction.atomic
def create_risk(
    *,
    actor: Viewer,
    fields: Mapping[str, Any],
    visibility: str = Visibility.SHARED,
    at: dt.datetime,
    recorded_at: dt.datetime | None = None,
) -> Risk:
    """Make a draft risk of the actor's party, owned by the actor unless ``fields`` name an owner.

    ``fields``: see ``fields.EDITABLE``. Raises ``Invalid`` naming every wrong field, ``Forbidden``.
    """
    require(actor, "risk.create")
    errors = Errors()
    party = actor.party
    if party is None:
        raise Invalid.one("party", "required", _("Only members who act for a party make risks."))
    if visibility not in Visibility.values:
        errors.add("visibility", "unknown", _("This must be one of: shared, party."))
    given = dict(fields)
    given.setdefault("title", "")
    given.setdefault("kind", Kind.THREAT)
    if not given.get("owner"):
        given["owner"] = actor.user
    clean = clean_fields(errors, actor, given, party=party, visibility=visibility)
    check_people(errors, clean.get("owner"), clean.get("deputy"))
    errors.raise_if_any()
    links = {name: clean.pop(name) for name in LINKS if name in clean}
    private_to = party if visibility == Visibility.PARTY else None
    risk = Risk(
        register=actor.register,
        party=party,
        visibility=visibility,
        ref=next_ref(actor.register, "risk", private_to),
        state=State.DRAFT,
        created_at=recorded_at or at,
        updated_at=recorded_at or at,
        **clean,
    )
    _save_new(risk)
    for name, rows in links.items():
        getattr(risk, name).set(rows)
    criteria = actor.criteria
    mark_used(criteria, recorded_at or at)
    take_position(risk, at, criteria)
    changes = {
        name: [None, _plain(value)] for name, value in clean.items() if value not in ("", None)
    }
    changes |= {name: [None, _names(rows)] for name, rows in links.items() if rows}
    append(actor.entry("risk.created", risk, at=at, recorded_at=recorded_at, changes=changes))
    return risk


@transaction.atomic
def edit_risk(
    *,
    actor: Viewer,
    ref: str,
    version: int | None,
    fields: Mapping[str, Any],
    at: dt.datetime,
) -> Risk:
    """Change what ``fields`` name of a risk that is still at ``version``.

    Raises ``Conflict`` when somebody changed it since, ``Invalid``, ``Forbidden``, ``NotFound``.
    A text that changes keeps its versions in other languages; those that do not change with it are
    noted as outdated, unless ``confirmed_translations`` ({language: [field]}) says that they fit.
    """
    risk = risk_for(actor, ref, lock=True)
    require(actor, "risk.edit", risk)
    check_version(risk, version)
    errors = Errors()
    clean = clean_fields(
        errors, actor, fields, party=risk.party, visibility=risk.visibility, risk=risk
    )
    if "kind" in clean and clean["kind"] != risk.kind and "response" not in clean:
        clean["response"] = ""
    check_people(
        errors,
        clean.get("owner", risk.owner),
        clean.get("deputy", risk.deputy),
    )
    if clean.get("owner") and clean["owner"] != risk.owner:
        require(actor, "risk.transfer", risk)
    if risk.state == State.OPEN and clean.get("event") == "":
        errors.add("event", "required", _("An open risk says what may happen."))
    if risk.state == State.CLOSED:
        errors.add("state", "closed", _("This risk is closed; reopen it to change it."))
    errors.raise_if_any()
    links = {name: clean.pop(name) for name in LINKS if name in clean}
    confirmed = clean.pop(CONFIRMED, {})
    moved = {name for name in TEXTS if name in clean and clean[name] != getattr(risk, name)}
    clean["outdated_translations"] = outdated_translations(
        risk, clean.get("translations", risk.translations), moved, confirmed
    )
    changes: dict[str, Any] = {}
    for name, value in clean.items():
        if getattr(risk, name) != value:
            changes[name] = [_plain(getattr(risk, name)), _plain(value)]
            setattr(risk, name, value)
    for name, rows in links.items():
        before = _names(getattr(risk, name).all())
        if before != _names(rows):
            changes[name] = [before, _names(rows)]
            getattr(risk, name).set(rows)
    if not changes:
        return risk
    columns = [name for name in changes if name not in LINKS]
    _save(risk, at, *columns)
    take_position(risk, at, position_of(risk).criteria)
    append(actor.entry("risk.edited", risk, at=at, changes=changes))
    return risk


@transaction.atomic
def transfer_risk(
    *,
    actor: Viewer,
    ref: str,
    version: int | None,
    owner: Any,
    deputy: Any = None,
    at: dt.datetime,
) -> Risk:
    """Hand a risk over to another owner. The deputy stays unless named, or made owner.

    Raises ``Invalid`` where it would stay with whom it is.
    """
    risk = risk_for(actor, ref, lock=True)
    require(actor, "risk.transfer", risk)
    check_version(risk, version)
    errors = Errors()
    given = {"owner": owner} | ({"deputy": deputy} if deputy else {})
    clean = clean_fields(
        errors, actor, given, party=risk.party, visibility=risk.visibility, risk=risk
    )
    new_deputy = clean.get("deputy", risk.deputy)
    if not deputy and clean.get("owner") == new_deputy:
        new_deputy = None
    check_people(errors, clean.get("owner"), new_deputy)
    if clean.get("owner") == risk.owner and new_deputy == risk.deputy:
        errors.add("owner", "unchanged", unchanged_owner(risk.owner))
    errors.raise_if_any()
    changes = {"owner": [_plain(risk.owner), _plain(clean["owner"])]}
    if risk.deputy != new_deputy:
        changes["deputy"] = [_plain(risk.deputy), _plain(new_deputy)]
    risk.owner, risk.deputy = clean["owner"], new_deputy
    touch(risk, at, "owner", "deputy")
    take_position(risk, at, position_of(risk).criteria)
    append(actor.entry("risk.transferred", risk, at=at, changes=changes))
    return risk


@transaction.atomic
def share_risk(*, actor: Viewer, ref: str, version: int | None, at: dt.datetime) -> Risk:
    """Make a party's own risk known to everybody in the register; there is no way back.

    It gets the next shared ref; its party still finds it by the old one. What was judged, reviewed
    or planned while it was private stays private.
    """
    risk = risk_for(actor, ref, lock=True)
    require(actor, "risk.share", risk)
    check_version(risk, version)
    if risk.visibility == Visibility.SHARED:
        return risk
    private = [o.key for o in risk.objectives.all() if o.visibility == Visibility.PARTY]
    if private:
        raise Invalid.one(
            "objectives",
            "private_objective",
            _("Unlink the objectives that are your party's own first: %s.") % ", ".join(private),
        )
    old = risk.ref
    own_entry = actor.entry("risk.shared", risk, at=at, changes={"visibility": ["party", "shared"]})
    RiskAlias.objects.create(register=risk.register, party=risk.party, ref=old, risk=risk)
    risk.visibility = Visibility.SHARED
    risk.ref = next_ref(risk.register, "risk", None)
    touch(risk, at, "visibility", "ref")
    position = take_position(risk, at, position_of(risk).criteria)
    shown = {
        "title": [None, risk.title],
        "state": [None, risk.state],
        "owner": [None, _plain(risk.owner)],
        "residual": [None, position.cell("residual")],
    }
    changes = dict(own_entry.changes) | {"ref": [old, risk.ref]}
    own: Entry = Entry(**{**own_entry.__dict__, "changes": changes})
    append_all([own, actor.entry("risk.shared", risk, at=at, changes=shown)])
    return risk


def _save(risk: Risk, at: dt.datetime, *columns: str) -> None:
    try:
        with transaction.atomic():
            touch(risk, at, *columns)
    except IntegrityError as error:
        raise _taken(error) from error


def _save_new(risk: Risk) -> None:
    try:
        with transaction.atomic():
            risk.save(force_insert=True)
    except IntegrityError as error:
        raise _taken(error) from error


def _taken(error: IntegrityError) -> Exception:
    if "external_id" in str(error):
        return Invalid.one("external_id", "taken", _("Another risk has this external id already."))
    return error


def _plain(value: Any) -> Any:
    uuid = getattr(value, "uuid", None)
    return str(uuid) if uuid else value


def _names(rows: Any) -> list[str]:
    names = []
    for row in rows:
        taxonomy = getattr(row, "taxonomy", None)
        names.append(f"{taxonomy.key}:{row.key}" if taxonomy else row.key)
    return sorted(names)


__all__ = ["create_risk", "edit_risk", "share_risk", "transfer_risk"]
