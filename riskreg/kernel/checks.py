"""Whether variables fit each other and nothing was forgotten: for ``check --deploy``."""

import os
from email.utils import parseaddr
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Tags, Warning, register
from django.core.exceptions import ValidationError
from django.core.validators import EmailValidator
from django.http.request import validate_host


@register(Tags.security, deploy=True)
def check_links_lead_here(**_kwargs: Any) -> list[CheckMessage]:
    """The host of BASE_URL is none that is answered."""
    host = (urlsplit(settings.BASE_URL).hostname or "").lower()
    if validate_host(f"[{host}]" if ":" in host else host, settings.ALLOWED_HOSTS):
        return []
    text = (
        f"BASE_URL names {host}, which is not in ALLOWED_HOSTS: every link in a mail leads to a "
        "page that is refused. Add it there."
    )
    return [Warning(text, id="riskreg.W002")]


@register(Tags.security, deploy=True)
def check_broker(**_kwargs: Any) -> list[CheckMessage]:
    """A production system that was not told where its broker is."""
    if settings.LOCAL or os.environ.get("REDIS_URL"):
        return []
    text = (
        "REDIS_URL is not set: only manage.py up has a broker of its own; without one nobody is "
        "reminded. Set it to a Valkey or Redis."
    )
    return [Warning(text, id="riskreg.W003")]


@register(Tags.security, deploy=True)
def check_engine_not_dead_between_sweeps(**_kwargs: Any) -> list[CheckMessage]:
    """An engine that would count as dead between two sweeps."""
    least = 3 * settings.CELERY_BEAT_SCHEDULE["sweep-reminders"]["schedule"]
    if least <= settings.ENGINE_DEAD_SECONDS:
        return []
    text = (
        f"ENGINE_DEAD_SECONDS is {settings.ENGINE_DEAD_SECONDS}, less than three times "
        f"SWEEP_SECONDS ({least:g}): the engine counts as dead while it works."
    )
    return [Warning(text, id="riskreg.W004")]


@register(Tags.security, deploy=True)
def check_operators_can_be_written_to(**_kwargs: Any) -> list[CheckMessage]:
    """An address of OPERATOR_MAIL, or the sender's, that is none."""
    found = [("OPERATOR_MAIL", address) for address in settings.OPERATOR_MAIL]
    found.append(("DEFAULT_FROM_EMAIL", parseaddr(settings.DEFAULT_FROM_EMAIL)[1]))
    return [
        Warning(f"{name}: {address!r} is no e-mail address.", id="riskreg.W005")
        for name, address in found
        if not _is_address(address)
    ]


def _is_address(text: str) -> bool:
    try:
        EmailValidator(allowlist=["localhost"])(text)
    except ValidationError:
        return False
    return True
