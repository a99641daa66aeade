"""Claims that nobody checks: sources, scores that do not fit together, refusals, the history."""

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest

from riskreg.indicators.services import create_indicator, edit_indicator, record_readings
from riskreg.kernel.errors import Forbidden, Invalid
from riskreg.register.permissions import require, require_for_person
from riskreg.register.policy import clean_criteria, default_criteria
from riskreg.reminders.services import sweep
from riskreg.risks import services
from riskreg.risks.policy import score_mismatch_marks
from tests import builders
from tests.analysis import making
from tests.builders import SLUG, World
from tests.dump import nothing_changes

DAY = dt.timedelta(days=1)
SOURCE = {"title": "A report", "url": "https://report.example/", "label": "sourced"}


# Sourced -----------------------------------------------------------------------------------------
def indicator(world: World, **fields: Any) -> Any:
    given = {
        "names": {"en": "Price"}, "unit": "EUR/t", "direction": "higher_is_worse", "amber": 75,
        "red": 95, "frequency_days": 30, "risks": [], **fields,
    }  # fmt: skip
    return create_indicator(actor=world.viewer("owner"), fields=given, at=world.at)


def reading(world: World, ref: str, **given: Any) -> Any:
    row = {"at": world.today.isoformat(), "value": "80", **given}
    return record_readings(
        actor=world.viewer("owner"), ref=ref, rows=[row], origin="hand", at=world.at
    )


def claims(world: World, what: str, source: bool) -> None:
    """Say of ``what`` that it is sourced, with or without naming a source."""
    sources = [SOURCE] if source else []
    one = SOURCE if source else None
    risk = builders.risk(world, sources=sources)
    act: dict[str, Any] = {"actor": world.viewer("owner"), "version": None, "at": world.at}
    if what == "new risk":
        builders.risk(world, labels={"title": "sourced"}, sources=sources)
    elif what == "risk":
        services.edit_risk(ref=risk.ref, fields={"labels": {"cause": "sourced"}}, **act)
    elif what == "risk without its sources":
        services.edit_risk(
            ref=builders.risk(world, labels={"title": "sourced"}, sources=[SOURCE]).ref,
            fields={"sources": sources},
            **act,
        )
    elif what == "assessment":
        builders.assess(world, risk, (2, 2), label="sourced")
    elif what == "review":
        builders.review(world, risk, label="sourced")
    elif what == "control":
        builders.control(world, risk, label="sourced", source=one)
    elif what == "objective":
        builders.objective(world, label="sourced", source=one)
    elif what == "new mitigation":
        builders.mitigation(world, risk, labels={"cost": "sourced"})
    elif what == "mitigation":
        work = builders.mitigation(world, risk)
        services.edit_mitigation(ref=work.ref, fields={"labels": {"cost": "sourced"}}, **act)
    elif what == "new indicator":
        indicator(world, label="sourced", source=one)
    elif what == "indicator":
        row = indicator(world, source=one)
        edit_indicator(ref=row.ref, fields={"label": "sourced"}, **act)
    else:
        row = indicator(world, source=SOURCE)
        reading(world, row.ref, label="sourced", **({"source": one} if one else {}))


CLAIMS = {
    "new risk": "labels", "risk": "labels", "risk without its sources": "sources",
    "assessment": "label", "review": "label", "control": "label", "objective": "label",
    "new mitigation": "labels", "mitigation": "labels", "new indicator": "label",
    "indicator": "label", "reading": "readings.0.label",
}  # fmt: skip


@pytest.mark.parametrize(("what", "field"), CLAIMS.items(), ids=CLAIMS)
def test_sourced_needs_a_source(world: World, what: str, field: str) -> None:
    with pytest.raises(Invalid) as refused:
        claims(world, what, source=False)
    assert [e.code for e in refused.value.fields[field]] == ["needs_source"]
    claims(world, what, source=True)


def rest(world: World, what: str, risk: Any, label: str = "sourced") -> Any:
    """Say of ``what``, which has no source of its own, that it is sourced by those of ``risk``."""
    if what == "mitigation":
        return builders.mitigation(world, risk, labels={"cost": label})
    if what == "score":
        return builders.assess(world, risk, (2, 3), label=label)
    return services.relate_risks(
        actor=world.viewer("owner"), risk=risk.ref, other=builders.risk(world).ref,
        kind="causes", label=label, at=world.at,
    )  # fmt: skip


@pytest.mark.parametrize("what", ["mitigation", "score", "relation"])
def test_the_last_source_stays_while_something_rests_on_it(world: World, what: str) -> None:
    risk = builders.risk(world, sources=[SOURCE], labels={})
    rest(world, what, risk)

    def take_away(sources: list[Any]) -> Any:
        return services.edit_risk(
            actor=world.viewer("owner"), ref=risk.ref, version=None,
            fields={"sources": sources}, at=world.at,
        )  # fmt: skip

    with nothing_changes(), pytest.raises(Invalid) as refused:
        take_away([])
    (error,) = refused.value.fields["sources"]
    named = {"mitigation": "M-001", "score": "the score", "relation": "the relation to R-002"}
    assert error.code == "needs_source"
    assert named[what] in str(error)
    # Another source serves as well, and so does another risk's.
    assert take_away([{**SOURCE, "title": "Another report"}]).sources
    if what == "mitigation":
        with_source = builders.risk(world, sources=[SOURCE], labels={})
        services.edit_mitigation(
            actor=world.viewer("owner"), ref="M-001", version=None, at=world.at,
            fields={"risks": [risk.ref, with_source.ref]},
        )  # fmt: skip
    elif what == "score":
        rest(world, what, risk, "judgement")
    else:
        services.edit_risk(
            actor=world.viewer("owner"), ref="R-002", version=None,
            fields={"sources": [SOURCE]}, at=world.at,
        )  # fmt: skip
    assert take_away([]).sources == []


def test_what_another_party_rests_on_a_source_is_told_to_nobody(world: World) -> None:
    risk = builders.risk(world, sources=[SOURCE], labels={})
    builders.mitigation(
        world, risk, by=world.partner_owner, visibility="party", labels={"cost": "sourced"}
    )
    edited = services.edit_risk(
        actor=world.viewer("owner"), ref=risk.ref, version=None,
        fields={"sources": []}, at=world.at,
    )  # fmt: skip
    assert edited.sources == []


def test_an_estimate_keeps_the_sources_that_it_rested_on(world: World) -> None:
    risk = builders.risk(world, sources=[SOURCE], labels={})
    row = making.estimate(world, risk, label="sourced")
    services.edit_risk(
        actor=world.viewer("owner"), ref=risk.ref, version=None,
        fields={"sources": []}, at=world.at,
    )  # fmt: skip
    row.refresh_from_db()
    assert (row.label, [s["title"] for s in row.sources]) == ("sourced", ["A report"])


def test_criteria_are_never_sourced() -> None:
    with pytest.raises(Invalid) as refused:
        clean_criteria({**default_criteria(), "label": "sourced"})
    assert [e.code for e in refused.value.fields["label"]] == ["needs_source"]


def test_limits_explained_in_words_are_sourced_enough(world: World) -> None:
    row = indicator(world, label="sourced", limit_notes={"en": "From the contract, page 3"})
    assert (row.label, row.red) == ("sourced", Decimal(95))


def test_what_was_labelled_before_can_still_be_edited_elsewhere(world: World) -> None:
    row = builders.risk(world)
    type(row).objects.filter(pk=row.pk).update(labels={"title": "sourced"})
    act: dict[str, Any] = {"actor": world.viewer("owner"), "version": None, "at": world.at}
    assert services.edit_risk(ref=row.ref, fields={"cause": "Rain"}, **act).cause == "Rain"


def test_a_reading_by_hand_starts_on_the_source_of_its_series(world: World) -> None:
    with_source, without = indicator(world, source=SOURCE), indicator(world)
    client = builders.web(world.owner)
    for row, label, title in ((with_source, "sourced", "A report"), (without, "judgement", "")):
        form = client.get(f"/r/{SLUG}/indicators/{row.ref}/readings/").context["hand"]
        assert (form["label"].value(), form["source_title"].value()) == (label, title)


def test_the_page_and_the_api_say_which_field_lacks_its_source(world: World) -> None:
    row = indicator(world)
    sent = {"way": "hand", "at": world.today.isoformat(), "value": "80", "label": "sourced"}
    client = builders.web(world.owner)
    with nothing_changes():
        answer = client.post(f"/r/{SLUG}/indicators/{row.ref}/readings/", sent)
    assert answer.status_code == 400
    assert "needs a source" in answer.context["hand"].errors["label"][0]
    assert 'value="80"' in answer.content.decode()
    api = builders.api(world.owner)
    body = {"readings": [{"at": world.today.isoformat(), "value": "80", "label": "sourced"}]}
    url = f"/api/v1/registers/{SLUG}/indicators/{row.ref}/readings/"
    problem = api.post(url, body, content_type="application/json").json()
    assert problem["errors"][0]["pointer"] == "#/readings/0/label"


# Scores that do not fit together -----------------------------------------------------------------
@pytest.mark.parametrize(
    ("kind", "inherent", "residual", "target", "marks"),
    [
        ("threat", 4, 9, None, ["residual_worse_than_inherent"]),
        ("threat", 9, 4, 2, []),
        ("threat", 9, 9, 9, []),
        ("threat", None, 4, 6, ["target_worse_than_residual"]),
        ("threat", 9, None, 25, []),
        ("threat", 1, 2, 3, ["residual_worse_than_inherent", "target_worse_than_residual"]),
        ("opportunity", 4, 9, 12, []),
        ("opportunity", 9, 4, None, ["residual_worse_than_inherent"]),
    ],
)
def test_scores_that_do_not_fit_are_marked(
    kind: str, inherent: int | None, residual: int | None, target: int | None, marks: list[str]
) -> None:
    scores = {"inherent": inherent, "residual": residual, "target": target}
    assert score_mismatch_marks(kind, scores) == marks


def test_worse_than_without_controls_is_taken_and_marked_on_page_and_in_json(world: World) -> None:
    row = builders.risk(world, inherent=(2, 2), rated=(3, 3))
    fits = builders.risk(world, inherent=(4, 4), rated=(3, 3))
    api = builders.api(world.owner)
    url = f"/api/v1/registers/{SLUG}/risks/"
    assert api.get(f"{url}{row.ref}/").json()["marks"] == ["residual_worse_than_inherent"]
    assert [r["marks"] for r in api.get(url).json()["results"]] == [
        ["residual_worse_than_inherent"],
        [],
    ]
    client = builders.web(world.owner)
    words = "worse than without controls"
    assert words in client.get(f"/r/{SLUG}/risks/{row.ref}/").content.decode()
    assert words not in client.get(f"/r/{SLUG}/risks/{fits.ref}/").content.decode()
    assert client.get(f"/r/{SLUG}/risks/").content.decode().count(words) == 1


def test_whoever_saves_such_a_score_is_told_to_look_again(world: World) -> None:
    row = builders.risk(world, inherent=(2, 2), rated=(2, 2))
    client = builders.web(world.owner)
    sent = {"version": row.version, "verdict": "rescore", "cell": "5,5", "comment": "It grew"}
    page = client.post(f"/r/{SLUG}/risks/{row.ref}/review/", sent, follow=True)
    assert f"Look again at the scores of {row.ref}" in page.content.decode()
    row.refresh_from_db()
    sent = {"version": row.version, "stage": "inherent", "cell": "5,5", "rationale": "It grew"}
    page = client.post(f"/r/{SLUG}/risks/{row.ref}/assess/", sent, follow=True)
    assert "Look again" not in page.content.decode()


# Refusals ----------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("who", "action", "words"),
    [
        ("partner_manager", "risk.edit", "This belongs to Foton; as risk manager you do this for"),
        ("partner_integration", "risk.assess", "This belongs to Foton; as integration"),
        ("partner_owner", "risk.edit", "You do not answer for this. Its owner or deputy"),
        ("deputy", "risk.review", "You do not answer for this. Its owner or deputy"),
        ("auditor", "risk.edit", "Your role (auditor) may not do this. These may"),
        ("leader", "risk.create", "Your role (leader) may not do this. These may"),
    ],
)
def test_a_refusal_names_its_true_cause(world: World, who: str, action: str, words: str) -> None:
    row = builders.risk(world)
    with pytest.raises(Forbidden) as refused:
        require(world.viewer(who), action, None if action == "risk.create" else row)
    assert refused.value.detail.startswith(words)
    role = str(world.viewer(who).role_label)
    named = refused.value.detail.partition(":")[2]
    assert role not in named or who == "leader", "nobody is told that their own role may do it"


def test_a_refusal_about_a_person_names_its_true_cause(world: World) -> None:
    for who, words in (
        ("partner_manager", "for people of your own party alone"),
        ("partner_owner", "for yourself alone"),
        ("auditor", "Your role (auditor)"),
    ):
        with pytest.raises(Forbidden) as refused:
            require_for_person(world.viewer(who), "absence.record", world.owner.pk, world.foton.pk)
        assert words in refused.value.detail


def test_a_wrong_password_is_not_about_saving(world: World) -> None:
    page = builders.web(None).post(
        "/accounts/login/", {"login": world.owner.email, "password": "wrong"}
    )
    text = page.content.decode()
    assert "You are not signed in." in text
    assert "Nothing was saved" not in text


# History -----------------------------------------------------------------------------------------
def test_history_puts_people_first_and_folds_the_engines_work(world: World) -> None:
    row = builders.risk(world, at=world.at - 29 * DAY)
    sweep(world.at + 12 * DAY)
    client = builders.web(world.owner)
    url = f"/r/{SLUG}/risks/{row.ref}/history/"
    page = client.get(url)
    assert {r["event"].verb.partition(".")[0] for r in page.context["rows"]} == {"risk"}
    folded = page.context["folded"]
    assert folded
    assert all(r["event"].verb.startswith("reminder.") for r in folded)
    assert page.context["folded_count"] == len(folded)
    text = page.content.decode()
    assert text.index("made a draft") < text.index('id="own-work"')
    assert ">rung<" not in text
    assert "days before" in text
    assert not any(f">{n}<" in text for n in (-14, -3, 7))
    own = client.get(url + "?by=riskreg")
    assert [r["event"].pk for r in own.context["rows"]] == [r["event"].pk for r in folded]
    assert "What people did" in own.content.decode()


def test_a_long_fold_says_how_many_there_are(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("riskreg.web.history.page.FOLDED", 1)
    row = builders.risk(world, at=world.at - 29 * DAY)
    sweep(world.at + 12 * DAY)
    url = f"/r/{SLUG}/risks/{row.ref}/history/"
    page = builders.web(world.owner).get(url)
    assert len(page.context["folded"]) == 1
    assert page.context["folded_count"] > 1
    assert f'href="{url}?by=riskreg"' in page.content.decode()
