"""Logs: structured lines on standard output, from our code and from libraries alike."""

import logging
import os
import sys
from logging.handlers import WatchedFileHandler
from pathlib import Path
from typing import Any

import environ
import structlog
from django.core.exceptions import ImproperlyConfigured


class SecurityFile(WatchedFileHandler):
    """A file that may be moved away under it; its folder is made when the first line comes.

    A line that cannot be written there goes to standard error, so that it is somewhere.
    """

    def __init__(self, filename: str) -> None:
        super().__init__(filename, encoding="utf-8", delay=True)

    def _open(self) -> Any:
        Path(self.baseFilename).parent.mkdir(parents=True, exist_ok=True)
        file = os.open(self.baseFilename, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        return os.fdopen(file, "a", encoding="utf-8")

    def emit(self, record: logging.LogRecord) -> None:
        """Write a line."""
        try:
            super().emit(record)
        except OSError:
            self.handleError(record)

    def handleError(self, record: logging.LogRecord) -> None:
        """The line itself, and why it is not in its file."""
        sys.stderr.write(f"security log: {sys.exc_info()[1]}\n{self.format(record)}\n")


def security_log(env: environ.Env, var_dir: Path, local: bool) -> tuple[str, str]:
    """Where the security log goes, and how it names clients.

    Raises ``ImproperlyConfigured`` that names what there is.
    """
    usual = str(var_dir.absolute() / "log" / "security.log") if local else "console"
    where = env.str("SECURITY_LOG", default="") or usual
    if where not in ("console", "off") and not Path(where).is_absolute():
        raise ImproperlyConfigured(
            f"SECURITY_LOG is console, off or the whole path of a file, not {where!r}"
        )
    addresses = env.str("SECURITY_LOG_ADDRESSES", default="truncated")
    if addresses not in ("truncated", "keyed", "whole"):
        raise ImproperlyConfigured(
            f"SECURITY_LOG_ADDRESSES is truncated, keyed or whole, not {addresses!r}"
        )
    return where, addresses


def security_handler(where: str) -> dict[str, Any]:
    """The handler of the security log; see SECURITY_LOG."""
    if where == "off":
        return {"class": "logging.NullHandler"}
    if where == "console":
        return {"class": "logging.StreamHandler", "formatter": "as_it_is"}
    return {"()": SecurityFile, "filename": where, "formatter": "as_it_is"}


def log_settings(
    level: str, *, lines_for_people: bool, requests: bool = False, security: str = "off"
) -> dict[str, Any]:
    """Set structlog up, and give Django's LOGGING, from ``level`` (such as INFO) upwards.

    ``lines_for_people``: lines to be read in a terminal, instead of JSON. ``requests``: a line for
    every request. ``security``: where the security log goes, which has neither level nor form of
    the others. Raises ``ImproperlyConfigured`` for a level that there is none of.
    """
    if level not in logging.getLevelNamesMapping():
        raise ImproperlyConfigured(f"LOG_LEVEL is DEBUG, INFO, WARNING or ERROR, not {level!r}")
    renderer = (
        structlog.dev.ConsoleRenderer(colors=False)
        if lines_for_people
        else structlog.processors.JSONRenderer()
    )
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "line": {
                "()": structlog.stdlib.ProcessorFormatter,
                "processor": renderer,
                "foreign_pre_chain": shared,
            },
            "as_it_is": {"format": "%(message)s"},
        },
        "handlers": {
            "console": {"class": "logging.StreamHandler", "formatter": "line"},
            "security": security_handler(security),
        },
        "root": {"handlers": ["console"], "level": level},
        "loggers": {
            "axes": {"level": "WARNING"},
            "riskreg.security": {
                "handlers": ["security"],
                "level": "CRITICAL" if security == "off" else "INFO",
                "propagate": False,
            },
            # Every page of a board pack, and every table of a font.
            "fontTools": {"level": "WARNING"},
            "weasyprint": {"level": "ERROR"},
            "weasyprint.progress": {"level": "ERROR"},
            "django_structlog": {"level": "INFO" if requests else "WARNING"},
            # A page that does not exist is the caller's affair; what we broke is still logged.
            "django.request": {"level": "ERROR"},
        },
    }
