"""Asking whoever answers for a risk, and the answers."""

from django.urls import path

from riskreg.web.questions.pages import Answer, AskAbout, TakeBack

_ONE = "risks/<str:ref>/questions/<uuid:question>/"
urlpatterns = [
    path("risks/<str:ref>/ask/", AskAbout.as_view(), name="risk_ask"),
    path(f"{_ONE}answer/", Answer.as_view(), name="question_answer"),
    path(f"{_ONE}withdraw/", TakeBack.as_view(), name="question_withdraw"),
]
