"""All addresses: pages for people, the API for programs, health for operators."""

from django.contrib import admin
from django.urls import include, path

from riskreg.api.core.errors import unknown_route
from riskreg.kernel import health
from riskreg.web import operations

urlpatterns = [
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("metrics", health.metrics, name="metrics"),
    path("accounts/", include("riskreg.accounts.urls")),
    path("admin/state/", operations.page, name="operations_state"),
    path("admin/", admin.site.urls),
    path("api/", include("riskreg.api.urls")),
    path("api", unknown_route),
    path("", include("riskreg.web.urls")),
]

handler400 = "riskreg.web.errors.bad_request"
handler403 = "riskreg.web.errors.forbidden"
handler404 = "riskreg.web.errors.not_found"
handler500 = "riskreg.web.errors.server_error"
