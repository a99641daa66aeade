"""Archiving a register, and restoring it: read as before, and nothing in it changes meanwhile.

It binds every party that keeps risks here, so both ways need a yes of each (``propose``).
"""

import datetime as dt
from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from riskreg.events.services import append
from riskreg.kernel.errors import Errors, Invalid
from riskreg.kernel.text import clean_text
from riskreg.kernel.versions import require_unchanged
from riskreg.register.access import Viewer
from riskreg.register.change_kinds import ChangeKind, register_change_kind
from riskreg.register.change_models import ChangeRequest
from riskreg.register.change_words import (
    register_archived_lines,
    register_archived_title,
    register_restored_lines,
    register_restored_title,
)
from riskreg.register.models import Register
from riskreg.register.permissions import require
from riskreg.register.services.change_requests import Proposal, ask_others_or_note_agreed

REASON_MAX = 2000
ARCHIVE, RESTORE = "archive", "restore"


@transaction.atomic
def archive_register(
    *,
    actor: Viewer,
    reason: Any,
    version: int | None,
    at: dt.datetime,
    agreed: ChangeRequest | None = None,
) -> Register | ChangeRequest:
    """Let a register be read only, from now on: no write, no reminder, no work of the sweep.

    What waits to be told stays waiting, and so does every due date. Where another party has
    managers or leaders, its risks would rest as well: they are asked first, and the request is
    returned. Raises ``Forbidden``, ``Invalid`` without a reason or where it is archived;
    ``Conflict`` where somebody was faster.
    """
    register = _lock_register_to_archive(actor, version)
    errors = Errors()
    reason = clean_text(errors, "reason", reason, required=True, limit=REASON_MAX)
    if register.archived_at is not None:
        errors.add("register", "wrong_state", _("It is archived already."))
    errors.raise_if_any()
    asked = ask_others_or_note_agreed(
        actor,
        Proposal(
            kind=ARCHIVE,
            content={"reason": reason},
            before={"archived": False},
            after={"archived": True, "reason": reason},
            asks=True,
        ),
        at,
        agreed=agreed,
    )
    if asked.is_open:
        return asked
    return _save_and_log_archived(
        actor, register, at, at, "register.archived", {"reason": [None, reason]}
    )


@transaction.atomic
def restore_register(
    *,
    actor: Viewer,
    version: int | None,
    at: dt.datetime,
    agreed: ChangeRequest | None = None,
) -> Register | ChangeRequest:
    """Let an archived register live on, as it was; what fell due meanwhile is late.

    Everybody in it is reminded again, so the other parties are asked as they were before it was
    archived: an archived register takes answers to this request, and no other write. Raises as
    ``archive_register``.
    """
    register = _lock_register_to_archive(actor, version)
    if register.archived_at is None:
        raise Invalid.one("register", "wrong_state", _("It is not archived."))
    asked = ask_others_or_note_agreed(
        actor,
        Proposal(
            kind=RESTORE,
            content={},
            before={"archived": True},
            after={"archived": False},
            asks=True,
        ),
        at,
        agreed=agreed,
    )
    if asked.is_open:
        return asked
    return _save_and_log_archived(actor, register, None, at, "register.restored", {})


def _lock_register_to_archive(actor: Viewer, version: int | None) -> Register:
    require(actor, "register.archive")
    register = Register.objects.select_for_update(no_key=True).get(pk=actor.register.pk)
    require_unchanged(register, version)
    return register


def _save_and_log_archived(
    actor: Viewer,
    register: Register,
    archived_at: dt.datetime | None,
    at: dt.datetime,
    verb: str,
    more: dict[str, Any],
) -> Register:
    register.archived_at = archived_at
    register.version += 1
    register.save(update_fields=["archived_at", "version"])
    append(actor.entry(verb, register, at=at, changes=more))
    return register


def _apply_archive(*, content: Mapping[str, Any], **given: Any) -> Any:
    return archive_register(reason=content["reason"], version=None, **given)


def _apply_restore(*, content: Mapping[str, Any], **given: Any) -> Any:
    return restore_register(version=None, **given)


def register_change_kinds() -> None:
    """Let archiving and restoring be asked for."""
    register_change_kind(
        ChangeKind(ARCHIVE, register_archived_title, register_archived_lines, _apply_archive)
    )
    register_change_kind(
        ChangeKind(
            RESTORE,
            register_restored_title,
            register_restored_lines,
            _apply_restore,
            in_archived=True,
        )
    )
