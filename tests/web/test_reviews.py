"""The review screen: what it shows, what its two buttons do, and what it says afterwards."""

import datetime as dt

import pytest

from riskreg.reviews.models import Review
from riskreg.risks.services import edit_risk
from riskreg.risks.services.mitigations import edit_mitigation

AT = dt.datetime(2026, 11, 24, 4, 0, tzinfo=dt.UTC)
TODAY = dt.date(2026, 11, 24)


def post(pilot, address, who="owner", ref="R-001", key="bridge", **data):
    data.setdefault("version", str(pilot.again(key).version))
    return pilot.client(who).post(address(f"risks/{ref}/review/"), data)


def test_the_screen(pilot, address):
    edit_mitigation(
        actor=pilot.viewer("owner"), ref="M-001", version=None, fields={"progress": 55}, at=AT
    )
    response = pilot.client("owner").get(address("risks/R-001/review/"))
    html = response.content.decode()
    assert "Because rain, <b>the bridge may close</b>; as a result, lorries would wait." in html
    assert "Build a ferry: 55 %" in html
    assert "progress" in html
    assert '<input type="radio" name="cell" value="3,4" checked' in html
    assert html.count('type="radio" name="cell"') == 25
    assert "rating High, so every 60 days" in html
    now = next(then for then in response.context["then"] if then["now"])
    assert now["on"] == TODAY + dt.timedelta(days=60)


def test_nothing_has_changed(pilot, address):
    response = post(pilot, address, verdict="unchanged", cell="3,4", comment="looked at the pier")
    assert (response.status_code, response["Location"]) == (302, address("risks/R-001/"))
    review = Review.objects.get()
    assert (review.outcome, review.comment, review.assessment) == (
        "unchanged",
        "looked at the pier",
        None,
    )
    assert pilot.again("bridge").next_review_on == TODAY + dt.timedelta(days=60)
    message = pilot.client("owner").get(response["Location"]).content.decode()
    assert "looked at the pier" in message


def test_a_new_score_and_why_the_date(pilot, address):
    client = pilot.client("owner")
    response = client.post(
        address("risks/R-001/review/"),
        {
            "version": pilot.again("bridge").version,
            "verdict": "rescore",
            "cell": "5,5",
            "comment": "it cracks",
        },
        follow=True,
    )
    review = Review.objects.get()
    assert review.outcome == "rescored"
    assert (review.assessment.score, review.assessment.rationale) == (25, "it cracks")
    html = response.content.decode()
    assert "The next one is due on 24 Dec 2026" in html
    assert "rating Critical, so every 30 days" in html


def test_saving_todays_cell_says_that_nothing_changed(pilot, address):
    response = post(pilot, address, verdict="rescore", cell="3,4", comment="my long comment")
    html = response.content.decode()
    assert response.status_code == 400
    assert "Nothing has changed: this is the cell where it stands" in html
    assert "my long comment" in html
    assert not Review.objects.exists()
    assert post(pilot, address, verdict="unchanged", cell="3,4").status_code == 302


def test_a_new_score_without_its_reason_is_not_saved(pilot, address):
    for comment in ("", "  \n"):
        response = post(pilot, address, verdict="rescore", cell="5,5", comment=comment)
        assert response.status_code == 400
        assert "A new score needs its reason" in response.context["form"].errors["comment"][0]
        assert '<input type="radio" name="cell" value="5,5" checked' in response.content.decode()
    assert not Review.objects.exists()
    assert pilot.again("bridge").positions.get(valid_to=None).residual_score == 12


def test_the_sentence_with_the_next_date_is_there_for_every_cell(pilot, address):
    """The style sheet shows the one whose rating is checked; each must be true."""
    response = pilot.client("owner").get(address("risks/R-001/review/"))
    html = response.content.decode()
    for then in response.context["then"]:
        assert f'class="small then then-{then["tone"]}"' in html
        cell = {
            "very_low": "1,1",
            "low": "2,2",
            "moderate": "3,3",
            "high": "3,5",
            "critical": "5,5",
        }
        if then["now"]:
            continue
        at = AT + dt.timedelta(days=1)
        pilot.make("owner", then["key"], AT)
        pilot.judge("owner", then["key"], (3, 4), AT)
        pilot.open("owner", then["key"], AT)
        ref = pilot.risks[then["key"]].ref
        done = pilot.client("owner").post(
            address(f"risks/{ref}/review/"),
            {
                "version": pilot.again(then["key"]).version,
                "verdict": "rescore",
                "cell": cell[then["key"]],
                "comment": "as seen today",
            },
        )
        assert done.status_code == 302, at
        assert pilot.again(then["key"]).next_review_on == then["on"], then["key"]
    assert [t["label"] for t in response.context["then"] if t["now"]] == ["High"]


def test_sooner_if_asked_never_later(pilot, address):
    assert post(pilot, address, verdict="unchanged", next_review_on="2026-12-01").status_code == 302
    assert pilot.again("bridge").next_review_on == dt.date(2026, 12, 1)
    for day, words in (
        ("2027-12-01", "choose that day or earlier"),
        ("2026-11-24", "a day to come"),
        ("soon", "This must be a date"),
    ):
        late = post(pilot, address, verdict="unchanged", next_review_on=day)
        assert late.status_code == 400
        assert words in late.content.decode()
    assert pilot.again("bridge").next_review_on == dt.date(2026, 12, 1)
    assert Review.objects.count() == 1


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({"verdict": "unchanged", "cell": "5,5"}, "You chose another cell"),
        ({"verdict": "rescore"}, "Choose the cell where it stands today"),
        ({"verdict": "rescore", "cell": "6,1"}, "There is no such level"),
        ({"verdict": "rescore", "cell": "x"}, "Choose a cell of the matrix"),
        ({"verdict": "unchanged", "outcome": "praised"}, "Select a valid choice"),
        ({"verdict": "unchanged", "comment": "a\x07"}, "control characters"),
        ({"verdict": "unchanged", "version": ""}, "Open the page again"),
    ],
)
def test_what_is_refused_changes_nothing(pilot, address, data, words):
    before = pilot.again("bridge")
    response = post(pilot, address, **data)
    assert response.status_code == 400
    assert words in response.content.decode()
    assert not Review.objects.exists()
    after = pilot.again("bridge")
    assert (after.version, after.next_review_on) == (before.version, before.next_review_on)


def test_somebody_was_faster(pilot, address):
    version = str(pilot.again("bridge").version)
    edit_risk(
        actor=pilot.viewer("manager"), ref="R-001", version=None, fields={"cause": "snow"}, at=AT
    )
    response = post(
        pilot, address, version=version, verdict="rescore", cell="5,5", comment="my long comment"
    )
    html = response.content.decode()
    assert response.status_code == 409
    assert "Somebody changed this risk since you opened the review" in html
    assert "my long comment" in html
    assert "Because snow" in html
    assert '<input type="radio" name="cell" value="5,5" checked' in html
    assert not Review.objects.exists()
    # What comes back builds on the new version and can be saved as it is.
    again = response.context["form"]["version"].value()
    saved = post(
        pilot, address, version=again, verdict="rescore", cell="5,5", comment="my long comment"
    )
    assert saved.status_code == 302
    # The same form sent twice counts once.
    assert post(pilot, address, version=again, verdict="unchanged").status_code == 409
    assert Review.objects.count() == 1


def test_back_to_the_work_list(pilot, address):
    page = pilot.client("owner").get(address("risks/R-001/review/?next=work"))
    assert 'name="next" value="work"' in page.content.decode()
    response = post(pilot, address, verdict="unchanged", next="work")
    assert response["Location"] == address("work/")
    elsewhere = post(pilot, address, verdict="unchanged", next="https://evil.example/")
    assert elsewhere["Location"] == address("risks/R-001/")


def test_only_open_risks_are_reviewed(pilot, address):
    for ref in ("R-003", "R-004"):
        response = pilot.client("owner").get(address(f"risks/{ref}/review/"))
        assert response.status_code == 400
        assert "Only open risks are reviewed" in response.content.decode()


def test_who_reviews(pilot, address):
    for who, status in (("owner", 302), ("manager", 302), ("leader", 403), ("viewer", 403),
                        ("feed", 403), ("auditor", 403), ("other", 403)):  # fmt: skip
        assert post(pilot, address, who, verdict="unchanged").status_code == status, who
    assert (
        post(pilot, address, "other", verdict="unchanged", ref="N-001", key="own").status_code
        == 404
    )
    assert Review.objects.count() == 2


def test_queries(pilot, address, django_assert_max_num_queries):
    client = pilot.client("owner")
    with django_assert_max_num_queries(14):
        assert client.get(address("risks/R-001/review/")).status_code == 200


def test_an_unrated_risk(pilot, address):
    html = pilot.client("other").get(address("risks/R-002/review/")).content.decode()
    assert "It has not been rated yet" in html
    response = post(
        pilot, address, "other", "R-002", "tunnel", verdict="rescore", cell="2,2", comment="dug"
    )
    assert response.status_code == 302
    assert Review.objects.get().assessment.score == 4
