"""``manage.py export_person E-MAIL [FILE]``."""

import json
import os
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.core.serializers.json import DjangoJSONEncoder

from riskreg.accounts.models import User
from riskreg.kernel import clock, security_log
from riskreg.operations.queries.persons import person_export


class Command(BaseCommand):
    help = "Write what is held of one person, and what they did, as JSON."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("email", metavar="E-MAIL")
        parser.add_argument("file", nargs="?", default="-", help="where to; standard output if not")

    def handle(self, *args: Any, **options: Any) -> None:
        user = User.objects.filter(email__iexact=options["email"]).first()
        if user is None:
            raise CommandError(f"Nobody has an account under {options['email']}.")
        body = person_export(user=user, at=clock.now())
        text = json.dumps(body, cls=DjangoJSONEncoder, ensure_ascii=False, indent=2)
        security_log.write_line(
            "exported", page="export_person", subject=user.uuid, by_operator=True
        )
        if options["file"] == "-":
            self.stdout.write(text)
            return
        try:
            # For whoever runs the command alone; what is there already is not written over.
            number = os.open(options["file"], os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except OSError as error:
            raise CommandError(f"{options['file']}: {error.strerror}") from None
        try:
            with open(number, "w", encoding="utf-8") as file:
                file.write(text + "\n")
        except OSError as error:
            # A part of it would pass for all of it.
            os.unlink(options["file"])
            raise CommandError(f"{options['file']}: {error.strerror}") from None
        self.stdout.write(f"{options['file']}: what is held of {user}.")
