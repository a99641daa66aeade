"""Bring all ladders to where they should be, or say what would go out."""

import datetime as dt
from argparse import ArgumentParser, ArgumentTypeError
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from riskreg.accounts.models import User
from riskreg.kernel import clock
from riskreg.reminders.digest import day_words, due_words
from riskreg.reminders.queries import Planned, plan, zones_to_write
from riskreg.reminders.services import sweep

# What somebody is to a duty, as an operator reads it.
WHY = {
    "owner": "owner",
    "deputy": "deputy",
    "manager": "manager of its party",
    "stand_in": "ALARM: nobody who answers for it is here any more",
}


def _day(text: str) -> dt.date:
    try:
        return dt.date.fromisoformat(text)
    except ValueError as error:
        raise ArgumentTypeError(f"{text!r} is not a date like 2026-11-27") from error


class Command(BaseCommand):
    help = (
        "Send the reminders that are due. With --dry-run: print what would go out, write nothing."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="print, write nothing")
        parser.add_argument(
            "--on", type=_day, metavar="DATE", help="with --dry-run: as if it were that day"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        at = clock.now()
        if not options["dry_run"]:
            if options["on"]:
                raise CommandError("--on goes with --dry-run: a real sweep happens now")
            swept = sweep(at)
            self.stdout.write(
                f"{swept.moved} reminders due, {swept.digests} digests written"
                + (f", {swept.broken} faults (see the log)" if swept.broken else "")
            )
            return
        self._dry_run(at, options["on"])

    def _dry_run(self, at: dt.datetime, on: dt.date | None) -> None:
        written_today = self._zones_written(at) if on is None else set()
        people: dict[int, User] = {}
        heading, reminders = "", set()
        for line in plan(at, on):
            register = line.register
            title = f"{register.slug}, {day_words(line.today)} in {register.time_zone}"
            if title != heading:
                self.stdout.write(title)
                heading = title
            if line.user_id is not None and line.user_id not in people:
                people[line.user_id] = User.objects.get(pk=line.user_id)
            reminders.add((line.duty.subject, line.rung))
            self.stdout.write("  " + _words(line, people, written_today))
        told = _count(len(people), "person", "people")
        self.stdout.write(
            f"{_count(len(reminders), 'reminder', 'reminders')} for {told}. Nothing was written."
            if reminders
            else "Nothing would go out. Nothing was written."
        )

    @staticmethod
    def _zones_written(at: dt.datetime) -> set[str]:
        waiting = {zone for zone, _day in zones_to_write(at)}
        every = set(User.objects.values_list("time_zone", flat=True).distinct())
        return every - waiting


def _words(line: Planned, people: dict[int, User], written_today: set[str]) -> str:
    duty = line.duty
    assert duty.due_on is not None  # noqa: S101 - only what is due is planned
    about = (
        f"{line.rung:<5} {duty.ref} {duty.title}: "
        f"{due_words((duty.due_on - line.today).days)}, {day_words(duty.due_on)}"
    )
    if line.skipped:
        about += f"; skips {', '.join(line.skipped)}"
    if line.user_id is None:
        return f"NOBODY TO TELL  {about}"
    person = people[line.user_id]
    when = "; with tomorrow's digest" if person.time_zone in written_today else ""
    return f"{person.email} ({WHY[line.part]}, {person.language})  {about}{when}"


def _count(n: int, one: str, many: str) -> str:
    """``n`` with the word that fits."""
    return f"{n} {one if n == 1 else many}"
