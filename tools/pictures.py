"""Take the pictures of docs/pictures from a demo of its own, so that they show what is there; those
of the set-up from an empty system.

Starts the system with the demo register in a temporary folder on a free port, signs in as the
roles a picture is for, and photographs at 1440 × 900 in light and English unless said otherwise.
"""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, sync_playwright

ROOT = Path(__file__).resolve().parent.parent
PICTURES = ROOT / "docs" / "pictures"
PASSWORD = "riskreg-demo"
READY_SECONDS = 600.0


@dataclass(frozen=True)
class Picture:
    """A file name, who looks, and at what; ``click`` is what to press first."""

    name: str
    who: str
    path: str
    click: str = ""
    width: int = 1440
    height: int = 900
    dark: bool = False
    language: str = "en"


# A meeting on the overdue reviews, begun by the picture that shows it.
OVERDUE, START = "/r/foton-catl/meetings/new/?overdue=true", "main form[method=post] button.primary"
CHINESE: dict[str, Any] = {"language": "zh-Hans"}
REVIEW, HEATMAP = "/r/foton-catl/risks/R-001/review/", "/r/foton-catl/heatmap/"

WANTED = (
    Picture("my-work", "owner@foton.example", "/r/foton-catl/work/"),
    Picture("heatmap", "manager@foton.example", "/r/foton-catl/heatmap/?compare=2025-12-31"),
    Picture("review", "owner@foton.example", "/r/foton-catl/work/", click="a[href*='/review/']"),
    Picture("risks", "manager@foton.example", "/r/foton-catl/risks/"),
    Picture("heatmap-dark", "manager@foton.example", "/r/foton-catl/heatmap/", dark=True),
    Picture("heatmap-zh", "leader@catl.example", "/r/foton-catl/heatmap/", language="zh-Hans"),
    Picture("my-work-phone", "owner@foton.example", "/r/foton-catl/work/", width=390, height=844),
    Picture("review-phone", "owner@foton.example", REVIEW, width=390, height=844),
    Picture("heatmap-phone-zh", "leader@catl.example", HEATMAP, width=390, height=844, **CHINESE),
    Picture("risk-new", "manager@foton.example", "/r/foton-catl/risks/new/", height=1100),
    Picture(
        "ladder", "manager@foton.example", "/r/foton-catl/settings/ladder/?risk=R-002", height=1560
    ),
    Picture("deliveries", "manager@foton.example", "/r/foton-catl/deliveries/"),
    Picture("meeting", "manager@foton.example", OVERDUE, click=START, height=1200),
    Picture("meeting-zh", "leader@foton.example", OVERDUE, click=START, height=1200, **CHINESE),
    Picture("coverage", "manager@foton.example", "/r/foton-catl/coverage/?by=month"),
    Picture("coverage-zh", "leader@catl.example", "/r/foton-catl/coverage/", **CHINESE),
    Picture("indicator", "manager@catl.example", "/r/foton-catl/indicators/K-008/"),
)


def chromium() -> str | None:
    """The browser: CHROMIUM_PATH, or one of the system's; None lets Playwright use its own."""
    return os.environ.get("CHROMIUM_PATH") or next(
        filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
    )


# Of the guide for newcomers, taken on the way through the set-up.
SETUP = ("setup-scale", "setup-people")


@contextmanager
def running(*options: str) -> Iterator[tuple[str, str]]:
    """A running system started with these options; yields its address and what it printed.

    Raises ``RuntimeError`` if it fails.
    """
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder) / "output"
        env = {k: v for k, v in os.environ.items() if k not in ("DATABASE_URL", "REDIS_URL")}
        with output.open("wb") as out:
            system = subprocess.Popen(
                [sys.executable, "manage.py", "up", *options, "--port", str(port)],
                cwd=ROOT,
                env={**env, "VAR_DIR": str(Path(folder) / "var")},
                stdout=out,
                stderr=out,
            )
        try:
            deadline = time.monotonic() + READY_SECONDS
            # An empty system prints the link to its first account last.
            wanted = ("riskreg is running", "" if "--demo" in options else "/first/")
            while not all(words in output.read_text() for words in wanted):
                if system.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError(output.read_text())
                time.sleep(0.2)
            yield f"http://127.0.0.1:{port}", output.read_text()
        finally:
            system.send_signal(signal.SIGINT)
            system.wait(60)


def take(browser: Browser, address: str, picture: Picture) -> None:
    """Sign in and take one picture. Raises Playwright's error when a page is not as expected."""
    context = browser.new_context(
        viewport={"width": picture.width, "height": picture.height},
        color_scheme="dark" if picture.dark else "light",
        locale=picture.language,
        reduced_motion="reduce",
    )
    try:
        page = context.new_page()
        page.goto(f"{address}/accounts/login/")
        form = page.locator("form").filter(has=page.locator("input[type=password]"))
        form.locator("input[name=login]").fill(picture.who)
        form.locator("input[type=password]").fill(PASSWORD)
        form.locator("button").click()
        page.wait_for_url(lambda url: "/accounts/login" not in url)
        answer = page.goto(address + picture.path)
        if answer is None or not answer.ok:
            raise RuntimeError(f"{picture.path} does not answer")
        if picture.click:
            page.locator(picture.click).first.click()
            page.wait_for_load_state("load")
        page.screenshot(path=PICTURES / f"{picture.name}.png")
        print(f"  docs/pictures/{picture.name}.png")
    finally:
        context.close()


def take_setup(browser: Browser, address: str, printed: str) -> None:
    """Set a register up, from the first account on, and take the pictures of the guide."""
    page = browser.new_page(viewport={"width": 1440, "height": 900}, reduced_motion="reduce")
    link = next(word for word in printed.split() if word.startswith(f"{address}/first/"))

    def go_on(button: str, step: str = "") -> None:
        page.get_by_role("button", name=button, exact=True).click()
        page.wait_for_url(f"**/setup/{step}/" if step else "**/")

    def fill(**fields: str) -> None:
        for name, value in fields.items():
            page.locator(f"main [name={name}]").fill(value)

    page.goto(link)
    password = "four words are enough"
    fill(name="You", email="you@example.com", password=password, again=password)
    go_on("Make the account")
    page.goto(f"{address}/registers/new/")
    fill(name="Our programme", party="BAIC Foton")
    go_on("Make the register", "parties")
    fill(name="CATL")
    go_on("Add the party", "parties")
    go_on("Go on", "scale")
    page.check("[name=template][value='4x4']")
    page.screenshot(path=PICTURES / "setup-scale.png")
    go_on("Take it and go on", "classification")
    page.check("[name=template][value=industrial]")
    go_on("Take it and go on", "people")
    fill(email="them@example.com")
    page.select_option("[name=party]", "catl")
    page.select_option("[name=role]", "manager")
    go_on("Invite", "people")
    page.screenshot(path=PICTURES / "setup-people.png")
    for name in SETUP:
        print(f"  docs/pictures/{name}.png")


def main() -> int:
    """Take all pictures, or those named on the command line."""
    names = sys.argv[1:]
    PICTURES.mkdir(parents=True, exist_ok=True)
    wanted = [picture for picture in WANTED if not names or picture.name in names]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=["--no-sandbox"])
        if wanted:
            with running("--demo") as (address, _printed):
                for picture in wanted:
                    take(browser, address, picture)
        if not names or set(names) & set(SETUP):
            with running("--migrate") as (address, printed):
                take_setup(browser, address, printed)
        browser.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
