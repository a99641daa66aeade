"""What is to be told to somebody who is not the one to tell any more, before anything is written.

Who is it now may have had their turn in this round already, or have an earlier hour: found only
when the old one's message is written, it would come to the new one a day late.
"""

import datetime as dt
from collections.abc import Collection

from django.db import transaction

from riskreg.accounts.models import User
from riskreg.reminders.digest import collect_digests
from riskreg.reminders.models import Addressee
from riskreg.reminders.queries import undelivered_in_batches
from riskreg.reminders.services.assignment import drop_gone_and_readdress_moved


def reassign_pending(at: dt.datetime) -> None:
    """Give what waits for people, or stands in messages to them that are not sent yet, to those who
    are to be told now: risks were handed over, people left, came back, or changed their role."""
    for batch in undelivered_in_batches():
        theirs: dict[int, list[Addressee]] = {}
        for addressee in batch:
            theirs.setdefault(addressee.user_id, []).append(addressee)
        users = User.objects.in_bulk(theirs)
        seen = collect_digests([(users[pk], rows) for pk, rows in theirs.items()], at, own=False)
        if moved := [addressee for its in seen for addressee in its.moved]:
            with transaction.atomic():
                drop_gone_and_readdress_moved(
                    [], _lock_unchanged(moved), seen[0].duties, seen[0].snapshots
                )


def _lock_unchanged(moved: Collection[Addressee]) -> list[Addressee]:
    """Those of ``moved``, locked, with whom nothing has happened since they were looked at.

    A message that was sent in between has told them, and what it told stays told.
    """
    before = {a.pk: (a.state, a.message) for a in moved}
    rows = Addressee.objects.select_for_update(of=("self",)).filter(pk__in=list(before))
    now = rows.select_related("reminder").order_by("pk")
    return [row for row in now if before[row.pk] == (row.state, row.message)]
