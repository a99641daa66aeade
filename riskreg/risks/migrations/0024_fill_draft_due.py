import datetime as dt
import zoneinfo
from collections.abc import Sequence
from typing import Any

from django.db import migrations
from django.db.models import Q

from riskreg.kernel.backfill import Backfill

DRAFT_DAYS = 30


def expect_drafts(rows: Sequence[Any]) -> None:
    """Drafts count from their last change, in their register's own days."""
    for row in rows:
        changed_on = row.updated_at.astimezone(zoneinfo.ZoneInfo(row.register.time_zone)).date()
        row.draft_due_on = changed_on + dt.timedelta(days=DRAFT_DAYS)


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("risks", "0023_assessment_dimension")]
    operations = [
        Backfill(
            "risk", Q(state="draft", draft_due_on=None), expect_drafts, ("draft_due_on",),
            related=("register",),
        ),
    ]  # fmt: skip
