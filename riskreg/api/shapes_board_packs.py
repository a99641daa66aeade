"""The shapes of board packs, for the schema alone."""

from typing import Any

from rest_framework import serializers as s

from riskreg.api.core.shape_fields import Person, one_of
from riskreg.exchange.models import PackFormat, PackLanguage
from riskreg.jobs.models import JobState
from riskreg.register.visibility import Visibility


class BoardPack(s.Serializer[Any]):
    id = s.UUIDField()
    url = s.URLField()
    as_of = s.DateField(help_text="the day that it tells of")
    since = s.DateField(help_text="the day that it compares with")
    audience = one_of(
        Visibility.values,
        help_text="shared: what every party sees; party: what is the party's own as well",
    )
    party = s.CharField(help_text="of who asked for it")
    language = one_of(PackLanguage.values, help_text="both: side by side")
    format = one_of(PackFormat.values, help_text="what its file is")
    state = one_of(JobState.values, help_text="`done`, `cancelled` and `failed` are final")
    progress = s.IntegerField(min_value=0, max_value=100, help_text="per cent")
    failure = s.CharField(allow_null=True, help_text="why it failed, if it did")
    file = s.URLField(allow_null=True, help_text="where its file is, once it is done")
    made_by = Person(help_text="who asked for it")
    at = s.DateTimeField(help_text="when it was asked for")


class BoardPackNew(s.Serializer[Any]):
    as_of = s.DateField(required=False, allow_null=True, help_text="today if not given")
    since = s.DateField(
        required=False,
        allow_null=True,
        help_text="if not given, the day of the last meeting before, or 91 days earlier",
    )
    audience = one_of(Visibility.values, required=False, help_text="shared if not given")
    language = one_of(PackLanguage.values, required=False, help_text="en if not given")
    format = one_of(PackFormat.values, required=False, help_text="pdf if not given")
