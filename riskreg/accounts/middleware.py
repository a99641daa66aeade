"""Each person sees their own language and time zone."""

import zoneinfo
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.utils import timezone, translation

from riskreg.kernel.capacity import remember_account_of_caller


class PreferencesMiddleware:
    """Activate the signed-in user's language and zone; strangers get what their browser asks for.

    Sits after AuthenticationMiddleware and LocaleMiddleware, whose choice it overrides.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        # API requests do not name a language of their own user's: Accept-Language rules there.
        if request.path.startswith("/api/"):
            return self.get_response(request)
        user = request.user
        if not user.is_authenticated:
            return self.get_response(request)
        remember_account_of_caller(request, user.pk)
        translation.activate(user.language)
        request.LANGUAGE_CODE = translation.get_language()
        with timezone.override(zoneinfo.ZoneInfo(user.time_zone)):
            response = self.get_response(request)
        response.headers.setdefault("Content-Language", user.language)
        return response
