"""Relations between risks: what causes, worsens, is part of or duplicates what."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from riskreg.events.policy import Audience
from riskreg.events.services import append_all
from riskreg.kernel.errors import Errors, Invalid, NotFound
from riskreg.kernel.text import TEXT_MAX, clean_text
from riskreg.kernel.versions import require_unchanged
from riskreg.register.access import Viewer
from riskreg.register.changes import all_values_as_changes
from riskreg.register.cleaning import clean_value
from riskreg.register.permissions import permits
from riskreg.register.policy import check_sourced
from riskreg.register.services import lock_refs
from riskreg.register.translations import clean_translations
from riskreg.register.visibility import Visibility
from riskreg.risks.fields import RELATION
from riskreg.risks.models import RelationKind, Risk, RiskRelation
from riskreg.risks.parts import MAX_LEVELS, part_links_at, visible_relations
from riskreg.risks.queries.access import require_permission_on, risk_for
from riskreg.risks.queries.relations import relation_for

MAX_RELATIONS = 100
FIELDS = tuple(field.name for field in RELATION.settable)
_ENDS = ("risk", "other")


@transaction.atomic
def relate_risks(
    *,
    actor: Viewer,
    risk: Any,
    kind: Any,
    other: Any,
    note: Any = "",
    label: Any = "judgement",
    translations: Mapping[str, Any] | None = None,
    at: dt.datetime,
    recorded_at: dt.datetime | None = None,
) -> RiskRelation:
    """Say that the risk of the ref ``risk`` causes, worsens, is part of or duplicates ``other``.

    Whoever may change one of the two may say it; of ``part_of``, whoever may change the part, which
    stands behind its parent on maps from then on. Raises ``Invalid`` naming every wrong field,
    ``Forbidden``.
    """
    errors = Errors()
    kind = clean_value(errors, RELATION["kind"], kind)
    ends = _find_and_lock_both_ends(errors, actor, {"risk": risk, "other": other})
    note = clean_text(errors, "note", note, limit=TEXT_MAX)
    label = clean_value(errors, RELATION["label"], label)
    versions = clean_translations(errors, translations or {}, RELATION.translated)
    # Where the relation is known from is in the sources of its risks.
    sources = any(end is not None and end.sources for end in ends)
    check_sourced(errors, "label", label, sources)
    first, second = ends
    if first is None or second is None:
        errors.raise_if_any()
        raise AssertionError("an unknown risk is an error")
    _require_may_relate(actor, first, None if kind == RelationKind.PART_OF else second)
    _note_why_not_related(errors, actor, kind, first, second)
    errors.raise_if_any()
    narrower = first if first.visibility == Visibility.PARTY else second
    row = RiskRelation.objects.create(
        register=actor.register,
        party=narrower.party if narrower.visibility == Visibility.PARTY else first.party,
        visibility=narrower.visibility,
        risk=first,
        other=second,
        kind=kind,
        note=note,
        label=label,
        translations=versions,
        noted_by=actor.user,
        since=at,
        created_at=recorded_at or at,
    )
    _log(actor, "relation.added", row, [None, relation_for_log(row)], at, recorded_at)
    return row


@transaction.atomic
def end_relation(
    *,
    actor: Viewer,
    relation: UUID,
    reason: Any,
    version: int | None = None,
    at: dt.datetime,
) -> RiskRelation:
    """Take a relation back, and say why; whoever may change one of its risks can.

    Raises ``Invalid`` without a reason or where it has ended, ``NotFound``, ``Forbidden``;
    ``Conflict`` where somebody was faster.
    """
    row = relation_for(actor, relation, lock=True)
    _require_may_relate(actor, row.risk, row.other)
    require_unchanged(row, version)
    if row.ended_at is not None:
        raise Invalid.one("relation", "ended", _("It has ended; note a new one instead."))
    errors = Errors()
    reason = clean_text(errors, "reason", reason, required=True, limit=TEXT_MAX)
    errors.raise_if_any()
    logged = relation_for_log(row)
    row.ended_at, row.end_reason, row.version = max(at, row.since), reason, row.version + 1
    row.save(update_fields=["ended_at", "end_reason", "version"])
    _log(actor, "relation.ended", row, [logged, None], at, reason=reason)
    return row


def may_end_relation(actor: Viewer, row: RiskRelation) -> bool:
    """Whether the actor may change one of its risks."""
    return any(permits(actor, "risk.edit", end) for end in (row.risk, row.other))


def relation_for_log(row: RiskRelation) -> dict[str, Any]:
    """A relation as the log keeps it: everything that is kept of it."""
    kept = {name: pair[1] for name, pair in all_values_as_changes(RELATION, row, {}).items()}
    return {"id": str(row.uuid), **kept}


def _require_may_relate(actor: Viewer, first: Risk, second: Risk | None) -> None:
    if second is None or not permits(actor, "risk.edit", second):
        require_permission_on(actor, "risk.edit", first)


def _find_and_lock_both_ends(
    errors: Errors, actor: Viewer, given: Mapping[str, Any]
) -> list[Risk | None]:
    """The two risks, locked in the order of their refs, so that no two writers wait for each
    other."""
    refs = {name: str(value or "").strip() for name, value in given.items()}
    found: dict[str, Risk] = {}
    for name in sorted(_ENDS, key=lambda name: refs[name]):
        if not refs[name]:
            errors.add(name, "required", _("Name the risk by its reference, as in R-001."))
            continue
        try:
            found[name] = risk_for(actor, refs[name], lock=True)
        except NotFound:
            text = _("Unknown risk: %(names)s.") % {"names": refs[name][:60]}
            errors.add(name, "unknown_risk", text)
    return [found.get(name) for name in _ENDS]


def _note_why_not_related(
    errors: Errors, actor: Viewer, kind: str, first: Risk, second: Risk
) -> None:
    """Note why the two cannot be related so."""
    if first.pk == second.pk:
        text = _("A risk has no relation to itself; name another one.")
        errors.add("other", "itself", text)
        return
    own = Visibility.PARTY in (first.visibility, second.visibility)
    audience = Visibility.PARTY if own else Visibility.SHARED
    related = visible_relations(actor).filter(ended_at=None)
    if related.filter(risk=first, other=second, kind=kind, visibility=audience).exists():
        errors.add("other", "taken", _("This is noted already."))
    turned = related.filter(risk=second, other=first, kind=kind, visibility=audience)
    if kind == RelationKind.DUPLICATES and turned.exists():
        text = _("%(other)s is noted as a duplicate of %(ref)s already; once is enough.")
        errors.add("other", "taken", text % {"other": second.ref, "ref": first.ref})
    for end in (first, second):
        if related.filter(risk=end).count() >= MAX_RELATIONS:
            text = _("At most %(n)d relations of one risk.") % {"n": MAX_RELATIONS}
            errors.add("other", "too_many", text)
    if kind == RelationKind.PART_OF:
        _note_why_no_part(errors, actor, first, second)


def _note_why_no_part(errors: Errors, actor: Viewer, part: Risk, parent: Risk) -> None:
    names = {"ref": part.ref, "other": parent.ref}
    if part.visibility != parent.visibility:
        text = _(
            "%(ref)s and %(other)s are not seen by the same people, and a risk and its parts must "
            "be. Share the one that is your party's own first, or choose another kind."
        )
        errors.add("other", "narrower", text % names)
        return
    if part.kind != parent.kind:
        text = _("A threat is part of a threat, and an opportunity of an opportunity.")
        errors.add("other", "other_kind", text)
        return
    # From here on nobody of this audience makes another one of a kind that could close a circle.
    lock_refs(part.register, "risk", part.party if part.visibility == Visibility.PARTY else None)
    links = part_links_at(actor)
    if (now := links.filter(risk=part).select_related("other").first()) is not None:
        text = _("%(ref)s is part of %(parent)s already; end that relation first.")
        errors.add("other", "taken", text % {"ref": part.ref, "parent": now.other.ref})
        return
    above, below = [{parent.pk}], [{part.pk}]
    while above[-1] and len(above) <= MAX_LEVELS:
        above.append(set(links.filter(risk__in=above[-1]).values_list("other", flat=True)))
    while below[-1] and len(below) <= MAX_LEVELS:
        below.append(set(links.filter(other__in=below[-1]).values_list("risk", flat=True)))
    if any(part.pk in level for level in above):
        text = _(
            "%(other)s is itself part of %(ref)s, directly or through others: that would be a "
            "circle."
        )
        errors.add("other", "circle", text % names)
    elif sum(map(bool, (*above, *below))) > MAX_LEVELS:
        text = _("At most %(n)d levels of parts; choose a parent that stands higher.")
        errors.add("other", "too_deep", text % {"n": MAX_LEVELS})


def _log(
    actor: Viewer,
    verb: str,
    row: RiskRelation,
    change: list[Any],
    at: dt.datetime,
    recorded_at: dt.datetime | None = None,
    *,
    reason: str = "",
) -> None:
    """Log it under both risks, for those who see both."""
    changes: dict[str, Any] = {"relation": change}
    if reason:
        changes["reason"] = [None, reason]
    entries = [
        actor.entry(verb, end, at=at, recorded_at=recorded_at, changes=changes)
        for end in (row.risk, row.other)
    ]
    if row.visibility == Visibility.PARTY:
        own = Audience(actor.register.uuid, row.party.uuid)
        entries = [replace(entry, audience=own) for entry in entries]
    append_all(entries)
