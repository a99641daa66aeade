"""How far something can be relied on, in words."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Label(models.TextChoices):
    """How far a figure or a text can be relied on (``policy.LABELS``)."""

    SOURCED = "sourced", _("Sourced")
    DERIVED = "derived", _("Derived")
    JUDGEMENT = "judgement", _("Judgement")
    ILLUSTRATIVE = "illustrative", _("Illustrative")
