"""``manage.py forget_person E-MAIL [--dry-run] [--json]``."""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from riskreg.accounts.models import User
from riskreg.kernel import clock
from riskreg.kernel.errors import RiskregError
from riskreg.operations.services.persons import forget_invited, forget_person


class Command(BaseCommand):
    help = (
        "Erase name, addresses and records of a person who has left; what they did stays, under a "
        "name that says nothing. It cannot be taken back."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("email", metavar="E-MAIL")
        parser.add_argument("--dry-run", action="store_true", help="say what would be erased")
        parser.add_argument("--json", action="store_true", help="say it as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        address, at = options["email"], clock.now()
        user = User.objects.filter(email__iexact=address).first()
        try:
            with transaction.atomic():
                if user is None:
                    found, name = forget_invited(address=address, at=at), ""
                else:
                    found = forget_person(user=user, at=at)
                    user.refresh_from_db()
                    name = user.name
                transaction.set_rollback(options["dry_run"])
        except RiskregError as error:
            raise CommandError(error.detail) from None
        if user is None and not any(found.values()):
            raise CommandError(f"Nobody has an account under {address}, nor was invited there.")
        if options["json"]:
            self.stdout.write(json.dumps({"name": name, "dry_run": options["dry_run"], **found}))
            return
        for kind, count in found.items():
            self.stdout.write(f"{kind}: {count}")
        if not name:
            return
        done = "would be called" if options["dry_run"] else "is now called"
        self.stdout.write(f"This person {done} {name}.")
