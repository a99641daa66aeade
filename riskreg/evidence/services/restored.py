"""Files that were withdrawn stay so when an earlier state takes the place of a later one."""

import datetime as dt
import uuid
from collections.abc import Sequence

from django.db import transaction

from riskreg.accounts.models import User
from riskreg.events.policy import Audience
from riskreg.events.services import Entry, append
from riskreg.evidence.models import Evidence
from riskreg.evidence.services.withdrawing import (
    mark_withdrawn_and_delete_file_after_commit,
    withdrawal_changes,
)
from riskreg.register.visibility import Visibility

# The evidence, who withdrew it, and why.
Withdrawal = tuple[uuid.UUID, uuid.UUID, str]
# What should have been withdrawn again, and was not.
LeftStanding = list[Evidence]


def all_withdrawals() -> list[Withdrawal]:
    """Everything that was withdrawn, as this database knows it."""
    rows = Evidence.objects.exclude(withdrawn_at=None).order_by("pk")
    return list(rows.values_list("uuid", "withdrawn_by__uuid", "withdrawal_reason"))


@transaction.atomic
def withdraw_again_and_delete_files(known: Sequence[Withdrawal], at: dt.datetime) -> LeftStanding:
    """Withdraw what is ``known`` to have been withdrawn and is here again; those for which nobody
    can be named, because whoever withdrew them is not known here, are returned."""
    left = []
    for name, by, reason in known:
        row = Evidence.objects.filter(uuid=name, withdrawn_at=None).first()
        if row is None:
            continue
        user = User.objects.filter(uuid=by).first()
        if user is None:
            left.append(row)
            continue
        mark_withdrawn_and_delete_file_after_commit(row, user, reason, at)
        own = row.visibility == Visibility.PARTY
        append(
            Entry(
                audience=Audience(row.register.uuid, row.party.uuid if own else None),
                verb="evidence.withdrawn",
                subject_type="evidence",
                subject_uuid=row.uuid,
                subject_ref=str(row.uuid),
                subject_version=row.version,
                at=row.withdrawn_at or at,
                actor=user.uuid,
                recorded_at=at,
                changes=withdrawal_changes(row),
            )
        )
    return left
