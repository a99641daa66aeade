"""The way in: to the register one was last in."""

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import path, reverse

from riskreg.register.models import Role
from riskreg.register.permissions import may_make_registers
from riskreg.web.base import signed_in_user, viewer_in_last_visited_register

# Who comes to see how things stand; the others come to their work.
_LOOK_ON = (Role.LEADER, Role.AUDITOR, Role.VIEWER)


@login_required
def redirect_into_last_register(request: HttpRequest) -> HttpResponse:
    """Leaders and who looks on: how the last register stands; others: their work in it; a page
    that says so where there is none yet."""
    viewer = viewer_in_last_visited_register(request)
    if viewer is None:
        may_make = may_make_registers(signed_in_user(request))
        return render(request, "home/no_register.html", {"may_make": may_make})
    page = "web:overview" if viewer.role in _LOOK_ON else "web:my_work"
    return HttpResponseRedirect(reverse(page, kwargs={"slug": viewer.register.slug}))


urlpatterns = [path("", redirect_into_last_register, name="home")]
