"""What is over is not kept for ever, and what is not over is kept."""

import datetime as dt
from typing import Any

import pytest
from axes.models import AccessLog
from django.contrib.sessions.models import Session

from riskreg.operations.services.forgetting import forget
from tests.builders import AT

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
    assert forget(at) == {"sessions": 1, "sign_ins": 1}
    assert [s.session_key for s in Session.objects.all()] == ["alive"]
    assert [row.username for row in AccessLog.objects.all()] == ["recent"]
    assert forget(at) == {"sessions": 0, "sign_ins": 0}
