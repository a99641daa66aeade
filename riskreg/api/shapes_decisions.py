"""The shapes of decisions, for the schema alone."""

from typing import Any

from rest_framework import serializers as s

from riskreg.api.core.shape_fields import Money, Number, Person, Who, one_of, translations
from riskreg.api.core.table_shapes import answer_fields, change_fields, new_fields
from riskreg.decisions.fields import DECISION
from riskreg.decisions.models import ObligationState, Stance
from riskreg.decisions.policy.decisions import BY_ITSELF, Act, Stale
from riskreg.decisions.services.options import TRANSLATED, YEARS
from riskreg.register.policy import LABELS
from riskreg.register.visibility import Visibility

ACTS = tuple(act.value for act in Act if act not in BY_ITSELF)


class DecisionPerson(s.Serializer[Any]):
    person = Person(help_text="who is asked")
    party = s.CharField(help_text="for which party")


class DecisionCost(s.Serializer[Any]):
    amount = Money(help_text="in the register's currency")
    year = s.IntegerField(help_text="when it is paid")
    party = s.CharField(help_text="who pays it")


class DecisionCostNew(s.Serializer[Any]):
    amount = Number(help_text="in the register's currency; zero or more")
    year = s.IntegerField(min_value=YEARS[0], max_value=YEARS[1], help_text="when it is paid")
    party = s.CharField(max_length=40, help_text="the key of the party that pays it")


class OptionGate(s.Serializer[Any]):
    decides = s.CharField(max_length=1, help_text="the key of the option that it decides about")
    chance = s.CharField(help_text="that this one succeeds, in per cent")
    gain = s.CharField(help_text="what that brings then, its cost taken off")
    loss = s.CharField(help_text="what is lost otherwise")
    hit = s.CharField(help_text="how often the gate says go where it would succeed, in per cent")
    false_alarm = s.CharField(
        help_text="how often it says go where it would not, in per cent; below `hit`"
    )
    label = one_of(LABELS, help_text="what these numbers are")


class OptionGateNew(s.Serializer[Any]):
    decides = s.CharField(max_length=1, help_text="the key of the option that it decides about")
    chance = Number(help_text="that this one succeeds, in per cent, above 0 and below 100")
    gain = Number(help_text="what that brings then, its cost taken off")
    loss = Number(help_text="what is lost otherwise, above zero")
    hit = Number(help_text="how often the gate says go where it would succeed, in per cent")
    false_alarm = Number(
        help_text="how often it says go where it would not, in per cent; below `hit`"
    )
    label = one_of(LABELS, help_text="what these numbers are")


class GateWay(s.Serializer[Any]):
    key = s.CharField(help_text="the key of the option")
    value = s.FloatField(help_text="what it is worth on average")
    chance_of_loss = s.FloatField(help_text="that it ends in a loss")
    regret = s.FloatField(
        help_text="how much worse it is at most than what would have been best had one known"
    )


class GateFlip(s.Serializer[Any]):
    at = s.FloatField(help_text="chance of success, from 0 to 1")
    before = s.CharField(help_text="key of what is best below it")
    after = s.CharField(help_text="key of what is best above it")


class GateWorth(s.Serializer[Any]):
    best = s.CharField(help_text="key of the option that is worth most")
    options = GateWay(many=True, help_text="doing nothing, the whole at once, the gate first")
    says_go = s.FloatField(help_text="chance that the gate says go")
    after_go = s.FloatField(help_text="chance of success once it has said so")
    after_no_go = s.FloatField(help_text="chance of success once it has said no")
    perfect_information = s.FloatField(help_text="what all knowledge is worth at most")
    information = s.FloatField(help_text="what the gate tells is worth, its cost not taken off")
    flips = GateFlip(many=True, help_text="at which chances of success the choice flips, upwards")


class DecisionOption(s.Serializer[Any]):
    key = s.CharField(help_text="its letter, which never changes")
    is_nothing = s.BooleanField(help_text="whether it is doing nothing, which is always one")
    title = s.CharField(help_text="what it is called")
    effects = s.CharField(allow_blank=True, help_text="what it brings, in words")
    mitigations = s.ListField(child=s.CharField(), help_text="refs of what would be carried out")
    costs = DecisionCost(many=True, help_text="what is paid, when and by whom")
    total = Money(help_text="all of its costs together, undiscounted")
    gate = OptionGate(allow_null=True, help_text="what it finds out first; null: it is no gate")
    gate_worth = GateWorth(
        allow_null=True, help_text="the tree of the gate worked out; null: it is no gate"
    )
    translations = translations(*TRANSLATED, help_text="versions in other languages")


class DecisionArgument(s.Serializer[Any]):
    id = s.UUIDField(help_text="never changes")
    option = s.CharField(help_text="the key of the option that it is about")
    stance = one_of(Stance.values, help_text="which way it goes")
    text = s.CharField(help_text="what is said")
    author = Person(help_text="who said it")
    party = s.CharField(help_text="for which party")
    visibility = one_of(Visibility.values, help_text="party: not released")
    at = s.DateTimeField(help_text="when it was said; for other parties when it was released")


class DecisionVote(s.Serializer[Any]):
    party = s.CharField(help_text="whose answer it is")
    member = Person(help_text="who said it")
    answer = one_of(["yes", "no"], help_text="to what was chosen")
    words = s.CharField(allow_blank=True, help_text="why")
    round = s.IntegerField(help_text="of which time that it was put forward")
    at = s.DateTimeField(help_text="when it was said")


class DecisionRevisit(s.Serializer[Any]):
    happened = s.CharField(help_text="what has happened since")
    lessons = s.CharField(allow_blank=True, help_text="what was learnt")
    by = Person(help_text="who said it")
    at = s.DateTimeField(help_text="when it was said")


class DecisionCondition(s.Serializer[Any]):
    id = s.UUIDField(help_text="never changes")
    text = s.CharField(help_text="what must be done")
    owner = Person(help_text="who owes it")
    due_on = s.DateField(help_text="by when")
    before = s.BooleanField(help_text="whether it comes before the decision is in force")
    state = one_of(ObligationState.values, help_text="proposed: it waits for the other parties")
    words = s.CharField(allow_blank=True, help_text="how it was met, or why it was waived")
    closed_by = Person(allow_null=True, help_text="null: it is not closed")
    closed_at = s.DateTimeField(allow_null=True, help_text="null: it is not closed")


class DecisionConditionNew(s.Serializer[Any]):
    text = s.CharField(max_length=2000, help_text="what must be done")
    owner = s.CharField(max_length=254, help_text="a member, by id or e-mail address")
    due_on = s.DateField(help_text="by when")
    before = s.BooleanField(
        required=False, help_text="whether it comes before the decision is in force"
    )


class Decision(s.Serializer[Any]):
    def get_fields(self) -> dict[str, Any]:
        return answer_fields(
            DECISION,
            stale=s.ListField(
                child=one_of([e.value for e in Stale]),
                help_text="what it stood on and that moved since",
            ),
            deciders=DecisionPerson(many=True, help_text="who is asked to decide"),
            options=DecisionOption(many=True, help_text="the answers that there are"),
            replaces=s.CharField(allow_null=True, help_text="the ref of the one it replaces"),
            criteria_number=s.IntegerField(
                allow_null=True, help_text="the version when it was put forward"
            ),
            conditions=DecisionCondition(
                many=True, help_text="what must be done, by whom and by when"
            ),
            votes=DecisionVote(many=True, help_text="who said yes or no to what was chosen"),
            revisits=DecisionRevisit(many=True, help_text="what became of it"),
            may=s.ListField(child=one_of(ACTS), help_text="what the caller can do to it now"),
        )


def _deciders_field() -> Any:
    return s.ListField(
        child=Who(), required=False, max_length=12, help_text="members, by id or e-mail address"
    )


def _replaces_field() -> Any:
    return s.CharField(
        required=False,
        allow_blank=True,
        allow_null=True,
        max_length=20,
        help_text="the ref of the decision whose place it takes",
    )


class DecisionNew(s.Serializer[Any]):
    def get_fields(self) -> dict[str, Any]:
        return new_fields(DECISION) | {
            "replaces": _replaces_field(),
            "deciders": _deciders_field(),
            "visibility": one_of(
                Visibility.values,
                required=False,
                help_text="shared if not sent; party where a risk that it touches is",
            ),
        }


class DecisionChange(s.Serializer[Any]):
    def get_fields(self) -> dict[str, Any]:
        return change_fields(DECISION) | {
            "replaces": _replaces_field(),
            "deciders": _deciders_field(),
        }


class _OptionFields(s.Serializer[Any]):
    effects = s.CharField(
        required=False, allow_blank=True, max_length=8000, help_text="what it brings, in words"
    )
    mitigations = s.ListField(
        child=s.CharField(max_length=20), required=False, max_length=100,
        help_text="refs of what would be carried out",
    )  # fmt: skip
    costs = DecisionCostNew(
        many=True, required=False, help_text="what is paid, when and by whom; 0 where nothing is"
    )
    gate = OptionGateNew(
        required=False, allow_null=True, help_text="what it finds out first; null: it is no gate"
    )
    translations = translations(
        *TRANSLATED, required=False, help_text="versions in other languages"
    )


class DecisionOptionNew(_OptionFields):
    title = s.CharField(max_length=200, help_text="what it is called")


class DecisionOptionChange(_OptionFields):
    title = s.CharField(max_length=200, required=False, help_text="what it is called")


class DecisionArgumentNew(s.Serializer[Any]):
    option = s.CharField(max_length=1, help_text="the key of an option")
    stance = one_of(Stance.values, help_text="which way it goes")
    text = s.CharField(max_length=4000, help_text="what is said")


class Decide(s.Serializer[Any]):
    option = s.CharField(max_length=1, help_text="the key of the option that is chosen")
    rationale = s.CharField(max_length=8000, help_text="why this one")
    review_on = s.DateField(help_text="when it is looked at again; a duty of the caller")
    conditions = DecisionConditionNew(
        many=True, required=False, help_text="what must be done, by whom and by when"
    )
    despite = s.CharField(
        required=False, allow_blank=True, max_length=4000,
        help_text="needed where `stale` is not empty: why it is decided still",
    )  # fmt: skip


class DecisionVoteNew(s.Serializer[Any]):
    answer = one_of(["yes", "no"], help_text="no takes it back to a draft")
    words = s.CharField(
        required=False, allow_blank=True, max_length=4000, help_text="needed with a no"
    )


class DecisionWords(s.Serializer[Any]):
    words = s.CharField(max_length=4000, help_text="why")


class DecisionOptionalWords(s.Serializer[Any]):
    words = s.CharField(required=False, allow_blank=True, max_length=4000, help_text="why")


class DecisionRevisitNew(s.Serializer[Any]):
    happened = s.CharField(max_length=8000, help_text="what has happened since")
    lessons = s.CharField(
        required=False, allow_blank=True, max_length=8000, help_text="what was learnt"
    )
    review_on = s.DateField(help_text="when it is looked at again")


class DecisionConditionClose(s.Serializer[Any]):
    state = one_of(["met", "waived"], help_text="how it ends")
    words = s.CharField(max_length=4000, help_text="how it was met, or why it is waived")


class DecisionRecord(s.Serializer[Any]):
    ref = s.CharField(help_text="of the decision")
    digest = s.CharField(help_text="SHA-256 of `record`, also in the log of changes")
    record = s.CharField(help_text="what was known, as JSON of one spelling")
