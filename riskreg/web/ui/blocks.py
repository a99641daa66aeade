"""Tags of the design system that stand around other markup: dialogs, heads of pages, panels.

``templatetags/ui.py`` offers them to templates with the others.
"""

from typing import Any

from django import template
from django.template import Context
from django.template.loader import render_to_string
from django.utils.html import format_html
from django.utils.safestring import SafeString

from riskreg.web.returning import (
    list_address_to_return_to_or_empty,
    list_name_or_empty,
    list_title_or_empty,
    with_way_back,
    with_way_back_in_links,
)
from riskreg.web.ui.icons import draw_icon

register = template.Library()


@register.simple_tag
def dialog_button(id: str, label: str, kind: str = "", icon: str = "") -> SafeString:
    """Button that opens the dialog ``id`` (popover attribute: no script)."""
    mark = draw_icon(icon) if icon else ""
    return format_html(
        '<button type="button" class="button {}" popovertarget="{}">{}{}</button>',
        kind,
        id,
        mark,
        label,
    )


@register.simple_block_tag
def dialog(content: SafeString, id: str, title: str) -> SafeString:
    """A question in front of the page. Holds a form; Escape or the cross closes it."""
    return render_to_string(
        "components/dialog.html", {"content": content, "id": id, "title": title}
    )


@register.simple_block_tag(takes_context=True)
def page_header(
    context: Context,
    content: SafeString,
    title: str,
    lead: str = "",
    ref: str = "",
    back_url: str = "",
    back_label: str = "",
) -> SafeString:
    """Head of a page: way back, title, a sentence, and (the block) its actions.

    Who came from a list goes back to just that list, also by way of what they do here.
    """
    request = context.get("request")
    if back_url and request is not None and (back := list_address_to_return_to_or_empty(request)):
        if list_name_or_empty(back_url):
            back_url, back_label = back, list_title_or_empty(back)
        else:
            back_url = with_way_back(back_url, back)
        content = with_way_back_in_links(content, back)
    values: dict[str, Any] = {"title": title, "lead": lead, "ref": ref}
    values |= {"back_url": back_url, "back_label": back_label, "content": content}
    values["has_actions"] = bool(content.strip())
    return render_to_string("components/page_header.html", values)


@register.simple_block_tag
def panel(
    content: SafeString,
    title: str,
    note: str = "",
    url: str = "",
    link: str = "",
    level: int = 2,
    sheet: bool = False,
    id: str = "",
) -> SafeString:
    """A titled part of a page; ``level`` is the heading's, ``url``/``link`` lead to the whole."""
    values = {"title": title, "note": note, "url": url, "link": link, "level": level}
    values |= {"sheet": sheet, "id": id, "content": content}
    return render_to_string("components/panel.html", values)
