"""Recording the test of a control."""

import uuid
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from riskreg.kernel.errors import Conflict, Invalid
from riskreg.risks.models import Control, Effectiveness
from riskreg.risks.services import record_test
from riskreg.risks.services.controls import require_may_change_control
from riskreg.web.base import add_errors
from riskreg.web.controls.editing import ControlEdit, redirect_to_control
from riskreg.web.controls.pages import control_context
from riskreg.web.table_form import set_choices


class TestForm(forms.Form):
    """What the test found, on which day, and by when to test again."""

    version = forms.IntegerField(required=False, widget=forms.HiddenInput)
    effectiveness = forms.ChoiceField(
        label=gettext_lazy("What the test found"), required=False, widget=forms.RadioSelect
    )
    tested_on = forms.CharField(
        label=gettext_lazy("Tested on"),
        required=False,
        widget=forms.DateInput({"type": "date"}),
    )
    next_test_on = forms.CharField(
        label=gettext_lazy("Next test by"),
        required=False,
        widget=forms.DateInput({"type": "date"}),
        help_text=gettext_lazy("Empty: by its days between tests. An earlier day can be named."),
    )

    def __init__(self, row: Control, data: Any = None, **options: Any) -> None:
        super().__init__(data, **options)
        set_choices(self, "effectiveness", [(e.value, capfirst(e.label)) for e in Effectiveness])
        fields: dict[str, Any] = self.fields
        for name in ("effectiveness", "tested_on"):
            fields[name].needed = True
        if row.test_every_days is None and not data:
            # Nothing follows from a test of what is not tested regularly.
            del self.fields["next_test_on"]

    def fields_for_service(self) -> dict[str, Any]:
        """As the service takes it."""
        return {name: value for name, value in self.cleaned_data.items() if value != ""}


class ControlTest(ControlEdit):
    """What discharges the duty to test a control."""

    def get(self, request: HttpRequest, control: uuid.UUID) -> HttpResponse:
        """The form, for a test of today."""
        row = self._row(control)
        require_may_change_control(self.viewer, row)
        today = self.viewer.today(self.at).isoformat()
        return self._test_page(
            row, TestForm(row, initial={"version": row.version, "tested_on": today})
        )

    def post(self, request: HttpRequest, control: uuid.UUID) -> HttpResponse:
        """Record it."""
        row = self._row(control)
        require_may_change_control(self.viewer, row)
        form = TestForm(row, request.POST)
        if not form.is_valid():
            return self._test_page(row, form, 400)
        given = {
            "effectiveness": "",
            "tested_on": None,
            "version": None,
            **form.fields_for_service(),
        }
        try:
            row = record_test(actor=self.viewer, control=control, at=self.at, **given)
        except Invalid as invalid:
            add_errors(form, invalid)
            return self._test_page(row, form, 400)
        except Conflict as conflict:
            data = {**{n: form.data[n] for n in form.data}, "version": row.version}
            return self._test_page(row, TestForm(row, data), 409, conflict.detail)
        message = _("The test of “%(name)s” is recorded.") % {"name": row.localized("name")}
        messages.success(request, message)
        return redirect_to_control(self.viewer, row)

    def _test_page(
        self, row: Control, form: TestForm, status: int = 200, conflict: str = ""
    ) -> HttpResponse:
        context = {
            **control_context(row, self.viewer.today(self.at)),
            "form": form,
            "conflict": conflict,
        }
        return self.render("controls/test.html", context, status)
