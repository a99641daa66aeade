"""What somebody sets of their own account when it is made: name, password, language, zone, hour."""

from typing import Any

from django import forms
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from riskreg.accounts.models import User
from riskreg.accounts.zones import zone_choices

# Of those that a session may name, the one that knows passwords and nothing else.
BACKEND = "django.contrib.auth.backends.ModelBackend"
PREFERENCES = ("language", "time_zone", "digest_hour")


class AccountForm(forms.Form):
    """A new account; ``email`` is whose it will be, for the password's check."""

    name = forms.CharField(
        label=gettext_lazy("Your name"),
        max_length=120,
        help_text=gettext_lazy("As colleagues know you; it stands beside what you do."),
        widget=forms.TextInput({"autocomplete": "name"}),
    )
    password = forms.CharField(
        label=gettext_lazy("Password"),
        strip=False,
        max_length=256,
        widget=forms.PasswordInput({"autocomplete": "new-password"}),
        help_text=gettext_lazy("Long is better than difficult: three or four words do well."),
    )
    again = forms.CharField(
        label=gettext_lazy("Password, once more"),
        strip=False,
        max_length=256,
        widget=forms.PasswordInput({"autocomplete": "new-password"}),
    )
    language = forms.ChoiceField(
        label=gettext_lazy("Language"), choices=[("en", "English"), ("zh-hans", "简体中文")]
    )
    time_zone = forms.ChoiceField(
        label=gettext_lazy("Time zone"),
        choices=zone_choices,
        help_text=gettext_lazy("Times are shown in this zone."),
    )
    digest_hour = forms.TypedChoiceField(
        label=gettext_lazy("Send my digest at"),
        coerce=int,
        choices=[(n, f"{n:02d}:00") for n in range(24)],
        help_text=gettext_lazy("In your own time zone; at most one a day, on days you work."),
    )

    def __init__(self, data: Any = None, *, email: str = "", **options: Any) -> None:
        initial = {"language": get_language() or "en", "time_zone": "UTC", "digest_hour": 7}
        super().__init__(data, initial={**initial, **options.pop("initial", {})}, **options)
        if data is None:
            # Nobody has chosen one: the browser knows in which zone it is (web.js).
            self.fields["time_zone"].widget.attrs["data-own-zone"] = ""
        self.address = email

    def clean(self) -> dict[str, Any]:
        """The same password twice, and one that is good enough."""
        cleaned = super().clean() or self.cleaned_data
        password, again = cleaned.get("password"), cleaned.get("again")
        if password and again and password != again:
            self.add_error("again", _("The two passwords differ; type the same one twice."))
        elif password:
            address = str(cleaned.get("email") or self.address)
            try:
                validate_password(password, User(email=address, name=cleaned.get("name", "")))
            except ValidationError as error:
                self.add_error("password", error)
        return cleaned

    def chosen_preferences(self) -> dict[str, Any]:
        """What of it is kept as settings of the account."""
        return {name: self.cleaned_data[name] for name in PREFERENCES}


class FirstAccountForm(AccountForm):
    """The same with the address, of an account that nobody was invited to."""

    email = forms.EmailField(
        label=gettext_lazy("E-mail address"),
        max_length=254,
        widget=forms.EmailInput({"autocomplete": "email"}),
        help_text=gettext_lazy("You sign in with it, and reminders go to it."),
    )
    field_order = ("name", "email", "password", "again", "language", "time_zone", "digest_hour")
