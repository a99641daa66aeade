"""``manage.py send_now [--channel mail|chat|webhook]``."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from django.db import transaction

from riskreg.kernel import clock
from riskreg.notify.models import Channel
from riskreg.notify.services import make_waiting_due_and_wake_workers
from riskreg.register.services.invitation_sending import make_unsent_invitations_due_and_wake


class Command(BaseCommand):
    help = (
        "Try what waits after failures now, and not when its turn comes: for when the mail server "
        "was mended. A worker sends it; what was given up is sent again on the page Deliveries."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--channel",
            choices=[Channel.MAIL, Channel.CHAT, Channel.WEBHOOK],
            default=Channel.MAIL,
            help="mails, invitations among them (default), or what goes to chats or programs",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        channel, at = options["channel"], clock.now()
        with transaction.atomic():
            waiting = make_waiting_due_and_wake_workers(channel, at)
            invitations = make_unsent_invitations_due_and_wake(at) if channel == Channel.MAIL else 0
        self.stdout.write(f"deliveries that wait, and are tried now: {waiting}")
        if channel == Channel.MAIL:
            self.stdout.write(f"invitations that are sent again now: {invitations}")
