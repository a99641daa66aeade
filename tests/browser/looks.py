"""What a page looks like, measured in the browser: size of type, room between lines, targets."""

from typing import Any

from playwright.sync_api import Page

SMALLEST = 12
"""Pixels of type; in a drawing as it stands on the screen, whatever the drawing is scaled by."""
LEAST_LEADING = 1.5
"""Line height over size for Chinese."""
LEAST_TARGET = 24
"""Pixels that a finger or a pointer can hit, either way."""

# Everything is asked in one go over the whole page: each question from outside costs milliseconds.
_MEASURE = """
([smallest, leading, target]) => {
  const faults = [];
  const seen = new Set();
  const tell = (kind, element, detail) => {
    const key = kind + "|" + element.className + "|" + element.tagName;
    if (seen.has(key)) return;
    seen.add(key);
    faults.push(kind + ": " + detail + " " + element.outerHTML.slice(0, 140));
  };
  const hidden = (element) => !element.checkVisibility({visibilityProperty: true})
    || element.closest(".visually-hidden, .skip") !== null
    || (element.getBoundingClientRect().width <= 1 && element.getBoundingClientRect().height <= 1);
  const chinese = document.documentElement.lang.startsWith("zh");
  const unread = ["SCRIPT", "STYLE", "OPTION", "TITLE"];
  const controls = "button, summary, select, textarea, input:not([type=hidden])";
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const words = texts.currentNode.data.trim();
    const element = texts.currentNode.parentElement;
    if (!words || unread.includes(element.tagName.toUpperCase()) || hidden(element)) continue;
    const style = getComputedStyle(element);
    let size = parseFloat(style.fontSize);
    const drawing = element.closest("svg");
    if (drawing && element.getScreenCTM) size *= element.getScreenCTM().a;
    if (size < smallest - 0.01) tell("type", element, size.toFixed(1) + " px");
    if (chinese && !drawing && /\\p{Script=Han}/u.test(words)) {
      const line = parseFloat(style.lineHeight) / size;
      if (!(line >= leading - 0.01)) tell("leading", element, line.toFixed(2));
    }
  }
  for (const element of document.querySelectorAll(controls)) {
    if (hidden(element)) continue;
    const box = element.getBoundingClientRect();
    if (Math.min(box.width, box.height) < target - 0.5)
      tell("target", element, box.width.toFixed(0) + " x " + box.height.toFixed(0) + " px");
  }
  const wide = document.documentElement.scrollWidth - document.documentElement.clientWidth;
  if (wide > 0) faults.push(`overflow: the page is ${wide} px wider than the window`);
  return faults;
}
"""


def looks_of(page: Page) -> list[str]:
    """What of the page as it stands is too small, too tight or too wide."""
    found: Any = page.evaluate(_MEASURE, [SMALLEST, LEAST_LEADING, LEAST_TARGET])
    return [str(fault) for fault in found]


def out_of_sight(page: Page, selector: str) -> list[str]:
    """The texts of what ``selector`` finds that is not wholly inside the window."""
    found: Any = page.evaluate(
        """(selector) => [...document.querySelectorAll(selector)].filter((element) => {
          const box = element.getBoundingClientRect();
          return !element.checkVisibility() || box.left < 0 || box.top < 0
            || box.right > innerWidth || box.bottom > innerHeight;
        }).map((element) => element.textContent.trim())""",
        selector,
    )
    return [str(text) for text in found]
