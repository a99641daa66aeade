"""Board packs: asking for one, how far it is, and the file."""

from django.urls import path

from riskreg.web.packs.pages import CancelPack, PackFile, Packs

urlpatterns = [
    path("board-packs/", Packs.as_view(), name="board_packs"),
    path("board-packs/<uuid:pack>/file/", PackFile.as_view(), name="board_pack_file"),
    path("board-packs/<uuid:pack>/cancel/", CancelPack.as_view(), name="board_pack_cancel"),
]
