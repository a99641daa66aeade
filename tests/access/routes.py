"""Every route with its methods, and what the walk sends. A new route needs a line here."""

import datetime as dt
from typing import Any

from tests.analysis import making

# Path with {} for each parameter: the methods to walk.
ROUTES: dict[str, str] = {
    "/healthz": "GET",
    "/readyz": "GET",
    "/metrics": "GET",
    "/accounts/login/": "GET POST",
    "/accounts/logout/": "GET POST",
    "/accounts/signup/": "GET POST",
    "/accounts/inactive/": "GET",
    "/accounts/password/change/": "GET POST",
    "/accounts/password/reset/": "GET POST",
    "/accounts/password/reset/done/": "GET",
    "/accounts/password/reset/key/{}-{}/": "GET POST",
    "/accounts/password/reset/key/done/": "GET",
    # Pages for people
    "/": "GET",
    "/first/{}/": "GET POST",
    "/join/{}/": "GET POST",
    "/registers/new/": "GET POST",
    "/registers/": "GET",
    "/work/": "GET",
    "/r/{}/setup/": "GET",
    "/r/{}/setup/{}/": "GET POST",
    "/r/{}/members/": "GET",
    "/r/{}/members/invite/": "POST",
    "/r/{}/members/invite/file/": "POST",
    "/r/{}/members/invitations/{}/again/": "POST",
    "/r/{}/members/invitations/{}/back/": "POST",
    "/r/{}/members/{}/": "GET",
    "/r/{}/members/{}/role/": "POST",
    "/r/{}/members/{}/end/": "POST",
    "/r/{}/programs/": "GET POST",
    "/r/{}/programs/{}/tokens/": "POST",
    "/r/{}/programs/{}/tokens/{}/end/": "POST",
    "/preferences/": "GET POST",
    "/preferences/calendar/": "POST",
    "/preferences/calendar/revoke/": "POST",
    "/calendar/{}.ics": "GET",
    "/preferences/tokens/": "POST",
    "/preferences/tokens/{}/revoke/": "POST",
    "/language/": "POST",
    "/theme/": "POST",
    "/inbox/": "GET",
    "/inbox/read/": "POST",
    "/inbox/{}/": "GET",
    "/inbox/{}/open/": "POST",
    "/search/": "GET",
    "/r/{}/work/": "GET",
    "/r/{}/heatmap/": "GET",
    "/r/{}/home/": "GET",
    "/r/{}/risks/": "GET",
    "/r/{}/risks/new/": "GET POST",
    "/r/{}/risks/{}/": "GET",
    "/r/{}/risks/{}/edit/": "GET POST",
    "/r/{}/risks/{}/assess/": "GET POST",
    "/r/{}/risks/{}/open/": "GET POST",
    "/r/{}/risks/{}/close/": "GET POST",
    "/r/{}/risks/{}/reopen/": "GET POST",
    "/r/{}/risks/{}/transfer/": "GET POST",
    "/r/{}/risks/{}/share/": "GET POST",
    "/r/{}/risks/{}/clone/": "GET POST",
    "/r/{}/risks/{}/review/": "GET POST",
    "/r/{}/risks/{}/extend/": "GET POST",
    "/r/{}/risks/{}/history/": "GET",
    "/r/{}/risks/{}/estimates/": "GET",
    "/r/{}/risks/{}/estimates/new/": "GET POST",
    "/r/{}/estimates/{}/release/": "POST",
    "/r/{}/forecasts/": "GET",
    "/r/{}/mitigations/{}/effects/": "GET",
    "/r/{}/mitigations/{}/effects/new/": "GET POST",
    "/r/{}/effects/{}/release/": "POST",
    "/r/{}/acceptances/": "GET",
    "/r/{}/acceptances/{}/": "GET",
    "/r/{}/acceptances/{}/grant/": "POST",
    "/r/{}/acceptances/{}/refuse/": "POST",
    "/r/{}/acceptances/{}/withdraw/": "POST",
    "/r/{}/acceptances/{}/revoke/": "POST",
    "/r/{}/acceptances/{}/conditions/{}/": "POST",
    "/r/{}/risks/{}/accept/": "GET POST",
    "/r/{}/decisions/": "GET",
    "/r/{}/decisions/new/": "GET POST",
    "/r/{}/decisions/{}/": "GET",
    "/r/{}/decisions/{}/edit/": "GET POST",
    "/r/{}/decisions/{}/options/new/": "GET POST",
    "/r/{}/decisions/{}/options/{}/": "GET POST",
    "/r/{}/decisions/{}/options/{}/remove/": "POST",
    "/r/{}/decisions/{}/arguments/": "POST",
    "/r/{}/decisions/{}/arguments/{}/release/": "POST",
    "/r/{}/decisions/{}/propose/": "POST",
    "/r/{}/decisions/{}/retract/": "POST",
    "/r/{}/decisions/{}/decide/": "GET POST",
    "/r/{}/decisions/{}/vote/": "POST",
    "/r/{}/decisions/{}/reject/": "POST",
    "/r/{}/decisions/{}/lapse/": "POST",
    "/r/{}/decisions/{}/revisit/": "POST",
    "/r/{}/decisions/{}/close/": "POST",
    "/r/{}/decisions/{}/conditions/{}/": "POST",
    "/r/{}/decisions/{}/weigh/": "POST",
    "/r/{}/decisions/{}/record/": "GET",
    "/r/{}/decisions/{}/record/file/": "GET",
    "/r/{}/drivers/": "GET POST",
    "/r/{}/drivers/{}/": "GET",
    "/r/{}/drivers/{}/beliefs/": "POST",
    "/r/{}/drivers/{}/link/": "POST",
    "/r/{}/drivers/{}/feed/": "POST",
    "/r/{}/beliefs/{}/end/": "POST",
    "/r/{}/links/{}/end/": "POST",
    "/r/{}/comments/": "GET POST",
    "/r/{}/comments/{}/": "GET POST",
    "/r/{}/comments/{}/withdraw/": "POST",
    "/r/{}/risks/{}/ask/": "GET POST",
    "/r/{}/risks/{}/questions/{}/answer/": "POST",
    "/r/{}/risks/{}/questions/{}/withdraw/": "POST",
    "/r/{}/simulations/": "GET POST",
    "/r/{}/simulations/{}/": "GET",
    "/r/{}/simulations/{}/csv/": "GET",
    "/r/{}/simulations/{}/pictures/{}/": "GET",
    "/r/{}/simulations/{}/cancel/": "POST",
    "/r/{}/risks/{}/mitigations/": "GET",
    "/r/{}/mitigations/": "GET",
    "/r/{}/mitigations/new/": "GET POST",
    "/r/{}/mitigations/{}/": "GET",
    "/r/{}/mitigations/{}/edit/": "GET POST",
    "/r/{}/indicators/": "GET",
    "/r/{}/indicators/new/": "GET POST",
    "/r/{}/indicators/{}/": "GET",
    "/r/{}/indicators/{}/edit/": "GET POST",
    "/r/{}/indicators/{}/readings/": "GET POST",
    "/r/{}/risks/{}/relations/new/": "GET POST",
    "/r/{}/relations/{}/end/": "GET POST",
    "/r/{}/evidence/new/{}/{}/": "GET POST",
    "/r/{}/evidence/{}/": "GET",
    "/r/{}/evidence/{}/file/": "GET",
    "/r/{}/evidence/{}/withdraw/": "GET POST",
    "/r/{}/evidence/{}/release/": "POST",
    "/r/{}/controls/": "GET",
    "/r/{}/controls/new/": "GET POST",
    "/r/{}/controls/{}/": "GET",
    "/r/{}/controls/{}/edit/": "GET POST",
    "/r/{}/controls/{}/test/": "GET POST",
    "/r/{}/controls/{}/end/": "GET POST",
    "/r/{}/objectives/": "GET",
    "/r/{}/objectives/new/": "GET POST",
    "/r/{}/objectives/{}/": "GET",
    "/r/{}/objectives/{}/edit/": "GET POST",
    "/r/{}/objectives/{}/model/": "GET POST",
    "/r/{}/meetings/": "GET",
    "/r/{}/meetings/new/": "GET POST",
    "/r/{}/meetings/{}/": "GET",
    "/r/{}/meetings/{}/items/{}/": "GET POST",
    "/r/{}/meetings/{}/attendance/": "POST",
    "/r/{}/meetings/{}/chair/": "POST",
    "/r/{}/meetings/{}/end/": "GET POST",
    "/r/{}/coverage/": "GET",
    "/r/{}/coverage/reviews/": "GET",
    "/r/{}/coverage/csv/": "GET",
    "/r/{}/settings/": "GET",
    "/r/{}/settings/cadence/": "POST",
    "/r/{}/settings/zone/": "POST",
    "/r/{}/settings/programme/": "GET POST",
    "/r/{}/settings/axes/": "POST",
    "/r/{}/settings/parties/": "GET POST",
    "/r/{}/settings/parties/{}/": "GET POST",
    "/r/{}/settings/parties/{}/remove/": "POST",
    "/r/{}/settings/archive/": "GET POST",
    "/r/{}/settings/restore/": "POST",
    "/r/{}/settings/ladder/": "GET POST",
    "/r/{}/change-requests/": "GET",
    "/r/{}/change-requests/{}/": "GET",
    "/r/{}/change-requests/{}/approve/": "POST",
    "/r/{}/change-requests/{}/refuse/": "POST",
    "/r/{}/change-requests/{}/withdraw/": "POST",
    "/r/{}/settings/criteria/": "GET",
    "/r/{}/settings/criteria/new/": "GET POST",
    "/r/{}/settings/own-appetites/new/": "GET POST",
    "/r/{}/settings/own-appetites/{}/": "GET POST",
    "/r/{}/settings/terms/": "GET POST",
    "/r/{}/settings/terms/{}/": "GET POST",
    "/r/{}/settings/terms/{}/merge/": "POST",
    "/r/{}/settings/taxonomies/{}/": "GET POST",
    "/r/{}/away/": "GET POST",
    "/r/{}/away/{}/end/": "POST",
    "/r/{}/handover/": "GET POST",
    "/r/{}/handover/risks/": "GET POST",
    "/r/{}/risks/export/": "GET",
    "/r/{}/mitigations/export/": "GET",
    "/r/{}/controls/export/": "GET",
    "/r/{}/indicators/export/": "GET",
    "/r/{}/readings/export/": "GET",
    "/r/{}/objectives/export/": "GET",
    "/r/{}/meetings/export/": "GET",
    "/r/{}/acceptances/export/": "GET",
    "/r/{}/decisions/export/": "GET",
    "/r/{}/drivers/export/": "GET",
    "/r/{}/heatmap/export/": "GET",
    "/r/{}/coverage/export/": "GET",
    "/r/{}/risks/{}/export/": "GET",
    "/r/{}/risks/{}/history/export/": "GET",
    "/r/{}/risks/{}/estimates/export/": "GET",
    "/r/{}/exports/": "GET",
    "/r/{}/exports/party.zip": "GET",
    "/r/{}/board-packs/": "GET POST",
    "/r/{}/board-packs/schedules/new/": "GET POST",
    "/r/{}/board-packs/schedules/{}/": "GET POST",
    "/r/{}/board-packs/{}/file/": "GET",
    "/r/{}/board-packs/{}/cancel/": "POST",
    "/r/{}/imports/template.xlsx": "GET",
    "/r/{}/imports/": "GET POST",
    "/r/{}/imports/copy/": "POST",
    "/r/{}/imports/drafts/{}/": "GET POST",
    "/r/{}/imports/{}/": "GET",
    "/r/{}/imports/{}/undo/": "POST",
    "/r/{}/imports/{}/not-taken.csv": "GET",
    "/r/{}/deliveries/": "GET",
    "/r/{}/deliveries/{}/": "GET",
    "/r/{}/deliveries/{}/mail/": "GET",
    "/r/{}/deliveries/{}/resend/": "POST",
    "/r/{}/endpoints/": "GET",
    "/r/{}/endpoints/new/": "GET POST",
    "/r/{}/endpoints/{}/": "GET",
    "/r/{}/endpoints/{}/rename/": "POST",
    "/r/{}/endpoints/{}/switch/": "POST",
    "/r/{}/endpoints/{}/secret/": "POST",
    "/r/{}/endpoints/{}/try/": "POST",
    "/r/{}/endpoints/{}/remove/": "POST",
    # REST
    "/api/docs/": "GET",
    "/api/schema/": "GET",
    "/api/v1/me/": "GET",
    "/api/v1/me/work/": "GET",
    "/api/v1/registers/": "GET POST",
    "/api/v1/invitations/accept/": "POST",
    "/api/v1/registers/{}/": "GET",
    "/api/v1/registers/{}/parties/": "GET POST",
    "/api/v1/registers/{}/parties/{}/": "GET PATCH DELETE",
    "/api/v1/registers/{}/archive/": "POST",
    "/api/v1/registers/{}/restore/": "POST",
    "/api/v1/registers/{}/axes/": "GET PUT",
    "/api/v1/registers/{}/programme/": "GET PUT",
    "/api/v1/registers/{}/criteria/": "GET PUT",
    "/api/v1/registers/{}/criteria/preview/": "POST",
    "/api/v1/registers/{}/changes/": "GET",
    "/api/v1/registers/{}/heatmap/": "GET",
    "/api/v1/registers/{}/meetings/": "GET POST",
    "/api/v1/registers/{}/meetings/{}/": "GET",
    "/api/v1/registers/{}/meetings/{}/items/{}/": "POST",
    "/api/v1/registers/{}/meetings/{}/attendance/": "POST",
    "/api/v1/registers/{}/meetings/{}/chair/": "POST",
    "/api/v1/registers/{}/meetings/{}/end/": "POST",
    "/api/v1/registers/{}/coverage/": "GET",
    "/api/v1/registers/{}/search/": "GET",
    "/api/v1/registers/{}/change-requests/": "GET POST",
    "/api/v1/registers/{}/change-requests/{}/": "GET",
    "/api/v1/registers/{}/change-requests/{}/approve/": "POST",
    "/api/v1/registers/{}/change-requests/{}/refuse/": "POST",
    "/api/v1/registers/{}/change-requests/{}/withdraw/": "POST",
    "/api/v1/registers/{}/ladder/": "GET PUT",
    "/api/v1/registers/{}/ladder/preview/": "GET",
    "/api/v1/registers/{}/comments/": "GET POST",
    "/api/v1/registers/{}/comments/{}/": "GET PATCH",
    "/api/v1/registers/{}/comments/{}/withdraw/": "POST",
    "/api/v1/registers/{}/evidence/": "GET POST",
    "/api/v1/registers/{}/evidence/{}/": "GET",
    "/api/v1/registers/{}/evidence/{}/file/": "GET",
    "/api/v1/registers/{}/evidence/{}/withdraw/": "POST",
    "/api/v1/registers/{}/evidence/{}/release/": "POST",
    "/api/v1/registers/{}/relations/": "GET POST",
    "/api/v1/registers/{}/relations/{}/": "GET",
    "/api/v1/registers/{}/relations/{}/end/": "POST",
    "/api/v1/registers/{}/own-appetites/": "GET POST",
    "/api/v1/registers/{}/own-appetites/{}/": "GET PATCH DELETE",
    "/api/v1/registers/{}/controls/": "GET POST",
    "/api/v1/registers/{}/controls/{}/": "GET PATCH",
    "/api/v1/registers/{}/controls/{}/test/": "POST",
    "/api/v1/registers/{}/controls/{}/end/": "POST",
    "/api/v1/registers/{}/taxonomies/": "GET POST",
    "/api/v1/registers/{}/taxonomies/{}/": "GET PATCH",
    "/api/v1/registers/{}/terms/": "GET POST",
    "/api/v1/registers/{}/terms/{}/": "GET PATCH",
    "/api/v1/registers/{}/terms/{}/merge/": "POST",
    "/api/v1/registers/{}/objectives/": "GET POST",
    "/api/v1/registers/{}/objectives/{}/": "GET PATCH",
    "/api/v1/registers/{}/objectives/{}/models/": "GET POST",
    "/api/v1/registers/{}/indicators/": "GET POST",
    "/api/v1/registers/{}/indicators/{}/": "GET PATCH",
    "/api/v1/registers/{}/indicators/{}/readings/": "GET POST",
    "/api/v1/registers/{}/duties/": "GET",
    "/api/v1/registers/{}/absences/": "GET POST",
    "/api/v1/registers/{}/absences/{}/end/": "POST",
    "/api/v1/registers/{}/members/": "GET",
    "/api/v1/registers/{}/members/{}/": "GET PATCH",
    "/api/v1/registers/{}/members/{}/end/": "POST",
    "/api/v1/registers/{}/invitations/": "GET POST",
    "/api/v1/registers/{}/invitations/bulk/": "POST",
    "/api/v1/registers/{}/invitations/{}/": "GET",
    "/api/v1/registers/{}/invitations/{}/resend/": "POST",
    "/api/v1/registers/{}/invitations/{}/revoke/": "POST",
    "/api/v1/registers/{}/programs/": "GET POST",
    "/api/v1/registers/{}/programs/{}/tokens/": "POST",
    "/api/v1/registers/{}/programs/{}/tokens/{}/end/": "POST",
    "/api/v1/registers/{}/handovers/": "GET POST",
    **{
        f"/api/v1/registers/{{}}/exports/{noun}/": "GET"
        for noun in (
            "risks",
            "mitigations",
            "controls",
            "indicators",
            "readings",
            "objectives",
            "meetings",
            "acceptances",
            "decisions",
            "drivers",
            "beliefs",
            "links",
            "models",
            "estimates",
            "relations",
            "heatmap",
            "coverage",
            "party",
        )
    },
    "/api/v1/registers/{}/risks/{}/export/": "GET",
    "/api/v1/registers/{}/risks/{}/history/export/": "GET",
    "/api/v1/registers/{}/board-packs/": "GET POST",
    "/api/v1/registers/{}/board-packs/{}/": "GET",
    "/api/v1/registers/{}/board-packs/{}/cancel/": "POST",
    "/api/v1/registers/{}/board-packs/{}/file/": "GET",
    "/api/v1/registers/{}/pack-schedules/": "GET POST",
    "/api/v1/registers/{}/pack-schedules/{}/": "GET PATCH DELETE",
    "/api/v1/registers/{}/imports/": "GET POST",
    "/api/v1/registers/{}/imports/copy/": "POST",
    "/api/v1/registers/{}/imports/template/": "GET",
    "/api/v1/registers/{}/imports/preview/": "POST",
    "/api/v1/registers/{}/imports/{}/": "GET",
    "/api/v1/registers/{}/imports/{}/undo/": "POST",
    "/api/v1/registers/{}/mitigations/": "GET POST",
    "/api/v1/registers/{}/mitigations/{}/": "GET PATCH",
    "/api/v1/registers/{}/risks/": "GET POST",
    "/api/v1/registers/{}/risks/{}/": "GET PATCH",
    "/api/v1/registers/{}/risks/{}/open/": "POST",
    "/api/v1/registers/{}/risks/{}/clone/": "POST",
    "/api/v1/registers/{}/risks/{}/close/": "GET POST",
    "/api/v1/registers/{}/risks/{}/reopen/": "GET POST",
    "/api/v1/registers/{}/risks/{}/transfer/": "POST",
    "/api/v1/registers/{}/risks/{}/share/": "POST",
    "/api/v1/registers/{}/risks/{}/assessments/": "GET POST",
    "/api/v1/registers/{}/risks/{}/reviews/": "GET POST",
    "/api/v1/registers/{}/risks/{}/extensions/": "GET POST",
    "/api/v1/registers/{}/risks/{}/history/": "GET",
    "/api/v1/registers/{}/risks/{}/estimates/": "GET POST",
    "/api/v1/registers/{}/estimates/{}/release/": "POST",
    "/api/v1/registers/{}/forecasts/": "GET",
    "/api/v1/registers/{}/mitigations/{}/effects/": "GET POST",
    "/api/v1/registers/{}/effects/{}/release/": "POST",
    "/api/v1/registers/{}/risks/{}/questions/": "GET POST",
    "/api/v1/registers/{}/risks/{}/questions/{}/answer/": "POST",
    "/api/v1/registers/{}/risks/{}/questions/{}/withdraw/": "POST",
    "/api/v1/registers/{}/acceptances/": "GET POST",
    "/api/v1/registers/{}/acceptances/needed/": "GET",
    "/api/v1/registers/{}/acceptances/{}/": "GET",
    "/api/v1/registers/{}/acceptances/{}/grant/": "POST",
    "/api/v1/registers/{}/acceptances/{}/refuse/": "POST",
    "/api/v1/registers/{}/acceptances/{}/withdraw/": "POST",
    "/api/v1/registers/{}/acceptances/{}/revoke/": "POST",
    "/api/v1/registers/{}/acceptances/{}/conditions/{}/": "POST",
    "/api/v1/registers/{}/decisions/": "GET POST",
    "/api/v1/registers/{}/decisions/{}/": "GET PATCH",
    "/api/v1/registers/{}/decisions/{}/options/": "POST",
    "/api/v1/registers/{}/decisions/{}/options/{}/": "PATCH",
    "/api/v1/registers/{}/decisions/{}/options/{}/end/": "POST",
    "/api/v1/registers/{}/decisions/{}/arguments/": "GET POST",
    "/api/v1/registers/{}/decisions/{}/arguments/{}/release/": "POST",
    "/api/v1/registers/{}/decisions/{}/propose/": "POST",
    "/api/v1/registers/{}/decisions/{}/retract/": "POST",
    "/api/v1/registers/{}/decisions/{}/decide/": "POST",
    "/api/v1/registers/{}/decisions/{}/vote/": "POST",
    "/api/v1/registers/{}/decisions/{}/reject/": "POST",
    "/api/v1/registers/{}/decisions/{}/lapse/": "POST",
    "/api/v1/registers/{}/decisions/{}/revisit/": "POST",
    "/api/v1/registers/{}/decisions/{}/close/": "POST",
    "/api/v1/registers/{}/decisions/{}/conditions/{}/": "POST",
    "/api/v1/registers/{}/decisions/{}/weighing/": "GET POST",
    "/api/v1/registers/{}/decisions/{}/record/": "GET",
    "/api/v1/registers/{}/decisions/{}/record/file/": "GET",
    "/api/v1/registers/{}/risks/{}/drivers/": "GET POST",
    "/api/v1/registers/{}/drivers/": "GET POST",
    "/api/v1/registers/{}/drivers/{}/": "GET",
    "/api/v1/registers/{}/drivers/{}/beliefs/": "GET POST",
    "/api/v1/registers/{}/drivers/{}/feed/": "POST",
    "/api/v1/registers/{}/beliefs/{}/end/": "POST",
    "/api/v1/registers/{}/links/{}/end/": "POST",
    "/api/v1/registers/{}/simulations/": "GET POST",
    "/api/v1/registers/{}/simulations/{}/": "GET",
    "/api/v1/registers/{}/simulations/{}/cancel/": "POST",
    "/api/v1/registers/{}/simulations/{}/objectives/": "GET",
    "/api/v1/registers/{}/simulations/{}/inputs/": "GET",
    "/api/v1/registers/{}/simulations/{}/figures/": "GET",
    "/api/v1/registers/{}/simulations/{}/frontier/": "GET",
    "/api/v1/registers/{}/simulations/{}/curve/": "GET",
    "/api/v1/registers/{}/simulations/{}/contributions/": "GET",
    "/api/v1/registers/{}/simulations/{}/tornado/": "GET",
    "/api/v1/registers/{}/simulations/{}/pictures/{}/": "GET",
    "/api/v1/registers/{}/simulations/{}/contradictions/": "GET",
    "/api/v1/registers/{}/webhooks/": "GET POST",
    "/api/v1/registers/{}/webhooks/{}/": "GET PATCH DELETE",
    "/api/v1/registers/{}/webhooks/{}/rotate/": "POST",
    "/api/v1/registers/{}/webhooks/{}/test/": "POST",
    "/api": "GET POST",
    "/api/{}": "GET",
}


_TEMPLATE = {"slug": "probe", "names": {"en": "Probe"}, "currency": "CNY", "time_zone": "UTC",
             "parties": [{"key": "foton", "names": {"en": "Probe"}}], "party": "foton"}  # fmt: skip
_API = "/api/v1/registers/{}/"
_MEMBERS = "/r/{}/members/"
_PEOPLE: dict[str, dict[str, Any]] = {
    f"{_MEMBERS}invite/": {
        "email": "probe@example.com",
        "role": "owner",
        "party": "foton",
        "language": "en",
    },
    f"{_MEMBERS}invite/file/": {},
    f"{_MEMBERS}invitations/{{}}/again/": {},
    f"{_MEMBERS}invitations/{{}}/back/": {},
    f"{_MEMBERS}{{}}/role/": {"version": "1", "role": "viewer", "to": "nobody"},
    f"{_MEMBERS}{{}}/end/": {"version": "1", "to": "nobody"},
    "/r/{}/programs/": {"name": "Probe", "scope": "read", "days": "9"},
    "/r/{}/programs/{}/tokens/": {"scope": "read", "days": "9"},
    "/r/{}/programs/{}/tokens/{}/end/": {},
    "/api/v1/registers/": _TEMPLATE,
    "/api/v1/invitations/accept/": {"token": "0-1.x"},
    f"{_API}members/{{}}/": {"role": "viewer"},
    f"{_API}members/{{}}/end/": {"nobody_yet": True},
    f"{_API}invitations/": {"email": "probe@example.com", "role": "owner", "party": "foton"},
    f"{_API}invitations/bulk/": {"rows": [{"email": "probe@example.com", "role": "owner"}]},
    f"{_API}invitations/{{}}/resend/": {},
    f"{_API}invitations/{{}}/revoke/": {},
    f"{_API}programs/": {"name": "Probe", "scope": "read"},
    f"{_API}programs/{{}}/tokens/": {"scope": "read"},
    f"{_API}programs/{{}}/tokens/{{}}/end/": {},
}
# What the form of a model keeps for each audience.
_FOLLOWS = {"follows_shared": "0", "follows_party": "0", "direction": "at_least", "pace": "steady"}


def _comment(world: Any, route: str) -> dict[str, Any]:
    """What is sent about comments: on a private risk, where it names what it is about."""
    if route.endswith("/withdraw/"):
        return {} if route.startswith("/api/") else {"version": "1"}
    if route.endswith("/comments/{}/"):
        return {"text": "Probe"}
    ref = world.risk_refs[0]
    about = {"type": "risk", "ref": ref} if route.startswith("/api/") else f"risk:{ref}"
    return {"text": "Probe", "about": about}


def body_for(world: Any, route: str) -> dict[str, Any]:
    """What is sent to a route that writes: enough for most to get past their first check."""
    body: dict[str, Any] = {
        "version": "1",
        "title": "Probe",
        "reason": "Probe",
        "comment": "Probe",
        "cell": "3,3",
        "likelihood": 3,
        "impact": 3,
        "stage": "residual",
        "rationale": "Probe",
        "owner": str(world.partner_owner.uuid),
        "language": "en",
        "time_zone": "UTC",
        "next": "/",
        "email": world.owner.email,
        "login": world.owner.email,
        "user": str(world.partner_owner.uuid),
        "starts_on": "2026-10-01",
        "until_on": "2026-10-02",
        "from": str(world.partner_owner.uuid),
        "to": str(world.partner_deputy.uuid),
        "password": "not the password",
    }
    if route.endswith(("/risks/", "/risks/new/")):
        body |= {"external_id": "zzyzx-id", "objectives": world.objective_keys}
    if "mitigations" in route:
        body |= {"risks": world.risk_refs[:2], "due_on": "2026-12-31"}
    if "/comments/" in route:
        return _comment(world, route)
    if "/own-appetites/" in route:
        in_words = (
            {"reasons": {"en": "Probe"}} if route.startswith("/api/") else {"reason": "Probe"}
        )
        page = {} if route.startswith("/api/") else {"label": "judgement", "version": "1"}
        return {"rating": "low", **in_words, **page}
    if route.endswith(("/ask/", "/questions/")):
        return {"text": "Probe", "due_on": str(world.today + dt.timedelta(days=5))}
    if "/questions/{}/" in route:
        return {"words": "Probe"} if route.endswith("/answer/") else {}
    if "/decisions/" in route:
        return _about_decision(world, route)
    if "/acceptances/{}/" in route and route.endswith("/conditions/{}/"):
        return {"state": "met", "words": "Probe"}
    if route.endswith(("/accept/", "/acceptances/")):
        asked = {
            "reason": "Probe",
            "expires_on": str(world.today + dt.timedelta(days=20)),
            "acceptor": str(world.partner_leader.uuid),
        }
        return asked | ({"risk": world.risk_refs[0]} if route.startswith("/api/") else {})
    if route.endswith("/refuse/") or "/acceptances/{}/" in route:
        return {"words": "Probe"}
    if route.startswith("/api/") and route.endswith(("/approve/", "/withdraw/")):
        return {}
    if route == f"{_API}change-requests/":
        seen = world.register.time_zone
        return {"kind": "time_zone", "time_zone": "UTC", "seen_time_zone": seen}
    if route.endswith("/cadence/"):
        body |= {"seen": "1", "cadence_high": "50", "cadence_critical": "20"}
    if route.endswith("/settings/ladder/"):
        # Foretold for a private risk: the ladder page is where a risk is asked for by a form.
        body |= {"action": "preview", "risk": world.risk_refs[0], "row": "0", "days-0": "0",
                 "tells-0": "owner"}  # fmt: skip
    if "/endpoints/" in route:
        # BlockedAddress before anybody is asked for its name.
        body |= {"kind": "webhook", "name": "Probe", "address": "https://10.0.0.1/", "on": "0"}
    if "/webhooks/" in route:
        act = route.rsplit("{}", 1)[1]
        return {
            "/webhooks/": {"name": "Probe", "address": "https://10.0.0.1/"},
            "/": {"name": "Probe"},
        }.get(act, {})
    if route in _PEOPLE:
        return dict(_PEOPLE[route])
    if route.endswith(("/estimates/", "/estimates/new/")):
        # The page asks back about what is kept; nothing is sent that answers it.
        return making.GIVEN | ({} if route.startswith("/api/") else {"action": "save", "unit": "1"})
    if route.endswith(("/effects/", "/effects/new/")):
        own = {"risk": world.risk_refs[0]}
        page = {} if route.startswith("/api/") else {"action": "save", "unit": "1"}
        return making.EFFECT | own | page
    if route.endswith(("/release/", "/cancel/", "/beliefs/{}/end/", "/links/{}/end/")):
        return {}
    if route.endswith(("/objectives/{}/model/", "/objectives/{}/models/")):
        own = {"visibility": "party"}
        return making.MODEL | own | ({} if route.startswith("/api/") else _FOLLOWS)
    if route.endswith("/drivers/{}/beliefs/"):
        return dict(making.BELIEF)
    if route.endswith("/drivers/{}/feed/"):
        return {"indicator": "K-001"}
    if route.endswith("/drivers/{}/link/"):
        return {**making.LINK, "risk": world.risk_refs[0]}
    if route.endswith("/risks/{}/drivers/"):
        return {**making.LINK, "driver": "D-001"}
    if route.endswith("/drivers/"):
        return {"names": {"en": "Probe"}, "name": "Probe", "unit": "CNY"}
    if "/pack-schedules/" in route or "/board-packs/schedules/" in route:
        page = {"repeats": "day", "days_before": "7", "audience": "party", "language": "en",
                "format": "pdf", "version": "1"}  # fmt: skip
        return {
            "title": "Probe", "first_on": "2027-03-31", "recipients": [str(world.manager.uuid)],
            **({} if route.startswith("/api/") else page),
        }  # fmt: skip
    if route.endswith("/board-packs/"):
        return {"audience": "party", "language": "en", "format": "pdf"}
    if route.endswith("/simulations/"):
        return {"audience": "shared", "years": 10_000}
    if route.startswith("/api/"):
        wanted: tuple[str, ...] = ("title",)
        if route.endswith("/assessments/"):
            wanted = ("stage", "likelihood", "impact", "rationale")
        elif route.endswith("/reviews/"):
            wanted = ("comment",)
        elif route.endswith(("/close/", "/reopen/")):
            wanted = ("reason",)
        elif route.endswith("/absences/"):
            wanted = ("starts_on", "until_on")
        elif route.endswith("/end/"):
            wanted = ()
        elif route.endswith("/imports/copy/"):
            return {"register": world.register.slug}
        elif route.endswith(("/imports/", "/imports/preview/")):
            return {"file_name": "f.csv", "content": "Risk,Likelihood\nIce,5\n"}
        elif route.endswith("/undo/"):
            return {}
        elif route.endswith("/handovers/"):
            wanted = ("from", "to", "reason")
        elif route.endswith("/meetings/"):
            # Whether a private objective is there must not be told by refusing its name.
            return {"title": "Probe", "recipe": {"objective": world.objective_keys}}
        elif route.endswith("/items/{}/"):
            return {"outcome": "deferred", "note": "Probe"}
        elif route.endswith("/attendance/"):
            return {"users": [str(world.partner_owner.uuid)]}
        elif route.endswith(("/chair/", "/meetings/{}/end/")):
            return {}
        elif route.endswith("/extensions/"):
            body["until"] = (world.today + dt.timedelta(days=40)).isoformat()
            wanted = ("until", "reason")
        elif route.endswith("/transfer/"):
            wanted = ("owner",)
        elif route.endswith(("/open/", "/share/")):
            wanted = ()
        elif route.endswith("/risks/"):
            wanted = ("title", "external_id", "objectives")
        elif route.endswith("/controls/{}/test/"):
            return {"effectiveness": "effective", "tested_on": "2026-09-01"}
        elif route.endswith("/controls/{}/"):
            return {"name": "Probe"}
        elif route.endswith(("/indicators/{}/", "/objectives/{}/")) or "/parties/" in route:
            return {"names": {"en": "Probe"}}
        elif route.endswith("/archive/"):
            wanted = ("reason",)
        elif route.endswith("/restore/"):
            wanted = ()
        elif route.endswith("/axes/"):
            return {"across": "likelihood"}
        elif route.endswith("/programme/"):
            return {"starts_on": "2025-02-08"}
        elif route.endswith("/ladder/"):
            return {"rungs": [{"offset_days": 0, "tells": ["owner"]}]}
        elif route.endswith("/readings/"):
            return {"readings": [{"at": "2026-09-15T00:00:00Z", "value": "1"}]}
        elif route.endswith("/mitigations/"):
            wanted = ("title", "risks", "due_on")
        body = {name: body[name] for name in wanted}
    return body


def _about_decision(world: Any, route: str) -> dict[str, Any]:
    """What is sent to a decision, its options and arguments."""
    far = str(world.today + dt.timedelta(days=90))
    in_api = route.startswith("/api/")
    act = route.rstrip("/").rsplit("/", 1)[-1]
    if "/conditions/" in route:
        return {"state": "met", "words": "Probe"}
    if act in ("propose", "release", "end") or (act == "remove"):
        return {}
    if act in ("weigh", "weighing"):
        return {"audience": "shared", "years": 10_000}
    if act == "decide":
        return {"option": "B", "rationale": "Probe", "review_on": far}
    if act == "vote":
        return {"answer": "yes"}
    if act in ("retract", "reject", "lapse", "close"):
        return {"words": "Probe"}
    if act == "revisit":
        return {"happened": "Probe", "review_on": far}
    if act == "arguments":
        return {"option": "A", "stance": "for", "text": "Probe"}
    if "/options/" in route:
        return {"title": "Probe", "effects": "Probe", "mitigations": world.mitigation_refs[:1]}
    if "{}" in route.rsplit("/decisions/", 1)[1] and in_api:
        return {"title": "Probe"}
    asked: dict[str, Any] = {"title": "Probe", "due_on": far, "risks": world.risk_refs[:1]}
    return asked if in_api else asked | {"visibility": "shared"}
