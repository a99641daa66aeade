"""No figure of the demo stands without its label: the pages of every account, both languages."""

import datetime as dt
from collections.abc import Iterator

import pytest
from django.db import transaction
from django.test import Client
from django.utils import translation
from pytest_django import DjangoDbBlocker
from time_machine import travel

from riskreg.accounts.models import User
from riskreg.demo import content as files
from riskreg.demo.loader import load_demo
from riskreg.demo.queries import DEMO_SLUG
from riskreg.register.units import unit_text
from tests.builders import web
from tests.demo.crawling import addresses
from tests.demo.figures import Figure, Reader

# Words, whichever database keeps them.
pytestmark = [
    pytest.mark.django_db, pytest.mark.once, pytest.mark.slow, pytest.mark.unmeasured,
]  # fmt: skip
LOADED = dt.datetime(2026, 11, 24, 1, 10, tzinfo=dt.UTC)
LANGUAGES = ("en", "zh-hans")
PEOPLE = (
    "owner@foton.example",
    "manager@foton.example",
    "leader@foton.example",
    "owner@catl.example",
    "manager@catl.example",
    "leader@catl.example",
    "auditor@programme.example",
)


@pytest.fixture(scope="module")
def demo(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """The demo loaded once for this file."""
    with django_db_blocker.unblock(), travel(LOADED, tick=False), transaction.atomic():
        load_demo(at=LOADED)
        yield
        transaction.set_rollback(True)


def units_in(language: str) -> set[str]:
    """What the demo measures in, as it is written in that language."""
    content = files.read_content()
    # Days are how long something lasts or lies ahead, on every page.
    rows = [*content.indicators, *content.objectives, *content.drivers]
    kept = {row["unit"] for row in rows} - {"days"}
    with translation.override(language):
        return {unit_text(unit) for unit in kept}


def figures_on(client: Client, language: str, of_a_kind: int) -> dict[str, list[Figure]]:
    """{address: figures} of the pages that are reached from the first ones."""
    reader = Reader(language[:2], units_in(language))
    return {
        address: reader.figures(html)
        for address, html in addresses(client, f"/r/{DEMO_SLUG}/heatmap/", of_a_kind)
    }


@pytest.mark.parametrize(
    ("account", "language"),
    [
        *((account, LANGUAGES[n % 2]) for n, account in enumerate(PEOPLE)),
        ("manager@foton.example", LANGUAGES[0]),
    ],
)
def test_every_figure_has_its_label(demo: None, account: str, language: str) -> None:
    """Of the pages of each kind several are read as a manager in both languages, one as everybody
    else in one of them."""
    User.objects.filter(email=account).update(language=language)
    client = web(User.objects.get(email=account))
    whole = account == "manager@foton.example"
    pages = figures_on(client, language, 8 if whole else 1)
    bare = {
        f"{address} {figure.kind}: {figure.words}"
        for address, figures in pages.items()
        for figure in figures
        if not figure.labelled
    }
    assert not bare, "\n".join(sorted(bare))
    found = [figure for figures in pages.values() for figure in figures]
    assert len(pages) > (150 if whole else 40), sorted(pages)
    assert {figure.kind for figure in found} == {"scores", "per cent", "money", "measure"}
    assert len(found) > len(pages)


BADGE = '<span class="badge">Sourced</span>'


@pytest.mark.parametrize(
    ("html", "kinds", "labelled"),
    [
        ("<p>12% of it</p>", ["per cent"], False),
        (f"<p>12% of it {BADGE}</p>", ["per cent"], True),
        (f"<p>12% of it</p><p>{BADGE}</p>", ["per cent"], False),
        (f"<ul><li><p>12%</p>{BADGE}</li></ul>", ["per cent"], True),
        (f"<ul><li>12%</li><li>{BADGE}</li></ul>", ["per cent"], False),
        (f"<dl><dt>Share {BADGE}</dt><dd>12%</dd></dl>", ["per cent"], True),
        (
            f"<dl><dt>Other {BADGE}</dt><dd>1</dd><dt>Share</dt><dd>12%</dd></dl>",
            ["per cent"],
            False,
        ),
        ('<p><span title="Sourced">12%</span></p>', ["per cent"], True),
        ("<p>CNY 1,200</p>", ["money"], False),
        ("<p>1,200 CNY</p>", ["money"], False),
        ("<p>4 × 5 = 20</p>", ["scores"], False),
        ('<p><span class="rating-score">12</span></p>', ["scores"], False),
        (
            f'<p data-figures="scores">Scores {BADGE}</p>'
            '<div><b><span class="rating-score">12</span></b></div>',
            ["scores"],
            True,
        ),
        (f'<p data-figures="scores">Scores {BADGE}</p><div>12%</div>', ["per cent"], False),
        (
            f'<div><p data-figures="scores">{BADGE}</p></div><p>4 × 5</p>',
            ["scores"],
            False,
        ),
        ("<p>300 stations</p>", ["measure"], False),
        ("<p>R-001, 24 Nov 2026, 3 risks, page 2</p>", [], True),
        ('<p class="as-written">It rose by 12%.</p>', [], True),
        ("<select><option>12%</option></select>", [], True),
        ('<progress value="3"></progress>', ["per cent"], False),
    ],
)
def test_a_label_is_read_with_its_figure_alone(html: str, kinds: list[str], labelled: bool) -> None:
    found = Reader("en", {"stations", "%"}).figures(f"<main>{html}</main>")
    assert [figure.kind for figure in found] == kinds
    assert all(figure.labelled is labelled for figure in found)
