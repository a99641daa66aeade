"""Mitigations: the lists, one of them, planning, changing, and two people at once."""

import datetime as dt

import pytest

from riskreg.risks.models import Mitigation
from riskreg.risks.services.mitigations import create_mitigation, edit_mitigation
from riskreg.web import risk_choice

AT = dt.datetime(2026, 11, 24, 4, 0, tzinfo=dt.UTC)


def form(mitigation, **changes):
    return {
        "title": mitigation.title,
        "description": mitigation.description,
        "expected_effect": mitigation.expected_effect,
        "risks": [r.ref for r in mitigation.risks.all()],
        "owner": str(mitigation.owner.uuid),
        "due_on": mitigation.due_on.isoformat(),
        "cost": "",
        "status": mitigation.status,
        "progress": str(mitigation.progress),
        "progress_note": mitigation.progress_note,
        "version": str(mitigation.version),
        **changes,
    }


def test_lists_say_what_they_leave_out(pilot, address):
    client = pilot.client("owner")
    html = client.get(address("mitigations/")).content.decode()
    assert "Build a ferry" in html
    assert client.get(address("mitigations/?owner=me&page=zz")).status_code == 200
    edit_mitigation(
        actor=pilot.viewer("owner"), ref="M-001", version=None, fields={"status": "done"}, at=AT
    )
    assert "Build a ferry" not in client.get(address("mitigations/")).content.decode()
    assert "Build a ferry" in client.get(address("mitigations/?status=all")).content.decode()
    of_risk = client.get(address("risks/R-001/mitigations/")).content.decode()
    assert "Build a ferry" in of_risk
    none = client.get(address("risks/R-002/mitigations/")).content.decode()
    assert "Nothing is planned against this risk" in none


def test_amounts_end_at_one_edge_whatever_label_they_have(pilot, address):
    Mitigation.objects.filter(ref="M-001").update(cost="1200", labels={"cost": "illustrative"})
    html = pilot.client("owner").get(address("mitigations/")).content.decode()
    cell = html.partition('<td class="num" data-label="Cost">')[2].partition("</td>")[0]
    assert "Illustrative" in cell
    assert cell.rstrip().endswith("<span>1,200</span>")


def test_private_work_is_not_there_for_the_other_party(pilot, address):
    made = create_mitigation(
        actor=pilot.viewer("other"),
        fields={
            "title": "CANARY work",
            "due_on": dt.date(2027, 1, 1),
            "risks": [pilot.risks["secret"].ref],
        },
        at=AT,
    )
    assert made.ref == "SM-001"
    for who in ("owner", "leader", "auditor"):
        client = pilot.client(who)
        assert "CANARY" not in client.get(address("mitigations/?status=all")).content.decode()
        for tail in ("", "edit/"):
            response = client.get(address(f"mitigations/{made.ref}/{tail}"))
            assert response.status_code == 404
            assert b"CANARY" not in response.content


def test_progress_in_one_click(pilot, address):
    client = pilot.client("owner")
    html = client.get(address("mitigations/M-001/")).content.decode()
    assert 'name="progress" value="75"' in html
    row = Mitigation.objects.get()
    answer = client.post(
        address("mitigations/M-001/"), {"progress": "75", "version": row.version}, follow=True
    )
    assert "Progress of M-001 is now 75 %" in answer.content.decode()
    # The page was open in another window: it is told, and nothing is overwritten.
    stale = client.post(address("mitigations/M-001/"), {"progress": "25", "version": row.version})
    assert stale.status_code == 409
    row.refresh_from_db()
    assert row.progress == 75


def test_progress_is_a_number_and_a_sentence(pilot, address):
    client, page = pilot.client("owner"), address("mitigations/M-001/")
    row = Mitigation.objects.get()
    sent = {"progress": "75", "progress_note": "Two of three lines run", "version": row.version}
    shown = client.post(page, sent, follow=True).content.decode()
    assert shown.count("Two of three lines run") == 2  # beside the bar, and in the history
    row.refresh_from_db()
    assert (row.progress, row.progress_note) == (75, "Two of three lines run")
    # What is refused is not lost.
    long = "x" * 1001
    sent = {"progress": "100", "progress_note": long, "version": row.version}
    refused = client.post(page, sent)
    assert refused.status_code == 400
    assert long in refused.content.decode()
    row.refresh_from_db()
    assert row.progress == 75
    # Changed in the form, the sentence that stands there goes with it.
    client.post(address("mitigations/M-001/edit/"), form(row, progress="80"))
    row.refresh_from_db()
    assert (row.progress, row.progress_note) == (80, "Two of three lines run")


@pytest.mark.parametrize("bad", ["", "x", "101", "-1", "1e2"])
def test_progress_that_is_none_changes_nothing(pilot, address, bad):
    row = Mitigation.objects.get()
    answer = pilot.client("owner").post(
        address("mitigations/M-001/"), {"progress": bad, "version": row.version}
    )
    assert answer.status_code == 400
    row.refresh_from_db()
    assert (row.progress, row.version) == (40, 1)


@pytest.mark.parametrize("who", ["viewer", "leader", "auditor", "other"])
def test_who_may_not_sees_no_button_and_is_refused(pilot, address, who):
    client = pilot.client(who)
    html = client.get(address("mitigations/M-001/")).content.decode()
    assert 'name="progress"' not in html
    assert "/edit/" not in html
    row = Mitigation.objects.get()
    for tail, data in (
        ("M-001/", {"progress": "75", "version": row.version}),
        ("M-001/edit/", form(row)),
    ):
        assert client.post(address(f"mitigations/{tail}"), data).status_code == 403
    row.refresh_from_db()
    assert row.version == 1


def test_planning(pilot, address):
    client = pilot.client("owner")
    page = client.get(address("mitigations/new/?risk=R-001")).content.decode()
    assert 'value="R-001"' in page
    assert "CANARY" not in page
    data = {
        "title": "Second bridge",
        "risks": ["R-001", "R-002"],
        "owner": str(pilot.users["manager"].uuid),
        "due_on": "2027-05-01",
        "cost": "1200.50",
        "visibility": "shared",
    }
    answer = client.post(address("mitigations/new/"), data, follow=True)
    assert answer.status_code == 200
    made = Mitigation.objects.get(title="Second bridge")
    assert (made.ref, made.status, made.progress, str(made.cost)) == (
        "M-002",
        "planned",
        0,
        "1200.50",
    )
    assert sorted(r.ref for r in made.risks.all()) == ["R-001", "R-002"]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"title": ""}, "This field is required"),
        ({"title": "x" * 401}, "this has 401. Shorten it."),
        ({"title": "x" * 300}, "At most 200 characters"),
        ({"due_on": "2026-11-01"}, "The due date has passed"),
        ({"due_on": "2026-02-31"}, "Enter a valid date"),
        ({"risks": []}, "This field is required"),
        ({"risks": ["R-404"]}, "Select a valid choice"),
        ({"risks": ["S-001"]}, "Select a valid choice"),
        ({"owner": "00000000-0000-0000-0000-000000000000"}, "Select a valid choice"),
        ({"cost": "-1"}, "zero or more"),
        ({"title": "a\0b"}, "Null characters"),
        ({"title": "a\u202eb"}, "reverse the reading direction"),
        ({"visibility": "party", "risks": ["S-001"]}, "Select a valid choice"),
    ],
)
def test_what_is_wrong_is_said_beside_it_and_changes_nothing(pilot, address, changes, said):
    data = {
        "title": "Fine",
        "risks": ["R-001"],
        "owner": str(pilot.users["owner"].uuid),
        "due_on": "2027-05-01",
        "visibility": "shared",
        **changes,
    }
    answer = pilot.client("owner").post(address("mitigations/new/"), data)
    assert answer.status_code == 400
    html = answer.content.decode()
    assert said in html
    assert "Nothing was saved. Please look at:" in html
    assert Mitigation.objects.count() == 1


def test_hostile_text_is_text(pilot, address):
    hostile = '<script>alert("x")</script>'
    client = pilot.client("owner")
    row = Mitigation.objects.get()
    client.post(address("mitigations/M-001/edit/"), form(row, title=hostile, description=hostile))
    for tail in ("mitigations/", "mitigations/M-001/", "work/", "risks/R-001/history/"):
        html = client.get(address(tail)).content.decode()
        assert "<script>alert" not in html
        assert "&lt;script&gt;" in html


def test_the_slower_one_sees_both_and_can_still_save(pilot, address):
    row = Mitigation.objects.get()
    mine = form(row, title="Mine", progress="50")
    edit_mitigation(
        actor=pilot.viewer("manager"), ref="M-001", version=None, fields={"title": "Theirs"}, at=AT
    )
    client = pilot.client("owner")
    answer = client.post(address("mitigations/M-001/edit/"), mine)
    assert answer.status_code == 409
    html = answer.content.decode()
    assert "Theirs" in html
    assert "Mine" in html
    assert {d["name"] for d in answer.context["differing"]} == {"title", "progress"}
    row.refresh_from_db()
    assert row.title == "Theirs"
    chosen = {**mine, "version": str(row.version), "resolved": "1"}
    chosen |= {"take_title": "mine", "take_progress": "mine"}
    assert client.post(address("mitigations/M-001/edit/"), chosen).status_code == 302
    row.refresh_from_db()
    assert (row.title, row.progress) == ("Mine", 50)


def test_many_risks_are_typed_and_not_ticked(pilot, address, monkeypatch):
    monkeypatch.setattr(risk_choice, "TICKED_RISKS", 1)
    client = pilot.client("owner")
    row = Mitigation.objects.get()
    html = client.get(address("mitigations/M-001/edit/")).content.decode()
    assert '<input type="text" name="risks" value="R-001"' in html
    answer = client.post(address("mitigations/M-001/edit/"), form(row, risks="r-001；R-002, R-001"))
    assert answer.status_code == 302
    assert sorted(r.ref for r in row.risks.all()) == ["R-001", "R-002"]
    row.refresh_from_db()
    unknown = client.post(address("mitigations/M-001/edit/"), form(row, risks="R-001 S-001"))
    assert unknown.status_code == 400
    assert "Unknown risk: S-001" in unknown.content.decode()


def test_the_list_costs_the_same_for_any_number(pilot, address, django_assert_max_num_queries):
    for n in range(12):
        create_mitigation(
            actor=pilot.viewer("owner"),
            fields={"title": f"Work {n}", "due_on": dt.date(2027, 1, 1), "risks": ["R-001"]},
            at=AT,
        )
    client = pilot.client("owner")
    with django_assert_max_num_queries(8):
        assert b"Work 11" in client.get(address("mitigations/")).content
    with django_assert_max_num_queries(12):
        client.get(address("mitigations/M-001/edit/"))
    with django_assert_max_num_queries(12):
        client.get(address("mitigations/M-001/"))
