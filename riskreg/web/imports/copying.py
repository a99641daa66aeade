"""The form to begin with another register of one's own."""

from typing import Any

from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy

from riskreg.kernel.text import is_storable
from riskreg.register.access import Viewer, present_memberships_in_registers_called
from riskreg.register.models import Membership
from riskreg.register.visibility import Visibility
from riskreg.web.table_form import set_choices

# Of the registers to begin with; behind them a search.
OFFERED = 50
DRAFTS_SEEN_BY = (
    (Visibility.PARTY.value, gettext_lazy("my party alone, until they are shared")),
    (Visibility.SHARED.value, gettext_lazy("every party here, of what every party saw there")),
)


class CopyForm(forms.Form):
    """Which other register of one's own, and who is to see the drafts."""

    register = forms.ChoiceField(label=gettext_lazy("Register"))
    visibility = forms.ChoiceField(
        label=gettext_lazy("Who sees the drafts"), choices=DRAFTS_SEEN_BY, widget=forms.RadioSelect,
        help_text=gettext_lazy("What was your party's own there stays your party's own."),
    )  # fmt: skip

    def __init__(self, viewer: Viewer, words: str = "", data: Any = None) -> None:
        super().__init__(data, initial={"visibility": Visibility.PARTY.value})
        rows = list(_other_registers_called(viewer, words)[: OFFERED + 1])
        # Whether there are more of that name than are offered.
        self.more = len(rows) > OFFERED
        rows = rows[:OFFERED]
        chosen = (data or {}).get("register", "")
        if is_storable(chosen) and chosen not in {row.register.slug for row in rows}:
            # Found by other words than those of this page.
            rows += _other_registers_called(viewer, "").filter(register__slug=chosen)[:1]
        set_choices(self, "register", [
            (row.register.slug, f"{row.register.name} ({row.register.slug})") for row in rows
        ])  # fmt: skip


def _other_registers_called(viewer: Viewer, words: str) -> QuerySet[Membership]:
    return present_memberships_in_registers_called(viewer.user, words).exclude(
        register=viewer.register
    )
