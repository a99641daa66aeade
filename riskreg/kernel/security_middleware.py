"""What the security log is told of a request: whence it came, a refusal, a file that went out."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse

from riskreg.kernel import security_log
from riskreg.kernel.client import client_ip_or_empty
from riskreg.kernel.request_log import RequestLogMiddleware

_ROWS = "rows_told"


class SecurityLogMiddleware:
    """Below AuthenticationMiddleware, and below compression: bytes are those of the file."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        security_log.note_client_address(client_ip_or_empty(request))
        response = self.get_response(request)
        if not security_log.is_on():
            return response
        if response.status_code == 403:
            security_log.write_line(
                "refused", account_id_or_none(request), **_request_line_and_page_name(request)
            )
        elif _is_download(request, response):
            _log_download_when_sent(request, response)
        return response


def note_row_count_for_security_log(
    response: StreamingHttpResponse, rows: Callable[[], int]
) -> StreamingHttpResponse:
    """``response``, of which the log will say how many ``rows`` went out."""
    setattr(response, _ROWS, rows)
    return response


def account_id_or_none(request: HttpRequest) -> Any:
    """The public id of who asked, None of a stranger; the answer is not made to depend on it."""
    session = getattr(request, "session", None)
    accessed = getattr(session, "accessed", False)
    found = getattr(getattr(request, "user", None), "uuid", None)
    if session is not None:
        session.accessed = accessed
    return found


def _request_line_and_page_name(request: HttpRequest) -> dict[str, Any]:
    match = request.resolver_match
    asked = RequestLogMiddleware.format_request(request)
    return {"asked": asked, "page": match.view_name if match else ""}


def _is_download(request: HttpRequest, response: HttpResponse) -> bool:
    return (
        request.method == "GET"
        and response.status_code == 200
        and response.get("Content-Disposition", "").startswith("attachment")
    )


def _log_download_when_sent(request: HttpRequest, response: Any) -> None:
    account, what = account_id_or_none(request), _request_line_and_page_name(request)
    rows: Callable[[], int | None] = getattr(response, _ROWS, lambda: None)

    def end(size: int, whole: bool) -> None:
        security_log.write_line("exported", account, **what, rows=rows(), bytes=size, whole=whole)

    if response.streaming:
        response.streaming_content = _pieces_reported_at_end(response.streaming_content, end)
    else:
        end(len(response.content), True)


def _pieces_reported_at_end(
    pieces: Iterable[bytes], end: Callable[[int, bool], None]
) -> Iterator[bytes]:
    """``pieces``; when the last one went out, or the caller has gone, the log is told."""
    size, whole = 0, False
    try:
        for piece in pieces:
            size += len(piece)
            yield piece
        whole = True
    finally:
        end(size, whole)
