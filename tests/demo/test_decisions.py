"""The demo's decisions: every figure in their texts is arithmetic or one beta distribution, and is
recomputed here; and what they teach is there once they are loaded."""

import csv
import datetime as dt
import html
import io
import json
from typing import Any

import pytest
from django.utils.translation import override
from scipy import integrate
from scipy.stats import beta

from riskreg.accounts.models import User
from riskreg.analysis.models import Effect, Simulation
from riskreg.decisions.models import Argument, Decision
from riskreg.decisions.policy.decisions import Stale
from riskreg.decisions.queries.decisions import (
    acts_open_to,
    decision_for,
    decision_taken_for,
    stale_because,
)
from riskreg.decisions.queries.gates import gates_in_words
from riskreg.demo import content as files
from riskreg.demo.queries import DEMO_SLUG
from riskreg.events.models import Event
from riskreg.exchange.queries.decision_records import decision_record_for_pdf
from riskreg.exchange.writing.record_pdf import record_html
from riskreg.register.access import Viewer, viewer_for
from tests.builders import api, web
from tests.demo.loaded import LOADED, loaded

DAY = dt.date(2026, 11, 24)
CONTENT = files.read_content()
DECISIONS = {record["key"]: record for record in CONTENT.decisions}


def pert(low: float, mode: float, high: float) -> Any:
    wide = high - low
    return beta(1 + 4 * (mode - low) / wide, 1 + 4 * (high - mode) / wide, low, wide)


def stated(key: str, option: str, *figures: str) -> None:
    """Each figure stands in an option's text (or in what introduces the decision: "")."""
    record = DECISIONS[key]
    texts = [record["context"], record["advice"]]
    texts += [each["effects"] for each in record["options"] if option in ("", each["key"])]
    for language in ("en", "zh-hans"):
        whole = " ".join(text[language] for text in texts)
        for figure in figures:
            shown = figure.split("|")[language == "zh-hans"] if "|" in figure else figure
            assert shown in whole, (key, option, language, shown)


def million(value: float, digits: int = 1, tens: int = 3) -> str:
    """An amount in millions as English writes it, and in 亿."""
    return f"{abs(value):.{digits}f}|{abs(value) / 100:.{tens}f}亿"


def percent(share: float, digits: int = 1) -> str:
    """A share as English writes it, and as Chinese does."""
    return f"{share * 100:.{digits}f} %|{share * 100:.{digits}f}%"


def test_brazil() -> None:
    saved = 470_000 * 0.35 * 0.3 - 25_000
    annuity = sum(1.06**-year for year in range(1, 5))
    volume, invested = pert(300, 1200, 3000), 86e6
    enough = invested / (saved * annuity)

    def worth(trucks: float) -> float:
        return (trucks * saved * annuity - invested) / 1e6

    stated("brazil", "B", f"{470_000 * 0.35:,.0f}", f"{saved:,.0f}", f"{enough:,.0f}",
           percent(volume.sf(enough)))  # fmt: skip
    low, high = worth(volume.ppf(0.05)), worth(volume.ppf(0.95))
    stated("brazil", "B", f"{worth(volume.mean()):.1f} million|{worth(volume.mean()) * 100:,.0f}万",
           f"{-low:.1f} to|{-low * 100:,.0f}万", million(high))  # fmt: skip
    # What knowing the volume saves: the loss that would have been made.
    known, _error = integrate.quad(lambda n: -worth(n) * volume.pdf(n), 300, enough)
    stated("brazil", "B", f"{known:.1f} million|{known * 100:.0f}万")


def test_hydrogen() -> None:
    gain, loss, pilot, found, false_alarm = 1100, 900, 120, 0.8, 0.25
    price = pert(15, 25, 35)
    chance = price.cdf(25)

    def all_in(p: float) -> float:
        return p * gain - (1 - p) * loss

    def gate(p: float) -> float:
        return p * found * gain - (1 - p) * false_alarm * loss - pilot

    assert chance == pytest.approx(0.5)
    stated("hydrogen-gate", "", percent(price.cdf(20), 2))
    stated("hydrogen-gate", "C", f"+{all_in(chance):.0f}|+{all_in(chance) / 100:.0f}亿",
           f"{-all_in(0.3):.0f}|{-all_in(0.3) / 100:.0f}亿")  # fmt: skip
    told = gate(chance) + pilot - all_in(chance)
    perfect = chance * gain - all_in(chance)
    assert gate(chance) + pilot - max(0.0, all_in(chance)) == pytest.approx(227.5)
    stated("hydrogen-gate", "B", million(gate(chance)), million(told),
           f"at most {perfect:.0f}|{perfect / 100:.1f}亿", million(gate(0.3)),
           percent(1 - chance * found, 0))  # fmt: skip
    stop = (pilot + false_alarm * loss) / (found * gain + false_alarm * loss)
    go = (loss * (1 - false_alarm) - pilot) / (loss * (1 - false_alarm) + gain * (1 - found))
    stated("hydrogen-gate", "", percent(stop), percent(go))
    # The largest regret: against what would have been best, had one known.
    stated("hydrogen-gate", "A", f"{gain:,.0f} million|{gain / 100:.0f}亿")
    regret = max(gain - (found * gain - pilot), false_alarm * loss + pilot)
    stated("hydrogen-gate", "B", f"{regret:.0f} million|{regret / 100:.2f}亿")
    stated("hydrogen-gate", "C", f"{loss} million|{loss / 100:.0f}亿")


def test_lithium() -> None:
    price, forward = pert(58_400, 120_000, 200_000), 156_060
    need = 164_500 * 0.064 * 400 * 0.6 / 1000
    stated("lithium-price", "", f"{need:,.0f} t|{need:,.0f}吨", f"{need / 100:.1f} million|2,530万")
    for option, kept, fixed in (("A", 1.0, 0.0), ("B", 0.4, 0.6 * forward), ("C", 0.3, 0.0)):
        cost = [(kept * price.mean() + fixed), kept * price.std(), kept * price.ppf(0.95) + fixed]
        stated("lithium-price", option, *(million(each * need / 1e6) for each in cost))
    calm = 0.6 * (forward - price.mean()) * need / 1e6
    place = price.cdf(forward) * 100
    stated("lithium-price", "B", million(calm), f"{place:.1f}")


def test_recycling() -> None:
    margin, use, worth, fixed = pert(-6, 0, 6), pert(20, 30, 60), 10_000 * 160_000 / 1e6, 20
    even = fixed / (worth * use.mean() / 100) * 100
    stated("recycling-capacity", "B", percent(use.mean() / 100), percent(even / 100, 2),
           percent(margin.sf(even)))  # fmt: skip
    both, _error = integrate.quad(
        lambda x: margin.sf(fixed / (worth * x / 100) * 100) * use.pdf(x), 20, 60
    )
    stated("recycling-capacity", "B", percent(both))
    assert margin.mean() == pytest.approx(0)


def viewer(email: str) -> Viewer:
    return viewer_for(User.objects.get(email=email), DEMO_SLUG)


@pytest.mark.django_db
def test_four_decisions_stand_where_the_story_says() -> None:
    refs = loaded(at=LOADED).refs
    leader = viewer("leader@catl.example")
    rows = {key: decision_for(leader, refs[key], DAY) for key in DECISIONS}
    assert {key: row.state for key, row in rows.items()} == {
        "lithium-price": "in_force",
        "hydrogen-gate": "decided",
        "recycling-capacity": "draft",
        "brazil": "proposed",
    }
    stale = {key for key, row in rows.items() if stale_because(leader, row)}
    assert stale == {"lithium-price"}
    assert stale_because(leader, rows["lithium-price"]) == [Stale.RATING]
    (open_one,) = rows["hydrogen-gate"].conditions  # type: ignore[attr-defined]
    assert (open_one.state, open_one.before) == ("open", True)
    assert "decide" in acts_open_to(leader, rows["brazil"], DAY)
    for key, row in rows.items():
        assert row.options.count() == len(DECISIONS[key]["options"])
    # Everything of before is marked as entered when it was.
    told = Event.objects.filter(subject_type__in=("decision", "argument"))
    assert told.count() > 20
    assert set(told.values_list("recorded_at", flat=True)) == {LOADED}
    assert all(row.created_at == LOADED for row in Decision.objects.all())


@pytest.mark.django_db
def test_a_partys_unreleased_argument_is_not_the_others() -> None:
    refs = loaded(at=LOADED).refs
    own = Argument.objects.get(visibility="party")
    for who, there in (("owner@catl.example", True), ("leader@foton.example", False)):
        with override("en"):
            page = web(User.objects.get(email=who)).get(
                f"/r/{DEMO_SLUG}/decisions/{refs['hydrogen-gate']}/"
            )
        assert (own.text in page.content.decode()) is there, who


def test_every_text_says_that_it_is_illustrative() -> None:
    for record in CONTENT.decisions:
        texts = [record["title"]["en"], *(a["text"] for a in record["arguments"])]
        texts += [record["decided"]["words"]] if record["decided"] else []
        texts += [vote["words"] for vote in record["votes"]]
        assert all("illustrative" in text or "示意" in text for text in texts), record["key"]
        assert record["certainty"] == "illustrative"
    for comment in CONTENT.comments:
        assert "illustrative" in comment["text"] or "示意" in comment["text"]
    languages = {"示意" in comment["text"] for comment in CONTENT.comments}
    assert languages == {True, False}


@pytest.mark.django_db
def test_what_mitigations_leave_is_told_and_what_is_to_be_decided_is_weighed() -> None:
    refs = loaded(at=LOADED).refs
    effects = list(Effect.objects.select_related("mitigation", "risk"))
    assert len(effects) == len(CONTENT.effects)
    assert {(e.label, e.visibility) for e in effects} == {("illustrative", "shared")}
    assert {e.risk.ref for e in effects} == {"R-001", "R-002", "R-003", "R-004"}
    decision = Decision.objects.get(ref=refs["brazil"])
    weighing = Simulation.objects.get(about=decision.uuid)
    works = {uuid for one in json.loads(weighing.inputs)["options"] for uuid in one["mitigations"]}
    assert works == {str(e.mitigation.uuid) for e in effects if e.mitigation.ref in (
        refs["kit-assembly"], refs["local-packs"])}  # fmt: skip


@pytest.mark.django_db
def test_the_hydrogen_gate_is_worked_out_as_its_words_say() -> None:
    refs = loaded(at=LOADED).refs
    row = decision_for(viewer("leader@catl.example"), refs["hydrogen-gate"], DAY)
    (gate,) = gates_in_words(
        [
            {"key": one.key, "title": one.title, "gate": one.gate, "costs": one.costs}
            for one in row.choices  # type: ignore[attr-defined]
        ],
        "CNY",
    )
    ways = {way["key"]: way for way in gate["ways"]}
    assert [ways[key]["value"] for key in "ABC"] == ["0", "207.5 m", "100 m"]
    assert [ways[key]["lost"] for key in "ABC"] == ["0 %", "60 %", "50 %"]
    assert [ways[key]["regret"] for key in "ABC"] == ["1.1 bn", "345 m", "900 m"]
    assert ways["B"]["best"]
    said = (gate["sample"], gate["cost"], gate["perfect"])
    assert said == ("227.5 m CNY", "120 m CNY", "450 m CNY")
    assert gate["flips"] == ["below a chance of 31.2 %: A", "above a chance of 62 %: C"]
    assert gate["label"] == "illustrative"


@pytest.mark.django_db
@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_pages_programs_files_and_records_say_the_same_digits(language: str) -> None:
    """Every option's text, whose figures are recomputed above, as each face gives it."""
    refs = loaded(at=LOADED).refs
    leader = User.objects.get(email="leader@catl.example")
    leader.language = language
    leader.save()
    people, programs = web(leader), api(leader)
    there = f"/api/v1/registers/{DEMO_SLUG}/"
    cells: dict[str, str] = {}
    for show in ("waiting", "drafts", "standing", "over"):
        answer = people.get(f"/r/{DEMO_SLUG}/decisions/export/?format=csv&show={show}")
        text = b"".join(answer.streaming_content).decode("utf-8-sig")
        table = list(csv.reader(io.StringIO(text)))
        cells |= {line[0]: settled(" ".join(line)) for line in table[1:]}
    with override(language):
        asker = viewer("leader@catl.example")
        for key, record in DECISIONS.items():
            ref = refs[key]
            faces = {
                "page": people.get(f"/r/{DEMO_SLUG}/decisions/{ref}/").content.decode(),
                "csv": cells[ref],
                "api": json.dumps(
                    programs.get(
                        f"{there}decisions/{ref}/", headers={"accept-language": language}
                    ).json(),
                    ensure_ascii=False,
                ),
            }
            row = decision_for(asker, ref, DAY)
            if row.digest:
                recorded = decision_taken_for(asker, ref)
                faces["record"] = record_html(decision_record_for_pdf(asker, recorded))
            for option in record["options"]:
                for face, text in faces.items():
                    assert settled(option["effects"][language]) in settled(text), (key, face)
    assert len(cells) >= len(DECISIONS)


def settled(text: str) -> str:
    """Without what a face writes otherwise: escapes, and how lines are broken."""
    return "".join(html.unescape(text.replace("\\n", " ").replace('\\"', '"')).split())
