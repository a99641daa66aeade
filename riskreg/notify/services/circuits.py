"""Servers that do not answer are left alone for a while, by all workers.

A circuit belongs to a destination. Several passing failures in a row that are the server's open it:
then nothing is sent there for a while, and afterwards one delivery is tried. If that gets through,
all is as before; if not, the pause grows. A refusal for good says nothing of the server.
"""

import datetime as dt
import uuid
from collections.abc import Iterable
from dataclasses import dataclass

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import Q

from riskreg.notify.models import Circuit
from riskreg.notify.policy import ERROR_MAX, has_pause_whose_end_is_ahead, pause_of_server

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Admitted:
    """Whether a destination may be called, and whether by one delivery alone, to try it."""

    open_to: bool
    probe: bool = False


def admit_and_note_probe(destination: str, claim: uuid.UUID, at: dt.datetime) -> Admitted:
    """Whether ``claim`` may send to ``destination`` at ``at``; in the caller's transaction.

    Of many that ask when a pause is over one becomes the probe, and the pause then holds for the
    others as long as its claim does.
    """
    row = Circuit.objects.filter(destination=destination, opened_at__isnull=False).first()
    if row is None:
        return Admitted(open_to=True)
    if has_pause_whose_end_is_ahead(row.paused_at, row.paused_until, at):
        return Admitted(open_to=False)
    lease = dt.timedelta(seconds=settings.DELIVERY_LEASE_SECONDS)
    mine = Circuit.objects.filter(
        pk=row.pk, paused_at=row.paused_at, paused_until=row.paused_until, probe=row.probe
    ).update(probe=claim, paused_at=at, paused_until=at + lease)
    return Admitted(open_to=bool(mine), probe=bool(mine))


def end_pauses(destinations: Iterable[str], at: dt.datetime) -> int:
    """Let one delivery be tried now at each of the servers that are left alone. Returns how many
    those are."""
    return Circuit.objects.filter(
        destination__in=list(destinations), opened_at__isnull=False, paused_until__gt=at
    ).update(probe=None, paused_at=at, paused_until=at)


def close_circuit_after_success(destination: str) -> None:
    """A server took something: whatever went wrong before is over."""
    closed = Circuit.objects.filter(
        Q(failures__gt=0) | Q(opened_at__isnull=False), destination=destination
    ).update(
        failures=0, opened_at=None, paused_at=None, paused_until=None, pauses=0, probe=None,
        last_error="",
    )  # fmt: skip
    if closed:
        log.info("circuit_closed", destination=destination)


def record_failure(destination: str, claim: uuid.UUID, error: str, at: dt.datetime) -> bool:
    """A passing failure of the server's. Returns whether it is to be left alone from now on."""
    with transaction.atomic():
        Circuit.objects.bulk_create([Circuit(destination=destination)], ignore_conflicts=True)
        row = Circuit.objects.select_for_update().get(destination=destination)
        row.failures += 1
        row.last_error = error[:ERROR_MAX]
        opens = row.opened_at is None and 0 < settings.DELIVERY_CIRCUIT_FAILURES <= row.failures
        if opens or row.probe == claim:
            row.opened_at = row.opened_at or at
            row.pauses += 1
            row.probe = None
            row.paused_at = at
            first = dt.timedelta(seconds=settings.DELIVERY_CIRCUIT_SECONDS)
            row.paused_until = at + pause_of_server(row.pauses, first)
        row.save()
    if opens:
        log.error("circuit_opened", destination=destination, error=row.last_error)
    return row.opened_at is not None


def release_probe_without_result(destination: str, claim: uuid.UUID, at: dt.datetime) -> None:
    """The probe ``claim`` told nothing about the server: the next one may follow at once."""
    Circuit.objects.filter(destination=destination, probe=claim).update(probe=None, paused_until=at)
