"""The schema and the page that shows it; open to everybody, for they hold no data."""

import json
import threading
from functools import lru_cache
from typing import Any

from csp.constants import SELF, UNSAFE_INLINE
from csp.decorators import csp_update
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import translation
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.views import SpectacularSwaggerSplitView

from riskreg.api.core.errors import problem

# It takes seconds of CPU, and what makes it fails where two threads are at it for the first time:
# of several who ask at once, one makes it.
_being_made = threading.Lock()


@csrf_exempt
def schema(request: HttpRequest) -> HttpResponse:
    """The OpenAPI document, as JSON."""
    if request.method not in ("GET", "HEAD"):
        return problem(405, _("The Allow header lists the methods that this address takes."),
                       headers={"Allow": "GET, HEAD"})  # fmt: skip
    with _being_made:
        document = _schema()
    response = HttpResponse(document, content_type="application/vnd.oai.openapi+json")
    response["Cache-Control"] = "public, max-age=300"
    return response


@lru_cache(maxsize=1)
def _schema() -> bytes:
    with translation.override("en"):
        generator = SchemaGenerator()  # type: ignore[no-untyped-call]
        document = generator.get_schema(request=None, public=True)  # type: ignore[no-untyped-call]
    return json.dumps(document, ensure_ascii=False, default=str).encode()


# Swagger UI writes a style element into its page; its scripts come from our own static files.
@method_decorator(csp_update({"style-src": [SELF, UNSAFE_INLINE]}), name="dispatch")
@method_decorator(require_safe, name="dispatch")
class Docs(SpectacularSwaggerSplitView):
    """The schema in a browser."""

    authentication_classes: list[Any] = []
    permission_classes: list[Any] = []
    url_name = "api:schema"

    def _get_schema_url(self, request: HttpRequest) -> str:
        return reverse("api:schema")
