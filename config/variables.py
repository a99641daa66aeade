"""Variables of the environment: a value that cannot be meant is told with its name and what there
is. One that is set and empty counts as not set."""

import contextlib
import math
import os
import sys
from typing import Any

import environ
from django.core.exceptions import ImproperlyConfigured

_YES, _NO = ("1", "true", "yes", "on", "y", "ok"), ("0", "false", "no", "off", "n")
_DATABASES = ("postgres", "postgresql", "pgsql", "psql", "sqlite")
# The least that each number may be; 0 for all others.
_LEAST = {
    "DELIVERY_CIRCUIT_SECONDS": 1,
    "DELIVERY_LEASE_SECONDS": 1,
    "DELIVERY_MAX_ATTEMPTS": 1,
    "DELIVER_SECONDS": 1,
    "ENGINE_DEAD_SECONDS": 1,
    "PROXY_HOPS": 1,
    "SWEEP_SECONDS": 1,
}
# These say more of what they may be where they are read (``config.database``).
_SAID_ELSEWHERE = ("DATABASE_POOL", "DATABASE_REPLICA_WAIT_SECONDS")


class Env(environ.Env):  # type: ignore[misc]
    """django-environ's, which names no variable when a number is wrong, reads 5 in "5 min", and
    takes every word that it does not know for a no."""

    def bool(self, var: str, default: Any = False) -> Any:
        """1 or 0, or a word for it. Raises ``ImproperlyConfigured``."""
        text = self._given(var)
        if text and text.lower() not in (*_YES, *_NO):
            raise ImproperlyConfigured(f"{var} is 1 or 0, not {text!r}")
        return text.lower() in _YES if text else default

    def int(self, var: str, default: Any = 0) -> Any:
        """A whole number. Raises ``ImproperlyConfigured``."""
        text = self._given(var)
        return _number(var, text, int, "a whole number") if text else default

    def float(self, var: str, default: Any = 0.0) -> Any:
        """A number, with a point before its decimals. Raises ``ImproperlyConfigured``."""
        text = self._given(var)
        return _number(var, text, float, "a number") if text else default

    def _given(self, var: str) -> str:
        return str(self.ENVIRON.get(var, "")).strip()


def _number(var: str, text: str, kind: type[int] | type[float], what: str) -> float:
    least = _LEAST.get(var, 0)
    with contextlib.suppress(ValueError):
        number = kind(text)
        if math.isfinite(number) and (number >= least or var in _SAID_ELSEWHERE):
            return number
    raise ImproperlyConfigured(f"{var} is {what} of at least {least}, not {text!r}")


def settings_or_exit() -> None:
    """Load the settings. A program that cannot start with them ends with the one line that says
    which variable it is, and not with where in the code that was noticed."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    from django.conf import settings

    try:
        _ = settings.DATABASES
    except ImproperlyConfigured as error:
        sys.exit(str(error))


def require_database_address(var: str, url: str) -> None:
    """Raise ``ImproperlyConfigured`` unless ``url`` names a database of a kind that there is."""
    scheme, found, _rest = url.partition("://")
    if not found or scheme not in _DATABASES:
        raise ImproperlyConfigured(
            f"{var} is postgres://user:password@host:5432/name or sqlite:////path, and not "
            f"{scheme if found else 'something without a scheme'}://…"
        )


def mail_server(env: environ.Env) -> dict[str, Any]:
    """Django's settings of the server that EMAIL_URL names. Raises ``ImproperlyConfigured``."""
    try:
        return dict(env.email_url("EMAIL_URL"))
    except (ImproperlyConfigured, ValueError) as error:
        raise ImproperlyConfigured(
            "EMAIL_URL is smtp+tls://user:password@host:587, smtp+ssl://…:465, smtp://…:25, or "
            "files:"
        ) from error
