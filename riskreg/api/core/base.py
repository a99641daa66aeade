"""What every view of the API does before and after its own work."""

import datetime as dt
from collections.abc import Callable
from typing import Any, cast

from django.db import transaction
from django.http import HttpResponse
from django.utils.translation import gettext as _
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from riskreg.accounts.models import User
from riskreg.api.core import etag, idempotency
from riskreg.api.core.answer import Answer
from riskreg.api.core.auth import moment_of_request
from riskreg.api.core.body import StrictJSONParser, body_of
from riskreg.api.core.body_shape import check_body
from riskreg.api.core.errors import request_id
from riskreg.api.core.query import require_usual_parameters, with_errors_in_query
from riskreg.kernel.errors import Errors, NotFound
from riskreg.register.access import Viewer, as_viewer, present_memberships_of, viewer_for
from riskreg.register.models import Membership, Register
from riskreg.register.permissions import require_not_archived


class ApiView(APIView):
    """Signs the caller in, refuses an unknown method, then lets the scope decide."""

    parser_classes = [StrictJSONParser]
    http_method_names = ["get", "post", "patch", "head"]
    format_kwarg = None
    at: dt.datetime

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Runs before the method; raises what is to be refused."""
        self.at = moment_of_request(request)
        request.accepted_renderer, request.accepted_media_type = self.perform_content_negotiation(
            request
        )
        self.perform_authentication(request)
        method = (request.method or "").lower()
        if request.user.is_authenticated and method.upper() not in self.allowed_methods:
            self.http_method_not_allowed(request)
        self.check_permissions(request)
        require_usual_parameters(request)

    @property
    def me(self) -> User:
        """Who calls."""
        assert isinstance(self.request.user, User)  # noqa: S101 - permission has been checked
        return self.request.user

    @property
    def site_url(self) -> str:
        """The address of this system, as the caller called it, without a slash at the end."""
        return self.request.build_absolute_uri("/")[:-1]

    def refuse_unknown_params(self, *names: str) -> None:
        """Raise ``InvalidQuery`` for a parameter that is not one of ``names``."""
        errors = Errors()
        for name in self.request.query_params:
            if name not in names:
                errors.add(
                    name[:60],
                    "unknown_parameter",
                    _("There is no such parameter here. Parameters: %(all)s.")
                    % {"all": ", ".join(names) or _("none")},
                )
        with_errors_in_query(errors.raise_if_any)

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        """What is read has an ETag, and who has it already gets 304, lists and maps included."""
        answer = super().finalize_response(request, response, *args, **kwargs)
        if request.method not in ("GET", "HEAD") or answer.status_code != 200:
            return answer
        if answer.streaming:
            # Nobody knows it before it is read, or its view has asked before it opened a file.
            return answer
        if "ETag" not in answer:
            answer["ETag"] = etag.content_etag(answer.content.decode())
        if not etag.is_etag_known(request, answer["ETag"]):
            return answer
        kept = {name: answer[name] for name in ("ETag", "Cache-Control", "Vary") if name in answer}
        return cast(Response, HttpResponse(status=304, headers=kept))

    def detail(self, body: dict[str, Any], version: int | None = None) -> HttpResponse:
        """``body`` with its ETag, of ``version`` where it has one."""
        tag = etag.content_etag(body) if version is None else etag.etag(version, body)
        return Answer.of(body, ETag=tag).response()

    def write(self, act: Callable[[], Answer]) -> HttpResponse:
        """One transaction around the act and what is read of it; under the caller's key, if any."""
        self.refuse_unknown_params()

        def checked() -> Answer:
            self.require_body_fits_schema()
            return act()

        with transaction.atomic():
            return idempotency.answer_once(
                self.request, self.me, self.party_key, self.at, checked
            ).response()

    @property
    def party_key(self) -> str:
        """Key of the party that the caller acts for; empty for none, and outside a register."""
        return ""

    def require_body_fits_schema(self) -> None:
        """Raise ``Invalid`` for what the schema's request body has not, at any depth."""
        errors = Errors()
        handler = getattr(self, (self.request.method or "").lower())
        if shape := getattr(handler, "body_shape", None):
            check_body(errors, body_of(self.request), shape)
        errors.raise_if_any()

    def token_allows(self, register: Register) -> bool:
        """Whether the caller's token, if it is bound to one register, is bound to this one."""
        bound = getattr(self.request.auth, "register", None)
        return bound is None or bound == register.uuid

    def my_memberships(self) -> list[Membership]:
        """The caller's memberships, of registers that their token opens."""
        return [row for row in present_memberships_of(self.me) if self.token_allows(row.register)]


class RegisterApi(ApiView):
    """A view inside a register: ``self.viewer`` asks. A stranger to it gets 404."""

    viewer: Viewer
    # Whether it may also be written to in an archived register: what brings it back.
    serves_archived = False

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        known: Membership | None = getattr(request, "membership", None)
        self.viewer = (
            as_viewer(self.me, known, request_id())
            if known is not None
            else viewer_for(self.me, kwargs["slug"], request_id())
        )
        if not self.token_allows(self.viewer.register):
            raise NotFound(_("There is no such register."))
        if request.method not in ("GET", "HEAD", "OPTIONS") and not self.serves_archived:
            require_not_archived(self.viewer.register)

    @property
    def register_url(self) -> str:
        """The address of the register, with a slash at the end."""
        return f"{self.site_url}/api/v1/registers/{self.viewer.register.slug}/"

    @property
    def expected_version_or_never(self) -> int:
        """The version that If-Match names."""
        return etag.expected_version_or_never(self.request)

    @property
    def party_key(self) -> str:
        return self.viewer.party.key if self.viewer.party else ""
