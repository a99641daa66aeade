"""Archiving a register, and restoring it: read as before, and nothing in it changes meanwhile."""

import datetime as dt
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from riskreg.events.services import append
from riskreg.kernel.errors import Conflict, Errors, Forbidden, Invalid
from riskreg.kernel.text import clean_text
from riskreg.register.access import Viewer
from riskreg.register.models import Register
from riskreg.register.people import parties_that_speak
from riskreg.register.permissions import require

REASON_MAX = 2000


@transaction.atomic
def archive_register(
    *, actor: Viewer, reason: Any, version: int | None, at: dt.datetime
) -> Register:
    """Let a register be read only, from now on: no write, no reminder, no work of the sweep.

    What waits to be told stays waiting, and so does every due date. Where another party has
    managers or leaders, its risks would rest as well, so that one party alone cannot do it. Raises
    ``Forbidden``, ``Invalid`` without a reason or where it is archived; ``Conflict`` where somebody
    was faster.
    """
    register = _locked(actor, version)
    others = [party.name for party in parties_that_speak(register) if party != actor.party]
    if others:
        text = _(
            "%(parties)s keeps its risks here as well, and one party alone cannot archive them. "
            "Its members leave first; then it can be archived."
        )
        raise Forbidden(text % {"parties": _(", ").join(others)})
    errors = Errors()
    reason = clean_text(errors, "reason", reason, required=True, limit=REASON_MAX)
    if register.archived_at is not None:
        errors.add("register", "wrong_state", _("It is archived already."))
    errors.raise_if_any()
    return _set(actor, register, at, at, "register.archived", {"reason": [None, reason]})


@transaction.atomic
def restore_register(*, actor: Viewer, version: int | None, at: dt.datetime) -> Register:
    """Let an archived register live on, as it was; what fell due meanwhile is late.

    It takes nothing from anybody, and so one manager does it. Raises as ``archive_register``.
    """
    register = _locked(actor, version)
    if register.archived_at is None:
        raise Invalid.one("register", "wrong_state", _("It is not archived."))
    return _set(actor, register, None, at, "register.restored", {})


def _locked(actor: Viewer, version: int | None) -> Register:
    require(actor, "register.archive")
    register = Register.objects.select_for_update(no_key=True).get(pk=actor.register.pk)
    if version is not None and version != register.version:
        raise Conflict(_("Somebody changed it meanwhile."), register)
    return register


def _set(
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
