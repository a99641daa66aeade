"""The shapes of a register, its criteria and oneself, for the schema alone."""

from typing import Any

from rest_framework import serializers as s

from riskreg.accounts.models import Scope
from riskreg.api.core.shape_fields import (
    Person,
    names_by_language,
    one_of,
    texts_by_key,
    texts_by_language,
)
from riskreg.api.shapes import Cell
from riskreg.api.shapes_axes import Axes
from riskreg.register.models import Role
from riskreg.register.policy import LABELS


class Level(s.Serializer[Any]):
    value = s.IntegerField()
    name = s.CharField()
    names = names_by_language()
    descriptions = texts_by_key()
    range = s.ListField(
        child=s.FloatField(),
        allow_null=True,
        help_text="from and to: a chance within a year, or an amount; null: not said",
    )


class Rating(s.Serializer[Any]):
    key = s.CharField()
    name = s.CharField()
    names = names_by_language()
    cadence_days = s.IntegerField()
    accept_role = one_of(["owner", "manager", "leader"])
    accept_days = s.IntegerField()
    accept_total_days = s.IntegerField()


class TermAppetite(s.Serializer[Any]):
    term = s.CharField(max_length=81, help_text="written `taxonomy:term`")
    rating = s.CharField(max_length=30, help_text="the worst that needs no acceptance there")


class TolerancePoint(s.Serializer[Any]):
    amount = s.FloatField(min_value=0, help_text="in the register's currency")
    chance = s.FloatField(help_text="with which a year may cost more, above 0 and below 1")


class Criteria(s.Serializer[Any]):
    number = s.IntegerField()
    axes = Axes(help_text="how the register draws its matrices now")
    likelihood = Level(many=True)
    impact = Level(many=True)
    dimensions = s.ListField(child=s.DictField())
    ratings = Rating(many=True)
    cells = Cell(many=True)
    appetite = s.CharField()
    term_appetites = TermAppetite(many=True)
    tolerance = TolerancePoint(many=True)
    cadence_days = s.DictField(child=s.IntegerField())
    unrated_cadence_days = s.IntegerField()
    label = one_of(LABELS)


class Party(s.Serializer[Any]):
    key = s.CharField()
    name = s.CharField()
    names = names_by_language()
    prefix = s.CharField()


class PartyDetail(Party):
    id = s.UUIDField()
    url = s.URLField()
    version = s.IntegerField()


# No party's refs begin with R: that is the letter of what is shared.
_PREFIX = r"^(?!R$)[A-Z]{1,3}$"


class PartyToAdd(s.Serializer[Any]):
    key = s.RegexField(
        r"^[a-z0-9][a-z0-9-]{0,39}$",
        max_length=40,
        required=False,
        help_text="made from its name if left out",
    )
    names = texts_by_language(120, least=1)
    prefix = s.RegexField(
        _PREFIX,
        max_length=3,
        required=False,
        help_text="what its own refs begin with, as AB in AB-001",
    )


class PartyChange(s.Serializer[Any]):
    names = texts_by_language(120, least=1, required=False)
    prefix = s.RegexField(
        _PREFIX,
        max_length=3,
        required=False,
        help_text="while no ref was given with the one before",
    )


class TermItem(s.Serializer[Any]):
    key = s.CharField()
    name = s.CharField()
    active = s.BooleanField(help_text="whether new things can be filed under it")


class TaxonomyItem(s.Serializer[Any]):
    key = s.CharField()
    name = s.CharField()
    terms = TermItem(many=True)


class RegisterItem(s.Serializer[Any]):
    slug = s.CharField()
    url = s.URLField()
    name = s.CharField()
    role = one_of(Role.values)
    party = s.CharField(allow_null=True)
    currency = s.CharField()
    time_zone = s.CharField()
    notice = s.CharField(allow_blank=True)
    archived_at = s.DateTimeField(
        allow_null=True, help_text="since when it is only read; null: it is not archived"
    )


class RegisterArchive(s.Serializer[Any]):
    reason = s.CharField(max_length=2000, help_text="why it is archived, kept in the log")


class Archived(s.Serializer[Any]):
    slug = s.CharField()
    url = s.URLField()
    archived_at = s.DateTimeField(
        allow_null=True, help_text="since when it is only read; null: it is not archived"
    )


class Counts(s.Serializer[Any]):
    open = s.IntegerField()
    draft = s.IntegerField()
    closed = s.IntegerField()
    overdue = s.IntegerField()
    due_soon = s.IntegerField()
    above_appetite = s.IntegerField(help_text="threats alone")


class CountsByRating(s.Serializer[Any]):
    threat = s.DictField(child=s.IntegerField())
    opportunity = s.DictField(child=s.IntegerField())


class Register(RegisterItem):
    names = names_by_language()
    description = s.CharField(allow_blank=True)
    today = s.DateField(help_text="the day it is in the register's time zone")
    languages = s.ListField(child=s.CharField())
    parties = Party(many=True)
    taxonomies = TaxonomyItem(many=True)
    axes = Axes(help_text="how the register draws its matrices")
    criteria = s.IntegerField(allow_null=True)
    counts_by_rating = CountsByRating(help_text="open risks, threats and opportunities apart")
    counts = Counts()


class Token(s.Serializer[Any]):
    prefix = s.CharField()
    name = s.CharField(allow_blank=True)
    scope = one_of(Scope.values)
    expires_at = s.DateTimeField()


class Me(Person):
    email = s.EmailField()
    language = s.CharField()
    time_zone = s.CharField()
    token = Token(allow_null=True)
    memberships = RegisterItem(many=True)
