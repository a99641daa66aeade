"""Sending invitations that are due: the row is the work, a task only wakes it up."""

import datetime as dt
from collections.abc import Callable

import structlog
from django.db.models import F

from riskreg.kernel.after_commit import after_commit
from riskreg.register.invitation_mail import invitation_mail
from riskreg.register.models import Invitation
from riskreg.register.services.invitations import SEND_DUE

log = structlog.get_logger(__name__)

LEASE = dt.timedelta(minutes=5)
ATTEMPTS = 12
AT_ONCE = 200


def send_due_invitations(now: Callable[[], dt.datetime]) -> int:
    """Send what is due, each once; how many went out.

    A sender claims a row by moving its due time on by a lease, under the condition that it is what
    was read: of two at once one sends. A mail that does not go is tried again later and later.
    """
    sent = 0
    rows = Invitation.objects.filter(
        mail_due_at__lte=now(), accepted_at=None, revoked_at=None, register__archived_at=None
    )
    for row in rows.select_related("register", "party", "invited_by").order_by("mail_due_at")[
        :AT_ONCE
    ]:
        at = now()
        claimed = Invitation.objects.filter(
            pk=row.pk, mail_due_at=row.mail_due_at, issue=row.issue, revoked_at=None
        ).update(mail_due_at=at + LEASE, mail_attempts=F("mail_attempts") + 1)
        if not claimed:
            continue
        attempts = row.mail_attempts + 1
        mine = Invitation.objects.filter(pk=row.pk, issue=row.issue, mail_due_at=at + LEASE)
        try:
            invitation_mail(row, at).send()
        except OSError as error:  # smtplib's errors are among them
            log.warning("invitation_not_sent", invitation=str(row.uuid), error=repr(error)[:200])
            wait = dt.timedelta(minutes=min(2**attempts, 120))
            mine.update(mail_due_at=at + wait if attempts < ATTEMPTS else None)
            continue
        mine.update(mail_due_at=None, sent_at=at)
        sent += 1
    return sent


def make_unsent_invitations_due_and_wake(at: dt.datetime) -> int:
    """Let invitations whose mail did not go be sent now, those given up too; how many those are.

    What is due within a lease comes by itself, and may be under way.
    """
    unsent = Invitation.objects.filter(
        accepted_at=None, revoked_at=None, expires_at__gt=at, register__archived_at=None
    )
    count = unsent.filter(mail_attempts__gt=0, mail_due_at__gt=at + LEASE).update(mail_due_at=at)
    count += unsent.filter(mail_attempts__gte=ATTEMPTS, mail_due_at=None, sent_at=None).update(
        mail_due_at=at, mail_attempts=0
    )
    after_commit(SEND_DUE)
    return count
