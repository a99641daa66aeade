"""Making a register: templates, in one step by a person, and by the operator's commands."""

import io
import json
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from riskreg.accounts.models import User
from riskreg.events.models import Event
from riskreg.kernel.errors import Forbidden, Invalid
from riskreg.register import services
from riskreg.register.access import Viewer, present_memberships_of
from riskreg.register.frame_templates import (
    CLASSIFICATIONS,
    SCALES,
    classification_template,
    described_templates,
    scale_template,
)
from riskreg.register.models import Membership, Register, Taxonomy
from riskreg.register.policy import Matrix, clean_criteria
from riskreg.register.services.founding import prefix_from_party_key
from riskreg.register.services.named import key_from_name
from tests import builders
from tests.builders import AT
from tests.dump import nothing_changes

LANGUAGES = {"en", "zh-hans"}


@pytest.mark.parametrize("key", SCALES)
def test_a_scale_template_is_valid_criteria_in_both_languages(key: str) -> None:
    clean = clean_criteria(scale_template(key))
    size = int(key[0])
    assert len(clean["likelihood"]) == len(clean["impact"]) == size
    for level in [*clean["likelihood"], *clean["impact"]]:
        assert set(level["names"]) == set(level["descriptions"]) == LANGUAGES
    for language in LANGUAGES:
        for levels in (clean["likelihood"], clean["impact"], clean["ratings"]):
            names = [level["names"][language] for level in levels]
            assert len(set(names)) == len(names)
    ratings = {cell["rating"] for row in clean["cells"] for cell in row}
    assert ratings == {rating["key"] for rating in clean["ratings"]}, "no rating stands idle"
    # Something is within the appetite, something above it; the corners are the extremes.
    keys = [rating["key"] for rating in clean["ratings"]]
    assert clean["appetite"] in keys[:-1]
    assert clean["cells"][0][0]["rating"] == keys[0]
    assert clean["cells"][-1][-1] == {"score": size * size, "rating": keys[-1]}
    cadences = [rating["cadence_days"] for rating in clean["ratings"]]
    assert cadences == sorted(cadences, reverse=True)


def test_templates_are_described_in_the_readers_language() -> None:
    for name, keys in (("scales", SCALES), ("classifications", CLASSIFICATIONS)):
        rows = list(described_templates(name))
        assert tuple(row["key"] for row in rows) == keys
        assert all(row["name"] and row["description"] for row in rows)


@pytest.mark.parametrize("key", CLASSIFICATIONS)
def test_a_classification_template_has_words_in_both_languages(key: str) -> None:
    for taxonomy in classification_template(key):
        assert set(taxonomy["names"]) == LANGUAGES
        terms = taxonomy["terms"]
        assert len({term["key"] for term in terms}) == len(terms) > 1
        assert all(set(term["names"]) == LANGUAGES for term in terms)


def test_nobody_changes_a_template_by_changing_what_it_gave() -> None:
    scale_template("4x4")["ratings"].clear()
    classification_template("it").clear()
    assert scale_template("4x4")["ratings"]
    assert classification_template("it")


@pytest.mark.parametrize(
    ("name", "taken", "key"),
    [("BAIC Foton", (), "baic-foton"), ("CATL", ("catl",), "catl-2"), ("宁德时代", (), "party"),
     ("  Ä & Ö  ", (), "a-o")],
)  # fmt: skip
def test_a_key_is_suggested(name: str, taken: tuple[str, ...], key: str) -> None:
    assert key_from_name(name, taken) == key


def test_a_prefix_is_suggested_that_nobody_has_and_that_is_not_of_what_is_shared() -> None:
    taken: set[str] = set()
    for key in ["foton", "foton-2", "rail", "r", "r2", *(f"p{n}" for n in range(15))]:
        prefix = prefix_from_party_key(key, taken)
        assert prefix not in taken | {"R"}
        assert 1 <= len(prefix) <= 3
        assert prefix.isupper()
        taken.add(prefix)


# By a person -------------------------------------------------------------------------------------
def admin() -> User:
    user = builders.user("admin@example.com")
    User.objects.filter(pk=user.pk).update(is_superuser=True, is_staff=True)
    user.refresh_from_db()
    return user


def found(by: User, **change: Any) -> Viewer:
    given: dict[str, Any] = {
        "slug": "ours",
        "names": {"en": "Ours", "zh-hans": "我们的"},
        "parties": [{"key": "foton", "names": "Foton"}, {"key": "catl", "names": "CATL"}],
        "acts_for": "foton",
        "currency": "CNY",
        "time_zone": "Asia/Shanghai",
        "at": AT,
        **change,
    }
    return services.found_register(by=by, **given)


@pytest.mark.django_db
def test_whoever_makes_a_register_is_manager_of_their_own_party_in_it() -> None:
    by = admin()
    viewer = found(by, scale="4x4", classification="industrial", steps=["people", "scale"])
    register = viewer.register
    assert (viewer.role, viewer.party.key if viewer.party else None) == ("manager", "foton")
    assert register.made_by == by
    assert register.setup_steps == ["scale", "people"]
    assert len(Matrix(register.criteria).criteria.likelihood) == 4
    assert [p.prefix for p in register.parties.order_by("pk")] == ["F", "C"]
    assert list(register.taxonomies.values_list("key", flat=True)) == [
        t["key"] for t in classification_template("industrial")
    ]
    verbs = set(Event.objects.values_list("verb", flat=True))
    assert {"register.created", "party.added", "member.added", "taxonomy.added"} <= verbs
    assert [m.register.slug for m in present_memberships_of(by)] == ["ours"]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"slug": "setup"}, "slug"),
        ({"slug": "Two Words"}, "slug"),
        ({"currency": "yuan"}, "currency"),
        ({"time_zone": "Mars/Olympus"}, "time_zone"),
        ({"languages": ["en", "xx"]}, "languages"),
        ({"scale": "9x9"}, "scale"),
        ({"classification": "none of these"}, "template"),
        ({"parties": []}, "parties"),
        ({"parties": [{"key": "a", "names": "A"}, {"key": "a", "names": "B"}], "acts_for": "a"},
         "parties"),
        ({"acts_for": "nobody"}, "party"),
        ({"parties": [{"key": "a", "names": ""}], "acts_for": "a"}, "parties.0.names"),
        ({"parties": [{"key": "A B", "names": "A"}], "acts_for": "A B"}, "parties.0.key"),
        ({"parties": [{"key": "a", "names": "A", "prefix": "R"}], "acts_for": "a"},
         "parties.0.prefix"),
        ({"descriptions": {"en": "a\0b"}}, "descriptions"),
    ],
)  # fmt: skip
def test_a_register_that_cannot_be_is_refused_whole(change: dict[str, Any], field: str) -> None:
    by = admin()
    with nothing_changes(), pytest.raises(Invalid) as refused:
        found(by, **change)
    assert set(refused.value.fields) == {field}
    assert all(e.detail for errors in refused.value.fields.values() for e in errors)


@pytest.mark.django_db
def test_a_taken_slug_is_refused_with_the_way_out() -> None:
    by = admin()
    found(by)
    with nothing_changes(), pytest.raises(Invalid, match="choose another"):
        found(by)


@pytest.mark.django_db
def test_who_may_make_registers_is_the_operators_to_say(settings: Any) -> None:
    somebody = builders.user("somebody@example.com")
    with nothing_changes(), pytest.raises(Forbidden):
        found(somebody)
    settings.REGISTER_MAKERS = "everybody"
    assert found(somebody).register.made_by == somebody


@pytest.mark.django_db
def test_a_step_of_the_set_up_is_done_once() -> None:
    viewer = found(admin(), steps=["scale", "people"])
    services.note_step_finished(actor=viewer, step="scale", at=AT)
    with nothing_changes():
        services.note_step_finished(actor=viewer, step="scale", at=AT)
    viewer.register.refresh_from_db()
    assert viewer.register.setup_steps == ["people"]


@pytest.mark.django_db
def test_a_register_starts_with_the_frame_of_another_and_with_nothing_else_of_it() -> None:
    by = admin()
    first = found(by, scale="3x3", classification="it")
    builders.user("them@example.com")
    viewer = found(by, slug="second", copy_of="ours", currency="EUR")
    assert viewer.register.currency == "EUR"
    assert viewer.criteria.likelihood == first.criteria.likelihood
    assert viewer.criteria.pk != first.criteria.pk
    kinds = [list(v.register.taxonomies.values_list("key", "names")) for v in (first, viewer)]
    assert kinds[0] == kinds[1] != []
    assert Membership.objects.filter(register=viewer.register).count() == 1


@pytest.mark.django_db
@pytest.mark.parametrize("slug", ["nowhere", "theirs"])
def test_the_frame_of_a_register_that_one_is_not_in_is_not_copied(slug: str) -> None:
    by = admin()
    services.found_register(
        by=builders.user("other@example.com"), slug="theirs", names="T", acts_for="a",
        parties=[{"key": "a", "names": "A"}], currency="EUR", time_zone="UTC", at=AT,
        by_operator=True,
    )  # fmt: skip
    with nothing_changes(), pytest.raises(Invalid, match="in no register") as refused:
        found(by, copy_of=slug)
    assert set(refused.value.fields) == {"copy_of"}


# By commands -------------------------------------------------------------------------------------
def run(*arguments: str, stdin: str = "", monkeypatch: Any = None) -> Any:
    if monkeypatch is not None:
        monkeypatch.setattr("sys.stdin", io.StringIO(stdin))
    out = io.StringIO()
    call_command(*arguments, "--json", stdout=out)
    return json.loads(out.getvalue())


FIRST = ("create_admin", "--email", "Boss@Example.com", "--name", "The boss")
REGISTER = (
    "create_register", "--slug", "ours", "--name", "Ours", "--name-zh", "我们的",
    "--template", "industrial", "--scale", "4x4", "--currency", "CNY",
    "--party", "foton:BAIC Foton", "--party", "catl:CATL: batteries",
    "--manager", "foton:boss@example.com", "--manager", "catl:second@example.com",
)  # fmt: skip


@pytest.mark.django_db
def test_the_commands_make_an_admin_and_a_register_and_nothing_the_second_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made = run(*FIRST, stdin="four words are enough\n", monkeypatch=monkeypatch)
    boss = User.objects.get()
    assert made == {"id": str(boss.uuid), "email": "boss@example.com", "created": True}
    assert boss.is_superuser
    assert boss.check_password("four words are enough")
    with nothing_changes():
        again = run(*FIRST, stdin="another password\n", monkeypatch=monkeypatch)
    assert again == {**made, "created": False}
    builders.user("second@example.com", time_zone="Asia/Tokyo")
    first = run(*REGISTER)
    assert first["created"] is True
    assert first["time_zone"] == "UTC", "the first manager's"
    assert [(p["key"], p["prefix"]) for p in first["parties"]] == [("foton", "F"), ("catl", "C")]
    assert [p["managers"][0]["email"] for p in first["parties"]] == [
        "boss@example.com", "second@example.com",
    ]  # fmt: skip
    register = Register.objects.get()
    assert register.names == {"en": "Ours", "zh-hans": "我们的"}
    assert register.parties.get(key="catl").names == {"en": "CATL: batteries"}
    assert register.setup_steps == []
    with nothing_changes():
        assert run(*REGISTER) == {**first, "created": False}


@pytest.mark.django_db
def test_what_is_missing_is_added_and_what_is_there_stays() -> None:
    builders.user("boss@example.com")
    builders.user("second@example.com")
    run("create_register", "--slug", "ours", "--name", "Ours", "--party", "foton:Foton",
        "--manager", "foton:boss@example.com", "--currency", "CNY")  # fmt: skip
    found = run(*REGISTER)
    assert found["created"] is False
    assert Register.objects.get().names == {"en": "Ours"}
    assert Membership.objects.count() == 2
    assert Taxonomy.objects.count() == len(classification_template("industrial"))


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("--manager", "bosch:boss@example.com"), "bosch"),
        (("--manager", "catl:boss@example.com"), "member already"),
        (("--party", "foton:Again"), "named twice"),
        (("--party", "nonsense"), "KEY:VALUE"),
        (("--prefix", "bosch:B"), "no --party bosch"),
        (("--prefix", "foton:R"), "not R"),
        (("--currency", "yuan"), "three-letter"),
        (("--slug", "admin"), "choose another"),
        (("--time-zone", "Mars/Olympus"), "no time zone"),
    ],
)
def test_a_command_that_asks_for_what_cannot_be_changes_nothing(
    change: tuple[str, ...], said: str
) -> None:
    builders.user("boss@example.com")
    builders.user("second@example.com")
    with nothing_changes(), pytest.raises(CommandError, match=said):
        run(*REGISTER, *change)


@pytest.mark.django_db
def test_another_party_waits_for_the_yes_of_those_that_are_there() -> None:
    builders.user("boss@example.com")
    builders.user("second@example.com")
    run(*REGISTER)
    third = (*REGISTER, "--party", "grid:Grid", "--manager", "grid:third@example.com")
    found = run(*third)
    assert found["waiting"] == [{"ref": "CR-001", "party": "grid"}]
    assert [party["key"] for party in found["parties"]] == ["foton", "catl"]
    with nothing_changes():
        assert run(*third) == found


@pytest.mark.django_db
def test_a_register_of_another_currency_is_another_register() -> None:
    builders.user("boss@example.com")
    builders.user("second@example.com")
    run(*REGISTER)
    with nothing_changes(), pytest.raises(CommandError, match="currency is CNY, not USD"):
        run(*REGISTER, "--currency", "USD")


@pytest.mark.django_db
@pytest.mark.parametrize("stdin", ["", "short\n", "password123\n"])
def test_an_administrator_needs_a_password_that_is_good_enough(
    stdin: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with nothing_changes(), pytest.raises(CommandError, match="password"):
        run(*FIRST, stdin=stdin, monkeypatch=monkeypatch)
