// Keeps times and what the page shows up to date. The page is whole without it.
// Pages listen to what it says by events of the document: "tierline:fresh" after a part was replaced.
"use strict";
(() => {
  const box = document.getElementById("live");
  if (!box) return;
  const say = document.getElementById("said");
  const words = box.dataset;
  const drift = new Date(words.now).getTime() - Date.now(); // of this machine's clock from the server's
  const onCase = document.getElementById("case")?.dataset.case;
  const SOON = 250, LATER = 10_000, PARTS = "#counts, #rows, .part";
  let source = null, lost = null, waiting = null, fetching = false, again = false, quiet = true, parts = 0;

  const put = (text, ...values) => values.reduce((all, one) => all.replace("{}", one), text);

  function apart(at) {
    const minutes = Math.floor(Math.abs(at - Date.now() - drift) / 60_000);
    if (minutes < 1) return words.same;
    const units = [[Math.floor(minutes / 1440), words.days], [Math.floor(minutes / 60) % 24, words.hours], [minutes % 60, words.minutes]];
    const first = units.findIndex(([count]) => count);
    const span = units.slice(first, first + 2).filter(([count]) => count).map(([count, text]) => put(text, count)).join(" ");
    return put(at > Date.now() + drift ? words.in : words.ago, span);
  }

  function tick() {
    for (const one of document.querySelectorAll("time[data-apart]")) {
      const at = new Date(one.dateTime).getTime(), text = apart(at);
      if (one.textContent !== text) one.textContent = text;
      if (one.dataset.apart === "due") one.classList.toggle("past", at < Date.now() + drift);
    }
  }

  function shown(state, text) {
    box.hidden = false;
    box.className = `live quiet ${state}`;
    if (box.textContent !== text) box.textContent = text;
  }

  function notLive(text) {
    lost ??= new Date();
    const said = text ?? put(words.lost, lost.toLocaleTimeString(document.documentElement.lang, { hour: "2-digit", minute: "2-digit" }));
    if (box.textContent !== said) say.textContent = said;
    shown("off", said);
  }

  // What is folded, by a name that it keeps: in a table the case of its row, for rows change places.
  const folds = (part) => [...part.querySelectorAll("details")].map((one, place) => [one.closest("tr")?.dataset.id ?? place, one]);

  // The focus and what is chosen stay where they are although the elements are new ones.
  function replace(fresh) {
    const at = document.activeElement, held = at?.closest?.("tr[data-id]")?.dataset.id;
    const what = at?.matches?.("input, a, button, summary") ? at.tagName.toLowerCase() : "a", value = at?.value;
    const chosen = new Set([...document.querySelectorAll("#rows input:checked")].map((one) => one.value));
    let changed = false;
    for (const old of document.querySelectorAll(PARTS)) {
      const now = fresh.getElementById(old.id);
      if (!now || now.innerHTML === old.dataset.was) continue;
      const was = now.innerHTML;
      if (old.dataset.was !== undefined || now.textContent.replace(/\s+/g, "") !== old.textContent.replace(/\s+/g, "")) changed = true;
      const opened = new Set(folds(old).filter(([, one]) => one.open).map(([name]) => name));
      old.replaceChildren(...now.childNodes);
      old.dataset.was = was;
      for (const [name, one] of folds(old)) if (opened.has(name)) one.open = true;
    }
    for (const one of document.querySelectorAll("#rows input[name=case]")) one.checked = chosen.has(one.value);
    const same = held ? [...document.querySelectorAll(`tr[data-id="${CSS.escape(held)}"] ${what}`)] : [];
    (same.find((one) => one.value === value) ?? same[0])?.focus({ preventScroll: true });
    tick();
    document.dispatchEvent(new CustomEvent("tierline:fresh", { detail: { changed, page: fresh } }));
    return changed;
  }

  async function refresh(quietly) {
    if (fetching) { again = true; return; }
    fetching = true;
    const before = parts;
    try {
      const address = new URL(location.href);
      address.searchParams.delete("told");
      if (!onCase) address.searchParams.set("fragment", "rows");
      const answer = await fetch(address, { headers: { Accept: "text/html" } });
      if (answer.redirected) return notLive(words.gone);
      if (!answer.ok) throw new Error(String(answer.status));
      const text = await answer.text();
      if (parts !== before) return; // maybe older than what was sent meanwhile and is not sent again; what is new in it, will be
      const changed = replace(new DOMParser().parseFromString(text, "text/html"));
      if (changed && !quietly) say.textContent = words.changed;
    } catch {
      notLive();
      waiting ??= setTimeout(() => { waiting = null; refresh(quietly); }, LATER);
    } finally {
      fetching = false;
      if (again) { again = false; refresh(quietly); }
    }
  }

  function connected() {
    lost = null;
    shown("on", words.live);
  }

  // What a board shows comes as it is: all of it at first, then the parts that have changed.
  function sent(event) {
    connected();
    parts += 1;
    const changed = replace(new DOMParser().parseFromString(JSON.parse(event.data).join(""), "text/html"));
    if (changed && !quiet) say.textContent = words.changed;
    quiet = false;
  }

  // Of a case only that it has changed.
  function news(event) {
    connected();
    const ids = JSON.parse(event.data);
    if (ids && !ids.includes(onCase)) return;
    clearTimeout(waiting);
    waiting = setTimeout(() => { waiting = null; refresh(ids === null); }, SOON * Math.random());
  }

  function listen() {
    if (source || document.hidden) return;
    source = new EventSource(words.events);
    source.addEventListener("open", () => { quiet = true; });
    source.addEventListener("change", news);
    source.addEventListener("shown", sent);
    source.addEventListener("over", () => { stop(); notLive(words.gone); });
    source.addEventListener("error", () => {
      notLive();
      if (source?.readyState !== EventSource.CLOSED) return; // it comes again by itself
      stop();
      setTimeout(() => { refresh(true).then(listen); }, LATER * (0.5 + Math.random()));
    });
  }

  function stop() {
    source?.close();
    source = null;
  }

  // A browser has few connections to one server: pages nobody looks at give theirs back.
  document.addEventListener("visibilitychange", () => (document.hidden ? stop() : listen()));
  addEventListener("pagehide", stop);
  addEventListener("pageshow", listen);
  document.addEventListener("tierline:refresh", () => refresh(true));
  shown("", words.connecting);
  setInterval(tick, 1_000);
  listen();
})();
