"""``manage.py import_register FILE --register SLUG --as E-MAIL``."""

import datetime as dt
import json
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import translation

from riskreg.accounts.models import User
from riskreg.exchange.mapping import Plan, empty_report
from riskreg.exchange.reading import NotARegister
from riskreg.exchange.reading.table import MAX_BYTES
from riskreg.exchange.services import Brought, import_file_unless_answers_needed, preview_import
from riskreg.kernel import clock
from riskreg.kernel.errors import RiskregError
from riskreg.register.access import viewer_for

NOT_A_REGISTER, ANSWERS_NEEDED = 2, 3


class Command(BaseCommand):
    help = (
        "Bring a spreadsheet of risks into a register: xlsx, xlsm, xls, ods, csv, tsv, JSON, NIST "
        "IR 8286, OSCAL POA&M. Exit code 0: taken; 2: not a register; 3: answers are needed, which "
        "go into a file for --mapping that has the shape of what --json prints."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", help="the file, or - for standard input")
        parser.add_argument("--register", required=True, metavar="SLUG")
        parser.add_argument("--as", required=True, dest="email", metavar="E-MAIL")
        parser.add_argument("--sheet", default=None, help="which sheet of a workbook")
        parser.add_argument("--mapping", default=None, metavar="FILE", help="answers, as JSON")
        parser.add_argument("--dry-run", action="store_true", help="say what would be done")
        parser.add_argument("--json", action="store_true", help="print the report as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        brought = Brought(*_read_file_or_stdin(options["file"]), sheet=options["sheet"])
        user = User.objects.filter(email__iexact=options["email"], is_active=True).first()
        if user is None:
            raise CommandError(f"Nobody has an account under {options['email']}.")
        at = clock.now()
        # What is asked and refused is in their language, as on their pages.
        with translation.override(user.language):
            self._import_or_preview_and_print(user, brought, at, options)

    def _import_or_preview_and_print(
        self, user: User, brought: Brought, at: dt.datetime, options: dict[str, Any]
    ) -> None:
        try:
            mapping = _read_mapping_file(options["mapping"])
            viewer = viewer_for(user, options["register"])
            what: dict[str, Any] = {
                "actor": viewer, "brought": brought, "answers_or_remembered": mapping, "at": at
            }  # fmt: skip
            act = preview_import if options["dry_run"] else import_file_unless_answers_needed
            plan = act(**what).plan
        except NotARegister as refusal:
            if options["json"]:
                # Whoever reads what is printed reads one shape, whatever came of it.
                self.stdout.write(json.dumps(empty_report(refusal.detail), ensure_ascii=False))
            self.stderr.write(refusal.detail)
            sys.exit(NOT_A_REGISTER)
        except RiskregError as error:
            fields = getattr(error, "fields", {})
            sentences = [f"{name}: {e.detail}" for name, errors in fields.items() for e in errors]
            raise CommandError("; ".join(sentences) or error.detail) from None
        if options["json"]:
            self.stdout.write(json.dumps(plan.to_json(), ensure_ascii=False))
            for note in plan.notes:
                self.stderr.write(note)
        else:
            self._print_plan(plan, options["dry_run"])
        if plan.asked:
            sys.exit(ANSWERS_NEEDED)

    def _print_plan(self, plan: Plan, dry_run: bool) -> None:
        report = plan.to_json()
        where = f"{report['sheet']}, " if report["sheet"] else ""
        header = f"header in row {report['header_row']}" if report["header_row"] else "no header"
        self.stdout.write(f"{report['format']}: {where}{header}")
        for theirs, ours in report["columns"].items():
            self.stdout.write(f"  {theirs} → {ours or '(kept with the source)'}")
        for column, levels in report["scales"].items():
            sides = ", ".join(f"{theirs} → {ours or '?'}" for theirs, ours in levels.items())
            self.stdout.write(f"  scale of {column}: {sides}")
        for note in plan.notes:
            self.stdout.write(note)
        for question in report["asked"]:
            self.stdout.write(f"? row {question['row']}, {question['column']}: "
                              f"{question['question']} ({question['answer']})")  # fmt: skip
        for refusal in report["refused"]:
            self.stdout.write(f"✗ row {refusal['row']}, {refusal['column']}: {refusal['why']}")
        word = "would be" if dry_run or plan.asked else "were"
        self.stdout.write(
            f"{report['rows']} rows; {report['new']} {word} new, {report['updated']} updated, "
            f"{report['skipped']} skipped, {plan.count('refused')} refused."
        )
        if plan.asked:
            self.stdout.write("Nothing was brought in: answer what is asked in a --mapping file.")


def _read_file_or_stdin(name: str) -> tuple[str, bytes]:
    try:
        if name == "-":
            return "standard input", sys.stdin.buffer.read(MAX_BYTES + 1)
        path = Path(name)
        with path.open("rb") as file:
            return path.name, file.read(MAX_BYTES + 1)
    except OSError as error:
        raise CommandError(f"{name} cannot be read: {error.strerror}.") from None


def _read_mapping_file(name: str | None) -> Any:
    if name is None:
        return None
    try:
        return json.loads(Path(name).read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise CommandError(f"{name} cannot be read: {error.strerror}.") from None
    except (ValueError, RecursionError):
        raise CommandError(f"{name} is not JSON.") from None
