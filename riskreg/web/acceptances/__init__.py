"""Pages of acceptances: the list, one of them, asking for one, and the answers to it."""

from django.urls import path

from riskreg.web.acceptances.answers import CloseCondition, Grant, Refuse, Revoke, Withdraw
from riskreg.web.acceptances.asking import AskAcceptance
from riskreg.web.acceptances.pages import AcceptanceList, AcceptancePage

_ONE = "acceptances/<str:ref>/"
urlpatterns = [
    path("acceptances/", AcceptanceList.as_view(), name="acceptances"),
    path(_ONE, AcceptancePage.as_view(), name="acceptance"),
    path(f"{_ONE}grant/", Grant.as_view(), name="acceptance_grant"),
    path(f"{_ONE}refuse/", Refuse.as_view(), name="acceptance_refuse"),
    path(f"{_ONE}withdraw/", Withdraw.as_view(), name="acceptance_withdraw"),
    path(f"{_ONE}revoke/", Revoke.as_view(), name="acceptance_revoke"),
    path(
        f"{_ONE}conditions/<uuid:condition>/", CloseCondition.as_view(), name="acceptance_condition"
    ),
    path("risks/<str:ref>/accept/", AskAcceptance.as_view(), name="acceptance_new"),
]
