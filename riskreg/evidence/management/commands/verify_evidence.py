"""``manage.py verify_evidence``."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from riskreg.evidence import storage
from riskreg.evidence.services import verify_files


class Command(BaseCommand):
    help = "Read every attached file and hold it against its hash; name what no record knows."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--delete-unknown",
            action="store_true",
            help="delete files that no record names: of a database that was replaced. Only while "
            "nothing is being uploaded, and only if this database is the one they belong to",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        found = verify_files()
        for name in found.unknown:
            if options["delete_unknown"]:
                storage.remove(name)
            text = "deleted" if options["delete_unknown"] else "no record names it"
            self.stdout.write(f"{storage.path_of(name)}: {text}")
        for row in found.damaged:
            self.stderr.write(f"{storage.path_of(row.uuid)}: {row.name} is not as it was added")
        if found.damaged:
            raise CommandError(f"{len(found.damaged)} of the attached files are damaged or lost.")
        self.stdout.write(
            self.style.SUCCESS(f"{found.whole} attached files are as they were added.")
        )
