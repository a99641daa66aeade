"""The web process notices that the engine has died, and writes to the operator itself.

The mail goes straight to the mail server: the outbox is what has died. Every web process looks, and
a row decides which of them writes; so the operator hears of an outage once, and of its end once.
"""

import datetime as dt
import threading
import time

import structlog
from django.conf import settings
from django.core.mail import send_mail
from django.db import IntegrityError, connection, transaction

from riskreg.kernel import clock
from riskreg.operations.models import Outage
from riskreg.operations.queries.engine import (
    current_outage_or_none,
    reasons_reminder_engine_is_dead,
    reminder_engine_state,
)

log = structlog.get_logger(__name__)
_LOOKS_EVERY = 60.0
EngineLives = bool
# Processes that are forked take over when the first of them began.
_began = time.monotonic()


def watch_once(at: dt.datetime) -> EngineLives:
    """Look whether the engine lives; note, log and mail when that has changed. True while it does.

    A mail that could not be handed over is tried again by the next one.
    """
    reasons = reasons_reminder_engine_is_dead(reminder_engine_state(at))
    outage = current_outage_or_none()
    if not reasons:
        if outage and Outage.objects.filter(pk=outage.pk, ended_at=None).update(ended_at=at):
            log.warning("engine_lives_again", since=outage.began_at.isoformat())
            if outage.notified_at:
                _mail_operators(
                    "riskreg: the engine works again", f"It stood still: {outage.reasons}."
                )
        return True
    if outage is None:
        try:
            with transaction.atomic():
                outage = Outage.objects.create(began_at=at, reasons="; ".join(reasons))
        except IntegrityError:
            # Another process has noticed it at the same moment.
            return False
        log.error("engine_dead", reasons=outage.reasons)
    mine = Outage.objects.filter(pk=outage.pk, notified_at=None).update(notified_at=at)
    if mine and not _mail_operators(
        "riskreg: the engine stands still",
        f"Nobody is reminded and nothing is sent: {outage.reasons}.\n\n"
        "Look whether worker and beat run, and whether they reach the broker and the database. "
        f"How things stand: {settings.BASE_URL}/admin/state/\n\n"
        "When they run again, what was due meanwhile is sent; nothing is lost.",
    ):
        Outage.objects.filter(pk=outage.pk).update(notified_at=None)
    return False


def start_watching_in_thread() -> None:
    """Look every minute, in a thread of its own, for as long as the process lives.

    The first look is late enough for an engine that was started with the web to have swept.
    """
    threading.Thread(target=_watch_forever, name="watch", daemon=True).start()


def _watch_forever() -> None:
    while True:
        time.sleep(_LOOKS_EVERY)
        if time.monotonic() - _began < settings.ENGINE_DEAD_SECONDS:
            continue
        try:
            watch_once(clock.now())
        except Exception as error:
            log.warning("could_not_watch", error=type(error).__name__)
        finally:
            connection.close()


def _mail_operators(subject: str, text: str) -> bool:
    """Whether it was handed over; True where the operator has named no address."""
    if not settings.OPERATOR_MAIL:
        return True
    try:
        send_mail(subject, text, settings.DEFAULT_FROM_EMAIL, settings.OPERATOR_MAIL)
    except OSError as error:
        log.error("operator_not_reached", error=type(error).__name__)
        return False
    return True
