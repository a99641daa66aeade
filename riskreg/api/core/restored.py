"""What is refused with 410 after a restore from a backup: what refers to lost time."""

import datetime as dt

from django.utils.translation import gettext as _
from rest_framework.request import Request

from riskreg.api.core.errors import Problem
from riskreg.events.queries import last_epoch_begun_since
from riskreg.requests.services import ANSWERS_KEPT

HEADER = "Log-Epoch"


def problem_of_lost_history() -> Problem:
    """The refusal of a cursor."""
    return Problem(
        410,
        _(
            "The system was restored from a backup, and events that you have read are lost. Read "
            "again from the beginning, without after."
        ),
        [{"pointer": "?after", "code": "restored", "detail": _("Leave after out.")}],
    )


def refuse_key_of_lost_epoch(request: Request, at: dt.datetime) -> None:
    """Raise ``Problem`` 410 for a key that may have been answered in lost time.

    For as long as answers are kept, a key that is not known here may be one whose act was lost. A
    caller who knows that says so by the header Log-Epoch.
    """
    epoch = last_epoch_begun_since(at - ANSWERS_KEPT)
    if epoch is None or request.headers.get(HEADER, "").strip() == epoch.name:
        return
    raise Problem(
        410,
        _(
            "The system was restored on %(restored)s from a backup of %(backup)s; what was done in "
            "between is lost. This key may have been answered then: look whether what it did is "
            "there, then send the request with Log-Epoch: %(name)s."
        )
        % {
            "restored": epoch.began_at.isoformat(timespec="seconds"),
            "backup": epoch.backup_of.isoformat(timespec="seconds"),
            "name": epoch.name,
        },
        [{"pointer": HEADER, "code": "restored", "detail": epoch.name}],
        **{HEADER.replace("-", "_"): epoch.name},
    )
