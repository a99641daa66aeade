"""Webhooks of the caller's party: programs that are told what falls due, by a signed POST."""

import uuid
from collections.abc import Sequence
from typing import Any

from django.db.models import QuerySet, Subquery
from django.http import HttpResponse
from django.utils.translation import gettext as _
from rest_framework.request import Request

from riskreg.api import shapes_webhooks as shapes
from riskreg.api.core import schema
from riskreg.api.core.answer import Answer, with_secret_in_body
from riskreg.api.core.base import RegisterApi
from riskreg.api.core.body import body_of, require_empty_body
from riskreg.api.core.etag import etag
from riskreg.api.core.pagination import PARAMS, Listing, page_response
from riskreg.api.core.values import time
from riskreg.endpoints import services as endpoints
from riskreg.endpoints.models import Endpoint, EndpointKind
from riskreg.endpoints.queries import endpoints_of_party_in, last_delivery_by_endpoint
from riskreg.kernel import keyset
from riskreg.kernel.errors import Invalid, NotFound
from riskreg.notify.models import Delivery
from riskreg.register.permissions import require

_BY_AGE = keyset.Order("id", tie="id")


class WebhookApi(RegisterApi):
    """A view about webhooks: for managers, about their own party's."""

    http_method_names = ["get", "post", "patch", "delete", "head"]
    # The secret that was made by this request; it is in no answer that is kept.
    fresh = ""

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        require(self.viewer, "endpoint.edit")

    @property
    def webhooks_of_own_party(self) -> QuerySet[Endpoint]:
        """The webhooks that the caller may know of."""
        return endpoints_of_party_in(self.viewer.audience).filter(kind=EndpointKind.WEBHOOK)

    def webhook_of_own_party(self, webhook: uuid.UUID) -> Endpoint:
        """The webhook of that id. Raises ``NotFound``, for a chat as well."""
        row = self.webhooks_of_own_party.filter(uuid=webhook).first()
        if row is None:
            raise NotFound(_("There is no such webhook."))
        return row

    @property
    def actor_fields(self) -> dict[str, Any]:
        """What every act on an endpoint is told of the caller."""
        return {
            "audience": self.viewer.audience,
            "actor_for_log": self.viewer.user.uuid,
            "at": self.at,
            "request_id": self.viewer.request_id,
        }

    def to_json(self, row: Endpoint, last: Delivery | None) -> dict[str, Any]:
        """A webhook as JSON, without what is secret."""
        return {
            "id": str(row.uuid),
            "url": f"{self.register_url}webhooks/{row.uuid}/",
            "name": row.name,
            "address": endpoints.masked_address_of(row),
            "language": row.language,
            "enabled": row.disabled_at is None,
            "disabled_at": time(row.disabled_at),
            "disabled_why": row.disabled_why,
            "last_delivery": _delivery_to_json(last) if last else None,
            "version": row.version,
            "created_at": time(row.created_at),
        }

    def all_to_json(self, rows: Sequence[Endpoint]) -> list[dict[str, Any]]:
        """Several, with their newest deliveries."""
        last = last_delivery_by_endpoint([row.uuid for row in rows])
        return [self.to_json(row, last.get(row.uuid)) for row in rows]

    def answer(self, row: Endpoint, status: int = 200) -> Answer:
        """``row`` with its ETag, and its address where it is new."""
        (body,) = self.all_to_json([row])
        headers = {"Location": body["url"]} if status == 201 else {}
        return Answer.of(body, status, ETag=etag(row.version, body), **headers)


class Webhooks(WebhookApi):
    """GET lists the webhooks of the caller's party, POST adds one."""

    http_method_names = ["get", "post", "head"]

    @schema.listed("List webhooks", shapes.Webhook)
    def get(self, request: Request, slug: str) -> HttpResponse:
        """Oldest first."""
        self.refuse_unknown_params(*PARAMS)
        listing = Listing(
            queryset=self.webhooks_of_own_party,
            order=_BY_AGE,
            place=lambda row: (None, str(row.uuid)),
            tie=lambda public: Subquery(
                self.webhooks_of_own_party.filter(uuid=uuid.UUID(public)).values("pk")
            ),
        )
        return page_response(self, self.viewer.audience.key, listing, self.all_to_json)

    @schema.made("Add a webhook", shapes.WebhookNew, shapes.WebhookSecret)
    def post(self, request: Request, slug: str) -> HttpResponse:
        """The secret that signs is in this answer and in no other."""
        body = body_of(request, "name", "address", "language")
        wrong: Invalid | None = None
        try:
            # Asks the resolver, which is not to happen inside a transaction.
            address = endpoints.check_address(EndpointKind.WEBHOOK, body.get("address"))
        except Invalid as invalid:
            wrong = invalid

        def act() -> Answer:
            if wrong is not None:
                raise wrong
            row, self.fresh = endpoints.add_endpoint(
                kind=EndpointKind.WEBHOOK,
                name=body.get("name"),
                address=address,
                language=body.get("language", self.me.language),
                **self.actor_fields,
            )
            return self.answer(row, 201)

        return with_secret_in_body(self.write(act), self.fresh)


class WebhookDetail(WebhookApi):
    """One webhook, by its id."""

    http_method_names = ["get", "patch", "delete", "head"]

    @schema.detailed("Read a webhook", shapes.Webhook)
    def get(self, request: Request, slug: str, webhook: uuid.UUID) -> HttpResponse:
        """The webhook as it is now; If-Match does not go by its deliveries."""
        self.refuse_unknown_params()
        row = self.webhook_of_own_party(webhook)
        (body,) = self.all_to_json([row])
        return self.detail(body, row.version)

    @schema.changed("Change a webhook", shapes.WebhookChange, shapes.Webhook)
    def patch(self, request: Request, slug: str, webhook: uuid.UUID) -> HttpResponse:
        """Another name, or on and off. Its address does not change: add another one."""

        def act() -> Answer:
            body = body_of(request, "name", "enabled")
            row, version = self.webhook_of_own_party(webhook), self.expected_version_or_never
            asked = {"endpoint": webhook, "version": version, **self.actor_fields}
            if "enabled" in body and not isinstance(body["enabled"], bool):
                raise Invalid.one("enabled", "not_a_boolean", "This must be true or false.")
            # Without a change it is still said when the version is an old one.
            row = endpoints.rename(name=body.get("name", row.name), **asked)
            if "enabled" in body:
                row = endpoints.switch_on_or_off(on=body["enabled"], **{**asked, "version": None})
            return self.answer(row)

        return self.write(act)

    @schema.removed("Remove a webhook")
    def delete(self, request: Request, slug: str, webhook: uuid.UUID) -> HttpResponse:
        """For good, with its address and secret. What it was sent stays on record."""

        def act() -> Answer:
            self.webhook_of_own_party(webhook)
            endpoints.remove(
                endpoint=webhook, version=self.expected_version_or_never, **self.actor_fields
            )
            return Answer("", 204)

        return self.write(act)


class WebhookRotate(WebhookApi):
    """A new secret."""

    http_method_names = ["post"]

    @schema.acted("Rotate the secret of a webhook", schema.NO_BODY, shapes.WebhookSecret)
    def post(self, request: Request, slug: str, webhook: uuid.UUID) -> HttpResponse:
        """For a day what is sent is signed with both, so that no receiver misses anything."""

        def act() -> Answer:
            require_empty_body(request)
            self.webhook_of_own_party(webhook)
            row, self.fresh = endpoints.rotate_secret(
                endpoint=webhook, version=self.expected_version_or_never, **self.actor_fields
            )
            return self.answer(row)

        return with_secret_in_body(self.write(act), self.fresh)


class WebhookTest(WebhookApi):
    """A test message."""

    http_method_names = ["post"]

    @schema.started("Try a webhook out", schema.NO_BODY, shapes.WebhookDelivery)
    def post(self, request: Request, slug: str, webhook: uuid.UUID) -> HttpResponse:
        """Sends a message of type endpoint.test, once; ``last_delivery`` says how it went."""

        def act() -> Answer:
            require_empty_body(request)
            self.webhook_of_own_party(webhook)
            delivery = endpoints.queue_test_message(
                endpoint=webhook, local_day=self.viewer.today(self.at), **self.actor_fields
            )
            return Answer.of(_delivery_to_json(delivery), 202)

        return self.write(act)


def _delivery_to_json(row: Delivery) -> dict[str, Any]:
    return {
        "id": str(row.uuid),
        "type": row.message.kind,
        "state": row.state,
        "attempts": row.attempts,
        "error": row.last_error,
        "at": time(row.created_at),
        "sent_at": time(row.sent_at),
    }
