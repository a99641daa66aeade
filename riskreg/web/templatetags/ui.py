"""Components of the design system as template tags; `/style/` shows each in every state.

{% load ui %}, then (what stands after a tag on its own line explains it):

    {% icon "bell" size=16 label="" %}          heroicon; label only if it stands alone
    {% rating label tone of=5 score=None %}     colour, pattern, word, score; tone None: unrated
                                                (origin="illustrative": the label of the score)
                                                (kind="opportunity": a scale of its own)
    {% rating_path stages %}                    inherent → residual → target
    {% delta 4 kind="threat" %}                 change of a score, in glyph and word
    {% date_words value today due=False %}      "in 3 days"; exact on hover and in print
    {% badge text tone="" icon="" title="" %}   tone: ok, warn, bad, dashed
    {% state_badge state %}                     draft, open, closed
    {% figure_label_badge label %}              sourced, derived, judgement, illustrative
    {{ labels|figure_label:"cost" }}                the label of one of its figures
    {% figure_label_mark label %}               … as a sign, where there is no room for the word
    {% scores_label label %}                    … of all scores on a page
    {% counted_figures_mark %}                  … of a part whose numbers are counts of entries
    {% brought_in happened recorded %}          recorded later than it happened
    {% private_mark party %}                    seen by one party only
    {% progress value max=100 late=False wide=False label="" origin="" %}
    {% matrix_table matrix caption="" %}        the matrix to read
    {% matrix_radio matrix checked="4,5" today="4,5" legend="" help="" error="" name="cell" %}
    {% sparkline values amber=None red=None label="" %}
    {% trail points until top=None %}           positions over time
    {% pagination page_obj %}                   needs `request` in the context, as has sort_th
    {% sort_th key label num=False param="ordering" %}
    {% field bound_field %}                     label, help, control, errors
    {% form_errors form title="" %}             what is wrong with the form as a whole
    {% empty_state title text="" icon="inbox" url="" label="" %}
    {% toggle options label="" %}               options of label, url, current
    {% tabs options label="" %}                 … and count
    {% menu_item url icon label %}              a link in a menu
    {% sidenav nav %}                           the navigation
    {% filter_field field %}                    one filter of a list
    {% and_more n %}                            "and 3 more", after what is shown
    {% dialog_button id label kind="" icon="" %}
    {% messages_list messages %}
    {% colon %} {% comma %} {% list_comma %}    punctuation; also text|bracketed, texts|enumerated
    {% page_header title lead="" ref="" back_url="" back_label="" %} actions {% endpage_header %}
    {% panel title note="" url="" link="" level=2 sheet=False id="" %} … {% endpanel %}
    {% dialog id title %} … {% enddialog %}

None of them writes a style attribute or a script: the content security policy allows neither.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from django import template
from django.core.paginator import Page
from django.forms import BaseForm, BoundField
from django.http import QueryDict
from django.template import Context
from django.urls import reverse
from django.utils.formats import localize
from django.utils.safestring import SafeString
from django.utils.translation import get_language_info, ngettext, pgettext
from django.utils.translation import gettext as _

from riskreg.web.ui import blocks, dates, drawing, joints, labels, parts
from riskreg.web.ui.drawn import LARGE, drawn_by_template
from riskreg.web.ui.icons import draw_icon
from riskreg.web.ui.sheets import sheet_urls

register = template.Library()
register.tags |= blocks.register.tags | joints.register.tags | labels.register.tags
register.tags |= parts.register.tags
register.filters |= joints.register.filters | labels.register.filters


register.simple_tag(draw_icon, name="icon")
register.simple_tag(sheet_urls, name="style_sheets")


# Ratings ---------------------------------------------------------------------------------------


@register.simple_tag
@drawn_by_template("components/rating.html")
def rating(
    label: str | None = None,
    tone: int | None = None,
    of: int = 5,
    score: Any = None,
    kind: str = "threat",
    origin: str = "",
) -> dict[str, Any]:
    """Chip of one rating. ``tone`` counts the register's ``of`` ratings from 0, the lowest;
    an opportunity has colours of its own. ``origin`` is the label of the score."""
    unrated = tone is None
    return {
        "unrated": unrated,
        "step": None if tone is None else drawing.severity_step(tone, of),
        "label": label,
        "score": score,
        "gain": kind == "opportunity",
        "origin": labels.figure_label_word(origin),
    }


@register.inclusion_tag("components/rating_path.html")
def rating_path(stages: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Ratings of a risk by stage, each ``{stage, label, tone, of, score}``; tone None: unrated."""
    return {"stages": stages}


@register.simple_tag
@drawn_by_template("components/delta.html")
def delta(value: float | None, kind: str = "threat") -> dict[str, Any]:
    """Change of a score since the time compared with; None or 0 reads "no change".

    A threat that rises is worse, an opportunity that rises is better.
    """
    value = value or 0
    return {"value": value, "size": abs(value), "better": (value > 0) is (kind == "opportunity")}


# Words and marks -------------------------------------------------------------------------------


draw_date = drawn_by_template("components/date.html")(dates.date_in_words)


@register.simple_tag(takes_context=True)
def date_words(
    context: Context, value: date | None, today: date | None = None, due: bool = False
) -> SafeString:
    """A date in words near today, exact otherwise; the exact form is always there to be had.

    ``today`` is the day in the register's time zone (a datetime is taken in the active zone);
    without it the context's ``today`` is used. With ``due``, what has passed reads as overdue
    and what falls within three days is emphasised. A value of None reads "not set".
    """
    return draw_date(value, today or context.get("today"), due=due)


@register.simple_tag
@drawn_by_template("components/badge.html")
def badge(text: str, tone: str = "", icon: str = "", title: str = "") -> dict[str, Any]:
    """A short word about a thing; the tone adds colour, the word carries the meaning."""
    return {"text": text, "tone": tone, "icon": icon, "title": title}


@register.simple_tag
@drawn_by_template("components/badge.html")
def state_badge(state: str) -> dict[str, Any]:
    """State of a risk."""
    known = {
        "draft": (pgettext("risk state", "Draft"), "dashed", "pencil"),
        "open": (pgettext("risk state", "Open"), "", ""),
        "closed": (pgettext("risk state", "Closed"), "", "check"),
    }
    text, tone, mark = known.get(state, (state, "", ""))
    return {"text": text, "tone": tone, "icon": mark}


@register.simple_tag
@drawn_by_template("components/brought_in.html")
def brought_in(happened: date, recorded: date) -> dict[str, Any]:
    """Mark of an entry recorded later than it happened; both times are kept and shown."""
    return {"happened": happened, "recorded": recorded}


@drawn_by_template("components/private_mark.html")
def _private_mark(party: str) -> dict[str, Any]:
    return {"party": party}


@register.simple_tag
def private_mark(party: Any) -> SafeString:
    """Mark of an entry that only the members of ``party`` see."""
    return _private_mark(str(party))


@register.simple_tag
@drawn_by_template("components/progress.html")
def progress(
    value: float | None,
    max: float = 100,
    late: bool = False,
    wide: bool = False,
    label: str = "",
    origin: str = "",
) -> dict[str, Any]:
    """Progress bar with its number; ``value`` None is work of unknown length. ``origin`` is the
    label of the number: ``counted`` where it is a count of what is in the register."""
    percent = None if value is None or not max else round(100 * float(value) / float(max))
    return {
        "value": percent,
        "late": late,
        "wide": wide,
        "label": label or _("Progress"),
        "origin": labels.figure_label_word(origin),
    }


# Matrix and drawings ---------------------------------------------------------------------------


@register.simple_tag
@drawn_by_template("components/matrix_table.html", kept=LARGE)
def matrix_table(matrix: Mapping[str, Any], caption: str = "") -> dict[str, Any]:
    """The matrix as a table; a cell with ``url`` links to the risks that it counts."""
    return {"mx": drawing.shape_matrix(matrix), "caption": caption}


@register.inclusion_tag("components/matrix_radio.html")
def matrix_radio(
    matrix: Mapping[str, Any],
    checked: str | None = None,
    today: str | None = None,
    legend: str = "",
    help: str = "",
    error: str = "",
    name: str = "cell",
    required: bool = True,
) -> dict[str, Any]:
    """The matrix as radio buttons in one group; the value sent is ``"likelihood,impact"``.

    ``today`` marks the cell where the risk stands, ``checked`` is what the form starts with:
    give both the same value, and sending the form untouched means that nothing has changed.
    """
    return {
        "mx": drawing.shape_matrix(matrix, checked=checked, today=today),
        "legend": legend or _("How does it stand today?"),
        "help": help,
        "error": error,
        "name": name,
        "required": required,
    }


@register.simple_tag
@drawn_by_template("components/sparkline.html")
def sparkline(
    values: Sequence[float],
    amber: float | None = None,
    red: float | None = None,
    label: str = "",
) -> dict[str, Any]:
    """A small line of a measured series with its thresholds; ``label`` says it in words."""
    shape = drawing.spark(values, amber=amber, red=red)
    return {"s": shape, "label": label, "latest": values[-1] if values else None}


@register.simple_tag
@drawn_by_template("components/trail.html", kept=LARGE)
def trail(
    points: Sequence[Mapping[str, Any]], until: date, top: float | None = None
) -> dict[str, Any]:
    """Where one risk stood over time; see ``drawing.trail`` for the shape of a point."""
    return {"t": drawing.trail(points, until=until, top=top)}


# Lists and navigation --------------------------------------------------------------------------


@register.inclusion_tag("components/pagination.html", takes_context=True)
def pagination(context: Context, page_obj: "Page[Any]", param: str = "page") -> dict[str, Any]:
    """Page numbers that keep the rest of the address; nothing but a count on a single page."""
    pages = page_obj.paginator.get_elided_page_range(page_obj.number, on_each_side=1, on_ends=1)
    return {
        "page": page_obj,
        "pages": [
            {
                "number": n,
                "query": _query_string_with(context, param, n) if isinstance(n, int) else "",
            }
            for n in pages
        ],
        "previous": _query_string_with(context, param, page_obj.number - 1),
        "next": _query_string_with(context, param, page_obj.number + 1),
    }


def _query_string_with(context: Context, name: str, value: Any) -> str:
    """The query string of the current request with one parameter changed."""
    request = context.get("request")
    params = QueryDict(mutable=True) if request is None else request.GET.copy()
    if name != "page":
        params.pop("page", None)  # another order begins at its first page
    params[name] = str(value)
    return f"?{params.urlencode()}"


@register.inclusion_tag("components/sort_th.html", takes_context=True)
def sort_th(
    context: Context, key: str, label: str, num: bool = False, param: str = "ordering"
) -> dict[str, Any]:
    """Head of a sortable column. ``?ordering=key`` ascends, ``-key`` descends."""
    request = context.get("request")
    current = request.GET.get(param, "") if request is not None else ""
    if current == key:
        state, target, mark = "ascending", f"-{key}", "chevron-up"
    elif current == f"-{key}":
        state, target, mark = "descending", key, "chevron-down"
    else:
        state, target, mark = "none", key, "chevron-up-down"
    query = _query_string_with(context, param, target)
    return {"label": label, "state": state, "query": query, "icon": mark, "num": num}


@register.inclusion_tag("components/menu_item.html")
def menu_item(url: str, icon: str, label: str) -> dict[str, str]:
    """A link in a menu, one of its list's items."""
    return {"url": url, "icon": icon, "label": label}


@register.inclusion_tag("components/toggle.html")
def toggle(options: Sequence[Mapping[str, Any]], label: str = "") -> dict[str, Any]:
    """A few views of the same thing side by side, as links; one is current."""
    return {"options": options, "label": label}


@register.inclusion_tag("components/tabs.html")
def tabs(options: Sequence[Mapping[str, Any]], label: str = "") -> dict[str, Any]:
    """Parts of one thing, as links; one is current. ``count`` is optional."""
    return {"options": options, "label": label}


@register.simple_tag
def language_name(code: str) -> str:
    """A language's name in that language, written as its readers write it."""
    return {"zh-hans": "简体中文"}.get(code) or get_language_info(code)["name_local"]


@register.simple_tag
def register_url(item: Any) -> str:
    """Where the register switch leads: the register's ``url`` or its heatmap."""
    return getattr(item, "url", None) or reverse("web:heatmap", kwargs={"slug": item.slug})


# Forms -----------------------------------------------------------------------------------------


@register.inclusion_tag("components/field.html")
def field(bound: BoundField, label: str = "") -> dict[str, Any]:
    """One form field: label, help, control, errors; the control names its help and errors."""
    group = bool(bound.use_fieldset)
    kind = "check" if bound.widget_type == "checkbox" else ""
    return {"field": bound, "label": label or bound.label, "group": group, "kind": kind}


@register.inclusion_tag("components/form_errors.html")
def form_errors(form: BaseForm, title: str = "") -> dict[str, Any]:
    """What is wrong with a form: its own errors, and links to the fields that have some.

    ``title`` says what did not happen, where it is not that something was not saved.
    """
    fields = [bound for bound in form if bound.errors and not bound.is_hidden]
    hidden = [error for bound in form.hidden_fields() for error in bound.errors]
    return {"fields": fields, "general": [*form.non_field_errors(), *hidden], "title": title}


# States, messages, containers ------------------------------------------------------------------


@register.inclusion_tag("components/empty_state.html")
def empty_state(
    title: str, text: str = "", icon: str = "inbox", url: str = "", label: str = ""
) -> dict[str, Any]:
    """What a page says when there is nothing to show, why, and the next thing to do."""
    return {"title": title, "text": text, "icon": icon, "url": url, "label": label}


@register.inclusion_tag("components/messages.html")
def messages_list(messages: Any) -> dict[str, Any]:
    """Messages of the request: what was done, or why it was not."""
    icons = {
        "success": "check-circle",
        "warning": "exclamation-triangle",
        "error": "x-circle",
    }
    return {
        "messages": [
            {"text": m, "level": m.level_tag, "icon": icons.get(m.level_tag, "information-circle")}
            for m in messages or ()
        ]
    }


# Texts -----------------------------------------------------------------------------------------


@register.simple_tag
def and_more(n: int) -> str:
    """How many there are besides those that are shown."""
    return ngettext("and %(n)s more", "and %(n)s more", n) % {"n": localize(n)}


@register.simple_tag
def localized(thing: Any, name: str) -> str:
    """The text ``name`` of ``thing`` in the reader's language where there is a version of it."""
    text: str = thing.localized(name)
    return text
