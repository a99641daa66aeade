"""No figure stands without its label on any page of the demo that a leader reaches."""

from collections.abc import Iterator

import pytest
from django.db import transaction
from django.utils import translation
from pytest_django import DjangoDbBlocker
from time_machine import travel

from riskreg.accounts.models import User
from riskreg.demo import content as files
from riskreg.demo.queries import DEMO_SLUG
from riskreg.register.units import unit_text
from tests.builders import web
from tests.demo.crawling import addresses
from tests.demo.figures import Reader
from tests.demo.loaded import LOADED, loaded

# Words, whichever database keeps them.
pytestmark = [
    pytest.mark.django_db, pytest.mark.once, pytest.mark.slow, pytest.mark.unmeasured,
]  # fmt: skip
LANGUAGES = ("en", "zh-hans")
LEADER = "leader@foton.example"


@pytest.fixture(scope="module")
def demo(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """The demo loaded once for this file."""
    with django_db_blocker.unblock(), travel(LOADED, tick=False), transaction.atomic():
        loaded(at=LOADED)
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


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_figure_has_its_label(demo: None, language: str) -> None:
    """On every page that a leader reaches; two of each kind."""
    User.objects.filter(email=LEADER).update(language=language)
    reader = Reader(language[:2], units_in(language))
    pages = dict(addresses(web(User.objects.get(email=LEADER)), f"/r/{DEMO_SLUG}/home/", 2))
    found = {address: list(reader.figures(html)) for address, html in pages.items()}
    assert sum(map(bool, found.values())) > 20
    bare = [
        f"{address} {figure.kind}: {figure.words}"
        for address, figures in found.items()
        for figure in figures
        if not figure.labelled
    ]
    assert not bare, "\n".join(sorted(bare))


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
