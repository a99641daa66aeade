"""``manage.py export_party FILE --register SLUG --as E-MAIL``."""

import contextlib
import os
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from riskreg.accounts.models import User
from riskreg.exchange.queries.party import files_of_all_viewer_may_see
from riskreg.exchange.writing.zips import zip_pieces
from riskreg.kernel import clock, security_log
from riskreg.kernel.errors import RiskregError
from riskreg.register.access import viewer_for


class Command(BaseCommand):
    help = (
        "Write everything that a party may see of a register into a zip: NDJSON of every noun, the "
        "frame, and all events. The party is that of the manager named by --as."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", help="the zip to write, or - for standard output")
        parser.add_argument("--register", required=True, metavar="SLUG")
        parser.add_argument("--as", required=True, dest="email", metavar="E-MAIL")

    def handle(self, *args: Any, **options: Any) -> None:
        user = User.objects.filter(email__iexact=options["email"], is_active=True).first()
        if user is None:
            raise CommandError(f"Nobody has an account under {options['email']}.")
        at = clock.now()
        try:
            pieces = zip_pieces(
                files_of_all_viewer_may_see(viewer_for(user, options["register"]), at), at
            )
        except RiskregError as error:
            raise CommandError(error.detail) from None
        security_log.write_line("exported", user.uuid, page="export_party", by_operator=True)
        if options["file"] == "-":
            for piece in pieces:
                sys.stdout.buffer.write(piece)
            return
        self._write(Path(options["file"]), pieces)
        self.stdout.write(f"{options['file']}: everything that {user} may see.")

    def _write(self, path: Path, pieces: Any) -> None:
        """The whole file under its name, or nothing: it is written aside and then renamed."""
        aside = path.with_name(f"{path.name}.part")
        try:
            # For whoever runs the command alone: it holds what is a party's own.
            with open(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
                for piece in pieces:
                    file.write(piece)
            aside.replace(path)
        except OSError as error:
            with contextlib.suppress(OSError):
                aside.unlink()
            raise CommandError(f"{path}: {error.strerror}") from None
