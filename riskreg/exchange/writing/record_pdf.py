"""The record of a decision as a tagged PDF, the same bytes for the same record."""

from collections.abc import Mapping
from typing import Any

from django.utils.html import escape

from riskreg.exchange.writing.pack_pdf import PackPage, css_text, draw_pdf, pack_style

_STYLE = """
h1 { font-size: 17pt; margin: 0 0 2mm; } .from { color: #333; margin: 0 0 4mm; }
.digest { font-size: 7.5pt; overflow-wrap: anywhere; margin-top: 4mm; }
"""


def record_pdf(contents: Mapping[str, Any]) -> bytes:
    """The PDF of ``contents`` (``queries.decision_records``). Raises ``ValueError`` where this
    machine has no Pango."""
    return draw_pdf(record_html(contents))


def record_html(contents: Mapping[str, Any]) -> str:
    """The page that is drawn."""
    language, day = contents["language"], contents["day"].isoformat()
    page = PackPage([language])
    title = f"{contents['ref']} {contents['title']}"
    digest = f"{contents['digest_label']} {contents['digest']}"
    return "".join(
        [
            f'<!doctype html><html lang="{escape(language)}"><head><meta charset="utf-8">',
            f"<title>{escape(title)}</title>",
            f'<meta name="dcterms.created" content="{day}">',
            f'<meta name="dcterms.modified" content="{day}">',
            f"<style>{pack_style(css_text(contents['notice']))}{_STYLE}</style></head><body>",
            f"<h1>{escape(title)}</h1>",
            f'<p class="from">{escape(contents["register"])} · {escape(contents["lead"])}</p>',
            *(page.block_html(block, "") for block in contents["blocks"]),
            f'<p class="digest">{escape(digest)}</p>',
            "</body></html>",
        ]
    )
