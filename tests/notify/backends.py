"""Mail backends that fail on purpose."""

import smtplib
from typing import Any

from django.core.mail.backends.base import BaseEmailBackend


class Away(BaseEmailBackend):
    """Nothing listens there."""

    def send_messages(self, messages: Any) -> int:
        raise ConnectionRefusedError(111, "Connection refused")


class Unknown(BaseEmailBackend):
    """The server knows nobody of that address."""

    def send_messages(self, messages: Any) -> int:
        raise smtplib.SMTPRecipientsRefused({messages[0].to[0]: (550, b"No such user here")})


class Broken(BaseEmailBackend):
    """A fault that no mail server makes."""

    def send_messages(self, messages: Any) -> int:
        raise ZeroDivisionError("a fault of our own")
