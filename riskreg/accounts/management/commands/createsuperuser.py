"""``manage.py createsuperuser --email E-MAIL --name NAME``: Django's command, by our services."""

import os
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from riskreg.accounts.asking import ask_password
from riskreg.accounts.models import User
from riskreg.accounts.services.administration import create_administrator
from riskreg.kernel import clock
from riskreg.kernel.errors import Invalid


class Command(BaseCommand):
    help = "Make an account that may do everything in the admin; it is logged."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--email", default="")
        parser.add_argument("--name", default="")
        parser.add_argument(
            "--noinput",
            action="store_false",
            dest="interactive",
            help="ask nothing; the password is DJANGO_SUPERUSER_PASSWORD, or none",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        given = {}
        for field in ("email", "name"):
            given[field] = options[field]
            if not given[field] and not options["interactive"]:
                raise CommandError(f"--{field} is needed with --noinput.")
            given[field] = given[field] or input(f"{field.capitalize()}: ").strip()
        password: str | None = os.environ.get("DJANGO_SUPERUSER_PASSWORD") or None
        if options["interactive"]:
            password = ask_password(User(**given), self.stderr.write)
        try:
            create_administrator(password=password, at=clock.now(), **given)
        except Invalid as error:
            raise CommandError(
                "; ".join(f"--{k}: {e.detail}" for k, v in error.fields.items() for e in v)
            ) from None
        self.stdout.write(f"{given['email']} is an administrator.")
