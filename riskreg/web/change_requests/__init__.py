"""Pages of change requests: the list, one of them, and the answers to it."""

from django.urls import path

from riskreg.web.change_requests.answers import Approve, Refuse, Withdraw
from riskreg.web.change_requests.pages import ChangeRequestList, ChangeRequestPage

_ONE = "change-requests/<str:ref>/"
urlpatterns = [
    path("change-requests/", ChangeRequestList.as_view(), name="change_requests"),
    path(_ONE, ChangeRequestPage.as_view(), name="change_request"),
    path(f"{_ONE}approve/", Approve.as_view(), name="change_request_approve"),
    path(f"{_ONE}refuse/", Refuse.as_view(), name="change_request_refuse"),
    path(f"{_ONE}withdraw/", Withdraw.as_view(), name="change_request_withdraw"),
]
