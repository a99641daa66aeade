"""Setting up an indicator and changing it."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _

from riskreg.indicators.fields import INDICATOR
from riskreg.indicators.models import Indicator
from riskreg.indicators.queries.access import indicator_for
from riskreg.indicators.services import create_indicator, edit_indicator
from riskreg.kernel.errors import Conflict, Invalid
from riskreg.kernel.fields import Type
from riskreg.register.permissions import require
from riskreg.web.base import RegisterView, add_errors
from riskreg.web.conflict import (
    ComparedValues,
    edit_conflict_context,
    names_to_save,
    saved_words,
)
from riskreg.web.forms.marks import adds_same_contents_once
from riskreg.web.indicators.forms import TEXT_FIELDS, IndicatorForm, form_values_of
from riskreg.web.localized import outdated_translations_text_or_empty

# What the form shows in parts, and the table keeps as one.
_AS_KEPT = [field for field in INDICATOR if field.type == Type.NAMES]


class IndicatorEditing(RegisterView):
    """What the two pages below share."""

    def indicator_url(self, ref: str) -> str:
        """The indicator's page."""
        return reverse("web:indicator", kwargs={"slug": self.viewer.register.slug, "ref": ref})

    def add_errors_of_service(self, form: IndicatorForm, invalid: Invalid) -> None:
        """Show what the service refused beside the form's fields."""
        renamed = {TEXT_FIELDS.get(name, name): errors for name, errors in invalid.fields.items()}
        add_errors(form, Invalid(renamed))


@adds_same_contents_once
class IndicatorNew(IndicatorEditing):
    """Set one up, perhaps for the risk named by ``?risk=``."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """An empty form, owned by whoever asks."""
        require(self.viewer, "indicator.create")
        initial = {
            "risks": request.GET.getlist("risk"),
            "owner": str(self.viewer.user.uuid),
            "kind": "fixed",
            "direction": "higher_is_worse",
            "label": "judgement",
        }
        return self._page(IndicatorForm(self.viewer, initial=initial))

    def post(self, request: HttpRequest) -> HttpResponse:
        """Set it up, or say what is wrong with the form."""
        require(self.viewer, "indicator.create")
        form = IndicatorForm(self.viewer, request.POST)
        if form.is_valid():
            try:
                made = create_indicator(
                    actor=self.viewer,
                    fields=form.fields_for_service(),
                    visibility=form.cleaned_data["visibility"],
                    at=self.at,
                )
            except Invalid as invalid:
                self.add_errors_of_service(form, invalid)
            else:
                messages.success(request, _("%(ref)s is set up.") % {"ref": made.ref})
                return HttpResponseRedirect(self.indicator_url(made.ref))
        return self._page(form, 400)

    def _page(self, form: IndicatorForm, status: int = 200) -> HttpResponse:
        return self.render("indicators/form.html", {"form": form, "new": True}, status)


class IndicatorEdit(IndicatorEditing):
    """Change one; whoever was slower sees both versions and chooses."""

    def get(self, request: HttpRequest, ref: str) -> HttpResponse:
        """The form as it stands."""
        indicator = self._indicator(ref)
        initial = form_values_of(self.viewer, indicator)
        return self._page(IndicatorForm(self.viewer, initial=initial, current=indicator), indicator)

    def post(self, request: HttpRequest, ref: str) -> HttpResponse:
        """Save it; 409 with both versions when somebody else saved first."""
        indicator = self._indicator(ref)
        form = IndicatorForm(self.viewer, request.POST, current=indicator)
        if form.is_valid():
            touched = names_to_save(request, form.changed_fields_for_service())
            fields = {
                name: value for name, value in form.fields_for_service().items() if name in touched
            }
            try:
                was = indicator.outdated_translations
                saved = edit_indicator(
                    actor=self.viewer,
                    ref=ref,
                    version=form.cleaned_data["version"] or 0,
                    fields=fields,
                    at=self.at,
                )
            except Invalid as invalid:
                self.add_errors_of_service(form, invalid)
            except Conflict:
                return self._conflict_page(request, form, indicator_for(self.viewer, ref), touched)
            else:
                messages.success(request, saved_words(ref, fields))
                stale = outdated_translations_text_or_empty(
                    saved, INDICATOR.names_of_type(Type.NAMES)
                )
                if stale and saved.outdated_translations != was:
                    messages.warning(request, stale)
                return HttpResponseRedirect(self.indicator_url(ref))
        return self._page(form, indicator, 400)

    def _indicator(self, ref: str) -> Indicator:
        indicator = indicator_for(self.viewer, ref)
        require(self.viewer, "indicator.edit", indicator)
        return indicator

    def _conflict_page(
        self, request: HttpRequest, form: IndicatorForm, now: Indicator, touched: set[str]
    ) -> HttpResponse:
        initial = form_values_of(self.viewer, now)
        theirs = {**initial, **{field.name: getattr(now, field.name) for field in _AS_KEPT}}
        newest = IndicatorForm(self.viewer, initial=initial, current=now)
        edit = reverse(
            "web:indicator_edit", kwargs={"slug": self.viewer.register.slug, "ref": now.ref}
        )
        urls = {"thing": self.indicator_url(now.ref), "edit": edit}
        values = ComparedValues(form.fields_for_service(), theirs, form.values_seen())
        context = edit_conflict_context(
            request, INDICATOR, now, (form, newest), values, touched, urls,
            _("Back to the indicator"),
        )  # fmt: skip
        return self.render("conflict.html", context, 409)

    def _page(self, form: IndicatorForm, indicator: Indicator, status: int = 200) -> HttpResponse:
        context = {"form": form, "i": indicator, "title": indicator.name}
        return self.render("indicators/form.html", context, status)
