"""``manage.py restore FILE``."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError, connection

from riskreg.kernel import clock
from riskreg.operations.errors import Refused
from riskreg.operations.services.backing_up import make_backup, new_backup_name
from riskreg.operations.services.restoring import (
    database_holds_data,
    require_backup_of_this_version,
    restore,
)
from riskreg.operations.services.runs import backup_folder


class Command(BaseCommand):
    help = "Put what a backup holds into this database: all of it, proven, or nothing."
    # Nothing of pages and addresses is needed, and the database may have no table yet.
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument(
            "--replace", action="store_true", help="in place of what the database holds"
        )
        parser.add_argument(
            "--without-saving", action="store_true",
            help="with --replace: make no backup of what is there (it cannot be read any more)",
        )  # fmt: skip
        parser.add_argument(
            "--skip-refs", type=int, default=0, metavar="N",
            help="leave out N numbers of every kind of ref: as many as may have been given out "
            "since the backup, where the system that did is lost",
        )  # fmt: skip
        parser.add_argument("--end-tokens", action="store_true", help="end every API token")
        parser.add_argument(
            "--moved", action="store_true",
            help="nothing was lost since the backup: cursors and keys go on (as manage.py move)",
        )  # fmt: skip
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        at = clock.now()
        try:
            if "django_migrations" not in connection.introspection.table_names():
                call_command("migrate", interactive=False, verbosity=0)
            elif options["replace"] and not options["without_saving"] and database_holds_data():
                # Before a long wait for a copy of what is there.
                require_backup_of_this_version(options["file"])
                saved = backup_folder() / new_backup_name(at, "before-restore-")
                make_backup(saved, at)
                self.stderr.write(f"What was here is in {saved}")
            done = restore(
                options["file"], at,
                replace=options["replace"], moved=options["moved"],
                skip_refs=max(0, options["skip_refs"]), end_tokens=options["end_tokens"],
            )  # fmt: skip
        except (Refused, DatabaseError) as error:
            raise CommandError((str(error).splitlines() or [type(error).__name__])[0]) from error
        if options["json"]:
            self.stdout.write(json.dumps(asdict(done)))
            return
        self.stdout.write(
            self.style.SUCCESS(
                f"{done.rows:,} rows of {done.made_at}, {done.chains} chains: all as they were."
            )
        )
        for note in done.notes:
            self.stdout.write(f"- {note}")
