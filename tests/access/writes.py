"""Writes of catl's: those that succeed, on what both worlds have, and those that are refused."""

import datetime as dt
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction

from riskreg.endpoints.models import Endpoint
from riskreg.evidence.models import Evidence
from riskreg.register.models import Absence
from tests.access import canaries, walk
from tests.access.canaries import CanaryWorld
from tests.evidence import making as attaching
from tests.indicators import making


@dataclass(frozen=True)
class Write:
    """One request. ``tag``: the path whose ETag it names."""

    who: str
    method: str
    path: str
    body: dict[str, Any] = field(default_factory=dict)
    tag: str = ""

    @property
    def name(self) -> str:
        return f"{self.who} {self.method} {self.path} {self.body}"


def all_of(world: CanaryWorld) -> Iterator[Write]:
    """One of every kind that catl can do."""
    day = world.today
    later, far = str(day + dt.timedelta(days=20)), str(day + dt.timedelta(days=200))
    base, page = f"/api/v1/registers/{world.register.slug}", f"/r/{world.register.slug}"
    risk, running = f"{base}/risks/R-002/", world.shared_meetings[0]
    people = {n: str(getattr(world, n).uuid) for n in ("partner_owner", "partner_deputy")}
    mine, head = "partner_owner", "partner_manager"
    yield Write(mine, "POST", f"{base}/risks/", {"title": "New", "external_id": "zzyzx-id"})
    yield Write(mine, "POST", f"{base}/risks/", {"title": "Quiet", "visibility": "party"})
    yield Write(mine, "POST", f"{base}/risks/R-001/clone/")
    yield Write(mine, "PATCH", risk, {"title": "Renamed", "external_id": "zzyzx-id"}, tag=risk)
    yield Write(
        mine, "POST", f"{risk}assessments/",
        {"stage": "target", "likelihood": 2, "impact": 2, "rationale": "Why"}, tag=risk,
    )  # fmt: skip
    yield Write(mine, "POST", f"{risk}reviews/", {"comment": "Still so"}, tag=risk)
    yield Write(mine, "POST", f"{risk}close/", {"reason": "Past"}, tag=risk)
    yield Write(head, "POST", f"{risk}transfer/", {"owner": people["partner_deputy"]}, tag=risk)
    yield Write(
        mine, "POST", f"{base}/mitigations/", {"title": "New", "risks": ["R-002"], "due_on": far}
    )
    ends = {"risk": "R-002", "kind": "causes", "other": "R-001"}
    yield Write(mine, "POST", f"{base}/relations/", {**ends, "note": "They move together"})
    about = {"about": {"type": "risk", "ref": "R-002"}, "text": "Said"}
    mention = {"mentions": [str(world.partner_owner.uuid), str(world.auditor.uuid)]}
    yield Write("partner_leader", "POST", f"{base}/comments/", {**about, **mention})
    said = f"{base}/comments/{world.shared_comment}/"
    yield Write("partner_leader", "PATCH", said, {"text": "Once more"}, tag=said)
    yield Write("partner_leader", "POST", f"{said}withdraw/", tag=said)
    ask = {"text": "What of March?", "due_on": later}
    yield Write("partner_leader", "POST", f"{base}/risks/R-001/questions/", ask)
    yield Write(mine, "POST", f"{risk}questions/", {**ask, "wants": "review"})
    work = f"{base}/mitigations/M-002/"
    yield Write(mine, "PATCH", work, {"status": "in_progress", "external_id": "zzyzx-id"}, tag=work)
    yield Write(
        head, "POST", f"{base}/absences/",
        {"user": people["partner_deputy"], "starts_on": later, "until_on": later},
    )  # fmt: skip
    absence = Absence.objects.get(user=world.partner_leader)
    yield Write(head, "POST", f"{base}/absences/{absence.uuid}/end/")
    yield Write(
        head, "POST", f"{base}/handovers/",
        {"from": people["partner_owner"], "to": people["partner_deputy"], "reason": "On leave"},
    )  # fmt: skip
    yield Write(head, "POST", f"{base}/meetings/", {"title": "New", "recipe": {"state": ["open"]}})
    meeting = f"{base}/meetings/{running}/"
    yield Write(head, "POST", f"{meeting}chair/", tag=meeting)
    hook = Endpoint.objects.get(name="Common hook")
    own = f"{base}/webhooks/{hook.uuid}/"
    yield Write(head, "PATCH", own, {"name": "Renamed"}, tag=own)
    yield Write(head, "DELETE", own, tag=own)
    content, why = f"{base}/own-appetites/{world.partner_appetite}/", {"en": "Our margins"}
    yield Write(head, "POST", f"{base}/own-appetites/", {"rating": "low", "reasons": why})
    yield Write(head, "PATCH", content, {"rating": "moderate"}, tag=content)
    yield Write(head, "DELETE", content, tag=content)
    before = f"{base}/pack-schedules/{world.partner_schedule}/"
    meeting_of = {"title": "New", "first_on": later, "recipients": [world.partner_leader.email]}
    yield Write(head, "POST", f"{base}/pack-schedules/", meeting_of)
    yield Write(head, "PATCH", before, {"days_before": 3}, tag=before)
    yield Write(head, "DELETE", before, tag=before)
    ladder = f"{base}/ladder/"
    yield Write(
        head, "PUT", ladder, {"rungs": [{"offset_days": 0, "tells": ["owner"]}]}, tag=ladder
    )
    watch = {"risks": ["R-002"], **making.FIELDS}
    yield Write(mine, "POST", f"{base}/indicators/", watch)
    waiting, latest = f"{base}/risks/R-004/", str(day + dt.timedelta(days=31))
    yield Write(
        head, "POST", f"{waiting}extensions/", {"until": latest, "reason": "Later"}, tag=waiting,
    )  # fmt: skip
    # What waits for catl's answer: by the last yes foton's own risks are restated as well.
    asked = f"{base}/change-requests/"
    yield Write(head, "POST", f"{asked}CR-003/approve/", tag=f"{asked}CR-003/")
    yield Write(head, "POST", f"{asked}CR-003/refuse/", {"words": "No"}, tag=f"{asked}CR-003/")
    yield Write(head, "POST", asked, {"kind": "cadence", "cadence": {"critical": 9},
                                      "seen_criteria": 1})  # fmt: skip
    yield Write(head, "POST", f"{risk}transfer/", {"owner": str(world.manager.uuid)}, tag=risk)
    accept = f"{base}/acceptances/"
    yield Write(head, "POST", f"{accept}A-003/withdraw/", tag=f"{accept}A-003/")
    yield Write("partner_leader", "POST", f"{accept}A-003/grant/", tag=f"{accept}A-003/")
    yield Write("partner_leader", "POST", f"{accept}A-003/refuse/", {"words": "No"},
                tag=f"{accept}A-003/")  # fmt: skip
    quiet = f"{base}/risks/C-001/"
    yield Write(head, "POST", f"{quiet}share/", tag=quiet)
    # The same bytes as a file of foton's own, which nothing must tell.
    attached = f"{page}/evidence/new/risk/R-002/"
    same = attaching.PDF + canaries.sing("bytes").encode()
    yield Write(mine, "POST", attached, {"file": SimpleUploadedFile("same.pdf", same)})
    theirs = Evidence.objects.filter(party=world.catl).earliest("pk")
    record = f"{base}/evidence/{theirs.uuid}/"
    yield Write(mine, "POST", f"{record}withdraw/", {"reason": "Drawn anew"}, tag=record)
    # Pages.
    yield Write(
        head, "POST", f"{page}/settings/cadence/",
        {"seen": str(world.viewer("manager").criteria.number), "cadence_very_low": "200",
         "cadence_low": "100", "cadence_moderate": "80", "cadence_high": "50",
         "cadence_critical": "20", "cadence_unrated": "20"},
    )  # fmt: skip
    yield Write(
        head, "POST", f"{page}/settings/zone/",
        {"seen": world.register.time_zone, "time_zone": "Asia/Tokyo"},
    )  # fmt: skip
    yield Write(head, "POST", "/inbox/read/")
    yield Write(mine, "POST", "/language/", {"language": "zh-hans", "next": "/"})


def refused(world: CanaryWorld) -> Iterator[Write]:
    """Writes that name what is foton's own, which is refused as what does not exist at all."""
    base = f"/api/v1/registers/{world.register.slug}"
    risk, work = f"{base}/risks/R-002/", f"{base}/mitigations/M-002/"
    mine, head, far = "partner_owner", "partner_manager", str(world.today + dt.timedelta(days=200))
    for end in ("FM-001", "FK-001"):
        yield Write(mine, "POST", f"{risk}close/", {"reason": "Past", "end": [end]}, tag=risk)
    yield Write(mine, "PATCH", risk, {"objectives": ["zzyzx-target"]}, tag=risk)
    ends = {"risk": "R-002", "kind": "causes", "other": "F-002"}
    yield Write(mine, "POST", f"{base}/relations/", ends)
    served = {"title": "New", "risks": ["F-002"], "due_on": far}
    yield Write(mine, "POST", f"{base}/mitigations/", served)
    yield Write(mine, "PATCH", work, {"risks": ["R-002", "F-002"]}, tag=work)
    yield Write(mine, "PATCH", work, {"labels": {"cost": "sourced"}}, tag=work)
    yield Write(mine, "POST", f"{base}/indicators/", {**making.FIELDS, "risks": ["F-002"]})
    asked = {"reason": "Why", "expires_on": str(world.today + dt.timedelta(days=30)),
             "acceptor": str(world.partner_leader.uuid)}  # fmt: skip
    yield Write(head, "POST", f"{base}/acceptances/", {"risk": "F-002", **asked})
    quiet = {"about": {"type": "risk", "ref": "F-002"}, "text": "Why"}
    yield Write(mine, "POST", f"{base}/comments/", quiet)
    recipe = {"objective": ["zzyzx-target"]}
    yield Write(head, "POST", f"{base}/meetings/", {"title": "New", "recipe": recipe})


Around = Callable[[Callable[[], Any]], Any]


def _as_it_is(act: Callable[[], Any]) -> Any:
    return act()


def done(world: CanaryWorld, write: Write, around: Around = _as_it_is) -> str:
    """The answer, and what the register answers afterwards; all of it is undone. The request is
    made by ``around``."""
    client = walk.client_for(world, write.who, write.path)
    api = write.path.startswith("/api/")
    options: dict[str, Any] = {"data": write.body}
    if api:
        options["content_type"] = "application/json"
    if write.tag:
        options["headers"] = {"If-Match": client.get(write.tag).headers["ETag"]}
    with transaction.atomic():
        send = getattr(client, write.method.lower())
        response = around(lambda: send(write.path, **options))
        texts = [walk.normal(walk.text_of(response))]
        for path in ("changes/?limit=500", "heatmap/"):
            reader = walk.client_for(world, "auditor", "/api/")
            after = reader.get(f"/api/v1/registers/{world.register.slug}/{path}")
            texts.append(walk.normal(walk.text_of(after)))
        transaction.set_rollback(True)
    return "\n".join(texts)
