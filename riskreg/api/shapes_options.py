"""The shapes of options as a run has frozen them, for the schema alone."""

from typing import Any

from rest_framework import serializers as s


class InputOptionCost(s.Serializer[Any]):
    amount = s.CharField(help_text="decimal as text")
    year = s.IntegerField(help_text="when it is paid")
    party = s.CharField(help_text="who pays it")


class InputOption(s.Serializer[Any]):
    key = s.CharField(help_text="its letter")
    is_nothing = s.BooleanField(help_text="whether it is doing nothing")
    mitigations = s.ListField(child=s.UUIDField(), help_text="ids of what it carries out")
    costs = InputOptionCost(many=True, help_text="what it says itself that it costs")
