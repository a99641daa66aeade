"""Rungs that do not wait for the digest: a message of its own, on any day and at any hour."""

import datetime as dt
import uuid

import structlog
from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext as _

from riskreg.accounts.messages import build_draft_to
from riskreg.accounts.models import User
from riskreg.notify.services import drop_waiting_messages, post
from riskreg.reminders.digest import collect_digest, render_with_fingerprint
from riskreg.reminders.models import Addressee, AddresseeState, Imprint
from riskreg.reminders.policy import INTERRUPT
from riskreg.reminders.queries import RegisterSnapshots, users_to_interrupt
from riskreg.reminders.services.assignment import (
    drop_gone_and_readdress_moved,
    mark_sent,
    settle_older_addressees,
)
from riskreg.reminders.services.digests import WrittenAndBroken
from riskreg.reminders.services.refresh import addressees_of_messages

log = structlog.get_logger(__name__)


def interrupt_people(at: dt.datetime) -> WrittenAndBroken:
    """Tell everybody at once what is not to wait."""
    written = broken = 0
    snapshots = RegisterSnapshots(at)
    for user in users_to_interrupt():
        try:
            written += _interrupt_unless_nothing_left(user, at, snapshots)
        except Exception:
            broken += 1
            log.exception("interrupt_broke", recipient=str(user.uuid))
    return WrittenAndBroken(written, broken)


@transaction.atomic
def _interrupt_unless_nothing_left(
    user: User, at: dt.datetime, snapshots: RegisterSnapshots
) -> bool:
    waiting = list(
        Addressee.objects.select_for_update(of=("self",))
        .filter(user=user, state=AddresseeState.WAITING, urgent=True)
        .select_related("reminder")
        .order_by("pk")
    )
    seen = collect_digest(user, waiting, at, snapshots=snapshots, own=False)
    drop_gone_and_readdress_moved(seen.gone, seen.moved, seen.duties, seen.snapshots)
    if not seen.valid:
        return False
    with translation.override(user.language):
        reason = _("A newer message says the same and more.")
    replaced = drop_waiting_messages(kind=INTERRUPT, recipient=user.uuid, reason=reason)
    if replaced:
        older = addressees_of_messages(replaced)
        seen = collect_digest(user, [*seen.valid, *older], at, snapshots=snapshots, own=False)
        settle_older_addressees(older, seen)
    content, imprint = render_with_fingerprint(user, seen.items, INTERRUPT)
    # The rows are locked, so that no other message tells of them: its key need only be its own.
    message = post(
        build_draft_to(
            user,
            at,
            key=f"{INTERRUPT}:{user.uuid}:{uuid.uuid4()}",
            kind=INTERRUPT,
            content=content,
            audiences=seen.audiences,
            urgent=True,
        ),
        at,
    )
    assert message is not None  # noqa: S101 - the key was made a line ago
    Imprint.objects.create(message=message.uuid, made_of=imprint)
    Addressee.objects.filter(pk__in=[a.pk for a in seen.valid]).update(
        state=AddresseeState.TOLD, message=message.uuid
    )
    mark_sent([a.reminder_id for a in seen.valid], seen.duties, at)
    return True
