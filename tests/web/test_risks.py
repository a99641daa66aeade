"""The risk list and one risk: what they show, to whom, and what they offer."""

import datetime as dt
import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from riskreg.events.models import Event
from riskreg.risks.models import Risk

ATTACK = "<script>alert(1)</script><img src=x onerror=alert(2)>"


def shown(response) -> list[str]:
    return [row.ref for row in response.context["rows"]]


# The list ---------------------------------------------------------------------------------------


def test_list_shows_drafts_and_open_ones_highest_first(pilot, address):
    response = pilot.client("owner").get(address("risks/"))
    assert shown(response) == ["R-001", "N-001", "R-002", "R-003"]
    html = response.content.decode()
    assert "Critical" in html
    assert "Long gone" not in html


@pytest.mark.parametrize(
    ("tail", "refs"),
    [
        ("?state=all&ordering=ref", ["R-001", "R-002", "R-003", "R-004", "N-001"]),
        ("?state=closed", ["R-004"]),
        ("?state=draft", ["R-003"]),
        ("?rating=high&ordering=ref", ["R-001", "N-001"]),
        ("?stage=target&rating=moderate", ["R-001"]),
        ("?unrated=true&state=open", ["R-002"]),
        ("?party=south", ["R-002"]),
        ("?owner=me&state=open&ordering=title", ["R-001", "N-001"]),
        ("?owner=me&state=open&ordering=-title", ["N-001", "R-001"]),
        ("?term=market:eu", ["R-001"]),
        ("?objective=units", ["R-001"]),
        ("?q=bridge+closes", ["R-001"]),
        ("?q=r-002", ["R-002"]),
        ("?overdue=true&ordering=next_review_on", ["R-001", "N-001", "R-002"]),
        ("?likelihood=3&impact=4&ordering=ref", ["R-001", "N-001"]),
        ("?above_appetite=true&ordering=ref", ["R-001", "N-001"]),
        ("?q=nothing", []),
    ],
)
def test_filters_and_orders(pilot, address, tail, refs):
    response = pilot.client("owner").get(address(f"risks/{tail}"))
    assert response.status_code == 200
    assert sorted(shown(response)) == sorted(refs)
    if "ordering" in tail and "score" not in tail:
        assert shown(response)[0] == refs[0]


@pytest.mark.parametrize(
    "tail", ["?state=lost", "?rating=huge", "?ordering=colour", "?page_size=3", "?likelihood=99"]
)
def test_a_wrong_filter_is_said_and_lists_nothing(pilot, address, tail):
    response = pilot.client("owner").get(address(f"risks/{tail}"))
    assert response.status_code == 400
    assert shown(response) == []
    assert "This list cannot be shown as asked" in response.content.decode()


def test_pages_hold_all_once(pilot, address, monkeypatch):
    monkeypatch.setattr("riskreg.web.list_page.PER_PAGE", 2)
    client = pilot.client("owner")
    first = client.get(address("risks/?ordering=ref"))
    second = client.get(address(f"risks/{first.context['next']}"))
    assert shown(first) + shown(second) == ["R-001", "R-002", "R-003", "N-001"]
    assert second.context["next"] == ""
    assert shown(client.get(address("risks/?ordering=ref&page=99"))) == shown(first)


def test_every_page_of_a_list_says_the_true_total(pilot, address, monkeypatch):
    monkeypatch.setattr("riskreg.web.list_page.PER_PAGE", 1)
    client = pilot.client("owner")
    seen, tail = [], "?ordering=ref"
    while tail:
        response = client.get(address(f"risks/{tail}"))
        seen += shown(response)
        assert "of 4</span>" in response.content.decode()
        tail = response.context["next"]
    assert seen == ["R-001", "R-002", "R-003", "N-001"]


def test_a_list_is_counted_without_what_only_its_rows_show(pilot, address):
    client = pilot.client("owner")
    with CaptureQueriesContext(connection) as seen:
        assert shown(client.get(address("risks/")))
    [counted] = [q["sql"] for q in seen if q["sql"].startswith("SELECT COUNT(*)")]
    assert "JOIN" not in counted


def test_list_queries_do_not_grow(pilot, address, django_assert_max_num_queries):
    client = pilot.client("owner")
    path = address("risks/?owner=me&term=market:eu&state=all&ordering=-next_review_on")
    with django_assert_max_num_queries(12) as few:
        client.get(path)
    for n in range(12):
        pilot.make(
            "owner", f"more{n}", dt.datetime(2026, 4, 1, 4, tzinfo=dt.UTC), terms=["market:eu"]
        )
    with django_assert_max_num_queries(12) as many:
        assert len(client.get(path).context["rows"]) == 13
    assert len(few) == len(many)


def test_nobody_sees_the_other_party(pilot, address):
    for tail in ("risks/", "risks/?state=all", "risks/?q=CANARY", "risks/?party=south"):
        html = pilot.client("owner").get(address(tail)).content.decode()
        assert "CANARY south" not in html
    assert "CANARY south" in pilot.client("other").get(address("risks/")).content.decode()


# One risk ---------------------------------------------------------------------------------------


def test_detail_says_what_it_is(pilot, address):
    html = pilot.client("owner").get(address("risks/R-001/")).content.decode()
    for words in (
        "Because rain, <b>the bridge may close</b>; as a result, lorries would wait.",
        "The owner",
        "The manager",
        "Second lane",
        "Build a ferry",
        "40 %",
        "Many units",
        "Union",
        "Illustrative",
        'href="https://report.example/a" rel="noopener noreferrer nofollow"',
        "A rumour",
        "because of bridge",
        "Above appetite",
    ):
        assert words in html, words


def test_detail_in_chinese(pilot, address):
    pilot.users["owner"].language = "zh-hans"
    pilot.users["owner"].save(update_fields=["language"])
    assert "桥梁关闭" in pilot.client("owner").get(address("risks/R-001/")).content.decode()


def test_detail_queries(pilot, address, django_assert_max_num_queries):
    client = pilot.client("owner")
    with django_assert_max_num_queries(14):
        assert client.get(address("risks/R-001/")).status_code == 200


def test_text_is_shown_as_text(pilot, address):
    at = dt.datetime(2026, 11, 1, 4, tzinfo=dt.UTC)
    risk = pilot.make(
        "owner", "attack", at, title=ATTACK, cause=ATTACK, event=ATTACK, consequence="{{ 7 }}",
        sources=[{"title": "javascript:alert(3)", "url": "", "label": "judgement"}],
    )  # fmt: skip
    pilot.judge("owner", "attack", (5, 5), at)
    Risk.objects.filter(pk=risk.pk).update(
        sources=[{"title": "t", "url": "javascript:alert(4)", "label": "judgement"}]
    )
    pilot.open("owner", "attack", at)
    client = pilot.client("owner")
    for tail in (
        f"risks/{risk.ref}/",
        f"risks/{risk.ref}/edit/",
        f"risks/{risk.ref}/review/",
        f"risks/{risk.ref}/close/",
        "risks/",
        "heatmap/?cell=5,5&compare=2026-10-01",
    ):
        html = client.get(address(tail)).content.decode()
        assert "<script>alert" not in html, tail
        assert "<img src=x" not in html, tail
        assert 'href="javascript' not in html, tail
        assert "&lt;script&gt;alert(1)" in html, tail


@pytest.mark.parametrize(
    "tail",
    ["", "edit/", "review/", "assess/", "open/", "close/", "reopen/", "transfer/", "share/"],
)
def test_what_is_not_yours_is_not_there(pilot, address, tail):
    theirs = pilot.client("owner").get(address(f"risks/S-001/{tail}"))
    nothing = pilot.client("owner").get(address(f"risks/S-999/{tail}"))
    assert theirs.status_code == nothing.status_code == 404
    token = re.compile(rb'("X-CSRFToken": |name="(csrfmiddlewaretoken|form_key)" value=)"[^"]+"')
    assert token.sub(b"", theirs.content.replace(b"S-001", b"")) == token.sub(
        b"", nothing.content.replace(b"S-999", b"")
    )
    post = pilot.client("owner").post(address(f"risks/S-001/{tail}"), {"version": "1"})
    assert post.status_code == (405 if tail == "" else 404)


def test_strangers_and_passers_by(pilot, address, client):
    response = client.get(address("risks/R-001/"))
    assert response.status_code == 302
    assert "login" in response["Location"]
    from riskreg.accounts.services import create_user

    stranger = create_user(
        email="x@else.example", name="X", password=None, at=dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    )
    client.force_login(stranger, backend="django.contrib.auth.backends.ModelBackend")
    assert client.get(address("risks/R-001/")).status_code == 404


# Rights: what is hidden is refused as well ------------------------------------------------------

ACTIONS = ("edit", "review", "assess", "close", "transfer")


@pytest.mark.parametrize(
    ("who", "allowed"),
    [
        ("owner", set(ACTIONS)),
        ("manager", set(ACTIONS)),
        ("leader", set()),
        ("viewer", set()),
        ("auditor", set()),
        ("other", set()),
        ("feed", {"edit", "assess"}),
    ],
)
def test_rights_hide_and_refuse(pilot, address, who, allowed):
    client = pilot.client(who)
    html = client.get(address("risks/R-001/")).content.decode()
    events = Event.objects.count()
    for action in ACTIONS:
        path = address(f"risks/R-001/{action}/")
        assert (f'href="{path}"' in html) == (action in allowed), action
        expected = 200 if action in allowed else 403
        assert client.get(path).status_code == expected, action
        if action not in allowed:
            sent = {
                "version": "4",
                "reason": "x",
                "title": "y",
                "cell": "1,1",
                "verdict": "rescore",
            }
            assert client.post(path, sent).status_code == 403, action
    new = client.get(address("risks/new/")).status_code
    assert new == (200 if who in ("owner", "manager", "other", "feed") else 403)
    assert Event.objects.count() == events
