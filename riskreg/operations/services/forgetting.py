"""What is not kept for ever: sessions that ended, who signed in from where, what messages said,
files that were made or looked through and not taken."""

import datetime as dt
from importlib import import_module

from axes.models import AccessAttempt, AccessFailureLog, AccessLog
from django.conf import settings
from django.contrib.sessions.models import Session

from riskreg.exchange.services.drafts import delete_old_drafts
from riskreg.exchange.services.packs import delete_old_packs
from riskreg.notify.services.emptying import delete_old_mail_files, empty_old_messages


def delete_expired_records(at: dt.datetime) -> dict[str, int]:
    """Delete what is older than it is kept; see the table in docs/operators.md.

    Returns how many of each.
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
    return {
        "sessions": sessions,
        "sign_ins": rows,
        "messages": _empty_old_messages(at),
        "import_drafts": delete_old_drafts(at),
        "board_packs": delete_old_packs(at),
    }


def _empty_old_messages(at: dt.datetime) -> int:
    if not settings.KEEP_MESSAGES_DAYS:
        return 0
    before = at - dt.timedelta(days=settings.KEEP_MESSAGES_DAYS)
    delete_old_mail_files(before)
    return empty_old_messages(before, at)
