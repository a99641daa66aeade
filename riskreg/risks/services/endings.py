"""How a risk ended: it is over, or it happened, on a day and at a cost."""

import datetime as dt
from collections.abc import Mapping
from typing import Any

from django.db import models
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from riskreg.kernel.errors import Errors
from riskreg.register.cleaning import clean_choice, clean_value
from riskreg.register.labels import Label
from riskreg.risks.fields import RISK


class ClosedAs(models.TextChoices):
    """Whether what was feared or hoped for came."""

    OVER = "over", gettext_lazy("It is over: it did not happen, or no longer can")
    HAPPENED = "happened", gettext_lazy("It happened")


ENDING = ("closed_as", "happened_on", "happened_cost", "happened_cost_label")
"""What can be said of how a risk ended, beside the reason."""


def clean_ending(errors: Errors, given: Mapping[str, Any], today: dt.date) -> dict[str, Any]:
    """``happened_on``, ``happened_cost`` and the cost's ``label`` of what was ``given``.

    What happened has its day, not one to come; a cost has a label; and of what did not happen
    neither is kept. Notes everything wrong under the name of its field.
    """
    closed_as = clean_choice(errors, "closed_as", given.get("closed_as"), ClosedAs.values, False)
    happened = closed_as == ClosedAs.HAPPENED
    day = clean_value(errors, RISK["happened_on"], given.get("happened_on"))
    cost = clean_value(errors, RISK["happened_cost"], given.get("happened_cost"))
    label = clean_choice(
        errors, "happened_cost_label", given.get("happened_cost_label"), Label.values, False
    )
    if happened and day is None and not errors.has_any_on("happened_on"):
        errors.add("happened_on", "required", _("Say on which day it happened."))
    if day is not None and day > today:
        errors.add("happened_on", "in_the_future", _("What has happened lies in the past."))
    for name, value in (("happened_on", day), ("happened_cost", cost)):
        if value is not None and not happened and not errors.has_any_on("closed_as"):
            errors.add(name, "contradiction", _("Choose that it happened, or leave this empty."))
    if cost is not None and not label and not errors.has_any_on("happened_cost_label"):
        errors.add("happened_cost_label", "required", _("Say where the cost is known from."))
    return {"happened_on": day, "happened_cost": cost, "label": label if cost is not None else ""}
