"""Signing out."""

from allauth.account import views
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

# Cookies stay: clearing them reaches other systems of the same domain. The session's own is ended.
_CLEARED = '"cache", "storage"'
LAST_REGISTER = "last_register"


def log_out_and_clear_browser(request: HttpRequest) -> HttpResponseBase:
    """allauth's page; with the session goes what the browser has kept of the register."""
    was_in = request.user.is_authenticated
    response: HttpResponseBase = views.logout(request)
    if was_in and not request.user.is_authenticated and isinstance(response, HttpResponse):
        response["Clear-Site-Data"] = _CLEARED
        response.delete_cookie(LAST_REGISTER)
    return response
