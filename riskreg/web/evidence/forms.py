"""Forms of evidence."""

from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from riskreg.evidence.fields import EVIDENCE
from riskreg.evidence.policy import TAKEN
from riskreg.web.table_form import form_field


class EvidenceForm(forms.Form):
    """A file, how far it can be relied on, and where it comes from."""

    file = forms.FileField(label=gettext_lazy("File"), required=False, allow_empty_file=True)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        fields: dict[str, Any] = self.fields
        for name in ("source", "label"):
            fields[name] = form_field(EVIDENCE[name])
            fields[name].required = False
        fields["label"].initial = "judgement"
        fields["file"].needed = True
        most = settings.EVIDENCE_FILE_MB
        bound = _(" At most %(n)d MB.") % {"n": most} if most else ""
        fields["file"].help_text = TAKEN + "." + bound


class WithdrawForm(forms.Form):
    """Why a file is taken back."""

    version = forms.IntegerField(required=False, widget=forms.HiddenInput)
    reason = forms.CharField(
        label=gettext_lazy("Reason"), required=False, widget=forms.Textarea({"rows": 4})
    )

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        fields: dict[str, Any] = self.fields
        fields["reason"].needed = True
