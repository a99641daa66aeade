"""What board packs can be chosen to be."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class PackLanguage(models.TextChoices):
    """In which language a board pack is, or both side by side."""

    EN = "en", "English"
    ZH_HANS = "zh-hans", "简体中文"
    BOTH = "both", _("both, side by side")


class PackFormat(models.TextChoices):
    """What a board pack is."""

    PDF = "pdf", "PDF"
    PPTX = "pptx", "PowerPoint"
