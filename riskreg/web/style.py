"""The living page of the design system, and the switch of the theme."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from types import SimpleNamespace
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from django.views.decorators.http import require_GET, require_POST

from riskreg.kernel import clock
from riskreg.web.forms.marks import repeatable

THEMES = ("auto", "light", "dark")
THEME_COOKIE_SECONDS = 365 * 24 * 3600


@repeatable
@require_POST
def set_theme(request: HttpRequest) -> HttpResponse:
    """Remember light, dark or as-the-system in a cookie, and go back to where one was.

    An unknown theme is taken as "as the system"; an address outside this site as "/".
    """
    theme = request.POST.get("theme", "")
    target = request.POST.get("next", "")
    if not url_has_allowed_host_and_scheme(
        target, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    ):
        target = "/"
    response = HttpResponseRedirect(target)
    response.set_cookie(
        "theme",
        theme if theme in THEMES else "auto",
        max_age=THEME_COOKIE_SECONDS,
        samesite="Lax",
        secure=request.is_secure(),
    )
    return response


# The page: every value on it is illustrative -------------------------------------------------

FIVE = (_("Low"), _("Moderate"), _("Elevated"), _("High"), _("Critical"))
LIKELIHOOD = (_("Rare"), _("Unlikely"), _("Possible"), _("Likely"), _("Almost certain"))
IMPACT = (_("Minor"), _("Limited"), _("Serious"), _("Major"), _("Severe"))
COUNTS = {(5, 3): 1, (5, 4): 2, (4, 3): 3, (4, 5): 1, (3, 1): 2, (3, 2): 14, (3, 4): 1, (2, 4): 5}


def sample_matrix(
    likelihood: Sequence[Any] = LIKELIHOOD,
    impact: Sequence[Any] = IMPACT,
    ratings: Sequence[Any] = FIVE,
    *,
    counts: dict[tuple[int, int], int] | None = None,
    selected: tuple[int, int] | None = None,
) -> dict[str, Any]:
    """Build an illustrative matrix of any size in the shape that the matrix tags take.

    The score is likelihood × impact and the ratings divide its range evenly by rank; the upper
    half of the ratings is above appetite.
    """
    top = len(likelihood) * len(impact)
    counts = counts or {}

    def cell(lv: int, iv: int) -> dict[str, Any]:
        tone = min(len(ratings) - 1, int((lv * iv / top) ** 0.7 * len(ratings)))
        count = counts.get((lv, iv), 0)
        return {
            "likelihood": lv,
            "impact": iv,
            "score": lv * iv,
            "rating": str(tone),
            "rating_label": ratings[tone],
            "tone": tone,
            "count": count,
            "url": f"?cell={lv},{iv}" if count else "",
            "selected": (lv, iv) == selected,
            "above_appetite": tone * 2 >= len(ratings),
            "refs": [f"R-{lv}{iv}{n}" for n in range(min(count, 3))],
            "came": 1 if (lv, iv) == (5, 4) else 0,
            "left": 1 if (lv, iv) == (3, 4) else 0,
        }

    return {
        "tones": len(ratings),
        "likelihood": [
            {"value": v, "label": likelihood[v - 1]} for v in range(len(likelihood), 0, -1)
        ],
        "impact": [{"value": v, "label": label} for v, label in enumerate(impact, 1)],
        "rows": [
            [cell(lv, iv) for iv in range(1, len(impact) + 1)]
            for lv in range(len(likelihood), 0, -1)
        ],
    }


class SampleForm(forms.Form):
    """Fields in every kind and state."""

    title = forms.CharField(label=_("Title"), help_text=_("What may happen, in a few words."))
    owner = forms.ChoiceField(label=_("Owner"), choices=[("a", _("Overseas policy risk owner"))])
    due = forms.DateField(label=_("Due"), widget=forms.DateInput(attrs={"type": "date"}))
    cost = forms.DecimalField(label=_("Cost (illustrative)"), required=False)
    note = forms.CharField(label=_("Comment"), widget=forms.Textarea, required=False)
    kind = forms.ChoiceField(
        label=_("Kind"),
        widget=forms.RadioSelect,
        choices=[("threat", _("Threat")), ("opportunity", _("Opportunity"))],
    )
    shared = forms.BooleanField(
        label=_("Share with the other party"),
        help_text=_("What was shared cannot be unshared, only closed."),
        required=False,
    )
    locked = forms.CharField(label=_("Reference"), initial="R-001", disabled=True, required=False)


def _sample_shell() -> dict[str, Any]:
    """A signed-in shell for a reader who is not signed in."""
    items = (
        ("work", _("My work"), "inbox", 3),
        ("heatmap", _("Heatmap"), "table-cells", 0),
        ("risks", _("Risks"), "exclamation-triangle", 0),
        ("mitigations", _("Mitigations"), "wrench-screwdriver", 0),
        ("deliveries", _("Deliveries"), "envelope", 0),
    )
    register = SimpleNamespace(
        slug="sample",
        name=_("Sample register"),
        url="#",
        notice=_("Every value on this page is illustrative: it shows components, not data."),
    )
    other = SimpleNamespace(slug="other", name=_("Another register"), url="#")
    return {
        "viewer": SimpleNamespace(
            user="owner@foton.example", party="BAIC Foton", role="owner", role_label=_("Risk owner")
        ),
        "register": register,
        "registers": [register, other],
        "nav": [
            {
                "key": key,
                "label": label,
                "url": f"#{key}",
                "icon": icon,
                "count": count,
                "current": key == "heatmap",
            }
            for key, label, icon, count in items
        ],
    }


def _samples(at: datetime) -> dict[str, Any]:
    """Values for each component, in each of its states."""
    today = at.date()

    def day(days: int) -> date:
        return today + timedelta(days=days)

    seven = [str(n) for n in range(1, 8)]
    scores = ((-640, 12, 2), (-420, 16, 3), (-200, 20, 4), (-90, 12, 2), (-20, 16, 3))
    return {
        "at": at,
        "today": today,
        "dates": [day(n) for n in (-40, -3, -1, 0, 1, 3, 12, 60)],
        "fives": [{"label": label, "tone": n} for n, label in enumerate(FIVE)],
        "threes": [{"label": FIVE[n], "tone": i} for i, n in enumerate((0, 2, 4))],
        "sevens": [{"label": f"{n + 1}", "tone": n} for n in range(7)],
        "stages": [
            {"stage": _("Inherent"), "label": FIVE[4], "tone": 4, "of": 5, "score": 20},
            {"stage": _("Residual"), "label": FIVE[3], "tone": 3, "of": 5, "score": 16},
            {"stage": _("Target"), "label": None, "tone": None, "of": 5, "score": None},
        ],
        "matrix": sample_matrix(counts=COUNTS, selected=(4, 3)),
        "matrix_small": sample_matrix(
            LIKELIHOOD[1:4], IMPACT[:4], (FIVE[0], FIVE[2], FIVE[4]), counts={(2, 2): 4, (3, 4): 1}
        ),
        "matrix_large": sample_matrix(
            seven, seven, (*FIVE, "6", "7"), counts={(2, 2): 4, (7, 6): 128}
        ),
        "series": [75.4, 75.1, 76.8, 77.2, 76.1, 78.9, 80.2, 79.6, 81.2],
        "series_low": [41, 39, 38, 33, 30, 26],
        "trail": [
            {
                "at": day(n),
                "score": score,
                "tone": tone,
                "tones": 5,
                "label": FIVE[tone],
                "brought": n < -400,
            }
            for n, score, tone in scores
        ],
        "page_obj": Paginator(range(1234), 50).page(7),
        "one_page": Paginator(range(12), 50).page(1),
        "labels": ["sourced", "derived", "judgement", "illustrative"],
        "states": ["draft", "open", "closed"],
        "stage_options": [
            {"label": _("Inherent"), "url": "#a"},
            {"label": _("Residual"), "url": "#b", "current": True},
            {"label": _("Target"), "url": "#c"},
        ],
        "filters": [
            {
                "name": "state",
                "id": "f-state",
                "label": _("State"),
                "any": _("All"),
                "options": [
                    {"value": "open", "label": pgettext_lazy("risk state", "Open"), "on": True},
                    {
                        "value": "closed",
                        "label": pgettext_lazy("risk state", "Closed"),
                        "on": False,
                    },
                ],
            },
            {
                "name": "due_before",
                "id": "f-due",
                "label": _("Review due before"),
                "input": "date",
                "value": "",
            },
        ],
        "tab_options": [
            {"label": _("Overview"), "url": "#a", "current": True},
            {"label": _("Mitigations"), "url": "#b", "count": 3},
            {"label": _("History"), "url": "#c", "count": 41},
        ],
        "risks": [
            ("R-001", _("Overseas policy barriers"), 4, 20, 4, day(-2), 40),
            ("R-002", _("Hydrogen commercialisation"), 3, 16, 0, day(3), 55),
            ("R-003", _("Raw-material prices"), 2, 12, -4, day(19), 80),
            ("R-004", _("Recycling gaps"), 1, 6, 0, day(75), 100),
        ],
    }


@require_GET
def style_page(request: HttpRequest) -> HttpResponse:
    """Every component in every state; exists in debug only. Raises Http404 otherwise."""
    if not settings.DEBUG:
        raise Http404
    filled = SampleForm(
        {"title": "", "owner": "a", "due": "2026-02-31", "kind": "other", "cost": "much"},
        auto_id="bad_%s",
    )
    for level, text in (
        (messages.SUCCESS, _("The review is saved. Next review in 30 days.")),
        (messages.INFO, _("The list shows closed risks as well.")),
        (messages.WARNING, _("Two mitigations have no owner.")),
        (
            messages.ERROR,
            _("Somebody changed this risk while you were writing. Nothing was saved."),
        ),
    ):
        messages.add_message(request, level, str(text))
    context = {**_samples(clock.now()), "form": SampleForm(), "form_bad": filled}
    if not request.user.is_authenticated:
        context |= _sample_shell()
    return render(request, "style/index.html", context)
