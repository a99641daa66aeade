"""The shapes of webhooks, for the schema alone."""

from typing import Any

from django.conf import settings
from rest_framework import serializers as s

from riskreg.api.core.shape_fields import one_of
from riskreg.endpoints.services import NAME_MAX
from riskreg.notify.models import DeliveryState

_LANGUAGES = [code for code, _name in settings.LANGUAGES]


class WebhookDelivery(s.Serializer[Any]):
    id = s.UUIDField()
    type = s.CharField()
    state = one_of(DeliveryState.values)
    attempts = s.IntegerField()
    error = s.CharField(allow_blank=True, help_text="what the server said, or what went wrong")
    at = s.DateTimeField()
    sent_at = s.DateTimeField(allow_null=True)


class Webhook(s.Serializer[Any]):
    id = s.UUIDField()
    url = s.URLField()
    name = s.CharField()
    address = s.CharField(help_text="its host and last four characters; never shown whole again")
    language = one_of(_LANGUAGES)
    enabled = s.BooleanField()
    disabled_at = s.DateTimeField(allow_null=True)
    disabled_why = s.CharField(allow_blank=True, help_text="empty where somebody switched it off")
    last_delivery = WebhookDelivery(allow_null=True)
    version = s.IntegerField()
    created_at = s.DateTimeField()


class WebhookSecret(Webhook):
    secret = s.CharField(
        required=False, help_text="whsec_…, in this one answer; left out when it is repeated"
    )


class WebhookNew(s.Serializer[Any]):
    name = s.CharField(max_length=NAME_MAX)
    address = s.URLField(help_text="a public https address")
    language = one_of(_LANGUAGES, required=False)


class WebhookChange(s.Serializer[Any]):
    name = s.CharField(max_length=NAME_MAX, required=False)
    enabled = s.BooleanField(required=False)
