"""Mail: one connection to the server for a batch."""

import contextlib
import datetime as dt
import re
import select
import smtplib

from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection
from django.core.mail.backends.base import BaseEmailBackend
from django.utils.translation import gettext_noop

from riskreg.notify.channels.base import Sender
from riskreg.notify.models import Channel, Message
from riskreg.notify.policy import (
    PassingFailure,
    PermanentFailure,
    blames_server,
    describe,
    is_permanent,
)


class Mail(Sender):
    """Sends by whatever mail backend is set up."""

    channel = Channel.MAIL

    def __init__(self) -> None:
        self._backend: BaseEmailBackend | None = None

    def send(self, message: Message, at: dt.datetime) -> None:
        """Send ``message``. Raises ``PermanentFailure`` or ``PassingFailure``."""
        if not message.address:
            raise PermanentFailure(gettext_noop("there is no mail address"))
        try:
            mail = compose(message)
            reused = self._is_still_connected()
            try:
                self._hand_over(mail)
            except smtplib.SMTPSenderRefused as error:
                # Servers take so many mails over one connection and then say goodbye; at this
                # point nothing of this one was handed over.
                if not (reused and error.smtp_code == 421):
                    raise
                self.close()
                self._hand_over(mail)
        except Exception as error:
            if not _is_connection_usable_after(error):
                self.close()
            if is_permanent(error):
                raise PermanentFailure(describe(error)) from error
            raise PassingFailure(describe(error), of_server=blames_server(error)) from error

    def close(self) -> None:
        """End the connection, if there is one."""
        backend, self._backend = self._backend, None
        if backend is not None:
            # Whatever the server says on leaving, it is left.
            with contextlib.suppress(Exception):
                backend.close()

    def _is_still_connected(self) -> bool:
        """Whether there is a connection from before that the server has not ended meanwhile."""
        if self._backend is None:
            return False
        connection = getattr(self._backend, "connection", None)
        if not isinstance(connection, smtplib.SMTP):
            return True
        if connection.sock is not None:
            # Nothing was asked, so if there is something to read it is a goodbye, or a matter of
            # TLS that only an exchange clears.
            unasked, _writable, _broken = select.select([connection.sock], [], [], 0)
            if not unasked:
                return True
            with contextlib.suppress(smtplib.SMTPException, OSError):
                if connection.noop()[0] == 250:
                    return True
        self.close()
        return False

    def _hand_over(self, mail: EmailMultiAlternatives) -> None:
        if self._backend is None:
            self._backend = get_connection(fail_silently=False)
            # Opened here, or the backend would open and close one for every mail.
            self._backend.open()
        if not self._backend.send_messages([mail]):
            raise PassingFailure(gettext_noop("the mail server took nothing"))


def compose(message: Message) -> EmailMultiAlternatives:
    """``message`` as a mail that loads nothing and reports nothing back.

    Auto-Submitted (RFC 3834) keeps out-of-office answers away; List-Unsubscribe (RFC 2369) leads to
    the recipient's own preferences.
    """
    headers = {
        "Message-ID": message.message_id,
        "Auto-Submitted": "auto-generated",
        "Content-Language": message.language,
    }
    if message.unsubscribe_url:
        headers["List-Unsubscribe"] = f"<{message.unsubscribe_url}>"
    if message.urgent:
        headers["Importance"] = "high"
    mail = EmailMultiAlternatives(
        subject=re.sub(r"\s+", " ", message.subject).strip(),
        body=message.text,
        from_email=settings.DEFAULT_FROM_EMAIL,
        to=[message.address],
        headers=headers,
    )
    if message.html:
        mail.attach_alternative(message.html, "text/html")
    return mail


def _is_connection_usable_after(error: Exception) -> bool:
    """Whether the connection works on after ``error``: the server answered, and stays."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return not blames_server(error)
    return isinstance(error, smtplib.SMTPDataError) and error.smtp_code != 421
