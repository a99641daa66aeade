"""How many messages a minute a channel may send, over all workers."""

import datetime as dt

from django.conf import settings
from django.db import transaction

from riskreg.kernel.clock import CLOCK_SLACK
from riskreg.notify.models import Rate
from riskreg.notify.policy import grant_messages, wait_until_whole_burst


def per_minute_limit_of(channel: str) -> int:
    """Messages per minute that ``channel`` may send; 0 where there is no limit."""
    return int(settings.DELIVERY_PER_MINUTE.get(channel, 0))


@transaction.atomic
def take_sending_slots(channel: str, wanted: int, at: dt.datetime) -> int:
    """How many of ``wanted`` messages may be sent now; they are counted as sent.

    Whoever asks at the same time waits for the row, so that the limit holds over all of them.
    """
    per_minute = per_minute_limit_of(channel)
    if per_minute <= 0:
        return wanted
    Rate.objects.bulk_create([Rate(channel=channel, free_at=at)], ignore_conflicts=True)
    row = Rate.objects.select_for_update().get(channel=channel)
    count, free_at = grant_messages(per_minute, row.free_at, wanted, at)
    # Also without a grant: what the clock's going back did to it is put right here.
    if free_at != row.free_at:
        Rate.objects.filter(pk=row.pk).update(free_at=free_at)
    return count


def claim_next_wake_up(channel: str, at: dt.datetime) -> float | None:
    """Note when somebody looks again for room in ``channel``: in how many seconds. None where
    somebody will look already, and then nothing is noted.

    Of many senders that find none, one is told, or each would wake another one for ever.
    """
    row = Rate.objects.filter(channel=channel).first()
    if row is None:
        return None
    # A second at least, or a clock that is set back could make them wake each other all the time.
    wait = max(
        wait_until_whole_burst(per_minute_limit_of(channel), row.free_at, at),
        dt.timedelta(seconds=1),
    )
    asked = Rate.objects.filter(pk=row.pk, wake_at=row.wake_at)
    if row.wake_at is not None and at < row.wake_at <= at + CLOCK_SLACK:
        return None
    return wait.total_seconds() if asked.update(wake_at=at + wait) else None
