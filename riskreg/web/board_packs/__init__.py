"""Board packs: asking for one, how far it is, and the file."""

from django.urls import path

from riskreg.web.board_packs.pages import BoardPackCancel, BoardPackFile, BoardPackList

urlpatterns = [
    path("board-packs/", BoardPackList.as_view(), name="board_packs"),
    path("board-packs/<uuid:pack>/file/", BoardPackFile.as_view(), name="board_pack_file"),
    path("board-packs/<uuid:pack>/cancel/", BoardPackCancel.as_view(), name="board_pack_cancel"),
]
