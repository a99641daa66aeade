"""How a message leaves the house: one function per channel."""

import re

from django.conf import settings
from django.core.mail import EmailMultiAlternatives

from riskreg.notify.models import Message
from riskreg.notify.policy import PassingFailure, PermanentFailure, describe, is_permanent


def send_mail(message: Message) -> None:
    """Send ``message`` as mail. Raises ``PermanentFailure`` or ``PassingFailure``.

    The mail loads nothing and reports nothing back. Auto-Submitted (RFC 3834) keeps out-of-office
    answers away; List-Unsubscribe (RFC 2369) leads to the recipient's own preferences.
    """
    headers = {
        "Message-ID": message.message_id,
        "Auto-Submitted": "auto-generated",
        "Content-Language": message.language,
    }
    if message.unsubscribe_url:
        headers["List-Unsubscribe"] = f"<{message.unsubscribe_url}>"
    mail = EmailMultiAlternatives(
        subject=re.sub(r"\s+", " ", message.subject).strip(),
        body=message.text,
        from_email=settings.DEFAULT_FROM_EMAIL,
        to=[message.address],
        headers=headers,
    )
    if message.html:
        mail.attach_alternative(message.html, "text/html")
    try:
        count = mail.send(fail_silently=False)
    except Exception as error:
        kind = PermanentFailure if is_permanent(error) else PassingFailure
        raise kind(describe(error)) from error
    if not count:
        raise PassingFailure("the mail server took nothing")


CHANNELS = {"mail": send_mail}
