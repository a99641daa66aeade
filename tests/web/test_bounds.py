"""What the same person is shown costs the same in a register of twice the size: statements, rows
fetched, bytes. CPU and time are the benchmark's (``bench.growth``)."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from django.db import transaction
from django.test import Client

from bench.counting import Cost, cost_of
from bench.history import add_history
from bench.journeys import pages
from bench.seed import seed
from riskreg.accounts.services import create_token
from riskreg.kernel import clock
from riskreg.risks.models import Risk

pytestmark = [pytest.mark.django_db, pytest.mark.once, pytest.mark.unmeasured]
# Every list is longer than its bound in both.
SIZES = (2_000, 4_000)
# A number of one digit more is some bytes more, and a list that is cut may be of longer texts.
SLACK = 1.25


@dataclass
class Register:
    """A register of ``size`` risks with their history, and who asks."""

    size: int

    def __post_init__(self) -> None:
        viewer = seed(self.size)
        add_history(viewer)
        own = Risk.objects.filter(register=viewer.register, state="open", party=viewer.party)
        ref = own.order_by("ref_order").values_list("ref", flat=True)[0]
        self.pages = pages(viewer, ref)
        _row, token = create_token(user=viewer.user, scope="read", days=1, at=clock.now())
        self.program = Client(headers={"authorization": f"Bearer {token}"})
        self.person = Client()
        backend = "django.contrib.auth.backends.ModelBackend"
        self.person.force_login(viewer.user, backend=backend)

    def cost(self, name: str) -> Cost:
        """Of the page ``name``, visited before."""
        url = self.pages[name]
        client = self.program if url.startswith("/api/") else self.person
        client.get(url)
        return cost_of(lambda: client.get(url))


def registers() -> Iterator[Register]:
    """One after the other: each is gone before the next is made."""
    for size in SIZES:
        with transaction.atomic():
            yield Register(size)
            transaction.set_rollback(True)


def growth(*names: str) -> list[str]:
    """What of the pages ``names`` (all, if none is named) grows with the register."""
    found: list[dict[str, Cost]] = []
    for register in registers():
        found.append({name: register.cost(name) for name in names or register.pages})
    few, many = found
    return [
        f"{name}: {what} {getattr(few[name], what)} → {getattr(many[name], what)}"
        for name in few
        for what in ("queries", "rows", "size")
        if getattr(many[name], what)
        > getattr(few[name], what) * (1 if what == "queries" else SLACK)
    ]


def test_no_page_grows_with_the_register() -> None:
    assert growth() == []


@pytest.mark.parametrize(
    ("bound", "page", "what"),
    [
        ("riskreg.web.duties.my_work.MOST_DUTIES", "my work", "rows"),
        ("riskreg.api.heatmap.LISTED", "API heatmap compared", "size"),
        ("riskreg.risks.queries.heatmap.REFS_PER_CELL", "API heatmap", "rows"),
        ("riskreg.web.reviews.coverage.PER_PAGE", "coverage list", "rows"),
    ],
)
def test_a_bound_taken_away_is_noticed(
    monkeypatch: pytest.MonkeyPatch, bound: str, page: str, what: str
) -> None:
    monkeypatch.setattr(bound, 1_000_000)
    assert any(line.startswith(f"{page}: {what}") for line in growth(page))
