"""Wakes invitations up. May run twice or never: rows that are due stay due."""

from celery import shared_task

from riskreg.kernel import clock
from riskreg.register.services.invitation_sending import send_due_invitations


@shared_task(name="register.send_invitations")
def send_invitations() -> None:
    """Send the invitations that are due."""
    send_due_invitations(clock.now)
