"""What is done to a decision from its page."""

import uuid
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext_lazy

from riskreg.decisions import services
from riskreg.decisions.policy.decisions import Act
from riskreg.decisions.queries.decisions import decision_for
from riskreg.kernel.errors import Conflict, Invalid
from riskreg.kernel.fields import Text
from riskreg.web.acceptances.pages import WordsForm
from riskreg.web.base import add_errors
from riskreg.web.decisions.pages import (
    DecisionPage,
    act_form,
    argument_form,
    put_newest_version_into,
)
from riskreg.web.forms.marks import adds_same_contents_once
from riskreg.web.simulations.run_form import RunForm


class _Act(DecisionPage):
    http_method_names = ["post"]
    act: str
    done: Text

    def post(self, request: HttpRequest, ref: str, **keys: Any) -> HttpResponse:
        """Do it, or show the decision as it is now, with what is in the way."""
        form = self.form(request, ref, **keys)
        if not form.is_valid():
            return self.page(ref, status=400, refused=(self.act, form), **keys)
        try:
            self.write(ref, form.cleaned_data, **keys)
        except Invalid as invalid:
            if "state" in invalid.fields:
                return self.page(ref, status=400, conflict=invalid.detail)
            if set(invalid.fields) - set(form.fields):
                found = [e.detail for errors in invalid.fields.values() for e in errors]
                return self.page(ref, status=400, problems=found)
            add_errors(form, invalid)
            return self.page(ref, status=400, refused=(self.act, form), **keys)
        except Conflict as conflict:
            again = put_newest_version_into(form, conflict.current.version)
            return self.page(ref, status=409, conflict=conflict.detail, refused=(self.act, again))
        messages.success(request, str(self.done))
        return HttpResponseRedirect(self.page_url("decision", ref=ref))

    def form(self, request: HttpRequest, ref: str, **keys: Any) -> forms.Form:
        """What was sent."""
        return act_form(Act(self.act), 0, request.POST)

    def write(self, ref: str, data: dict[str, Any], **keys: Any) -> Any:
        """Call the service."""
        raise NotImplementedError


class Propose(_Act):
    """Put forward."""

    act = Act.PROPOSE
    done = gettext_lazy("It is put forward. Whoever is asked to decide has it on My work.")

    def write(self, ref: str, data: dict[str, Any], **keys: Any) -> Any:
        return services.propose_decision(
            actor=self.viewer, ref=ref, version=data["version"], at=self.at
        )


class _Worded(_Act):
    service: str

    def write(self, ref: str, data: dict[str, Any], **keys: Any) -> Any:
        service = getattr(services, self.service)
        return service(
            actor=self.viewer, ref=ref, version=data["version"], words=data["words"], at=self.at
        )


class Retract(_Worded):
    """Back to a draft."""

    act, service = Act.RETRACT, "retract_decision"
    done = gettext_lazy("It is a draft again.")


class Reject(_Worded):
    """The whole question is refused."""

    act, service = Act.REJECT, "reject_decision"
    done = gettext_lazy("It is rejected.")


class Lapse(_Worded):
    """Not decided in time."""

    act, service = Act.LAPSE, "lapse_decision"
    done = gettext_lazy("It has lapsed.")


class Close(_Worded):
    """Nothing more is to be looked at."""

    act, service = Act.CLOSE, "close_revisited_decision"
    done = gettext_lazy("It is closed.")


class Vote(_Act):
    """Yes or no to what another party has chosen; the button says which."""

    act = Act.AGREE
    done = gettext_lazy("Your party's answer is recorded.")

    def write(self, ref: str, data: dict[str, Any], **keys: Any) -> Any:
        return services.vote_on_decision(
            actor=self.viewer,
            ref=ref,
            version=data["version"],
            answer=self.request.POST.get("answer"),
            words=data["words"],
            at=self.at,
        )


class Revisit(_Act):
    """What became of it."""

    act = Act.REVISIT
    done = gettext_lazy("What became of it is recorded.")

    def write(self, ref: str, data: dict[str, Any], **keys: Any) -> Any:
        return services.revisit_decision(actor=self.viewer, ref=ref, at=self.at, **data)


class CloseDecisionCondition(_Act):
    """Met, or waived by who decided."""

    act = "condition"
    done = gettext_lazy("The condition is closed.")

    def form(self, request: HttpRequest, ref: str, **keys: Any) -> forms.Form:
        return WordsForm(request.POST, prefix=str(keys["condition"]))

    def write(self, ref: str, data: dict[str, Any], **keys: Any) -> Any:
        condition: uuid.UUID = keys["condition"]
        return services.close_decision_condition(
            actor=self.viewer,
            ref=ref,
            condition=condition,
            state=self.request.POST.get("state"),
            words=data["words"],
            at=self.at,
        )


@adds_same_contents_once
class SayArgument(_Act):
    """Something for or against an option."""

    act = "argue"
    done = gettext_lazy("It is noted for your party alone, until it is released.")

    def form(self, request: HttpRequest, ref: str, **keys: Any) -> forms.Form:
        row = decision_for(self.viewer, ref, self.viewer.today(self.at))
        return argument_form(row, request.POST)

    def write(self, ref: str, data: dict[str, Any], **keys: Any) -> Any:
        return services.add_argument(actor=self.viewer, ref=ref, given=data, at=self.at)


class Weigh(_Act):
    """The options beside each other, by a run."""

    act = "weigh"
    done = gettext_lazy("A worker weighs the options; what they come to is told under them.")

    def form(self, request: HttpRequest, ref: str, **keys: Any) -> forms.Form:
        row = decision_for(self.viewer, ref, self.viewer.today(self.at))
        return RunForm(str(self.viewer.party or ""), row.visibility, request.POST)

    def write(self, ref: str, data: dict[str, Any], **keys: Any) -> Any:
        given = {name: value for name, value in data.items() if value}
        return services.weigh_decision(actor=self.viewer, ref=ref, given=given, at=self.at)


class ReleaseArgument(DecisionPage):
    """Everybody may read it, for good."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest, ref: str, argument: uuid.UUID) -> HttpResponse:
        """Release it."""
        try:
            services.release_argument(actor=self.viewer, ref=ref, argument=argument, at=self.at)
        except Invalid as invalid:
            return self.page(ref, status=400, conflict=invalid.detail)
        messages.success(request, str(_RELEASED))
        return HttpResponseRedirect(self.page_url("decision", ref=ref))


_RELEASED = gettext_lazy("Everybody who sees the decision reads it now.")
