"""Wakes invitations and change requests up. May run twice or never: what is due stays due."""

from celery import shared_task

from riskreg.kernel import clock
from riskreg.register.services.change_answers import expire_and_reassign_requests
from riskreg.register.services.invitation_sending import send_due_invitations


@shared_task(name="register.send_invitations")
def send_invitations() -> None:
    """Send the invitations that are due."""
    send_due_invitations(clock.now)


@shared_task(name="register.tend_change_requests")
def expire_and_reassign_requests_task() -> None:
    """Close change requests that nobody answered in time."""
    expire_and_reassign_requests(clock.now())
