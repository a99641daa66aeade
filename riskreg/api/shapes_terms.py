"""The shapes of classifications and terms, for the schema alone."""

from typing import Any

from rest_framework import serializers as s

from riskreg.api.core.shape_fields import AnyField, SourceParts, names_by_language

_KEY = r"^[a-z0-9][a-z0-9-]{0,39}$"


def _key_field(**options: Any) -> AnyField:
    note = "made from the English name where none is given; never changes"
    return s.RegexField(_KEY, max_length=40, help_text=note, **options)


class Taxonomy(s.Serializer[Any]):
    id = s.UUIDField()
    key = s.CharField()
    url = s.URLField()
    name = s.CharField()
    names = names_by_language()
    position = s.IntegerField()
    terms_url = s.URLField(help_text="where its terms are listed")
    version = s.IntegerField()


class TermInTaxonomy(s.Serializer[Any]):
    key = _key_field(required=False)
    names = names_by_language(120)
    source = SourceParts(required=False)  # type: ignore[assignment]


class TaxonomyNew(s.Serializer[Any]):
    key = _key_field(required=False)
    names = names_by_language(120)
    terms = TermInTaxonomy(many=True, required=False)


class TaxonomyChange(s.Serializer[Any]):
    names = names_by_language(120)


class Term(s.Serializer[Any]):
    id = s.UUIDField()
    ref = s.CharField(help_text="taxonomy:term, as queries and bodies write it")
    url = s.URLField()
    taxonomy = s.CharField(help_text="key of the classification that it is of")
    key = s.CharField()
    name = s.CharField()
    names = names_by_language()
    position = s.IntegerField()
    source = SourceParts()  # type: ignore[assignment]
    active = s.BooleanField(help_text="whether new things can be filed under it")
    retired_at = s.DateTimeField(allow_null=True)
    merged_into = s.CharField(
        allow_null=True, help_text="the term that it was merged into; null: none"
    )
    version = s.IntegerField()


class TermNew(TermInTaxonomy):
    taxonomy = s.CharField(max_length=40)


class TermChange(s.Serializer[Any]):
    names = names_by_language(120, required=False)
    source = SourceParts(required=False)  # type: ignore[assignment]
    active = s.BooleanField(required=False)


class TermMerge(s.Serializer[Any]):
    into = s.CharField(max_length=81, help_text="the term that stays, written taxonomy:term")
