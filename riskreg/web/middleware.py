"""What browsers and what stands between may do with a page."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

# What no page of ours asks for.
_PERMISSIONS = ", ".join(
    f"{name}=()"
    for name in (
        "accelerometer", "camera", "display-capture", "geolocation", "gyroscope", "microphone",
        "midi", "payment", "usb",
    )
)  # fmt: skip


class SafetyMiddleware:
    """Pages are kept by nobody, and shown in no other site, unless their view says otherwise.

    Without it the Back button of a shared computer shows the register to whoever sits down after
    somebody has signed out.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        response.headers.setdefault("Cache-Control", "no-store")
        response.headers.setdefault("Permissions-Policy", _PERMISSIONS)
        response.headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        return response
