"""What is over is not kept for ever, and what is not over is kept."""

import datetime as dt
import os
import uuid
from pathlib import Path
from typing import Any

import pytest
from axes.models import AccessLog
from django.contrib.sessions.models import Session

from riskreg.exchange.models import BoardPack, ImportDraft
from riskreg.jobs.models import Job
from riskreg.kernel.errors import Conflict
from riskreg.notify.models import Delivery, Message
from riskreg.notify.queries.inbox import unemptied_inbox_messages
from riskreg.notify.services.outbox import resend
from riskreg.operations.services.forgetting import delete_expired_records
from tests.builders import AT, World

DAY = dt.timedelta(days=1)


@pytest.mark.django_db
def test_sessions_that_are_over_and_old_sign_ins_are_deleted(
    at: dt.datetime, settings: Any
) -> None:
    settings.KEEP_SIGN_INS_DAYS = 30
    for name, days in (("over", -1), ("alive", 1)):
        Session.objects.create(session_key=name, session_data="", expire_date=AT + days * DAY)
    for name, days in (("old", 31), ("recent", 29)):
        row = AccessLog.objects.create(username=name, user_agent="b", path_info="/")
        AccessLog.objects.filter(pk=row.pk).update(attempt_time=AT - days * DAY)
    assert {"sessions": 1, "sign_ins": 1}.items() <= delete_expired_records(at).items()
    assert [s.session_key for s in Session.objects.all()] == ["alive"]
    assert [row.username for row in AccessLog.objects.all()] == ["recent"]
    assert set(delete_expired_records(at).values()) == {0}


def message(key: str, days: int, state: str, to: uuid.UUID, channel: str = "mail") -> Message:
    row = Message.objects.create(
        key=key, kind="digest", recipient=to, address="wang@foton.example", language="en",
        local_day=AT.date(), subject="S", text="T", html="H", message_id=key,
        payload={"risk": "R-001"}, created_at=AT - days * DAY,
    )  # fmt: skip
    Delivery.objects.create(
        message=row, channel=channel, destination="d", state=state, allowed_attempts=1,
        next_attempt_at=AT, sent_at=AT if state == "sent" else None, created_at=AT,
    )  # fmt: skip
    return row


def test_what_old_messages_said_is_deleted_and_that_they_were_sent_stays(
    world: World, at: dt.datetime, settings: Any
) -> None:
    settings.KEEP_MESSAGES_DAYS = 100
    to = world.owner.uuid
    old = message("old", 101, "sent", to, "inbox")
    message("failed", 101, "failed", to)
    kept = [message("recent", 99, "sent", to, "inbox"), message("waiting", 101, "pending", to)]
    assert delete_expired_records(at)["messages"] == 2
    old.refresh_from_db()
    assert (old.subject, old.text, old.html, old.address, old.payload) == ("", "", "", "", None)
    assert (old.emptied_at, old.recipient) == (at, to)
    for row in kept:
        row.refresh_from_db()
        assert (row.text, row.emptied_at) == ("T", None)
    assert [m.key for m in unemptied_inbox_messages(to)] == ["recent"]
    with pytest.raises(Conflict):
        resend(
            delivery=Delivery.objects.get(message__key="failed").uuid,
            audience=world.viewer(world.manager).audience, actor=world.manager.uuid, at=at,
        )  # fmt: skip
    assert delete_expired_records(at)["messages"] == 0
    settings.KEEP_MESSAGES_DAYS = 0
    assert delete_expired_records(at + 9999 * DAY)["messages"] == 0


@pytest.mark.django_db
def test_mails_in_files_go_with_the_messages(
    at: dt.datetime, settings: Any, tmp_path: Path
) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
    settings.EMAIL_FILE_PATH, settings.KEEP_MESSAGES_DAYS = str(tmp_path), 100
    for name, days in (("old.log", 101), ("recent.log", 99), ("notes.txt", 101)):
        (tmp_path / name).touch()
        stamp = (AT - days * DAY).timestamp()
        os.utime(tmp_path / name, (stamp, stamp))
    delete_expired_records(at)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["notes.txt", "recent.log"]


def test_files_that_nobody_took_and_old_packs_go_unless_a_worker_is_at_them(
    world: World, at: dt.datetime
) -> None:
    bound = {
        "register": world.register,
        "party": world.foton,
        "made_by": world.manager,
        "visibility": "party",
    }
    drafts = [
        ImportDraft.objects.create(file_name=name, data=b"x", created_at=AT - days * DAY, **bound)
        for name, days in (("old", 2), ("busy", 2), ("recent", 0))
    ]
    packs = [
        BoardPack.objects.create(
            audience="party", as_of=at.date(), since=at.date(), language="en", format="pdf",
            created_at=AT - days * DAY, **bound,
        )
        for days in (31, 31, 29)
    ]  # fmt: skip
    for kind, subject in (("exchange.commit", drafts[1].uuid), ("exchange.pack", packs[1].uuid)):
        Job.objects.create(
            kind=kind, subject=subject, audience="x", requested_by=world.manager.uuid, created_at=AT
        )
    forgotten = delete_expired_records(at)
    assert (forgotten["import_drafts"], forgotten["board_packs"]) == (1, 1)
    assert set(ImportDraft.objects.values_list("file_name", flat=True)) == {"busy", "recent"}
    assert set(BoardPack.objects.all()) == set(packs[1:])
