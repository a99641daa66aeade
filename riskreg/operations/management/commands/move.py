"""``manage.py move --to DATABASE_URL``."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from riskreg.kernel import clock
from riskreg.operations.errors import Refused
from riskreg.operations.services.moving import copy_database_to


class Command(BaseCommand):
    help = (
        "Put everything into another, empty database, SQLite or PostgreSQL, and prove that it "
        "arrived. Stop web, worker and beat first."
    )
    # Nothing of pages and addresses is needed, and the database may have no table yet.
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--to", required=True, metavar="DATABASE_URL")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            moved = copy_database_to(options["to"], clock.now())
        except Refused as error:
            raise CommandError(str(error)) from error
        self.stdout.write(
            self.style.SUCCESS(
                f"{moved['rows']:,} rows and {moved['chains']} chains are there as they are here. "
                "Set DATABASE_URL to the new database and start again; the old one is as it was."
            )
        )
