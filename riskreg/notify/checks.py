"""Whether mails reach anybody: for ``check --deploy``, and said at every start."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Tags, Warning, register


def mail_warning() -> str:
    """What is wrong with the mail settings, in a sentence; empty when nothing is."""
    if not settings.MAIL_FORGOTTEN:
        return ""
    return (
        "EMAIL_URL is not set: reminders, alarms and password resets are written to files in "
        f"{settings.MAIL_DIR} and reach nobody. Set it to a mail server, or to files: if that "
        "is meant."
    )


@register(Tags.security, deploy=True)
def check_mail(**_kwargs: Any) -> list[CheckMessage]:
    """A production system without mail."""
    text = mail_warning()
    return [Warning(text, id="riskreg.W001")] if text else []
