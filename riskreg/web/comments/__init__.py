"""Comments: the panel beside a thing, all of them, one with what it said before."""

from django.urls import path

from riskreg.web.comments.pages import CommentList, CommentPage, CommentWithdraw

urlpatterns = [
    path("comments/", CommentList.as_view(), name="comments"),
    path("comments/<uuid:comment>/", CommentPage.as_view(), name="comment"),
    path("comments/<uuid:comment>/withdraw/", CommentWithdraw.as_view(), name="comment_withdraw"),
]
