"""Choosing risks in a form: boxes to tick, or refs to type where there are too many of them."""

import re
from typing import Any

from django import forms
from django.db.models import Q
from django.utils.translation import gettext as _

from riskreg.kernel.fields import Field
from riskreg.register.access import Viewer
from riskreg.risks.models import State
from riskreg.risks.queries.access import visible_risks
from riskreg.web.table_form import set_choices

# Above this many risks a list of boxes to tick helps nobody: refs are typed instead.
TICKED_RISKS = 40


def offer_unclosed_risks_or_typing(
    form: forms.BaseForm, field: Field, viewer: Viewer, linked: Q
) -> None:
    """Let ``field`` of ``form`` offer the risks that are not closed, and those that are ``linked``
    already."""
    risks = visible_risks(viewer).filter(~Q(state=State.CLOSED) | linked).order_by("ref")
    offered = list(risks.distinct()[: TICKED_RISKS + 1])
    if len(offered) <= TICKED_RISKS:
        set_choices(form, field.name, [(r.ref, f"{r.ref} {r.localized('title')}") for r in offered])
        return
    form.fields[field.name] = forms.CharField(
        label=str(field.label),
        max_length=1000,
        required=field.required,
        help_text=_("Their references, such as R-001, R-016."),
    )
    if form.initial:
        form.initial[field.name] = ", ".join(form.initial.get(field.name, ()))


def refs_in(value: Any) -> list[str]:
    """The refs that were ticked or typed."""
    if isinstance(value, str):
        return list(dict.fromkeys(re.findall(r"[^\s,;，；、]+", value.upper())))
    return list(value or ())
