"""One line for each request, with its id: what was asked, by whom, what came of it.

Addresses that are secrets themselves are logged without them, and what is asked after the question
mark not at all: searches name people.
"""

from django.http import HttpRequest
from django_structlog.middlewares import RequestMiddleware

# Whoever has such an address needs nothing else.
_SECRET = ("/calendar/", "/first/", "/join/", "/accounts/password/reset/key/")


class RequestLogMiddleware(RequestMiddleware):
    """The package's own, which would log the whole address."""

    @staticmethod
    def format_request(request: HttpRequest) -> str:
        """Method and path."""
        secret = next((prefix for prefix in _SECRET if request.path.startswith(prefix)), None)
        return f"{request.method} {f'{secret}…' if secret else request.path}"
