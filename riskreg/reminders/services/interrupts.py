"""Rungs that do not wait for the digest: a message of its own, on any day and at any hour."""

import datetime as dt
import uuid

import structlog
from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext as _

from riskreg.accounts.models import User
from riskreg.kernel import clock
from riskreg.notify.services import Draft, post, withdraw
from riskreg.reminders.digest import picture, render
from riskreg.reminders.models import Addressee, AddresseeState, Imprint
from riskreg.reminders.policy import INTERRUPT
from riskreg.reminders.queries import Scene, users_interrupted
from riskreg.reminders.services.renewing import told_by
from riskreg.reminders.services.settling import let_go, let_go_older, mark_sent

log = structlog.get_logger(__name__)


def interrupt_people(at: dt.datetime) -> tuple[int, int]:
    """Tell everybody at once what is not to wait. Returns how many messages, and how many broke."""
    written = broken = 0
    scene = Scene(at)
    for user in users_interrupted():
        try:
            written += _interrupt(user, at, scene)
        except Exception:
            broken += 1
            log.exception("interrupt_broke", recipient=str(user.uuid))
    return written, broken


@transaction.atomic
def _interrupt(user: User, at: dt.datetime, scene: Scene) -> bool:
    waiting = list(
        Addressee.objects.select_for_update(of=("self",))
        .filter(user=user, state=AddresseeState.WAITING, urgent=True)
        .select_related("reminder")
        .order_by("pk")
    )
    seen = picture(user, waiting, at, scene=scene, own=False)
    let_go(seen.gone, seen.moved, seen.duties, seen.scene)
    if not seen.valid:
        return False
    with translation.override(user.language):
        reason = _("A newer message says the same and more.")
    replaced = withdraw(kind=INTERRUPT, recipient=user.uuid, reason=reason)
    if replaced:
        older = told_by(replaced)
        seen = picture(user, [*seen.valid, *older], at, scene=scene, own=False)
        let_go_older(older, seen)
    content, imprint = render(user, seen.items, INTERRUPT)
    # The rows are locked, so that no other message tells of them: its key need only be its own.
    message = post(
        Draft(
            key=f"{INTERRUPT}:{user.uuid}:{uuid.uuid4()}",
            kind=INTERRUPT,
            recipient=user.uuid,
            address=user.email,
            language=user.language,
            local_day=clock.local_date(at, user.time_zone),
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
