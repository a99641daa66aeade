"""The pages and routes that people and programs load most, with what each is asked for."""

import datetime as dt

from riskreg.register.access import Viewer

HOME, API = "/r/bench/", "/api/v1/registers/bench/"


def pages(viewer: Viewer, ref: str) -> dict[str, str]:
    """Address of each by its name, for a register made by ``seed`` and ``add_history``.

    ``ref`` is a risk of the viewer's own.
    """
    today = viewer.today(viewer.asked_at)
    past, before = today - dt.timedelta(days=30), today - dt.timedelta(days=90)
    cell = "cell=3%2C3"
    return {
        "leaders' home": f"{HOME}home/",
        "my work": f"{HOME}work/",
        "risk list": f"{HOME}risks/",
        "risk list, worst first": f"{HOME}risks/?ordering=-score",
        "search in the list": f"{HOME}risks/?q=number",
        "search for one letter": f"{HOME}risks/?q=r",
        "search everything": "/search/?q=risk",
        "risk": f"{HOME}risks/{ref}/",
        "history": f"{HOME}risks/{ref}/history/",
        "review": f"{HOME}risks/{ref}/review/",
        "heatmap": f"{HOME}heatmap/",
        "heatmap, a cell": f"{HOME}heatmap/?{cell}",
        "heatmap as of": f"{HOME}heatmap/?as_of={past}",
        "heatmap compared": f"{HOME}heatmap/?compare={before}",
        "coverage": f"{HOME}coverage/",
        "coverage by workstream": f"{HOME}coverage/?by=workstream",
        "coverage by owner": f"{HOME}coverage/?by=owner",
        "coverage by month": f"{HOME}coverage/?by=month",
        "coverage as of": f"{HOME}coverage/?as_of={past}",
        "coverage list": f"{HOME}coverage/reviews/?what=late",
        "meetings": f"{HOME}meetings/",
        "mitigations": f"{HOME}mitigations/",
        "inbox": "/inbox/",
        "API register": API,
        "API risks": f"{API}risks/?limit=50",
        "API risk": f"{API}risks/{ref}/",
        "API heatmap": f"{API}heatmap/",
        "API heatmap compared": f"{API}heatmap/?compare={before}",
        "API coverage": f"{API}coverage/",
        "API duties": f"{API}duties/?mine=true&limit=50",
        "API changes": f"{API}changes/?limit=50",
        "API history": f"{API}risks/{ref}/history/?limit=50",
        "API search": f"{API}search/?q=risk",
    }
