"""Controls: what is in place, for one risk or many, until it is ended with a reason."""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from riskreg.accounts.models import User
from riskreg.kernel.days import clean_day
from riskreg.kernel.errors import Errors, Invalid, NotFound
from riskreg.kernel.text import TEXT_MAX, clean_text
from riskreg.kernel.versions import require_unchanged
from riskreg.register.access import Viewer
from riskreg.register.changes import value_for_log
from riskreg.register.permissions import permits, require
from riskreg.register.policy import LABELS, check_sourced
from riskreg.register.queries import find_answerable_member, party_id_of
from riskreg.register.sourcing import clean_sources
from riskreg.register.translations import clean_translations
from riskreg.register.visibility import Visibility
from riskreg.risks.fields import CONTROL
from riskreg.risks.models import Control, ControlKind, Effectiveness, Risk
from riskreg.risks.queries.access import control_for, require_permission_on, risk_for
from riskreg.risks.services.control_log import control_for_log, log_control_and_bump_risk_version

MAX_RISKS = 100
# What can be set besides the risks.
FIELDS = tuple(field.name for field in CONTROL.settable if field.name != "risks")


@transaction.atomic
def add_control(
    *,
    actor: Viewer,
    ref: str,
    name: Any,
    kind: Any,
    at: dt.datetime,
    recorded_at: dt.datetime | None = None,
    other_risks: Sequence[str] = (),
    **fields: Any,
) -> Control:
    """Note something that is in place against (or for) a risk; seen by whoever sees the risk.

    ``other_risks``: refs of further risks that it works on; ``fields``: more of ``FIELDS``. One
    that works on a party's own risk is that party's own. Raises ``Invalid``, ``Forbidden``.
    """
    try:
        risk = risk_for(actor, ref, lock=True)
    except NotFound:
        # It was written down, as ``other_risks`` were, and may be mistyped.
        raise Invalid.one("risks", "unknown_risk", _unknown_risk_text(ref)) from None
    require_permission_on(actor, "control.edit", risk)
    errors = Errors()
    clean = _clean(errors, actor, {"name": name, "kind": kind, **fields}, of=risk, at=at)
    others = _find_and_lock_usable_risks(
        errors, actor, [r for r in dict.fromkeys(other_risks) if r != risk.ref], risk
    )
    errors.raise_if_any()
    control = Control(
        register=risk.register,
        party=risk.party,
        visibility=risk.visibility,
        risk=risk,
        created_at=recorded_at or at,
        **clean,
    )
    _set_next_test_in_memory(control, actor, at)
    control.save()
    control.risks.set([risk, *others])
    for each in (risk, *others):
        log_control_and_bump_risk_version(
            actor, "control.added", control, each, [None, control_for_log(control)], at, recorded_at
        )
    return control


@transaction.atomic
def edit_control(
    *,
    actor: Viewer,
    control: UUID,
    fields: Mapping[str, Any],
    version: int | None,
    at: dt.datetime,
) -> Control:
    """Change what ``fields`` names of a control: ``FIELDS``, and ``risks``, all of them by ref.

    A day on which it was tested says that the actor tested it. Risks that the actor may not know of
    stay. Nothing is logged where nothing differs. Raises ``NotFound``, ``Forbidden``, ``Invalid``;
    ``Conflict`` where somebody was faster.
    """
    row = lock_control_in_place(actor, control, version)
    errors = Errors()
    for name in fields:
        if name not in (*FIELDS, "risks"):
            errors.add(str(name)[:60], "unknown_field", CONTROL.no_such_field)
    given = {name: value for name, value in fields.items() if name in FIELDS}
    clean = _clean(errors, actor, given, of=row, at=at, row=row)
    linked = lock_risks_of_control(actor, row)
    wanted = _find_wanted_risks(errors, actor, fields, row, linked)
    if "owner" in clean and clean["owner"] is None and not errors.has_any_on("owner"):
        _check_owner_can_see_own_control(errors, actor, row)
    errors.raise_if_any()
    before = control_for_log(row)
    columns = [name for name, value in clean.items() if getattr(row, name) != value]
    more = {
        name: [value_for_log(CONTROL[name], value) for value in (getattr(row, name), clean[name])]
        for name in columns
        if name != "name"
    }
    for name in columns:
        setattr(row, name, clean[name])
    if "tested_on" in columns:
        row.tested_by = actor.user if row.tested_on else None
    if {"tested_on", "test_every_days"} & set(columns):
        # Otherwise it stays the day that whoever tested it may have named.
        _set_next_test_in_memory(row, actor, at)
    added = [risk for risk in wanted if risk not in linked]
    gone = [risk for risk in linked if risk not in wanted]
    if not (columns or added or gone):
        return row
    row.version += 1
    row.save()
    row.risks.add(*added)
    row.risks.remove(*gone)
    after = control_for_log(row)
    if columns:
        for risk in (r for r in wanted if r in linked):
            log_control_and_bump_risk_version(
                actor, "control.edited", row, risk, [before, after], at, more=more
            )
    for risk in added:
        log_control_and_bump_risk_version(actor, "control.added", row, risk, [None, after], at)
    for risk in gone:
        log_control_and_bump_risk_version(actor, "control.ended", row, risk, [after, None], at)
    return row


@transaction.atomic
def end_control(
    *,
    actor: Viewer,
    control: UUID,
    reason: Any,
    at: dt.datetime,
    ref: str = "",
    version: int | None = None,
) -> Control:
    """Note that a control is no longer in place, and why; ``ref`` is a risk that it must work on.

    Raises ``Invalid`` without a reason, ``NotFound``, ``Forbidden``; ``Conflict`` where somebody
    was faster.
    """
    if ref:
        risk = risk_for(actor, ref)
        require(actor, "control.edit", risk)
        control_for(actor, control, risk=risk)
    row = lock_control_in_place(actor, control, version, must_be_permitted=not ref)
    errors = Errors()
    reason = clean_text(errors, "reason", reason, required=True, limit=TEXT_MAX)
    errors.raise_if_any()
    logged = control_for_log(row)
    row.ended_at, row.end_reason = at, reason
    row.version += 1
    row.save(update_fields=["ended_at", "end_reason", "version"])
    for risk in lock_risks_of_control(actor, row):
        log_control_and_bump_risk_version(
            actor, "control.ended", row, risk, [logged, None], at, reason=reason
        )
    return row


def leave_private_controls_with_past_owner(
    actor: Viewer, risk: Risk, past_owner: User, *, at: dt.datetime
) -> None:
    """``risk`` has gone from ``past_owner`` to its owner of now; the row is locked. Controls that
    another party does not know of, and for which the past owner answered with it, stay with them.

    Part of ``transfer_risk``, in its transaction.
    """
    rows = Control.objects.select_for_update(of=("self",)).select_related("party")
    own = rows.filter(risk=risk, visibility=Visibility.PARTY, owner=None, ended_at=None)
    for row in own.order_by("pk"):
        gone = party_id_of(actor, risk.owner) != row.party_id
        if not gone or party_id_of(actor, past_owner) != row.party_id:
            continue
        row.register, row.risk = risk.register, risk
        before = control_for_log(row)
        row.owner = past_owner
        row.version += 1
        row.save(update_fields=["owner", "version"])
        more = {"owner": [None, value_for_log(CONTROL["owner"], past_owner)]}
        linked = row.risks.select_related("party").order_by("pk")
        for each in linked:
            each.register = risk.register
            change = [before, control_for_log(row)]
            log_control_and_bump_risk_version(
                actor, "control.edited", row, each, change, at, more=more
            )


def _check_owner_can_see_own_control(errors: Errors, actor: Viewer, row: Control) -> None:
    """Note that a party's own control would be left to an owner of its risk who cannot see it."""
    owner = row.risk.owner
    if row.visibility == Visibility.PARTY and party_id_of(actor, owner) != row.party_id:
        text = _(
            "%(name)s answers for %(ref)s and does not know of this control; name somebody of your "
            "own party."
        )
        errors.add("owner", "required", text % {"name": owner, "ref": row.risk.ref})


def may_change_control(actor: Viewer, row: Control) -> bool:
    """Whether the actor owns it, or may change the controls of the risk that it was noted on."""
    return any(permits(actor, "control.edit", thing) for thing in (row, row.risk))


def require_may_change_control(actor: Viewer, row: Control) -> None:
    """Raise ``Forbidden`` unless ``may_change_control``."""
    if not may_change_control(actor, row):
        require(actor, "control.edit", row.risk)


def lock_control_in_place(
    actor: Viewer, control: UUID, version: int | None, *, must_be_permitted: bool = True
) -> Control:
    """The control that is in place, locked, if the actor may change it."""
    row = control_for(actor, control, lock=True)
    if must_be_permitted:
        require_may_change_control(actor, row)
    require_unchanged(row, version)
    if row.ended_at is not None:
        if must_be_permitted:
            raise Invalid.one("control", "ended", _("It has ended; note a new one instead."))
        raise NotFound(_("There is no such control."))
    return row


def lock_risks_of_control(actor: Viewer, control: Control) -> list[Risk]:
    """The risks that it works on, locked. Whoever sees a control sees all of them."""
    rows = control.risks.select_related("party").order_by("pk")
    risks = list(rows.select_for_update(of=("self",), no_key=True))
    for risk in risks:
        risk.register = actor.register
    return risks


def _clean(
    errors: Errors,
    actor: Viewer,
    given: Mapping[str, Any],
    *,
    of: Risk | Control,
    at: dt.datetime,
    row: Control | None = None,
) -> dict[str, Any]:
    """``given`` checked. ``of``: whose audience it has; a control keeps its own when its risk is
    shared."""
    clean: dict[str, Any] = {}
    if "name" in given:
        clean["name"] = clean_text(
            errors, "name", given["name"], required=True, limit=300, one_line=True
        )
    if "kind" in given:
        clean["kind"] = given["kind"]
        if given["kind"] not in ControlKind.values:
            errors.add("kind", "unknown", _("A control is preventive or corrective."))
    if "owner" in given:
        clean["owner"] = _find_usable_owner(errors, actor, given["owner"], of)
    if "effectiveness" in given:
        clean["effectiveness"] = given["effectiveness"] or ""
        if clean["effectiveness"] not in ("", *Effectiveness.values):
            text = _("This must be one of: %(all)s.") % {"all": ", ".join(Effectiveness.values)}
            errors.add("effectiveness", "unknown", text)
    if "tested_on" in given:
        clean["tested_on"] = clean_day(errors, "tested_on", given["tested_on"])
        if clean["tested_on"] and clean["tested_on"] > actor.today(at):
            text = _("A test that is still to come says nothing yet.")
            errors.add("tested_on", "in_the_future", text)
    if "test_every_days" in given:
        clean["test_every_days"] = _clean_test_every_days(errors, given["test_every_days"])
    if "label" in given:
        clean["label"] = given["label"]
        if given["label"] not in LABELS:
            text = _("Unknown label; use one of: %s.") % ", ".join(LABELS)
            errors.add("label", "unknown", text)
    if "source" in given:
        sources = clean_sources(errors, "source", [given["source"]]) if given["source"] else [{}]
        clean["source"] = sources[0] if sources else {}
    if "translations" in given:
        clean["translations"] = clean_translations(errors, given["translations"] or {}, ("name",))
    label = clean.get("label", row.label if row else "judgement")
    check_sourced(errors, "label", label, bool(clean.get("source", row.source if row else {})))
    return clean


def _find_usable_owner(errors: Errors, actor: Viewer, name: Any, of: Risk | Control) -> User | None:
    if name in (None, ""):
        return None
    owner = find_answerable_member(actor, errors, "owner", name)
    if owner and of.visibility == Visibility.PARTY and party_id_of(actor, owner) != of.party_id:
        text = _("What is one party's own can only be answered for by its own people.")
        errors.add("owner", "other_party", text)
    return owner


def _clean_test_every_days(errors: Errors, value: Any) -> int | None:
    if value in (None, ""):
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= 3650:
        errors.add("test_every_days", "out_of_range", _("This is 1 to 3650 days, or empty."))
        return None
    return value


def _find_and_lock_usable_risks(
    errors: Errors, actor: Viewer, refs: Sequence[str], of: Risk | Control, field: str = "risks"
) -> list[Risk]:
    """Risks named by ``refs`` that a control of the audience of ``of`` may work on, locked."""
    found: list[Risk] = []
    if len(refs) >= MAX_RISKS:
        errors.add(field, "too_many", _("At most %(n)d risks.") % {"n": MAX_RISKS})
        return found
    for ref in sorted(refs):
        try:
            risk = risk_for(actor, ref, lock=True)
        except NotFound:
            errors.add(field, "unknown_risk", _unknown_risk_text(ref))
            continue
        require_permission_on(actor, "control.edit", risk)
        if of.visibility == Visibility.SHARED and risk.visibility == Visibility.PARTY:
            text = _("%(ref)s is one party's own; note a control of its own on it.")
            errors.add(field, "narrower", text % {"ref": risk.ref})
            continue
        found.append(risk)
    return found


def _unknown_risk_text(ref: Any) -> str:
    text = _("There is no risk %(ref)s here; check the reference.")
    return text % {"ref": str(ref)[:60]}


def _find_wanted_risks(
    errors: Errors,
    actor: Viewer,
    fields: Mapping[str, Any],
    row: Control,
    linked: list[Risk],
) -> list[Risk]:
    if "risks" not in fields:
        return linked
    refs = fields["risks"]
    if not isinstance(refs, list | tuple) or not refs:
        errors.add("risks", "required", _("A control works on at least one risk; or end it."))
        return linked
    known = {risk.ref: risk for risk in linked}
    names = list(dict.fromkeys(str(ref) for ref in refs))
    kept = [known[ref] for ref in names if ref in known]
    return [
        *kept,
        *_find_and_lock_usable_risks(errors, actor, [r for r in names if r not in known], row),
    ]


def _set_next_test_in_memory(control: Control, actor: Viewer, at: dt.datetime) -> None:
    if control.test_every_days is None:
        control.next_test_on = None
        return
    since = control.tested_on or actor.today(control.created_at or at)
    control.next_test_on = since + dt.timedelta(days=control.test_every_days)
