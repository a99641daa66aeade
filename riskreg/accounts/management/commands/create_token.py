"""``manage.py create_token --user E-MAIL --scope write --days 90``."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from riskreg.accounts.models import User
from riskreg.accounts.services import create_token
from riskreg.kernel import clock
from riskreg.kernel.errors import Invalid


class Command(BaseCommand):
    help = "Make an API token for a user and print it once; only its hash is kept."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--user", required=True, metavar="E-MAIL")
        parser.add_argument("--scope", default="read", help="read, write or ingest")
        parser.add_argument("--days", type=int, default=90, help="1 to 366 (default 90)")
        parser.add_argument("--name", default="", help="what it is for")

    def handle(self, *args: Any, **options: Any) -> None:
        user = User.objects.filter(email__iexact=options["user"], is_active=True).first()
        if user is None:
            raise CommandError(f"--user: there is no active account {options['user']}.")
        try:
            _row, token = create_token(
                user=user,
                scope=options["scope"],
                days=options["days"],
                name=options["name"],
                at=clock.now(),
            )
        except Invalid as error:
            raise CommandError(
                "; ".join(f"--{k}: {e.detail}" for k, v in error.fields.items() for e in v)
            ) from None
        self.stdout.write(token)
