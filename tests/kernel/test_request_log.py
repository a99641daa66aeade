"""Each request has a line if the operator wants it, and no line holds a secret."""

import logging

import pytest
from django.test import Client, RequestFactory

from config.logs import log_settings
from riskreg.kernel.request_log import RequestLogMiddleware


@pytest.mark.parametrize(
    ("asked", "logged"),
    [
        ("/r/ours/risks/R-001/?q=Wang", "GET /r/ours/risks/R-001/"),
        ("/calendar/s3cret.ics", "GET /calendar/…"),
        ("/join/s3cret/", "GET /join/…"),
        ("/first/s3cret/", "GET /first/…"),
        ("/accounts/password/reset/key/1-s3cret/", "GET /accounts/password/reset/key/…"),
    ],
)
def test_what_is_logged_of_an_address(asked: str, logged: str) -> None:
    assert RequestLogMiddleware.format_request(RequestFactory().get(asked)) == logged


@pytest.mark.parametrize("wanted", [True, False])
def test_requests_have_a_line_when_it_is_wanted(wanted: bool) -> None:
    level = log_settings("INFO", lines_for_people=False, requests=wanted)["loggers"]
    assert level["django_structlog"]["level"] == ("INFO" if wanted else "WARNING")


@pytest.mark.django_db
def test_the_line_has_the_request_id_and_the_status(
    client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    logger = logging.getLogger("django_structlog")
    usual = logger.level
    logger.setLevel(logging.INFO)
    try:
        client.get("/r/nowhere/risks/", HTTP_X_REQUEST_ID="night-1")
    finally:
        logger.setLevel(usual)
    (line,) = [r.getMessage() for r in caplog.records if "request_finished" in r.getMessage()]
    assert "night-1" in line
    assert "'code': 302" in line
    assert "GET /r/nowhere/risks/" in line
