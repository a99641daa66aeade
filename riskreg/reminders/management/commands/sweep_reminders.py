"""Bring all ladders to where they should be, or say what would go out."""

import datetime as dt
from argparse import ArgumentParser, ArgumentTypeError
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from riskreg.accounts.models import User
from riskreg.kernel import clock
from riskreg.reminders.digest import day_text, due_text
from riskreg.reminders.queries import Planned, ids_of_users_with_digest_mark_today, plan
from riskreg.reminders.services import sweep

# What somebody is to a duty, as an operator reads it.
WHY = {
    "owner": "owner",
    "deputy": "deputy",
    "manager": "manager of its party",
    "leader": "leader of its party",
    "named": "named by the ladder",
    "for_away": "for one who is away",
    "stand_in": "ALARM: nobody who answers for it is here any more",
}


def _parse_day(text: str) -> dt.date:
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
            "--on", type=_parse_day, metavar="DATE", help="with --dry-run: as if it were that day"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        at = clock.now()
        if not options["dry_run"]:
            if options["on"]:
                raise CommandError("--on goes with --dry-run: a real sweep happens now")
            swept = sweep(at)
            self.stdout.write(
                f"{swept.moved} reminders due, {swept.digests} digests written"
                + (f", {swept.interrupts} interrupting messages" if swept.interrupts else "")
                + (f", {swept.alarms} alarms" if swept.alarms else "")
                + (f", {swept.broken} faults (see the log)" if swept.broken else "")
            )
            return
        self._dry_run(at, options["on"])

    def _dry_run(self, at: dt.datetime, on: dt.date | None) -> None:
        had_theirs = ids_of_users_with_digest_mark_today(at) if on is None else set()
        people: dict[int, User] = {}
        heading, reminders = "", set()
        for line in plan(at, on):
            register = line.register
            title = f"{register.slug}, {day_text(line.today)} in {register.time_zone}"
            if title != heading:
                self.stdout.write(title)
                heading = title
            if line.user_id is not None and line.user_id not in people:
                people[line.user_id] = User.objects.get(pk=line.user_id)
            reminders.add((line.duty.subject, line.rung))
            self.stdout.write("  " + _planned_line_text(line, people, had_theirs))
        notified = _count_text(len(people), "person", "people")
        self.stdout.write(
            f"{_count_text(len(reminders), 'reminder', 'reminders')} for {notified}. "
            "Nothing was written."
            if reminders
            else "Nothing would go out. Nothing was written."
        )


def _planned_line_text(line: Planned, people: dict[int, User], had_theirs: set[int]) -> str:
    duty = line.duty
    assert duty.due_on is not None  # noqa: S101 - only what is due is planned
    due = due_text((duty.due_on - line.today).days, duty.extended_until)
    subject = f"{duty.ref} {duty.subject_title}"
    about = f"{rung_label(line.rung):<4} {subject}: {due}, {day_text(duty.due_on)}"
    if line.skipped_lower_offsets:
        about += f"; skips {', '.join(map(rung_label, line.skipped_lower_offsets))}"
    if line.user_id is None:
        return f"NOBODY TO TELL  {about}"
    person = people[line.user_id]
    when = "; with the next digest" if person.pk in had_theirs else ""
    if line.interrupts:
        when = "; at once"
    return f"{person.email} ({WHY[line.part]}, {person.language})  {about}{when}"


def rung_label(offset: int) -> str:
    """A rung by its days from the due date: -14, 0, +7."""
    return f"{offset:+d}" if offset else "0"


def _count_text(n: int, one: str, many: str) -> str:
    """``n`` with the word that fits."""
    return f"{n} {one if n == 1 else many}"
