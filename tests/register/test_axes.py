"""Which axis of the matrices lies across and what both are called: on every page and in JSON."""

import copy
import re
from typing import Any

import pytest
from django.utils import translation

from riskreg.events.models import Event
from riskreg.kernel.errors import Conflict, Forbidden, Invalid
from riskreg.register.change_models import ChangeRequest
from riskreg.register.models import Register
from riskreg.register.policy import default_criteria
from riskreg.register.services import set_axes
from riskreg.risks.services import publish_criteria
from tests import builders
from tests.builders import World
from tests.dump import nothing_changes

pytestmark = pytest.mark.django_db

NAMES = {
    "likelihood": {"en": "Probability", "zh-hans": "概率"},
    "impact": {"en": "Severity", "zh-hans": "严重程度"},
}


def turn(world: World, who: str = "manager", **given: Any) -> Register:
    fields = {"across": "likelihood", "names": NAMES, "version": None}
    return set_axes(actor=world.viewer(who), at=world.at, **{**fields, **given})


def corner_and_heads(html: str) -> tuple[str, list[str], list[str]]:
    """What the matrix of a page says in its corner, over its columns and before its rows."""

    def words(text: str) -> str:
        return " ".join(re.sub(r"<[^>]+>", " ", text).split())

    table = html[html.index('<table class="mx-table">') :]
    heads = re.findall(r'<th scope="col"[^>]*>(.*?)</th>', table, re.S)
    rows = re.findall(r'<th scope="row"[^>]*>(.*?)</th>', table, re.S)
    return words(heads[0]), [words(h)[0] for h in heads[1:6]], [words(r)[0] for r in rows[:5]]


@pytest.mark.parametrize(
    "page", ["heatmap/", "risks/R-001/review/", "risks/R-001/assess/", "settings/criteria/",
             "settings/criteria/new/"],
)  # fmt: skip
def test_every_matrix_is_drawn_as_the_register_says(world: World, page: str) -> None:
    builders.risk(world, rated=(2, 5))
    client = builders.web(world.manager)
    address = f"/r/{world.register.slug}/{page}"
    up, across = [str(n) for n in range(5, 0, -1)], [str(n) for n in range(1, 6)]
    before = client.get(address).content.decode()
    assert corner_and_heads(before) == ("Likelihood ↓ Impact →", across, up)
    turn(world)
    after = client.get(address).content.decode()
    assert corner_and_heads(after) == ("Severity ↓ Probability →", across, up)
    world.manager.language = "zh-hans"
    world.manager.save(update_fields=["language"])
    chinese = builders.web(world.manager).get(address).content.decode()
    assert corner_and_heads(chinese)[0] == "严重程度 ↓ 概率 →"


def test_filters_and_change_requests_call_the_axes_what_the_register_does(world: World) -> None:
    turn(world)
    here, client = f"/r/{world.register.slug}/", builders.web(world.manager)
    listed = client.get(here + "risks/?likelihood=4&impact=5").content.decode()
    assert "Probability: 4 Likely" in listed
    assert "Severity: 5 Severe" in listed
    data = copy.deepcopy(default_criteria())
    data["likelihood"][0]["names"] = {"en": "Hardly ever"}
    data["cells"][4][0]["rating"] = "high"
    asked = publish_criteria(actor=world.viewer("manager"), data=data, seen_number=1, at=world.at)
    assert isinstance(asked, ChangeRequest)
    assert {line.label for line in asked.lines} == {
        "Probability, level 1",
        "Probability 5 × Severity 1",
    }
    with translation.override("zh-hans"):
        assert "概率 5 × 严重程度 1" in {line.label for line in asked.lines}
    # Whoever reads it later reads what it was asked as.
    turn(world, names={})
    asked.refresh_from_db()
    assert "Probability, level 1" in {line.label for line in asked.lines}
    for page in ("risks/?likelihood=4", f"change-requests/{asked.ref}/"):
        assert client.get(here + page).status_code == 200


def test_a_turned_heatmap_counts_the_same_cells(world: World) -> None:
    builders.risk(world, rated=(2, 5))
    client = builders.web(world.manager)
    page = f"/r/{world.register.slug}/heatmap/"

    def counted() -> tuple[int, int]:
        """Row from the top and column of the one cell that counts a risk."""
        table = client.get(page).content.decode().split("<tbody>")[1].split("</table>")[0]
        rows = [re.findall(r"<td.*?</td>", row, re.S) for row in table.split("<tr>")[1:]]
        places = [
            (r, c) for r, row in enumerate(rows) for c, cell in enumerate(row)
            if "mx-count" in cell
        ]  # fmt: skip
        (place,) = places
        return place

    assert counted() == (3, 4)
    turn(world)
    assert counted() == (0, 1)
    assert (
        'name="cell" value="2,5"'
        in client.get(f"/r/{world.register.slug}/risks/R-001/review/").content.decode()
    )


def test_it_is_told_in_the_log_and_nothing_where_nothing_differs(world: World) -> None:
    done = turn(world)
    assert (done.axis_across, done.version) == ("likelihood", 2)
    assert Event.objects.filter(verb="register.axes_changed").count() == 1
    with nothing_changes():
        assert turn(world, version=2).version == 2
        with pytest.raises(Conflict):
            turn(world, version=1, names={})
        for who in ("owner", "leader", "auditor", "onlooker", "integration"):
            with pytest.raises(Forbidden):
                turn(world, who, names={})
    assert turn(world, "partner_manager", names={}).axis_names == {}


@pytest.mark.parametrize(
    "given, field, code",
    [
        ({"across": "diagonal"}, "across", "unknown"),
        ({"across": None}, "across", "unknown"),
        ({"names": {"weight": {"en": "x"}}}, "names", "unknown"),
        ({"names": "x"}, "names", "unknown"),
        ({"names": {"impact": {"en": "x" * 41}}}, "impact.names", "too_long"),
        ({"names": {"impact": {"xx": "x"}}}, "impact.names", "unknown_language"),
        (
            {"names": {"likelihood": {"en": "Same"}, "impact": {"en": "same"}}},
            "impact.names", "repeated",
        ),
    ],
)  # fmt: skip
def test_bad_axes_are_refused(world: World, given: dict[str, Any], field: str, code: str) -> None:
    with nothing_changes(), pytest.raises(Invalid) as refused:
        turn(world, **given)
    assert [error.code for error in refused.value.fields[field]] == [code]


def test_by_page(world: World) -> None:
    client = builders.web(world.manager)
    address = f"/r/{world.register.slug}/settings/axes/"
    given = {"version": "1", "across": "likelihood", "likelihood": "Odds", "impact": ""}
    with nothing_changes():
        same = client.post(address, {**given, "impact": "Odds"})
        assert (same.status_code, "the same name" in same.content.decode()) == (400, True)
        assert client.post(address, {**given, "version": "0"}).status_code == 409
        assert builders.web(world.owner).post(address, given).status_code == 403
    assert client.post(address, given).status_code == 302
    world.register.refresh_from_db()
    assert (world.register.axis_across, world.register.axis_names) == (
        "likelihood", {"likelihood": {"en": "Odds"}},
    )  # fmt: skip
    assert "Odds" in client.get(f"/r/{world.register.slug}/settings/").content.decode()


def test_over_rest(world: World) -> None:
    client = builders.api(world.manager)
    root = f"/api/v1/registers/{world.register.slug}/"

    def put(body: Any, tag: str | None) -> Any:
        headers = {"If-Match": tag} if tag else {}
        return client.put(f"{root}axes/", body, content_type="application/json", headers=headers)

    read = client.get(f"{root}axes/")
    assert read.json()["impact"] == {"name": "Impact", "names": {}}
    body = {"across": "likelihood", "impact": {"names": NAMES["impact"]}}
    with nothing_changes():
        assert put(body, None).status_code == 428
        assert put({"across": "up"}, read["ETag"]).status_code == 400
        same = {"likelihood": {"names": {"en": "Same"}}, "impact": {"names": {"en": "Same"}}}
        refused = put(same, read["ETag"]).json()
        assert refused["errors"][0]["pointer"] == "#/impact/names"
    done = put(body, read["ETag"])
    assert done.status_code == 200
    assert done.json() == client.get(f"{root}axes/").json()
    assert put(done.json(), done["ETag"]).status_code == 200, "it can be sent back as it is"
    for path in ("", "criteria/", "heatmap/"):
        assert client.get(root + path).json()["axes"] == done.json(), path
    assert put(body, read["ETag"]).status_code == 412


def test_a_copy_is_drawn_like_its_original(world: World) -> None:
    turn(world)
    world.manager.is_superuser = True
    world.manager.save(update_fields=["is_superuser"])
    made = builders.api(world.manager).post(
        "/api/v1/registers/",
        {"slug": "copy-of-it", "names": {"en": "Copy"}, "currency": "EUR", "time_zone": "UTC",
         "parties": [{"key": "a", "names": {"en": "A"}}], "party": "a",
         "copy_of": world.register.slug},
        content_type="application/json",
    )  # fmt: skip
    assert made.status_code == 201, made.content
    copy = Register.objects.get(slug="copy-of-it")
    assert (copy.axis_across, copy.axis_names) == ("likelihood", NAMES)
