"""Making, changing and moving a risk: what is sent, what is refused, who was faster."""

import datetime as dt

import pytest

from riskreg.events.models import Event
from riskreg.risks.models import Risk
from riskreg.risks.services import edit_risk


def form_data(client, path: str, **changes) -> dict:
    """What a browser would send back from the form at ``path``, with ``changes``."""
    response = client.get(path)
    assert response.status_code == 200, response.content[:400]
    form, lines = response.context["form"], response.context["lines"]
    data: dict = {"seen_sources": response.context["seen_sources"]}
    for bound in form:
        value = bound.value()
        empty = [] if bound.widget_type == "checkboxselectmultiple" else ""
        data[bound.html_name] = empty if value is None else value
        if bound.field.show_hidden_initial:
            data[bound.html_initial_name] = data[bound.html_name]
    for bound in lines.management_form:
        data[bound.html_name] = bound.value()
    for line in lines:
        for bound in line:
            data[bound.html_name] = bound.value() or ""
    data.update(changes)
    return {k: v for k, v in data.items() if v not in (None, [])}


# Making and changing ----------------------------------------------------------------------------


def test_new_risk_is_a_draft(pilot, address):
    client = pilot.client("owner")
    data = form_data(
        client,
        address("risks/new/"),
        title="Road sinks",
        event="the road may sink",
        terms_market=["market:asia"],
        objectives=["units"],
        visibility="party",
    )
    data |= {
        "sources-0-title": "Map",
        "sources-0-url": "https://map.example/",
        "sources-0-label": "sourced",
    }
    response = client.post(address("risks/new/"), data)
    assert response.status_code == 302, response.context["form"].errors
    risk = Risk.objects.get(title="Road sinks")
    assert (risk.ref, risk.state, risk.visibility) == ("N-002", "draft", "party")
    assert risk.owner == pilot.users["owner"]
    assert [s["url"] for s in risk.sources] == ["https://map.example/"]
    assert [t.key for t in risk.terms.all()] == ["asia"]
    page = client.get(response["Location"])
    assert "saved as a draft" in page.content.decode()


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("title", "", "This field is required"),
        ("title", "x" * 200_000, "At most 200 characters"),
        ("title", "a\x00b", "Null characters are not allowed"),
        ("cause", "a\x07b", "control characters"),
        ("event", "a\u202eb", "reading direction"),
        ("owner", "nobody", "Select a valid choice"),
        ("response", "exploit", "This must be one of"),
        ("terms_market", ["market:moon"], "Select a valid choice"),
        ("sources-0-url", "javascript:alert(1)", "Only http:// and https://"),
        ("sources-0-label", "guessed", "Select a valid choice"),
    ],
)
def test_bad_input_is_said_beside_its_field(pilot, address, field, value, words):
    client = pilot.client("owner")
    data = form_data(client, address("risks/new/"), title="Road sinks")
    data |= {"sources-0-title": "Map", field: value}
    response = client.post(address("risks/new/"), data)
    assert response.status_code == 400
    assert words in response.content.decode()
    assert "Nothing was saved" in response.content.decode()
    assert not Risk.objects.filter(title="Road sinks").exists()


def test_edit_sends_only_what_was_changed(pilot, address):
    client = pilot.client("owner")
    path = address("risks/R-001/edit/")
    response = client.post(path, form_data(client, path, cause="heavy rain"))
    assert response.status_code == 302
    risk = pilot.again("bridge")
    assert risk.cause == "heavy rain"
    assert risk.translations == {"zh-hans": {"title": "桥梁关闭"}}
    assert len(risk.sources) == 2
    event = Event.objects.filter(verb="risk.edited").latest("id")
    assert event.changes == '{"cause":["rain","heavy rain"]}'
    version = risk.version
    client.post(path, form_data(client, path))
    assert pilot.again("bridge").version == version


def test_a_source_keeps_what_the_form_does_not_show(pilot, address):
    pilot.make(
        "owner", "noted", dt.datetime(2026, 11, 1, tzinfo=dt.UTC),
        sources=[{"title": "A", "url": "https://a.example/", "label": "sourced", "date": "2026-02",
                  "note": {"en": "weak", "zh-hans": "弱"}}],
    )  # fmt: skip
    client = pilot.client("owner")
    path = address(f"risks/{pilot.risks['noted'].ref}/edit/")
    data = form_data(client, path)
    data["sources-0-title"] = "B"
    assert client.post(path, data).status_code == 302
    source = pilot.again("noted").sources[0]
    assert (source["title"], source["date"]) == ("B", "2026-02")
    assert source["note"] == {"en": "weak", "zh-hans": "弱"}


def test_the_second_editor_is_told_and_chooses(pilot, address):
    client = pilot.client("owner")
    path = address("risks/R-001/edit/")
    mine = form_data(client, path, cause="my rain", event="my event")
    edit_risk(
        actor=pilot.viewer("manager"),
        ref="R-001",
        version=None,
        fields={"cause": "their rain", "title": "Their title"},
        at=dt.datetime(2026, 11, 24, 4, tzinfo=dt.UTC),
    )
    page = client.post(path, mine)
    assert page.status_code == 409
    html = page.content.decode()
    for words in ("my rain", "their rain", "my event", "the bridge may close"):
        assert words in html
    assert [(d["name"], d["both"]) for d in page.context["differing"]] == [
        ("cause", True),
        ("event", False),
    ]
    assert pilot.again("bridge").cause == "their rain"

    again = dict.fromkeys((n for n, _v in page.context["hidden"]), None)
    for name in again:
        values = [v for n, v in page.context["hidden"] if n == name]
        again[name] = values
    again |= {"version": page.context["version"], "resolved": "1"}
    done = client.post(path, again | {"take_cause": "theirs", "take_event": "mine"})
    assert done.status_code == 302
    risk = pilot.again("bridge")
    assert (risk.title, risk.cause, risk.event) == ("Their title", "their rain", "my event")

    # The same page sent once more is as stale as the first form was.
    assert client.post(path, again | {"take_cause": "mine"}).status_code == 409
    assert pilot.again("bridge").cause == "their rain"


def test_a_closed_risk_is_not_edited(pilot, address):
    client = pilot.client("owner")
    path = address("risks/R-004/edit/")
    response = client.post(path, form_data(client, path, title="Back again"))
    assert response.status_code == 400
    assert "reopen it to change it" in response.content.decode()


# Life -------------------------------------------------------------------------------------------


def test_life_of_a_risk(pilot, address):
    client = pilot.client("owner")

    def send(action: str, **data: str):
        data.setdefault("version", str(pilot.again("draft").version))
        return client.post(address(f"risks/R-003/{action}/"), data, follow=True)

    assert send("open").status_code == 200
    assert pilot.again("draft").state == "open"
    without = send("close", reason=" ")
    assert without.status_code == 400
    assert "This is needed" in without.content.decode()
    assert pilot.again("draft").state == "open"
    assert "is closed" in send("close", reason="over").content.decode()
    assert send("close", reason="twice").status_code == 400
    assert "is open again" in send("reopen", reason="it came back").content.decode()
    assert send("open").status_code == 400


def test_actions_are_stale_when_the_risk_changed(pilot, address):
    client = pilot.client("owner")
    before = Event.objects.count()
    response = client.post(address("risks/R-001/close/"), {"version": "1", "reason": "over"})
    assert response.status_code == 409
    assert "Somebody changed this risk" in response.content.decode()
    assert "over" in response.content.decode()
    assert (pilot.again("bridge").state, Event.objects.count()) == ("open", before)
    missing = client.post(address("risks/R-001/close/"), {"reason": "over"})
    assert missing.status_code == 400
    assert pilot.again("bridge").state == "open"


def test_handing_over_and_sharing(pilot, address):
    owner, manager = pilot.client("owner"), pilot.client("manager")
    version = pilot.again("own").version
    to = str(pilot.users["manager"].uuid)
    foreign = str(pilot.users["other"].uuid)
    path = address("risks/N-001/transfer/")
    assert owner.post(path, {"version": version, "owner": foreign}).status_code == 400
    same = owner.post(path, {"version": version, "owner": str(pilot.users["owner"].uuid)})
    assert same.status_code == 400
    assert "answers for it already. Choose somebody else." in same.content.decode()
    assert pilot.again("own").version == version
    assert owner.post(path, {"version": version, "owner": to}).status_code == 302
    assert pilot.again("own").owner == pilot.users["manager"]
    share = address("risks/N-001/share/")
    assert owner.post(share, {"version": version + 1}).status_code == 403
    assert pilot.client("other").get(address("risks/N-001/")).status_code == 404
    done = manager.post(share, {"version": version + 1})
    assert done["Location"] == address("risks/R-005/")
    assert pilot.client("other").get(address("risks/R-005/")).status_code == 200
    assert pilot.client("other").get(address("risks/N-001/")).status_code == 404
    old = manager.get(address("risks/N-001/"))
    assert (old.status_code, old["Location"]) == (302, address("risks/R-005/"))


def test_assessing(pilot, address):
    client = pilot.client("owner")
    path = address("risks/R-001/assess/")
    version = pilot.again("bridge").version
    sent = {"version": version, "stage": "target", "cell": "1,2", "rationale": "after the ferry"}
    assert client.post(path, sent).status_code == 302
    position = pilot.again("bridge").positions.get(valid_to=None)
    assert (position.target_likelihood, position.target_impact) == (1, 2)
    for cell, words in (
        ("", "Both likelihood and impact are needed"),
        ("9,1", "There is no such level"),
        ("a,b", "Choose a cell"),
        ("1,²", "Choose a cell"),
    ):
        bad = client.post(path, {**sent, "version": version + 1, "cell": cell})
        assert bad.status_code == 400, cell
        assert words in bad.content.decode()
    assert client.post(path, {**sent, "version": version + 1, "stage": "final"}).status_code == 400
    for cell, words in (("3,3", "A new score needs its reason"), ("1,2", "Nothing has changed")):
        bad = client.post(path, {**sent, "version": version + 1, "cell": cell, "rationale": " "})
        assert bad.status_code == 400
        assert words in bad.context["form"].errors["rationale"][0]
    assert client.post(path, sent).status_code == 409


def test_an_assessment_says_what_becomes_of_the_date(pilot, address):
    client = pilot.client("owner")
    reviewed = {"version": pilot.again("bridge").version, "verdict": "unchanged"}
    assert client.post(address("risks/R-001/review/"), reviewed).status_code == 302
    page = client.get(address("risks/R-001/assess/"))
    before = pilot.again("bridge").next_review_on
    critical, *_others = page.context["then"]
    assert (critical["key"], critical["sooner"]) == ("critical", True)
    assert all(t["on"] == before and not t["sooner"] for t in page.context["then"] if t["now"])
    assert "The next review comes forward to" in page.content.decode()
    assert "The next review stays on" in page.content.decode()
    assert (
        "This moves no review date"
        in client.get(address("risks/R-001/assess/?stage=target")).content.decode()
    )
    sent = {"version": pilot.again("bridge").version, "stage": "residual", "cell": "5,5",
            "rationale": "it cracks"}  # fmt: skip
    message = client.post(address("risks/R-001/assess/"), sent, follow=True).content.decode()
    assert pilot.again("bridge").next_review_on == critical["on"]
    assert "Its next review is due on" in message
