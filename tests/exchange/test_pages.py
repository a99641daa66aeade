"""Upload or paste, preview, take, report, undo: as a manager does it in the browser."""

import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from riskreg.exchange.models import Import, ImportDraft, ImportedRow
from riskreg.risks.models import Control, Mitigation, Risk
from tests import builders
from tests.builders import World
from tests.exchange.books import HEADER, ROWS, book, text


def upload(client: Client, world: World, data: bytes, name: str = "register.xlsx") -> str:
    response = client.post(
        f"/r/{world.register.slug}/imports/", {"file": SimpleUploadedFile(name, data)}
    )
    assert response.status_code == 302, response.content.decode()
    return str(response["Location"])


def fields(html: str) -> dict[str, str]:
    """What the form of a preview would send as it stands."""
    found: dict[str, str] = {}
    for name, body in re.findall(r'<select id="[^"]*" name="([^"]+)">(.*?)</select>', html, re.S):
        chosen = re.search(r'<option value="([^"]*)" selected', body)
        found[name] = chosen[1] if chosen else ""
    return found


def test_a_file_is_looked_through_and_taken(world: World) -> None:
    client = builders.web(world.manager)
    page = upload(client, world, book([HEADER, *ROWS]))
    html = client.get(page).content.decode()
    assert "Ice on the ramp" in html
    assert "Bring 3 rows in" in html
    assert not Risk.objects.exists()
    response = client.post(page, {"act": "take"}, follow=True)
    html = response.content.decode()
    assert Risk.objects.count() == 3
    assert "F-001" in html
    assert not ImportDraft.objects.exists()
    listed = client.get(f"/r/{world.register.slug}/imports/").content.decode()
    assert "Ann Example" in listed


def test_questions_are_answered_on_the_page(world: World) -> None:
    client = builders.web(world.manager)
    rows = [["Risk", "Likelihood", "Impact", "Date raised", "Status"],
            ["Ice on the ramp", "High", "Low", "3/4/2026", "Frozen"],
            ["Late castings", "Low", "High", "5/4/2026", "Open"]]  # fmt: skip
    page = upload(client, world, text(rows).encode(), "list.csv")
    html = client.get(page).content.decode()
    assert "4 questions are open" in html
    assert "rows in" not in html
    given = fields(html)
    asked = {name: "" for name in given if name.startswith("ask-")}
    for name in asked:
        options = re.search(rf'name="{name}">(.*?)</select>', html, re.S)
        assert options
        asked[name] = "day_first" if "day_first" in options[1] else "open"
    html = client.post(page, {**given, **asked, "act": "read"}, follow=True).content.decode()
    assert "Bring 2 rows in" in html
    client.post(page, {"act": "take"})
    row = ImportedRow.objects.get(number=2)
    assert row.risk is not None
    assert row.risk.assessments.get().at.date().isoformat() == "2026-04-02"


def test_what_is_taken_with_something_asked_stays_a_draft(world: World) -> None:
    client = builders.web(world.manager)
    page = upload(client, world, b"Risk,Likelihood,Impact\nIce,High,Low\n", "list.csv")
    assert client.post(page, {"act": "take"}).status_code == 400
    assert not Risk.objects.exists()
    assert ImportDraft.objects.exists()
    client.post(page, {"act": "drop"})
    assert not ImportDraft.objects.exists()


def test_what_is_no_register_is_refused_beside_the_field(world: World) -> None:
    client = builders.web(world.manager)
    address = f"/r/{world.register.slug}/imports/"
    prices = b"Article,Description,Unit price\nA,Bolt,3\n"
    response = client.post(address, {"file": SimpleUploadedFile("prices.csv", prices)})
    assert response.status_code == 400
    assert "not of risks" in response.content.decode()
    assert client.post(address, {}).status_code == 400
    pasted = "ID\tRisk\tLikelihood\n1\tIce\t5\n"
    assert client.post(address, {"pasted": pasted}).status_code == 302


def test_what_was_not_taken_comes_as_a_file_that_runs_nothing(world: World) -> None:
    client = builders.web(world.manager)
    rows = [["Risk", "Likelihood", "Date raised"], ["=1+1 is the risk", "5", "2026-02-31"],
            ["Late castings", "4", "2026-02-28"]]  # fmt: skip
    page = upload(client, world, text(rows).encode(), "list.csv")
    client.post(page, {"act": "take"})
    row = Import.objects.get()
    response = client.get(f"/r/{world.register.slug}/imports/{row.uuid}/not-taken.csv")
    body = b"".join(response.streaming_content).decode()  # type: ignore[attr-defined]
    assert body.startswith("\ufeffRow,Title,Column,Why")
    assert "'=1+1" in body
    assert "2026-02-31" in body


def test_an_import_is_undone_in_one_act_unless_something_changed(world: World) -> None:
    client = builders.web(world.manager)
    head = [*HEADER, "Actions", "Due date", "Controls"]
    first = [head, [*ROWS[0], "Grit it", "2026-12-01", "Fence"], [*ROWS[1], "", "", ""]]
    page = upload(client, world, book(first))
    client.post(page, {"act": "take"})
    changed = [head, [*ROWS[0][:2], "Worse than thought", *ROWS[0][3:], "", "", ""]]
    page = upload(client, world, book(changed))
    client.post(page, {"act": "take"})
    second = Import.objects.latest("pk")
    here = f"/r/{world.register.slug}/imports"
    # The first was changed by the second.
    before = Import.objects.earliest("pk")
    refused = client.post(f"{here}/{before.uuid}/undo/")
    assert refused.status_code == 409
    assert "F-001" in refused.content.decode()
    assert client.post(f"{here}/{second.uuid}/undo/").status_code == 302
    assert Risk.objects.get(ref="F-001").event == "Trucks slide at the gate"
    again = client.post(f"{here}/{second.uuid}/undo/")
    assert again.status_code in (302, 409)


def test_undone_is_closed_with_its_work(world: World) -> None:
    client = builders.web(world.manager)
    head = [*HEADER, "Actions", "Due date", "Controls"]
    page = upload(client, world, book([head, [*ROWS[0], "Grit it", "2026-12-01", "Fence"]]))
    client.post(page, {"act": "take"})
    row = Import.objects.get()
    client.post(f"/r/{world.register.slug}/imports/{row.uuid}/undo/")
    assert Risk.objects.get().state == "closed"
    assert Mitigation.objects.get().status == "cancelled"
    assert Control.objects.get().ended_at is not None
    row.refresh_from_db()
    assert row.undone_by == world.manager


@pytest.mark.parametrize("who", ["owner", "leader", "auditor", "partner_owner"])
def test_pages_are_for_managers(world: World, who: str) -> None:
    client = builders.web(getattr(world, who))
    assert client.get(f"/r/{world.register.slug}/imports/").status_code == 403


def test_another_manager_sees_neither_draft_nor_import(world: World) -> None:
    client = builders.web(world.manager)
    draft = upload(client, world, book([HEADER, *ROWS]))
    other = builders.web(world.partner_manager)
    assert other.get(draft).status_code == 404
    client.post(draft, {"act": "take"})
    row = Import.objects.get()
    here = f"/r/{world.register.slug}/imports/{row.uuid}/"
    assert other.get(here).status_code == 404
    assert other.post(f"{here}undo/").status_code == 404
    assert other.get(f"{here}not-taken.csv").status_code == 404
    assert "register.xlsx" not in other.get(f"/r/{world.register.slug}/imports/").content.decode()
    api = builders.api(world.partner_manager)
    base = f"/api/v1/registers/{world.register.slug}/imports/"
    assert api.get(base).json()["results"] == []
    assert api.get(f"{base}{row.uuid}/").status_code == 404


def test_the_api_looks_through_takes_and_undoes(world: World) -> None:
    api = builders.api(world.manager)
    base = f"/api/v1/registers/{world.register.slug}/imports/"
    body = {"file_name": "list.csv", "content": "Risk,Likelihood,Impact\nIce,High,Low\n"}
    seen = api.post(f"{base}preview/", body, content_type="application/json")
    assert seen.status_code == 200
    report = seen.json()
    assert [q["column"] for q in report["asked"]] == ["Likelihood", "Impact"]
    refused = api.post(base, body, content_type="application/json")
    assert (refused.status_code, refused.json()["errors"][0]["code"]) == (400, "answers_needed")
    body["mapping"] = {"scales": report["scales"]}
    made = api.post(base, body, content_type="application/json")
    assert made.status_code == 201
    row = made.json()
    assert (row["rows"], row["new"], row["refused"]) == (1, 1, 0)
    full = api.get(f"{base}{row['id']}/").json()
    assert (full["report"]["format"], full["not_taken"]) == ("csv", [])
    assert len(api.get(base).json()["results"]) == 1
    undone = api.post(f"{base}{row['id']}/undo/", {}, content_type="application/json")
    assert undone.status_code == 200
    assert undone.json()["undone_at"] is not None
    wrong = api.post(base, {"file_name": "x", "content": "a"}, content_type="application/json")
    assert wrong.json()["errors"][0]["code"] == "not_a_register"


def test_imports_are_listed_page_by_page(world: World) -> None:
    client, api = builders.web(world.manager), builders.api(world.manager)
    for n in (1, 2, 3):
        page = upload(client, world, f"Risk,Likelihood,Impact\nIce {n},5,5\n".encode(), f"{n}.csv")
        client.post(page, {"act": "take"})
    address: str | None = f"/api/v1/registers/{world.register.slug}/imports/?limit=1"
    names = []
    while address:
        answer = api.get(address)
        assert answer.status_code == 200, answer.json()
        names += [row["file_name"] for row in answer.json()["results"]]
        address = answer.json()["next"]
    assert sorted(names) == ["1.csv", "2.csv", "3.csv"]
