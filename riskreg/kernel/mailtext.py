"""What every mail has in common: a tidy text, and a body that loads nothing."""

import css_inline
from django.utils.html import strip_spaces_between_tags


def tidy_text(text: str) -> str:
    """Text without the empty lines that template tags leave: at most one in a row.

    >>> tidy_text("a  \\n\\n\\nb\\n\\n")
    'a\\n\\nb\\n'
    """
    lines: list[str] = []
    for line in (line.rstrip() for line in text.splitlines()):
        if line or (lines and lines[-1]):
            lines.append(line)
    return "\n".join(lines).strip() + "\n"


def html_with_styles_inlined(html: str) -> str:
    """``html`` with its style written into each element; nothing is fetched to do so."""
    return css_inline.inline(strip_spaces_between_tags(html), load_remote_stylesheets=False)
