"""Asking somebody in: address, role, party, language."""

from typing import Any

from django import forms
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from riskreg.register.access import Viewer
from riskreg.register.models import Role
from riskreg.register.people import FOR_PEOPLE, roles_to_invite_to
from riskreg.register.queries import parties_for


class InvitationForm(forms.Form):
    """Offers the parties and roles that the viewer may invite to."""

    email = forms.CharField(
        label=gettext_lazy("E-mail address"),
        max_length=254,
        widget=forms.EmailInput({"autocomplete": "off"}),
    )
    party = forms.ChoiceField(label=gettext_lazy("Acts for"), required=False)
    role = forms.ChoiceField(label=gettext_lazy("Role"))
    language = forms.ChoiceField(
        label=gettext_lazy("Language of the mail"),
        choices=[("en", "English"), ("zh-hans", "简体中文")],
    )

    def __init__(self, viewer: Viewer, data: Any = None) -> None:
        initial = {
            "party": viewer.party.key if viewer.party else "",
            "role": Role.OWNER,
            "language": viewer.user.language,
        }
        super().__init__(data, initial=initial)
        parties = [(p.key, p.name) for p in parties_for(viewer) if roles_to_invite_to(viewer, p)]
        if roles_to_invite_to(viewer, None):
            parties.append(("", _("nobody: sees what is shared by all")))
        self.fields["party"].choices = parties  # type: ignore[attr-defined]
        # Nobody is one of the choices.
        self.fields["party"].needed = True  # type: ignore[attr-defined]
        self.fields["role"].choices = [  # type: ignore[attr-defined]
            (role, capfirst(Role(role).label)) for role in FOR_PEOPLE
        ]

    def clean_party(self) -> str | None:
        """Null for who acts for none."""
        return self.cleaned_data["party"] or None
