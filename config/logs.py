"""Logs: structured lines on standard output, from our code and from libraries alike."""

from typing import Any

import structlog


def log_settings(level: str, *, lines_for_people: bool, requests: bool = False) -> dict[str, Any]:
    """Set structlog up, and give Django's LOGGING, from ``level`` (such as INFO) upwards.

    ``lines_for_people``: lines to be read in a terminal, instead of JSON. ``requests``: a line for
    every request.
    """
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
            }
        },
        "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
        "root": {"handlers": ["console"], "level": level},
        "loggers": {
            "axes": {"level": "WARNING"},
            # Every page of a board pack, and every table of a font.
            "fontTools": {"level": "WARNING"},
            "weasyprint": {"level": "ERROR"},
            "weasyprint.progress": {"level": "ERROR"},
            "django_structlog": {"level": "INFO" if requests else "WARNING"},
            # A page that does not exist is the caller's affair; what we broke is still logged.
            "django.request": {"level": "ERROR"},
        },
    }
