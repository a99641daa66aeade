"""Yes, no, taken back, revoked; and conditions that are met or waived."""

import uuid
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext_lazy

from riskreg.decisions import services
from riskreg.kernel.errors import Conflict, Invalid
from riskreg.kernel.fields import Text
from riskreg.web.acceptances.pages import AcceptancePage, WordsForm
from riskreg.web.base import add_errors


class _Answer(AcceptancePage):
    http_method_names = ["post"]
    act: str
    done: Text

    def post(self, request: HttpRequest, ref: str, **keys: Any) -> HttpResponse:
        """Do it, or show the acceptance as it is now, with what is in the way."""
        form = self.form(request, **keys)
        if not form.is_valid():
            return self.page(ref, status=400, refused=(self.act, form), **keys)
        try:
            self.write(ref, form.cleaned_data, **keys)
        except Invalid as invalid:
            if set(invalid.fields) - set(form.fields):
                return self.page(ref, status=400, conflict=invalid.detail)
            add_errors(form, invalid)
            return self.page(ref, status=400, refused=(self.act, form), **keys)
        except Conflict as conflict:
            return self.page(ref, status=409, conflict=conflict.detail)
        messages.success(request, str(self.done))
        url = reverse("web:acceptance", kwargs={"slug": self.viewer.register.slug, "ref": ref})
        return HttpResponseRedirect(url)

    def form(self, request: HttpRequest, **keys: Any) -> WordsForm:
        """What was sent."""
        return WordsForm(request.POST)

    def write(self, ref: str, data: dict[str, Any], **keys: Any) -> Any:
        """Call the service."""
        service = getattr(services, f"{self.act}_acceptance")
        return service(
            actor=self.viewer, ref=ref, version=data["version"], words=data["words"], at=self.at
        )


class Grant(_Answer):
    """Yes."""

    act = "grant"
    done = gettext_lazy("It is granted. Its end and its conditions are duties from now on.")


class Refuse(_Answer):
    """No, with words."""

    act = "refuse"
    done = gettext_lazy("It is refused; the risk stands without an acceptance.")


class Withdraw(_Answer):
    """Taken back by whoever asked."""

    act = "withdraw"
    done = gettext_lazy("It is taken back.")


class Revoke(_Answer):
    """Ended before its day, with words."""

    act = "revoke"
    done = gettext_lazy("It is revoked; the risk stands without an acceptance.")


class CloseCondition(_Answer):
    """Met, or waived by who could have granted it."""

    act = "condition"
    done = gettext_lazy("The condition is closed.")

    def form(self, request: HttpRequest, **keys: Any) -> WordsForm:
        return WordsForm(request.POST, prefix=str(keys["condition"]))

    def write(self, ref: str, data: dict[str, Any], **keys: Any) -> Any:
        condition: uuid.UUID = keys["condition"]
        return services.close_acceptance_condition(
            actor=self.viewer,
            ref=ref,
            condition=condition,
            version=data["version"],
            state=self.request.POST.get("state"),
            words=data["words"],
            at=self.at,
        )
