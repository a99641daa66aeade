"""``manage.py create_admin --email E --name N < password``: an administrator, made once."""

import json
import sys
from argparse import ArgumentParser
from typing import Any

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError

from riskreg.accounts.asking import ask_password
from riskreg.accounts.models import User
from riskreg.accounts.services.administration import change_account, create_administrator
from riskreg.kernel import clock
from riskreg.kernel.errors import Invalid


class Command(BaseCommand):
    help = (
        "Make the account of an administrator; the password is one line of standard input, and "
        "asked for at a terminal. Where there is the account, it is made an administrator and "
        "keeps its password."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--email", required=True)
        parser.add_argument("--name", required=True)
        parser.add_argument("--json", action="store_true", help="print what was made as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        email, name = options["email"].strip().lower(), options["name"]
        user = User.objects.filter(email__iexact=email).first()
        created = user is None
        try:
            if user is None:
                password = self._password(User(email=email, name=name))
                user = create_administrator(
                    email=email, name=name, password=password, at=clock.now()
                )
            elif not (user.is_superuser and user.is_staff and user.is_active):
                user = change_account(
                    user=user,
                    at=clock.now(),
                    actor=None,
                    is_active=True,
                    is_staff=True,
                    is_superuser=True,
                )
        except Invalid as error:
            raise CommandError(
                "; ".join(f"--{k}: {e.detail}" for k, v in error.fields.items() for e in v)
            ) from None
        if options["json"]:
            made = {"id": str(user.uuid), "email": user.email, "created": created}
            self.stdout.write(json.dumps(made))
        else:
            message = (
                "is an administrator" if created else "was there already, as an administrator now"
            )
            self.stdout.write(f"{user.email} {message}.")

    def _password(self, user: User) -> str:
        if sys.stdin.isatty():
            return ask_password(user, self.stderr.write)
        password = sys.stdin.readline().rstrip("\r\n")
        if not password:
            raise CommandError("The password is one line of standard input, and there is none.")
        try:
            validate_password(password, user)
        except ValidationError as error:
            raise CommandError("The password: " + " ".join(error.messages)) from None
        return password
