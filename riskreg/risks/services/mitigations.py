"""Mitigations: planned work and how far it has come."""

import datetime as dt
from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from riskreg.events.services import append_all
from riskreg.kernel.errors import Errors, Invalid
from riskreg.register.access import Viewer
from riskreg.register.changes import (
    all_values_as_changes,
    save_changed_links,
    set_changed_in_memory,
    split_entry_by_audience,
)
from riskreg.register.cleaning import already_owner_text, clean_given, clean_list
from riskreg.register.external_ids import clean_external_id, refusing_taken_external_id
from riskreg.register.models import Party
from riskreg.register.permissions import require
from riskreg.register.services import take_next_ref
from riskreg.register.sourcing import check_labels
from riskreg.register.translations import CONFIRMED, clean_confirmed, outdated_translations
from riskreg.register.visibility import Visibility
from riskreg.risks.fields import MITIGATION
from riskreg.risks.models import Mitigation, MitigationStatus, Risk
from riskreg.risks.policy import next_update_due_if_in_progress
from riskreg.risks.queries.access import mitigation_for, require_version, risks_called
from riskreg.risks.queries.serving import RUNNING

# Naming nothing else is word of how the work stands, even if it stands as it did.
_REPORT = {"status", "progress", "progress_note"}


@transaction.atomic
def create_mitigation(
    *,
    actor: Viewer,
    fields: Mapping[str, Any],
    visibility: str = Visibility.SHARED,
    at: dt.datetime,
    recorded_at: dt.datetime | None = None,
) -> Mitigation:
    """Plan work of the actor's party for one or more risks.

    ``fields``: those of ``risks.fields.MITIGATION`` that can be set; ``risks`` are refs. Work that
    serves a private risk is private whatever ``visibility`` says: a mix takes the narrower
    audience. Its due date may not lie before the day ``at`` on which it was planned; work that is
    brought in late can be overdue by now.
    """
    require(actor, "mitigation.create")
    errors = Errors()
    party = actor.party
    if party is None:
        raise Invalid.one("party", "required", _("Only members who act for a party plan work."))
    if visibility not in Visibility.values:
        errors.add("visibility", "unknown", _("This must be one of: shared, party."))
    given = {"title": "", "due_on": None, "risks": [], "owner": actor.user, **fields}
    given["owner"] = given["owner"] or actor.user
    risks = _find_served_risks(errors, actor, given)
    if any(r.visibility == Visibility.PARTY for r in risks):
        visibility = Visibility.PARTY
    clean = _clean(errors, actor, given, party=party, visibility=visibility, today=actor.today(at))
    # Work has no sources of its own: they are found on the risks that it serves.
    check_labels(errors, clean.get("labels", {}), [s for r in risks for s in r.sources], "labels")
    errors.raise_if_any()
    mitigation = Mitigation(
        register=actor.register,
        party=party,
        visibility=visibility,
        ref=take_next_ref(
            actor.register, "mitigation", party if visibility == Visibility.PARTY else None
        ),
        created_at=recorded_at or at,
        updated_at=recorded_at or at,
        next_update_on=next_update_due_if_in_progress(
            clean.get("status", MitigationStatus.PLANNED), actor.today(at)
        ),
        **{"status": MitigationStatus.PLANNED, **clean},
    )
    with refusing_taken_external_id():
        mitigation.save(force_insert=True)
    mitigation.risks.set(risks)
    changes = all_values_as_changes(MITIGATION, mitigation, {"risks": risks})
    _log(actor, mitigation, "mitigation.created", changes, at, recorded_at)
    return mitigation


@transaction.atomic
def edit_mitigation(
    *,
    actor: Viewer,
    ref: str,
    version: int | None,
    fields: Mapping[str, Any],
    at: dt.datetime,
    recorded_at: dt.datetime | None = None,
) -> Mitigation:
    """Change what ``fields`` name. Progress 100 makes it done; done makes progress 100.

    A change of status or progress is word of how it stands, and so is naming them alone as they
    are, for work in progress; other changes are not. A sentence about it is of the progress that it
    came with: progress that moves without one empties it.
    """
    mitigation = mitigation_for(actor, ref, lock=True)
    require(actor, "mitigation.edit", mitigation)
    require_version(mitigation, version)
    errors = Errors()
    risks = None
    if "risks" in fields:
        risks = _find_served_risks(errors, actor, fields)
        if mitigation.visibility == Visibility.SHARED and any(
            r.visibility == Visibility.PARTY for r in risks
        ):
            errors.add(
                "risks",
                "narrower",
                _("This work is shared; plan separate work for a risk that is your party's own."),
            )
    clean = _clean(
        errors,
        actor,
        fields,
        party=mitigation.party,
        visibility=mitigation.visibility,
        today=actor.today(at),
        current=mitigation,
    )
    if "labels" in fields or risks is not None:
        served = risks if risks is not None else _risks_served(actor, mitigation)
        check_labels(
            errors,
            clean.get("labels", mitigation.labels),
            [s for r in served for s in r.sources],
            "labels" if "labels" in fields else "risks",
        )
    errors.raise_if_any()
    if clean.get("progress") == 100 and "status" not in clean:
        clean["status"] = MitigationStatus.DONE
    elif clean.get("status") == MitigationStatus.DONE:
        clean["progress"] = 100
    if clean.get("progress", mitigation.progress) != mitigation.progress:
        clean.setdefault("progress_note", "")
    confirmed = clean.pop(CONFIRMED, {})
    texts = [name for name in MITIGATION.translated if name in clean]
    moved = {name for name in texts if clean[name] != getattr(mitigation, name)}
    clean["outdated_translations"] = outdated_translations(
        mitigation, clean.get("translations", mitigation.translations), moved, confirmed
    )
    links = {} if risks is None else {"risks": risks}
    changes: dict[str, Any] = set_changed_in_memory(MITIGATION, mitigation, clean)
    changes |= save_changed_links(mitigation, links)
    verb = "mitigation.edited"
    if not changes and fields and set(fields) <= _REPORT and _is_in_progress(mitigation):
        verb = "mitigation.progress_reported"
        changes["progress"] = [mitigation.progress, mitigation.progress]
    if changes:
        if mitigation.ended_with is not None and mitigation.status in RUNNING:
            changes["ended_with"] = [mitigation.ended_with.ref, None]
            mitigation.ended_with = None
        if _REPORT & set(changes):
            due = next_update_due_if_in_progress(mitigation.status, actor.today(at))
            changes |= set_changed_in_memory(MITIGATION, mitigation, {"next_update_on": due})
        _save_next_version_and_log(actor, mitigation, verb, changes, at, recorded_at)
    return mitigation


def cancel_mitigation_as_risk_closes(
    actor: Viewer,
    mitigation: Mitigation,
    risk: Risk,
    *,
    at: dt.datetime,
    recorded_at: dt.datetime | None = None,
) -> None:
    """Cancel work that served only ``risk``, which is being closed; the row is locked.

    Part of ``indicators.services.close_risk_and_end_dependents``, in its transaction.
    """
    require(actor, "mitigation.edit", mitigation)
    changes = {
        "ended_with": [None, risk.ref],
        **set_changed_in_memory(
            MITIGATION,
            mitigation,
            {"status": MitigationStatus.CANCELLED, "next_update_on": None},
        ),
    }
    mitigation.ended_with = risk
    _save_next_version_and_log(actor, mitigation, "mitigation.edited", changes, at, recorded_at)


@transaction.atomic
def transfer_mitigation(
    *, actor: Viewer, ref: str, version: int | None, owner: Any, at: dt.datetime
) -> Mitigation:
    """Hand work over to another owner. It is no word of how the work stands."""
    mitigation = mitigation_for(actor, ref, lock=True)
    require(actor, "mitigation.edit", mitigation)
    require_version(mitigation, version)
    errors = Errors()
    clean = _clean(
        errors,
        actor,
        {"owner": owner},
        party=mitigation.party,
        visibility=mitigation.visibility,
        today=actor.today(at),
        current=mitigation,
    )
    if clean.get("owner") == mitigation.owner:
        errors.add("owner", "unchanged", already_owner_text(mitigation.owner))
    errors.raise_if_any()
    changes = set_changed_in_memory(MITIGATION, mitigation, clean)
    _save_next_version_and_log(actor, mitigation, "mitigation.transferred", changes, at)
    return mitigation


def _is_in_progress(mitigation: Mitigation) -> bool:
    return mitigation.status == MitigationStatus.IN_PROGRESS


def _save_next_version_and_log(
    actor: Viewer,
    mitigation: Mitigation,
    verb: str,
    changes: dict[str, Any],
    at: dt.datetime,
    recorded_at: dt.datetime | None = None,
) -> None:
    mitigation.version += 1
    mitigation.updated_at = max(recorded_at or at, mitigation.updated_at)
    with refusing_taken_external_id(written="external_id" in changes):
        mitigation.save()
    _log(actor, mitigation, verb, changes, at, recorded_at)


def _log(
    actor: Viewer,
    mitigation: Mitigation,
    verb: str,
    changes: dict[str, Any],
    at: dt.datetime,
    recorded_at: dt.datetime | None,
) -> None:
    entry = actor.entry(verb, mitigation, at=at, recorded_at=recorded_at, changes=changes)
    append_all(split_entry_by_audience(MITIGATION, mitigation, entry))


def _find_served_risks(errors: Errors, actor: Viewer, given: Mapping[str, Any]) -> list[Risk]:
    refs = [str(r) for r in clean_list(errors, "risks", given)]
    found = {r.ref: r for r in risks_called(actor, refs)}
    unknown = sorted(set(refs) - set(found))
    if unknown:
        errors.add("risks", "unknown_risk", _("Unknown risk: %s.") % ", ".join(unknown)[:200])
    elif not refs:
        errors.add("risks", "required", _("Name at least one risk that this work serves."))
    return [found[r] for r in dict.fromkeys(refs) if r in found]


def _clean(
    errors: Errors,
    actor: Viewer,
    given: Mapping[str, Any],
    *,
    party: Party,
    visibility: str,
    today: dt.date,
    current: Mitigation | None = None,
) -> dict[str, Any]:
    clean = clean_given(
        errors,
        actor,
        MITIGATION,
        given,
        party=party,
        visibility=visibility,
        current=current,
        besides=("risks", "external_id"),
    )
    clean |= clean_external_id(errors, actor, given, Mitigation, party, current)
    due_on = clean.get("due_on")
    if (
        due_on
        and due_on < today
        and (current is None or due_on != current.due_on)
        and clean.get("status", MitigationStatus.PLANNED) != MitigationStatus.DONE
    ):
        errors.add("due_on", "in_the_past", _("The due date has passed; name a day to come."))
    if CONFIRMED in given and current is not None:
        versions = clean.get("translations", current.translations)
        clean[CONFIRMED] = clean_confirmed(errors, given[CONFIRMED], versions)
    return clean


def _risks_served(actor: Viewer, mitigation: Mitigation) -> list[Risk]:
    """The risks that it serves, as far as the actor may know of them."""
    return list(Risk.objects.visible_to(actor).filter(mitigations=mitigation))
