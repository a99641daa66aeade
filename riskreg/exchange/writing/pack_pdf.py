"""A pack as PDF: tagged, so that it can be read aloud (PDF/UA). Loads WeasyPrint, so for workers
alone; that needs Pango on the machine.
"""

import datetime as dt
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NoReturn

from django.utils.html import escape
from django.utils.translation import gettext as _

from riskreg.exchange.writing.packs import Text, text_in_all_languages, texts_by_language

_STYLE = """
@page { size: A4; margin: 18mm 16mm 20mm; @bottom-left { content: %(notice)s; font-size: 7.5pt;
  color: #444; width: 85%%; } @bottom-right { content: counter(page) " / " counter(pages);
  font-size: 7.5pt; color: #444; } }
body { font: 9.5pt/1.4 "Noto Sans", "DejaVu Sans", "Noto Sans CJK SC", sans-serif; color: #111; }
:lang(zh-hans) { font-family: "Noto Sans CJK SC", "Noto Serif CJK SC", "Noto Sans", sans-serif; }
h1 { font-size: 26pt; margin: 50mm 0 4mm; } h2 { font-size: 16pt; margin: 0 0 5mm; }
section { break-before: page; }
.lines > * { display: block; } .cover p { font-size: 12pt; margin: 1mm 0; }
.notice { border-left: 3pt solid #111; padding-left: 3mm; font-weight: bold; }
table { border-collapse: collapse; width: 100%%; margin: 0 0 3mm; table-layout: fixed; }
caption { text-align: left; font-weight: bold; margin: 2mm 0 1mm; }
th, td { text-align: left; vertical-align: top; padding: 1.2mm 1.6mm;
  border-bottom: .5pt solid #bbb; overflow-wrap: anywhere; }
thead th { border-bottom: 1pt solid #111; font-size: 8.5pt; }
.refs :is(td, th):first-child { white-space: nowrap; }
.number { text-align: right; font-variant-numeric: tabular-nums; }
.facts th { width: 24%%; } .facts td { white-space: pre-line; }
.figures td { font-size: 15pt; font-weight: bold; width: 18%%; text-align: right; }
.figures th { font-weight: normal; vertical-align: middle; }
.matrix td { text-align: center; border: .5pt solid #888; height: 15mm; font-size: 13pt; }
.matrix small { display: block; font-size: 6.5pt; font-weight: normal; }
.matrix th { font-weight: normal; font-size: 8.5pt; }
.t1 { background: #d9ecdb; } .t2 { background: #eef1c6; } .t3 { background: #fde9b4; }
.t4 { background: #f9d0a8; } .t5 { background: #f2b3a9; }
p.note { color: #333; font-size: 8.5pt; margin: 1mm 0 4mm; }
"""


# A column of refs: these are not broken.
_NARROW = 2


def write_pack(contents: Mapping[str, Any], languages: Sequence[str], day: dt.date) -> bytes:
    """The bytes of the PDF; the same for the same contents. Raises ``ValueError`` where this
    machine has no Pango."""
    return draw_pdf(pack_html(contents, languages, day))


def draw_pdf(page: str) -> bytes:
    """A page as a tagged PDF that fetches nothing. Raises ``ValueError`` where this machine has no
    Pango."""
    try:
        import weasyprint
    except OSError:
        # What it draws with is no Python: the package is there, the library is not.
        text = _(
            "PDF needs the library Pango on the machines of the workers (operators' guide). "
            "Choose PowerPoint, or have it installed."
        )
        raise ValueError(text) from None
    name = hashlib.sha256(page.encode()).digest()[:16]
    data: bytes = weasyprint.HTML(string=page, url_fetcher=_fetch_nothing).write_pdf(
        pdf_variant="pdf/ua-1", pdf_tags=True, pdf_identifier=name.hex().encode()[:16]
    )
    return data


def _fetch_nothing(url: str, *_args: Any, **_options: Any) -> NoReturn:
    raise ValueError(f"A pack fetches nothing: {url}")


def pack_html(contents: Mapping[str, Any], languages: Sequence[str], day: dt.date) -> str:
    """The page that is drawn."""
    page = PackPage(languages)
    stamp = day.isoformat()
    named = [text_in_all_languages(contents[part], " ") for part in ("title", "register")]
    title = ", ".join([*named, stamp])
    notice = text_in_all_languages(contents["notice"], " · ")
    parts = [
        f'<!doctype html><html lang="{languages[0]}"><head><meta charset="utf-8">',
        f"<title>{escape(title)}</title>",
        f'<meta name="dcterms.created" content="{stamp}">',
        f'<meta name="dcterms.modified" content="{stamp}">',
        f"<style>{pack_style(css_text(notice))}</style></head><body>",
        '<div class="cover">',
        f'<h1 class="lines">{page.text_html(contents["title"])}</h1>',
        *(
            f'<p class="lines">{page.text_html(contents[k])}</p>'
            for k in ("register", "as_of", "since")
        ),
        f'<p class="notice lines">{page.text_html(contents["notice"])}</p>',
        page.figures_html(contents["figures"]),
        "</div>",
    ]
    for section in contents["sections"]:
        parts.append(f'<section><h2 class="lines">{page.text_html(section["title"])}</h2>')
        parts += [page.block_html(block, contents["none"]) for block in section["blocks"]]
        parts.append("</section>")
    return "".join([*parts, "</body></html>"])


def pack_style(notice: str) -> str:
    """The style sheet of a paper; ``notice`` (``css_text``) stands at the foot of every page."""
    return _STYLE % {"notice": notice}


def css_text(text: str) -> str:
    """``text`` as a string of a style sheet, with nothing in it that ends one."""
    text = text.replace("\\", "").replace('"', "”")
    plain = "".join(f"\\{ord(c):x} " if c in "<>&\n" else c for c in text)
    return f'"{plain}"'


class PackPage:
    """Parts of a pack as HTML; every text is escaped here."""

    def __init__(self, languages: Sequence[str]) -> None:
        self.languages = languages

    def text_html(self, text: Text) -> str:
        """A text in each of its languages, marked as what it is: a span for each."""
        found = texts_by_language(text, "")
        return "".join(
            f'<span lang="{lang}">{escape(part)}</span>' if lang else f"<span>{escape(part)}</span>"
            for lang, part in found
        )

    def figures_html(self, figures: Iterable[Mapping[str, Any]]) -> str:
        """The numbers of the cover."""
        rows = "".join(
            f'<tr><th scope="row" class="lines">{self.text_html(one["label"])}</th>'
            f"<td>{escape(one['value'])}</td></tr>"
            for one in figures
        )
        return f'<table class="figures"><tbody>{rows}</tbody></table>'

    def block_html(self, block: Mapping[str, Any], none: Text) -> str:
        """One part of a section."""
        kind = block["kind"]
        if kind == "note":
            return f'<p class="note lines">{self.text_html(block["text"])}</p>'
        if kind == "facts":
            return self._facts_html(block["rows"])
        return self._matrix_html(block) if kind == "matrix" else self._table_html(block, none)

    def _facts_html(self, rows: Iterable[Sequence[Text]]) -> str:
        """Label and text; texts of two languages stand side by side."""
        lines = []
        for label, text in rows:
            found = texts_by_language(text, "")
            span = "" if len(found) > 1 else f' colspan="{len(self.languages)}"'
            cells = "".join(
                f'<td{span}><span lang="{lang}">{escape(part)}</span></td>'
                if lang
                else f"<td{span}>{escape(part)}</td>"
                for lang, part in found
            )
            lines.append(
                f'<tr><th scope="row" class="lines">{self.text_html(label)}</th>{cells}</tr>'
            )
        return f'<table class="facts"><tbody>{"".join(lines)}</tbody></table>'

    def _table_html(self, block: Mapping[str, Any], none: Text) -> str:
        widths, numbers = block["widths"], block.get("numbers", ())
        columns = "".join(f'<col style="width:{100 * w / sum(widths):.2f}%">' for w in widths)
        caption = f'<caption class="lines">{self.text_html(block["caption"])}</caption>'
        if not block["rows"]:
            return f'<p class="lines"><b>{self.text_html(block["caption"])}</b></p>'
        kinds = ["lines number" if n in numbers else "lines" for n in range(len(widths))]
        head = "".join(
            f'<th scope="col" class="{kind}">{self.text_html(name)}</th>'
            for kind, name in zip(kinds, block["head"], strict=True)
        )
        rows = "".join(
            "<tr>"
            + "".join(
                f'<td class="{kind}">{self.text_html(cell)}</td>'
                for kind, cell in zip(kinds, row, strict=True)
            )
            + "</tr>"
            for row in block["rows"]
        )
        kind = ' class="refs"' if widths[0] < _NARROW else ""
        return (
            f"<table{kind}>{caption}<colgroup>{columns}</colgroup><thead><tr>{head}</tr></thead>"
            f"<tbody>{rows}</tbody></table>"
        )

    def _matrix_html(self, block: Mapping[str, Any]) -> str:
        down, across = (text_in_all_languages(axis, " ") for axis in block["axes"])
        head = "".join(
            f'<th scope="col" class="lines">{self.text_html(name)}</th>' for name in block["head"]
        )
        rows = "".join(
            f'<tr><th scope="row" class="lines">{self.text_html(row["name"])}</th>'
            + "".join(
                f'<td class="t{cell["tone"]}"><b>{escape(cell["text"]) or "·"}</b>'
                f"<small>{escape(text_in_all_languages(cell['rating'], ' '))}</small></td>"
                for cell in row["cells"]
            )
            + "</tr>"
            for row in block["rows"]
        )
        corner = f'<th scope="col">{escape(down)} ↓ · {escape(across)} →</th>'
        return (
            f'<table class="matrix"><thead><tr>{corner}{head}</tr></thead>'
            f"<tbody>{rows}</tbody></table>"
        )
