"""Who the caller is."""

from django.http import HttpResponse
from rest_framework.request import Request

from riskreg.accounts.models import ApiToken
from riskreg.api import shapes_register
from riskreg.api.core import schema
from riskreg.api.core.base import ApiView
from riskreg.api.core.values import person, time
from riskreg.api.registers import membership_to_json


class Me(ApiView):
    """The caller's account, token and memberships; any token may ask."""

    any_scope = True

    @schema.detailed("Who am I", shapes_register.Me)
    def get(self, request: Request) -> HttpResponse:
        """``token`` is null for a person with a browser's session."""
        self.refuse_unknown_params()
        token = request.auth if isinstance(request.auth, ApiToken) else None
        body = {
            **(person(self.me) or {}),
            "email": self.me.email,
            "language": self.me.language,
            "time_zone": self.me.time_zone,
            "token": token
            and {
                "prefix": token.prefix,
                "name": token.name,
                "scope": token.scope,
                "expires_at": time(token.expires_at),
            },
            "memberships": [membership_to_json(m, self.site_url) for m in self.my_memberships()],
        }
        return self.detail(body)
