"""What every message to a person has in common: their language and zone, and one set of templates
for each kind of message."""

import zoneinfo
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from django.template.loader import render_to_string
from django.utils import timezone, translation

from riskreg.kernel.mailtext import html_with_styles_inlined, tidy_text
from riskreg.notify.refresh import Content


class Reader(Protocol):
    """Whom a message is for."""

    @property
    def language(self) -> str:
        """In which it is written."""

    @property
    def time_zone(self) -> str:
        """In which its times are told."""


def render_letter(reader: Reader, folder: str, values: Callable[[], Mapping[str, Any]]) -> Content:
    """The templates ``mail/{folder}/`` with ``values``, which are worked out in the language and
    the zone of ``reader``."""
    zone = timezone.override(zoneinfo.ZoneInfo(reader.time_zone))
    with translation.override(reader.language), zone:
        language = {"zh-hans": "zh-Hans"}.get(reader.language, reader.language)
        given = {"language": language, **values()}
        return Content(
            subject=" ".join(render_to_string(f"mail/{folder}/subject.txt", given).split()),
            text=tidy_text(render_to_string(f"mail/{folder}/body.txt", given)),
            html=html_with_styles_inlined(render_to_string(f"mail/{folder}/body.html", given)),
        )
