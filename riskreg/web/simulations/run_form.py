"""What is asked of whoever wants a run: of estimates, or of the options of a decision."""

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from riskreg.analysis.policy.buying import HORIZON, LEAST_HORIZON, MOST_HORIZON
from riskreg.analysis.policy.simulations import YEARS
from riskreg.kernel.localised import number
from riskreg.register.visibility import Visibility
from riskreg.web.table_form import set_choices


class RunForm(forms.Form):
    """Whose estimates, how many years are drawn, how long mitigations work.

    ``party``: whose own can be read besides; ``visibility``: of what the run is about. What is a
    party's own can be read by that party alone.
    """

    audience = forms.ChoiceField(label=gettext_lazy("Reads"), widget=forms.RadioSelect)
    years = forms.TypedChoiceField(label=gettext_lazy("Years"), coerce=int)
    horizon = forms.IntegerField(
        label=gettext_lazy("Mitigations work for so many years"),
        min_value=LEAST_HORIZON,
        max_value=MOST_HORIZON,
        required=False,
    )

    def __init__(self, party: str, visibility: str, data: Any = None) -> None:
        initial = {"audience": visibility, "years": 100_000, "horizon": HORIZON}
        super().__init__(data, initial=initial)
        own = _("what every party sees, and what is %(party)s's own") % {"party": party}
        choices = [(Visibility.PARTY.value, own)]
        if visibility == Visibility.SHARED:
            choices.insert(0, (Visibility.SHARED.value, _("what every party sees")))
        set_choices(self, "audience", choices)
        set_choices(self, "years", [(years, number(years)) for years in YEARS])
