/* What a page can do without this file, it does; here is only what saves a reload or a key.
   No state is kept but the theme's cookie, which the server reads as well. */
(() => {
  "use strict";
  const root = document.documentElement;
  const cookieFlags = "; path=/; max-age=31536000; samesite=lax" + (location.protocol === "https:" ? "; secure" : "");

  /* Theme: the same cookie that the server would have set, without the round trip. */
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (!form.matches("[data-theme-form]") || !event.submitter) return;
    event.preventDefault();
    const theme = event.submitter.value;
    document.cookie = "theme=" + theme + cookieFlags;
    if (theme === "auto") delete root.dataset.theme;
    else root.dataset.theme = theme;
    for (const button of form.querySelectorAll("button")) {
      button.setAttribute("aria-pressed", String(button === event.submitter));
    }
  });

  /* A form acts once by its key, whatever is pressed; here a second press only waits for the first.
     A button that answers by itself (htmx) is pressed as often as one likes. */
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.method !== "post" || event.defaultPrevented) return;
    const now = Date.now();
    if (now - Number(form.dataset.sentAt || 0) < 3000) event.preventDefault();
    else form.dataset.sentAt = String(now);
  });
  window.addEventListener("pageshow", () => {
    for (const form of document.forms) delete form.dataset.sentAt;
  });

  /* Back to a page that is fetched anew: its forms are those that were sent from it, not others. */
  const keys = [...document.querySelectorAll(".main input[name=form_key]")];
  const [visit] = performance.getEntriesByType("navigation");
  if (keys.length) {
    const known = (history.state || {}).formKeys || [];
    if (visit && visit.type === "back_forward" && known.length === keys.length) {
      keys.forEach((key, n) => { key.value = known[n]; });
    } else {
      history.replaceState({ ...history.state, formKeys: keys.map((key) => key.value) }, "");
    }
  }

  /* A time zone that nobody has chosen yet: the one that this machine is in, where it is offered. */
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  for (const select of document.querySelectorAll("select[data-own-zone]")) {
    if ([...select.options].some((option) => option.value === zone)) select.value = zone;
  }

  /* "/" goes to the search, unless somebody is writing. Escape closes an open menu, or else
     what a link marked for it closes. */
  document.addEventListener("keydown", (event) => {
    if (event.key === "/" && !event.ctrlKey && !event.metaKey && !event.altKey && !event.target.closest("input, textarea, select, [contenteditable]")) {
      const search = document.querySelector("[data-search]");
      if (search) { event.preventDefault(); search.focus(); search.select(); }
    }
    if (event.key === "Escape") {
      const open = document.querySelector("details.menu[open]");
      const closing = document.querySelector("[data-escape]");
      if (open) { open.open = false; open.querySelector("summary").focus(); }
      else if (closing && !event.target.closest("input, textarea, select, dialog")) closing.click();
    }
  });
  document.addEventListener("click", (event) => {
    for (const menu of document.querySelectorAll("details.menu[open]")) {
      if (!menu.contains(event.target)) menu.open = false;
    }
  });

  /* A key beside a link follows it; beside a button or a field it only goes there, so that nothing
     is saved by a slip. Not while somebody is writing. */
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.key.length !== 1) return;
    if (event.target.closest("textarea, select, [contenteditable], input:not([type=radio], [type=checkbox])")) return;
    const found = [...document.querySelectorAll("[data-key]")].find((e) => e.dataset.key === event.key.toLowerCase());
    if (!found) return;
    event.preventDefault();
    if (found.matches("a")) found.click();
    else found.focus();
  });

  /* Printing is the browser's; the button is there only where this runs. */
  for (const button of document.querySelectorAll("[data-print]")) {
    button.hidden = false;
    button.addEventListener("click", () => window.print());
  }

  /* The days on which something moved: the date follows the slider, and the map comes when it rests. */
  const dayOf = (slider) => slider.dataset.days.split(" ")[Number(slider.value)];
  document.addEventListener("input", (event) => {
    const slider = event.target;
    if (!slider.matches("input[data-days]")) return;
    slider.form.elements.as_of.value = dayOf(slider);
    slider.setAttribute("aria-valuetext", dayOf(slider));
  });
  document.addEventListener("change", (event) => {
    const slider = event.target;
    if (!slider.matches("input[data-days]")) return;
    const compare = slider.form.elements.compare;
    if (compare.value >= dayOf(slider)) compare.value = "";
    slider.form.requestSubmit();
  });

  /* Matrix to answer: up and down walk by row (a browser alone would walk to the next button). */
  document.addEventListener("keydown", (event) => {
    const radio = event.target;
    if (!radio.matches("[data-matrix] input[type=radio]")) return;
    const step = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }[event.key];
    if (!step) return;
    event.preventDefault();
    const row = radio.closest("tr");
    const rows = [...row.parentElement.rows];
    const radios = (r) => [...r.querySelectorAll("input[type=radio]")];
    const rtl = getComputedStyle(row).direction === "rtl" ? -1 : 1;
    const target = rows[rows.indexOf(row) + step[0]];
    const next = target && radios(target)[radios(row).indexOf(radio) + step[1] * rtl];
    if (next) { next.focus(); next.click(); }
  });

  /* Matrix to read: arrows walk from count to count, past the empty cells. */
  document.addEventListener("keydown", (event) => {
    const link = event.target;
    if (!link.matches(".mx-read a.mx-in") || !event.key.startsWith("Arrow")) return;
    const cell = link.closest("td");
    const rows = [...cell.closest("tbody").rows];
    let r = rows.indexOf(cell.parentElement);
    let c = cell.cellIndex;
    const dr = { ArrowUp: -1, ArrowDown: 1 }[event.key] || 0;
    const dc = { ArrowLeft: -1, ArrowRight: 1 }[event.key] || 0;
    event.preventDefault();
    for (r += dr, c += dc; rows[r] && rows[r].cells[c]; r += dr, c += dc) {
      const found = rows[r].cells[c].querySelector("a.mx-in");
      if (found) { found.focus(); return; }
    }
  });

  /* Say the chosen cell in words under the grid. */
  const say = (grid) => {
    const said = grid.querySelector("[data-said]");
    const radio = grid.querySelector("input[type=radio]:checked");
    if (!said || !radio) return;
    const cell = radio.closest("td");
    const words = radio.parentElement.querySelector(".visually-hidden").textContent.trim();
    const rating = cell.querySelector(".mx-word").textContent.trim();
    said.textContent = (cell.classList.contains("mx-today") ? said.dataset.same + " · " : "") + words + " " + rating;
    said.hidden = false;
  };
  document.addEventListener("change", (event) => {
    const grid = event.target.closest("[data-matrix]");
    if (grid) say(grid);
  });
  const start = (scope) => scope.querySelectorAll("[data-matrix]").forEach(say);
  start(document);
  document.addEventListener("htmx:load", (event) => start(event.detail.elt.parentElement || document));
})();
