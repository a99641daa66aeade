"""Adding, releasing and withdrawing evidence."""

import datetime as dt
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from riskreg.events.services import append
from riskreg.evidence.fields import EVIDENCE
from riskreg.evidence.models import Evidence, Upload
from riskreg.evidence.queries import (
    bytes_kept_shared_or_of_party,
    evidence_for,
    things_by_id_of_evidence,
)
from riskreg.evidence.services.files import Stored
from riskreg.evidence.services.withdrawing import (
    mark_withdrawn_and_delete_file_after_commit,
    withdrawal_changes,
)
from riskreg.evidence.targets import Thing, thing_for
from riskreg.kernel.errors import Conflict, Errors, Invalid
from riskreg.kernel.text import TEXT_MAX, clean_text
from riskreg.register.access import Viewer
from riskreg.register.changes import all_values_as_changes
from riskreg.register.cleaning import clean_value
from riskreg.register.models import Party
from riskreg.register.permissions import permits, require
from riskreg.register.policy import check_sourced
from riskreg.register.services import lock_refs
from riskreg.register.visibility import Visibility

MOST_ON_ONE = 200


def may_add(actor: Viewer, thing: Thing) -> bool:
    """Whether the actor may attach a file to the thing: who answers for it may."""
    return any(permits(actor, "evidence.add", row) for row in thing.rows_with_owner)


def require_may_add(actor: Viewer, thing: Thing) -> None:
    """Raise ``Forbidden`` unless ``may_add``."""
    if not may_add(actor, thing):
        require(actor, "evidence.add", thing.rows_with_owner[0])


def may_withdraw(actor: Viewer, row: Evidence) -> bool:
    """Whether the actor may take it back: who added it, and managers and leaders of its party."""
    return row.withdrawn_at is None and permits(actor, "evidence.withdraw", row)


def may_release(actor: Viewer, row: Evidence, thing: Thing) -> bool:
    """Whether the actor may let everybody see it: it is their party's own, on what is shared."""
    own = row.visibility == Visibility.PARTY and row.withdrawn_at is None
    shared = thing.row_with_audience.visibility == Visibility.SHARED
    return own and shared and permits(actor, "evidence.release", row)


@transaction.atomic
def add_evidence(
    *,
    actor: Viewer,
    kind: str,
    ref: str,
    stored: Stored,
    label: Any = "judgement",
    source: Any = "",
    at: dt.datetime,
    recorded_at: dt.datetime | None = None,
) -> Evidence:
    """Attach a stored file to the thing of that kind and name; it is seen by whoever sees that now.

    Raises ``Invalid`` for what is wrong, for the same file a second time on one thing and where the
    register has no room left, ``Forbidden``, ``NotFound``.
    """
    found = thing_for(actor, kind, ref)
    require_may_add(actor, found)
    errors = Errors()
    label = clean_value(errors, EVIDENCE["label"], label)
    source = clean_text(errors, "source", source, limit=EVIDENCE["source"].limit, one_line=True)
    check_sourced(errors, "label", label, bool(source))
    errors.raise_if_any()
    own = found.row_with_audience.visibility == Visibility.PARTY
    party: Party = found.row_with_audience.party
    # One after the other for an audience: two at once could both fit where only one does.
    lock_refs(actor.register, "evidence", party if own else None)
    row = Evidence(
        uuid=stored.id,
        register=actor.register,
        party=party,
        visibility=found.row_with_audience.visibility,
        thing=found.kind,
        thing_id=found.row.uuid,
        name=stored.name,
        media_type=stored.media_type,
        size=stored.size,
        sha256=stored.sha256,
        label=label,
        source=source,
        added_by=actor.user,
        at=at,
        created_at=recorded_at or at,
    )
    _refuse_same_file_or_too_many(row)
    _refuse_above_room_for_files(row)
    row.save(force_insert=True)
    Upload.objects.filter(uuid=stored.id).delete()
    changes = all_values_as_changes(EVIDENCE, row, {})
    append(actor.entry("evidence.added", row, at=at, recorded_at=recorded_at, changes=changes))
    return row


@transaction.atomic
def release_evidence(
    *, actor: Viewer, evidence: UUID, version: int | None = None, at: dt.datetime
) -> Evidence:
    """Let everybody in the register see a file of one's own party, for good.

    Files on a risk that is shared stay its party's own, each until it is released. To everybody
    else it is of the moment of its release. Raises ``Invalid`` for one on what is private itself,
    ``Conflict``, ``Forbidden``, ``NotFound``.
    """
    row = evidence_for(actor, evidence, lock=True)
    require(actor, "evidence.release", row)
    _require_version(row, version)
    if row.visibility == Visibility.SHARED:
        return row
    _refuse_withdrawn(row)
    thing = things_by_id_of_evidence(actor, [row])[row.thing_id]
    if thing.row_with_audience.visibility != Visibility.SHARED:
        text = _("What it hangs on is your party's own. Share that first, then the file.")
        raise Invalid.one("visibility", "private_thing", text)
    lock_refs(actor.register, "evidence", None)
    row.visibility, row.at, row.version = Visibility.SHARED, max(at, row.at), row.version + 1
    _refuse_same_file_or_too_many(row)
    _refuse_above_room_for_files(row)
    row.save(update_fields=["visibility", "at", "version"])
    # Whoever reads the shared chain alone has the whole of it from this event.
    changes = all_values_as_changes(EVIDENCE, row, {})
    append(actor.entry("evidence.released", row, at=row.at, changes=changes))
    return row


@transaction.atomic
def withdraw_evidence_and_delete_file(
    *,
    actor: Viewer,
    evidence: UUID,
    reason: Any,
    version: int | None = None,
    at: dt.datetime,
) -> Evidence:
    """Take a file back, openly: its bytes are deleted, its record stays and says who and why.

    Raises ``Invalid`` without a reason and where that was done, ``Conflict``, ``Forbidden``,
    ``NotFound``.
    """
    row = evidence_for(actor, evidence, lock=True)
    require(actor, "evidence.withdraw", row)
    _require_version(row, version)
    _refuse_withdrawn(row)
    errors = Errors()
    reason = clean_text(errors, "reason", reason, required=True, limit=TEXT_MAX)
    errors.raise_if_any()
    mark_withdrawn_and_delete_file_after_commit(row, actor.user, reason, at)
    changes = withdrawal_changes(row)
    append(actor.entry("evidence.withdrawn", row, at=row.withdrawn_at or at, changes=changes))
    return row


def _require_version(row: Evidence, version: int | None) -> None:
    if version is not None and version != row.version:
        raise Conflict(_("Somebody changed it meanwhile."), row)


def _refuse_withdrawn(row: Evidence) -> None:
    if row.withdrawn_at is not None:
        raise Invalid.one("evidence", "withdrawn", _("It was withdrawn, and cannot come back."))


def _refuse_same_file_or_too_many(row: Evidence) -> None:
    """Refuse the bytes that hang on the same thing already, for the same audience."""
    rows = Evidence.objects.filter(
        thing_id=row.thing_id, withdrawn_at=None, visibility=row.visibility, party=row.party
    )
    same = rows.filter(sha256=row.sha256).exclude(uuid=row.uuid).first()
    if same is not None:
        text = _("This file is here already, as “%(name)s”; once is enough.")
        raise Invalid.one("file", "taken", text % {"name": same.name})
    if rows.count() >= MOST_ON_ONE:
        text = _("At most %(n)d files on one thing. Withdraw what is not needed.")
        raise Invalid.one("file", "too_many", text % {"n": MOST_ON_ONE})


def _refuse_above_room_for_files(row: Evidence) -> None:
    """Refuse what would pass EVIDENCE_REGISTER_MB; the row's lock makes the sum stand."""
    most = settings.EVIDENCE_REGISTER_MB
    own = row.visibility == Visibility.PARTY
    kept = bytes_kept_shared_or_of_party(row.register, row.party if own else None) if most else 0
    if most and kept + row.size > most * 1024 * 1024:
        text = (
            _(
                "There is no room for it: the files that are your party's own may have %(n)d MB in "
                "this register. Withdraw what is not needed, or ask the operator for more."
            )
            if own
            else _(
                "There is no room for it: the shared files of this register may have %(n)d MB. "
                "Withdraw what is not needed, or ask the operator for more."
            )
        )
        raise Invalid.one("file", "no_room", text % {"n": most})
