"""The way in: to the register one was last in."""

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import path, reverse

from riskreg.register.permissions import may_make_registers
from riskreg.web.base import last_viewer, signed_in


@login_required
def home(request: HttpRequest) -> HttpResponse:
    """My work in the last register, or a page that says there is none yet."""
    viewer = last_viewer(request)
    if viewer is None:
        may_make = may_make_registers(signed_in(request))
        return render(request, "home/no_register.html", {"may_make": may_make})
    return HttpResponseRedirect(reverse("web:my_work", kwargs={"slug": viewer.register.slug}))


urlpatterns = [path("", home, name="home")]
