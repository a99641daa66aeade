"""The first account of an empty system, by the link that its start prints."""

from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.auth import login
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.views import View

from riskreg.accounts.services.first import make_first_account, require_valid_first_account_link
from riskreg.kernel import clock
from riskreg.kernel.errors import Invalid, NotFound
from riskreg.web.base import add_errors
from riskreg.web.people.account_form import BACKEND, FirstAccountForm

_LOOPBACK = ("127.0.0.1", "localhost", "::1")


class FirstAccount(View):
    """A form for the administrator's account; its maker is signed in with it."""

    http_method_names = ["get", "post"]

    def get(self, request: HttpRequest, token: str) -> HttpResponse:
        """The form, or why there is none."""
        self._require_own_host_and_valid_link(request, token)
        return self._page(request, FirstAccountForm())

    def post(self, request: HttpRequest, token: str) -> HttpResponse:
        """Make it."""
        self._require_own_host_and_valid_link(request, token)
        form = FirstAccountForm(request.POST)
        if not form.is_valid():
            return self._page(request, form, 400)
        given = form.cleaned_data
        try:
            user = make_first_account(
                token=token,
                email=given["email"],
                name=given["name"],
                password=given["password"],
                at=clock.now(),
                **form.chosen_preferences(),
            )
        except Invalid as invalid:
            add_errors(form, invalid)
            return self._page(request, form, 400)
        login(request, user, backend=BACKEND)
        return HttpResponseRedirect(reverse("web:home"))

    def _require_own_host_and_valid_link(self, request: HttpRequest, token: str) -> None:
        """The page is there under the system's own name and on the machine itself alone."""
        host = urlsplit(f"//{request.get_host()}").hostname
        if host not in (*_LOOPBACK, urlsplit(settings.BASE_URL).hostname):
            raise NotFound(_("There is no such page."))
        require_valid_first_account_link(token, clock.now())

    def _page(
        self, request: HttpRequest, form: FirstAccountForm, status: int = 200
    ) -> HttpResponse:
        return render(request, "setup/first.html", {"form": form}, status=status)


urlpatterns = [path("first/<str:token>/", FirstAccount.as_view(), name="first_account")]
