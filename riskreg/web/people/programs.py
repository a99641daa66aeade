"""Programs of the viewer's party: accounts that call with tokens for this register alone."""

import uuid
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from riskreg.accounts.models import Scope
from riskreg.kernel.errors import Invalid
from riskreg.register.people import programs_of_own_party, tokens_of_programs
from riskreg.register.permissions import require
from riskreg.register.services import add_program_token, create_program, end_program_token
from riskreg.web.base import RegisterView, add_errors
from riskreg.web.forms.marks import adds_same_contents_once, mark_done_and_send_repeats_to


class ProgramForm(forms.Form):
    """A program with its first token."""

    name = forms.CharField(
        label=gettext_lazy("Name"),
        max_length=120,
        help_text=gettext_lazy("It stands beside what the program does."),
    )
    scope = forms.ChoiceField(label=gettext_lazy("It may"), choices=Scope.choices)
    days = forms.IntegerField(
        label=gettext_lazy("Token ends after (days)"),
        initial=90,
        widget=forms.NumberInput({"min": 1, "max": 366}),
    )


class TokenForm(ProgramForm):
    """Another token."""

    name = None  # type: ignore[assignment]


class Programs(RegisterView):
    """The programs, their tokens, and a form."""

    http_method_names = ["get", "post"]

    def get(self, request: HttpRequest) -> HttpResponse:
        """The page, for managers."""
        require(self.viewer, "member.manage")
        return self.page()

    def post(self, request: HttpRequest) -> HttpResponse:
        """Make a program; its token is shown on this one page."""
        require(self.viewer, "member.manage")
        form = ProgramForm(request.POST)
        if form.is_valid():
            try:
                _row, _token, secret = create_program(
                    actor=self.viewer, at=self.at, **form.cleaned_data
                )
            except Invalid as invalid:
                add_errors(form, invalid)
            else:
                return mark_done_and_send_repeats_to(self.page(secret=secret), request.path)
        return self.page(form=form, status=400)

    def page(
        self, *, form: ProgramForm | None = None, secret: str = "", status: int = 200
    ) -> HttpResponse:
        """The page, with a form that could not be done in place of a fresh one."""
        rows = list(programs_of_own_party(self.viewer))
        tokens = tokens_of_programs(self.viewer, [row.user for row in rows])
        context: dict[str, Any] = {
            "programs": [
                {
                    "m": row,
                    "tokens": [
                        {"t": t, "live": t.revoked_at is None and t.expires_at > self.at}
                        for t in tokens[row.user_id]
                    ],
                }
                for row in rows
            ],
            "form": form or ProgramForm(),
            "token_form": TokenForm(auto_id=False),
            "secret": secret,
        }
        return self.render("people/programs.html", context, status)


class ProgramTokenNew(Programs):
    """Another token."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest, program: uuid.UUID) -> HttpResponse:  # type: ignore[override]
        """Shown on this one page."""
        form = TokenForm(request.POST)
        back = reverse("web:programs", kwargs={"slug": self.viewer.register.slug})
        if not form.is_valid():
            messages.error(request, str(next(iter(form.errors.values()))[0]))
            return HttpResponseRedirect(back)
        _row, secret = add_program_token(
            actor=self.viewer, program=program, at=self.at, **form.cleaned_data
        )
        return mark_done_and_send_repeats_to(self.page(secret=secret), back)


class ProgramTokenEnd(Programs):
    """The end of a token."""

    http_method_names = ["post"]

    def post(  # type: ignore[override]
        self, request: HttpRequest, program: uuid.UUID, token: uuid.UUID
    ) -> HttpResponse:
        """At once."""
        row = end_program_token(actor=self.viewer, program=program, token=token, at=self.at)
        messages.success(request, _("The token %(prefix)s… opens nothing now.") % {
            "prefix": row.prefix
        })  # fmt: skip
        back = reverse("web:programs", kwargs={"slug": self.viewer.register.slug})
        return HttpResponseRedirect(back)


urlpatterns = [
    path("programs/", adds_same_contents_once(Programs.as_view()), name="programs"),
    path(
        "programs/<uuid:program>/tokens/",
        adds_same_contents_once(ProgramTokenNew.as_view()),
        name="program_token",
    ),
    path(
        "programs/<uuid:program>/tokens/<uuid:token>/end/",
        ProgramTokenEnd.as_view(),
        name="program_token_end",
    ),
]
