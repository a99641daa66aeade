"""The page that an invitation's link leads to: a new account, or a membership for the one there."""

from typing import Any

from django.contrib.auth import login
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import path, reverse
from django.utils import translation
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.views import View

from riskreg.accounts.models import User
from riskreg.kernel import clock
from riskreg.kernel.errors import Forbidden, Invalid
from riskreg.register.models import Invitation, Role
from riskreg.register.people import acceptable_invitation_of, account_at_address_of
from riskreg.register.services import accept_invitation, accept_with_new_account
from riskreg.web.base import add_errors
from riskreg.web.errors import keep_draft_and_render_error
from riskreg.web.people.account_form import BACKEND, AccountForm


class Join(View):
    """What one is invited to, and the form that fits who opens the link."""

    http_method_names = ["get", "post"]

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """What is over is not forbidden to who holds the link: the page says what it is."""
        try:
            return super().dispatch(request, *args, **kwargs)
        except Forbidden as refusal:
            title = _("This invitation cannot be used")
            return keep_draft_and_render_error(request, 403, refusal.detail, title)

    def get(self, request: HttpRequest, token: str) -> HttpResponse:
        """The page, in the invitation's language for who is not signed in."""
        row = acceptable_invitation_of(token, clock.now())
        return self._page(request, row, self._form(request, row))

    def post(self, request: HttpRequest, token: str) -> HttpResponse:
        """Become a member; who makes an account with it is signed in."""
        at = clock.now()
        row = acceptable_invitation_of(token, at)
        if isinstance(request.user, User):
            viewer = accept_invitation(token=token, user=request.user, at=at)
            return _redirect_to_work(viewer.register.slug)
        form = AccountForm(request.POST, email=row.email)
        if not form.is_valid():
            return self._page(request, row, form, 400)
        given = form.cleaned_data
        try:
            user, viewer = accept_with_new_account(
                token=token,
                name=given["name"],
                password=given["password"],
                at=at,
                **form.chosen_preferences(),
            )
        except Invalid as invalid:
            add_errors(form, invalid)
            return self._page(request, row, form, 400)
        login(request, user, backend=BACKEND)
        return _redirect_to_work(viewer.register.slug)

    def _form(self, request: HttpRequest, row: Invitation) -> AccountForm | None:
        if request.user.is_authenticated or account_at_address_of(row) is not None:
            return None
        initial = {"language": row.language, "time_zone": row.register.time_zone}
        return AccountForm(email=row.email, initial=initial)

    def _page(
        self, request: HttpRequest, row: Invitation, form: AccountForm | None, status: int = 200
    ) -> HttpResponse:
        user = request.user
        own = isinstance(user, User) and user.email.lower() == row.email.lower()
        language = translation.get_language() if user.is_authenticated else row.language
        context: dict[str, Any] = {
            "invitation": row,
            "by": str(row.invited_by),
            "form": form,
            "own": own,
            "other": user.is_authenticated and not own,
            "login_url": f"{reverse('account_login')}?next={request.path}",
        }
        with translation.override(language):
            context["role"] = capfirst(Role(row.role).label)
            return render(request, "people/join.html", context, status=status)


def _redirect_to_work(slug: str) -> HttpResponse:
    return HttpResponseRedirect(reverse("web:my_work", kwargs={"slug": slug}))


urlpatterns = [path("join/<str:token>/", Join.as_view(), name="invitation")]
