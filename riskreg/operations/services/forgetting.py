"""What is not kept for ever: sessions that ended, and who signed in from where."""

import datetime as dt
from importlib import import_module

from axes.models import AccessAttempt, AccessFailureLog, AccessLog
from django.conf import settings
from django.contrib.sessions.models import Session


def forget(at: dt.datetime) -> dict[str, int]:
    """Delete sessions that are over, and records of sign-ins older than KEEP_SIGN_INS_DAYS.

    Returns how many rows of each.
    """
    over = Session.objects.filter(expire_date__lt=at)
    sessions = over.count()
    if sessions:
        import_module(settings.SESSION_ENGINE).SessionStore.clear_expired()
    before = at - dt.timedelta(days=settings.KEEP_SIGN_INS_DAYS)
    rows = 0
    for model in (AccessLog, AccessFailureLog, AccessAttempt):
        deleted, _each = model.objects.filter(attempt_time__lt=before).delete()
        rows += deleted
    return {"sessions": sessions, "sign_ins": rows}
