"""The design system: what its tags promise to the pages that use them."""

import datetime as dt
import re
import zlib
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django import forms
from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.contrib.messages.storage.cookie import CookieStorage
from django.core.management import call_command
from django.core.paginator import Paginator
from django.http import Http404
from django.template import Context, Template
from django.template.loader import render_to_string
from django.test import RequestFactory
from django.utils import timezone, translation
from django.utils.safestring import SafeString

from riskreg.web import style
from riskreg.web.templatetags import ui
from riskreg.web.ui import dates, drawing, sheets

STATIC = Path(__file__).parents[2] / "riskreg" / "web" / "static" / "web"
TODAY = dt.date(2026, 11, 24)


def render(source: str, **values: object) -> SafeString:
    return Template("{% load ui %}" + source).render(Context(values))


@pytest.mark.parametrize(
    ("tones", "steps"),
    [
        (1, [0]),
        (2, [0, 4]),
        (3, [0, 2, 4]),
        (4, [0, 1, 3, 4]),
        (5, [0, 1, 2, 3, 4]),
        (6, [0, 1, 2, 2, 3, 4]),
        (7, [0, 1, 1, 2, 3, 3, 4]),
    ],
)
def test_ratings_spread_over_the_palette_and_never_fall(tones: int, steps: list[int]) -> None:
    placed = [drawing.severity_step(tone, tones) for tone in range(tones)]
    assert placed == sorted(placed)
    assert (placed[0], placed[-1]) == (steps[0], steps[-1])
    assert placed == steps


@pytest.mark.parametrize("size", [(3, 3), (3, 5), (5, 3), (4, 7), (7, 7)])
def test_matrix_of_any_size_keeps_every_cell(size: tuple[int, int]) -> None:
    rows, columns = size
    matrix = style.sample_matrix(["l"] * rows, ["i"] * columns)
    html = render('{% matrix_radio matrix checked="2,3" today="1,1" %}', matrix=matrix)
    values = re.findall(r'type="radio" name="cell" value="(\d+,\d+)"', html)
    assert sorted(values) == sorted(
        f"{lv},{iv}" for lv in range(1, rows + 1) for iv in range(1, columns + 1)
    )
    assert re.findall(r'value="([\d,]+)" checked', html) == ["2,3"]
    assert html.count("mx-today") == 1


def test_how_many_more_is_said_in_the_readers_language() -> None:
    assert render("{% and_more 12 %}") == "and 12 more"
    with translation.override("zh-hans"):
        assert render("{% and_more 3 %}") == "另有3项"


def test_an_item_of_a_menu_is_a_link_and_escapes_what_it_is_given() -> None:
    html = render("{% menu_item url 'user' label %}", url="/a?b=1&c=2", label="Hand <it> over")
    assert 'href="/a?b=1&amp;c=2"' in html
    assert "Hand &lt;it&gt; over" in html


def test_appetite_line_runs_between_within_and_above_and_nowhere_else() -> None:
    cells = [
        [
            {"likelihood": lv, "impact": iv, "tone": 0, "rating_label": "x", "above_appetite": a}
            for iv, a in enumerate(row, 1)
        ]
        for lv, row in ((3, (0, 1, 1)), (2, (0, 0, 1)), (1, (0, 0, 0)))
    ]
    shaped = drawing.shape_matrix(
        {
            "likelihood": [{"value": v, "label": "l"} for v in (3, 2, 1)],
            "impact": [{"value": v, "label": "i"} for v in (1, 2, 3)],
            "rows": cells,
        }
    )
    edges = [[cell["edges"] for cell in row["cells"]] for row in shaped["rows"]]
    assert edges == [["", "edge-b edge-s", ""], ["", "", "edge-b edge-s"], ["", "", ""]]
    assert shaped["appetite"] is True


def test_matrix_to_read_says_in_words_what_it_shows() -> None:
    matrix = style.sample_matrix(counts={(5, 4): 2})
    html = render("{% matrix_table matrix %}", matrix=matrix)
    link = re.search(r'<a class="mx-in" href="\?cell=5,4".*?</a>', html, re.S)
    assert link is not None
    words = " ".join(re.sub(r"<[^>]+>", "", link[0]).split())
    assert words == "2 risks, Likelihood Almost certain, Impact Major, Critical, above appetite"
    assert (html.count('scope="col"'), html.count('scope="row"')) == (6, 5)


@pytest.mark.parametrize(
    ("days", "due", "words", "tone"),
    [
        (0, False, "today", ""),
        (1, True, "tomorrow", "soon"),
        (3, True, "in 3 days", "soon"),
        (4, True, "in 4 days", ""),
        (-1, False, "yesterday", ""),
        (-5, False, "5 days ago", ""),
        (-1, True, "1 day overdue", "late"),
        (-400, True, "400 days overdue", "late"),
        (dates.NEAR_DAYS + 1, False, None, ""),
    ],
)
def test_dates_in_words(days: int, due: bool, words: str | None, tone: str) -> None:
    shown = dates.date_in_words(TODAY + dt.timedelta(days=days), TODAY, due=due)
    assert (shown["words"], shown["tone"]) == (words, tone)


def test_a_moment_is_shown_on_its_local_day() -> None:
    late_evening = dt.datetime(2026, 11, 23, 20, 0, tzinfo=dt.UTC)
    with translation.override("en"), timezone.override("Asia/Shanghai"):
        shown = dates.date_in_words(late_evening, TODAY)
    assert shown["words"] == "today"
    assert shown["machine"].startswith("2026-11-24T04:00")


HOSTILE = '<img src=x onerror="alert(1)">'


class HostileForm(forms.Form):
    name = forms.CharField(label=HOSTILE, help_text=HOSTILE)


@pytest.mark.parametrize(
    "source",
    [
        "{% rating t 1 %}",
        "{% badge t title=t %}",
        "{% state_badge t %}",
        "{% figure_label_badge t %}",
        "{% figure_label_mark t %}",
        "{% rating t 1 5 12 origin=t %}",
        "{% progress 5 origin=t %}",
        "{% private_mark t %}",
        "{% progress 5 label=t %}",
        "{% empty_state t t url=t label=t %}",
        "{% dialog_button t t kind=t %}",
        "{% page_header title=t lead=t ref=t back_url=t back_label=t %}{{ t }}{% endpage_header %}",
        "{% panel title=t note=t url=t link=t id=t %}{{ t }}{% endpanel %}",
        "{% dialog id=t title=t %}{{ t }}{% enddialog %}",
        "{% sparkline series label=t %}",
        "{% toggle options label=t %}{% tabs options label=t %}",
        "{% field form.name %}{% form_errors form %}",
        "{% sort_th t t %}",
        '{% icon "bell" label=t %}',
    ],
)
def test_text_stays_text(source: str) -> None:
    html = render(
        source,
        t=HOSTILE,
        series=[1, 2],
        options=[{"label": HOSTILE, "url": HOSTILE, "current": True}],
        form=HostileForm({}),
    )
    assert "<img" not in html
    assert "alert(1)" in html or "alert%281%29" in html


def test_a_field_names_its_help_and_its_error() -> None:
    form = style.SampleForm({"title": ""})
    html = render("{% field form.title %}", form=form)
    described = re.search(r'aria-describedby="([^"]+)"', html)
    assert described is not None
    for part in described[1].split():
        assert f'id="{part}"' in html
    assert 'aria-invalid="true"' in html


def test_pages_keep_the_rest_of_the_address() -> None:
    request = RequestFactory().get("/risks/", {"q": "a&b", "page": "2"})
    page = Paginator(range(100), 10).page(2)
    html = render("{% pagination page %}", page=page, request=request)
    assert 'href="?q=a%26b&amp;page=3"' in html
    assert html.count('aria-current="page"') == 1


def test_a_sorted_column_turns_round() -> None:
    for ordering, state, target in (
        ("", "none", "title"),
        ("title", "ascending", "-title"),
        ("-title", "descending", "title"),
    ):
        request = RequestFactory().get("/risks/", {"ordering": ordering})
        html = render('{% sort_th "title" "Title" %}', request=request)
        assert f'aria-sort="{state}"' in html
        assert f'href="?ordering={target}"' in html


def test_sparkline_knows_which_direction_is_bad() -> None:
    rising = drawing.spark([1, 9], amber=5, red=8)
    falling = drawing.spark([9, 1], amber=5, red=2)
    assert rising is not None
    assert falling is not None
    assert (rising.state, falling.state) == ("red", "red")
    assert drawing.spark([]) is None


def test_one_value_is_a_dot_and_no_line() -> None:
    one = drawing.spark([4], amber=5, red=8)
    assert one is not None
    assert len(one.points.split()) == 1
    assert one.points == f"{one.last[0]},{one.last[1]}"
    two = drawing.spark([4, 4])
    assert two is not None
    assert len(two.points.split()) == 2


def test_the_policy_for_content_finds_nothing_to_refuse() -> None:
    for path in (Path(settings.BASE_DIR) / "templates").rglob("*.html"):
        if "mail" in path.parts:
            continue
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"\sstyle\s*=", text), path
        assert not re.search(r"\son\w+\s*=", text), path
        assert not re.search(r"<script(?![^>]*\bsrc=)", text), path


def test_the_style_sheet_is_one_and_stays_small(tmp_path: Path, settings: Any) -> None:
    """What production sends: the files as one, in their order, with room to 25 KiB compressed."""
    settings.STATIC_ROOT = str(tmp_path)
    settings.STORAGES = {
        **settings.STORAGES,
        "staticfiles": {"BACKEND": "riskreg.web.ui.sheets.OneSheetStorage"},
    }
    written = {path.stem for path in STATIC.glob("*.css")}
    assert sorted(sheets.NAMES) == sorted(written)  # no file that no page links to
    call_command("collectstatic", verbosity=0, interactive=False)
    [url] = sheets.sheet_urls()
    whole = (tmp_path / Path(url).relative_to("/static")).read_bytes()
    assert whole.index(b"@layer reset, tokens") < whole.index(b".print-only")
    assert len(zlib.compress(whole, 9)) <= 25 * 1024
    assert render("{% style_sheets as urls %}{{ urls|join:' ' }}") == url


# What stands around every page, that one too.
SHELL = {"messages_list", "sidenav"}


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_the_style_page_shows_every_tag_and_exists_in_debug_only(
    rf: RequestFactory, settings: object, language: str
) -> None:
    request = rf.get("/style/")
    request.user = AnonymousUser()
    request._messages = CookieStorage(request)
    settings.DEBUG = False
    with pytest.raises(Http404):
        style.style_page(request)
    settings.DEBUG = True
    with translation.override(language):
        html = style.style_page(request).content.decode()
    assert not re.search(r'\sstyle="', html)
    source = (Path(settings.BASE_DIR) / "templates/style/index.html").read_text(encoding="utf-8")
    named = set(re.findall(r"^    {% (\w+)", ui.__doc__ or "", re.M)) - SHELL
    assert len(named) > 20
    assert {name for name in named if f"{{% {name} " not in source} == set()


def test_theme_is_remembered_and_never_leads_away(rf: RequestFactory) -> None:
    request = rf.post("/theme/", {"theme": "dark", "next": "https://elsewhere.example/"})
    response = style.set_theme(request)
    assert response["Location"] == "/"
    assert response.cookies["theme"].value == "dark"
    odd = style.set_theme(rf.post("/theme/", {"theme": '"><b>', "next": "/risks/?q=1"}))
    assert odd["Location"] == "/risks/?q=1"
    assert odd.cookies["theme"].value == "auto"


def test_a_level_written_in_another_language_is_marked_as_of_that() -> None:
    """Who reads Chinese is shown the English of a level that has no Chinese, as English."""
    level = {"value": 3, "name": "可能", "text": "About half of the years", "dimensions": ()}
    of = SimpleNamespace(languages=["en", "zh-hans"])
    html = render_to_string("criteria/levels.html", {"levels": [level], "register": of})
    assert '<span lang="en">About half of the years</span>' in html
    assert '<span lang="zh-Hans">可能</span>' in html
