"""Nothing is passed over in silence: empty and unknown filters, names and nulls at every depth."""

import uuid
from typing import Any

import pytest

from riskreg.register.models import Membership
from tests import builders
from tests.api.conftest import Program, is_problem
from tests.builders import AT, World
from tests.dump import nothing_changes

pytestmark = pytest.mark.django_db
LISTS = (
    "risks/", "mitigations/", "indicators/", "duties/", "heatmap/", "coverage/", "changes/",
    "objectives/", "absences/", "handovers/", "meetings/", "criteria/", "ladder/",
    "/api/v1/registers/",
)  # fmt: skip


@pytest.fixture
def manager(world: World) -> Program:
    builders.risk(world)
    builders.risk(world, visibility="party")
    builders.taxonomy(world)
    return Program(world.manager)


# The query string --------------------------------------------------------------------------------
def test_an_empty_parameter_is_no_filter_for_everything(manager: Program) -> None:
    for path in LISTS:
        for name in ("external_id", "state", "owner", "limit", "cursor", "q", "as_of", "number"):
            for value in ("", "%20"):
                response = manager.get(f"{path}?{name}={value}")
                is_problem(response, 400, "empty", f"?{name}")
    is_problem(manager.get("risks/?state=open&state="), 400, "empty", "?state")


def test_given_twice_is_not_the_last_one(manager: Program) -> None:
    for path, query, name in (
        ("risks/", "limit=5&limit=6", "limit"),
        ("risks/", "ordering=ref&ordering=title", "ordering"),
        ("duties/", "due_before=2027-01-01&due_before=2028-01-01", "due_before"),
        ("heatmap/", "as_of=2026-01-01&as_of=2026-01-02", "as_of"),
        ("risks/", "overdue=true&overdue=false", "overdue"),
        ("ladder/preview/", "risk=R-001&risk=R-001", "risk"),
    ):  # fmt: skip
        is_problem(manager.get(f"{path}?{query}"), 400, "repeated", f"?{name}")
    assert manager.get("risks/?state=open&state=draft").status_code == 200


def test_an_unknown_name_in_a_filter_is_named(manager: Program, world: World) -> None:
    stranger = str(world.outsider.uuid)
    for path, name, value in (
        ("risks/", "party", "mars"), ("risks/", "rating", "huge"),
        ("risks/", "term", "market:mars"),
        ("risks/", "objective", "moon"), ("risks/", "owner", str(uuid.uuid4())),
        ("risks/", "owner", "nobody@example.org"), ("risks/", "owner", stranger),
        ("risks/", "kind", "chance"), ("risks/", "state", "opened"),
        ("heatmap/", "party", "mars"), ("heatmap/", "objective", "moon"),
        ("mitigations/", "party", "mars"), ("mitigations/", "owner", stranger),
        ("mitigations/", "risk", "R-999"), ("mitigations/", "status", "soon"),
        ("indicators/", "party", "mars"), ("indicators/", "owner", stranger),
        ("indicators/", "risk", "R-999"), ("indicators/", "status", "blue"),
        ("duties/", "kind", "tea"),
    ):  # fmt: skip
        body = is_problem(manager.get(f"{path}?{name}={value}"), 400)
        (error,) = body["errors"]
        assert error["pointer"] == f"?{name}", path
        assert value in error["detail"], (path, error)


def test_what_is_private_is_as_unknown_as_what_is_not(manager: Program, world: World) -> None:
    """The other party's risk, objective and people of no register, beside invented ones."""
    builders.objective(world, key="secret-target", visibility="party")
    partner = Program(world.partner_manager)
    for path, name, private, invented in (
        ("risks/", "objective", "secret-target", "public-target"),
        ("mitigations/", "risk", "F-001", "F-777"), ("indicators/", "risk", "F-001", "F-777"),
        ("risks/", "owner", str(world.outsider.uuid), str(uuid.uuid4())),
    ):  # fmt: skip
        answers = [partner.get(f"{path}?{name}={value}") for value in (private, invented)]
        bodies = [
            is_problem(answer, 400)["errors"][0]["detail"].replace(value, "…")
            for answer, value in zip(answers, (private, invented), strict=True)
        ]
        assert bodies[0] == bodies[1], name
    assert Program(world.manager).get("risks/?objective=secret-target").status_code == 200


def test_an_owner_is_found_by_id_and_address_also_after_leaving(
    manager: Program, world: World
) -> None:
    mail, name = world.owner.email, str(world.owner.uuid)
    found = [manager.get(f"risks/?owner={who}").json()["results"] for who in (mail, name)]
    assert found[0] == found[1] != []
    assert manager.get(f"risks/?owner={world.deputy.uuid}").json()["results"] == []
    Membership.objects.filter(user=world.owner).update(ended_at=AT)
    assert manager.get(f"risks/?owner={name}").json()["results"] == found[0]


def test_other_spellings_of_dates_times_and_switches(manager: Program) -> None:
    for value in (
        "2026-W49-1",
        "20261201",
        "2026-335",
        "2026-12-1",
        "2026-12-01T00:00",
        "٢٠٢٦-12-01",
    ):
        for path, name in (
            ("risks/", "due_before"), ("mitigations/", "due_before"), ("duties/", "due_before"),
            ("heatmap/", "as_of"), ("heatmap/", "compare"), ("coverage/", "as_of"),
            ("coverage/", "from"),
        ):  # fmt: skip
            is_problem(manager.get(f"{path}?{name}={value}"), 400, "not_a_date", f"?{name}")
    for value in ("20261101T080000Z", "2026-W45-1T08:00:00Z", "2026-11-01", "2026-11-01T08:00:00"):
        is_problem(manager.get(f"risks/?updated_since={value}"), 400, "not_a_time")
    for value in ("2026-11-01T08:00:00Z", "2026-11-01T08:00:00+08:00", "2026-11-01T08:00:00.5Z"):
        assert manager.get(f"risks/?updated_since={value}").status_code == 200, value
    for path, name in (
        ("risks/", "overdue"), ("risks/", "unrated"), ("risks/", "count"), ("duties/", "mine"),
        ("indicators/", "late"), ("heatmap/", "above_appetite"),
    ):  # fmt: skip
        for value in ("1", "on", "True", "yes"):
            is_problem(manager.get(f"{path}?{name}={value}"), 400, "not_a_boolean", f"?{name}")


# Bodies ------------------------------------------------------------------------------------------
SOURCE = {"title": "x", "label": "sourced"}
BAD: list[tuple[str, str, Any, str, str]] = [
    ("patch", "risks/R-001/", {"labels": {"zz": "sourced"}}, "unknown_field", "#/labels/zz"),
    ("patch", "risks/R-001/", {"labels": {"title": "true"}}, "unknown", "#/labels/title"),
    ("patch", "risks/R-001/", {"labels": []}, "not_an_object", "#/labels"),
    ("patch", "risks/R-001/", {"sources": [{**SOURCE, "zz": 1}]}, "unknown_field",
     "#/sources/0/zz"),
    ("patch", "risks/R-001/", {"sources": [{**SOURCE, "url": None}]}, "null", "#/sources/0/url"),
    ("patch", "risks/R-001/", {"sources": {}}, "not_a_list", "#/sources"),
    ("patch", "risks/R-001/", {"sources": ["x"]}, "not_an_object", "#/sources/0"),
    ("patch", "risks/R-001/", {"objectives": {}}, "not_a_list", "#/objectives"),
    ("patch", "risks/R-001/", {"terms": {"market": "eu"}}, "not_a_list", "#/terms/market"),
    ("patch", "risks/R-001/", {"cause": None}, "null", "#/cause"),
    ("patch", "risks/R-001/", {"response": None}, "unknown", "#/response"),
    ("patch", "risks/R-001/", {"visibility": None}, "unknown", "#/visibility"),
    ("patch", "risks/R-001/", {"translations": {"en": {"title": None}}}, "null",
     "#/translations/en/title"),
    ("post", "risks/", {"title": "x", "objectives": {}}, "not_a_list", "#/objectives"),
    ("post", "risks/R-001/reviews/", {"assessment": {"likelihood": 1, "impact": 1, "zz": 1}},
     "unknown_field", "#/assessment/zz"),
    ("post", "risks/R-001/reviews/", {"comment": None}, "null", "#/comment"),
    ("post", "mitigations/", {"title": "x", "due_on": "2027-01-01", "risks": {}}, "not_a_list",
     "#/risks"),
    ("post", "mitigations/", {"title": "x", "due_on": "20270101", "risks": ["R-001"]}, "not_a_date",
     "#/due_on"),
    ("post", "mitigations/", {"title": "x", "due_on": "2027-01-01", "risks": ["R-001"],
     "description": None}, "null", "#/description"),
    ("patch", "indicators/K-001/", {"risks": {}}, "not_a_list", "#/risks"),
    ("patch", "indicators/K-001/", {"source": {**SOURCE, "zz": 1}}, "unknown_field", "#/source/zz"),
    ("put", "ladder/", {"rungs": [{"offset_days": 0, "tells": ["owner"], "zz": 1}]},
     "unknown_field", "#/rungs/0/zz"),
    ("post", "meetings/", {"title": "x", "recipe": []}, "not_an_object", "#/recipe"),
    *[("post", "indicators/K-001/readings/", {"readings": [{"at": "2026-01-01", "value": value}]},
       "not_a_number", "#/readings/0/value")
      for value in ("1e3", "٣", " 5 ", "+5", "5.", ".5", "1_000", "0x10")],
    *[("post", "indicators/K-001/readings/", {"readings": [{"at": at, "value": 1}]}, "not_a_time",
       "#/readings/0/at") for at in ("20260101", "2026-W01-1", " 2026-01-01", "20260101T080000Z")],
    *[("post", "mitigations/", {"title": "x", "due_on": "2027-01-01", "risks": ["R-001"],
       "cost": cost}, "out_of_range", "#/cost") for cost in ("1e3", "٣", " 5 ", "+5", True)],
]  # fmt: skip


def test_nothing_is_passed_over_at_any_depth(manager: Program, subtests: Any) -> None:
    made = manager.post("indicators/", {
        "names": {"en": "Tariff"}, "unit": "%", "direction": "higher_is_worse", "amber": 10,
        "red": 20, "frequency_days": 30, "risks": ["R-001"],
    })  # fmt: skip
    assert made.status_code == 201
    tags = {p: manager.get(p)["ETag"] for p in ("risks/R-001/", "indicators/K-001/", "ladder/")}
    with nothing_changes():
        for n, (method, path, body, code, pointer) in enumerate(BAD):
            with subtests.test(f"{n} {path} {pointer}"):
                tag = next((tags[p] for p in tags if path.startswith(p)), '"1"')
                is_problem(manager.call(method, path, body, If_Match=tag), 400, code, pointer)


def test_what_is_read_can_be_sent_back(manager: Program) -> None:
    """Null where nothing is there, people as they were shown: as a client that edits would."""
    first = manager.get("risks/R-001/")
    read = first.json()
    kept = ("title", "cause", "event", "consequence", "kind", "response", "owner", "deputy",
            "terms", "objectives", "external_id", "sources", "labels", "translations")  # fmt: skip
    sent = manager.patch("risks/R-001/", {k: read[k] for k in kept}, If_Match=first["ETag"])
    assert sent.status_code == 200, sent.content
    ladder = manager.get("ladder/")
    again = manager.put("ladder/", {"rungs": ladder.json()["rungs"]}, If_Match=ladder["ETag"])
    assert again.status_code == 200, again.content
