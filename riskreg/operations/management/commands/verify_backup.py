"""``manage.py verify_backup [FILE]``."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from riskreg.kernel import clock
from riskreg.operations.errors import Refused
from riskreg.operations.services.runs import restore_aside_and_record


class Command(BaseCommand):
    help = (
        "Restore a backup into a database of its own and check it: rows, references, chains, "
        "append-only rules. The database in use is not touched."
    )
    # Nothing of pages and addresses is needed, and the database may have no table yet.
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "file", type=Path, nargs="?", help="default: the newest one in BACKUP_DIR"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            path = restore_aside_and_record(clock.now(), options["file"])
        except Refused as error:
            raise CommandError(str(error)) from error
        self.stdout.write(self.style.SUCCESS(f"{path} can be restored, and all of it is there."))
