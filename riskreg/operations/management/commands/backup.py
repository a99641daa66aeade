"""``manage.py backup``."""

import json
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from riskreg.kernel import clock
from riskreg.operations import archive
from riskreg.operations.errors import Refused
from riskreg.operations.services.runs import back_up


class Command(BaseCommand):
    help = (
        "Write everything that the database holds at this moment, and the files that people "
        "attached, to a file, while the system "
        "runs; say what else has to be kept."
    )
    # Nothing of pages and addresses is needed, and the database may have no table yet.
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--to", type=Path, help="a folder or a file; default: BACKUP_DIR")
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            path = back_up(clock.now(), options["to"])
        except Refused as error:
            raise CommandError(str(error)) from error
        size = path.stat().st_size
        with archive.opened_backup(path) as made:
            needs, files = made.manifest.needs, made.manifest.files
        if options["json"]:
            self.stdout.write(
                json.dumps({"path": str(path), "bytes": size, "files": files, "needs": needs})
            )
            return
        self.stdout.write(f"{path} ({size:,} bytes, {files} attached files)\nKeep beside it:")
        for need in needs:
            self.stdout.write(f"- {need}")
