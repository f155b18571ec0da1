// The board by keyboard, and words said without leaving it. Every form works without this.
"use strict";
(() => {
  const form = document.getElementById("board");
  if (!form) return;
  const ask = document.getElementById("ask"), help = document.getElementById("help");
  const chosen = document.getElementById("chosen"), said = document.getElementById("said");
  const nobody = chosen?.textContent;
  let here = null; // the id of the row the keyboard is at

  const rows = () => [...form.querySelectorAll("tbody tr")];
  const row = () => rows().find((one) => one.dataset.id === here);
  const ticks = () => [...form.querySelectorAll("input[name=case]")];

  function mark() {
    for (const one of rows()) {
      one.classList.toggle("here", one.dataset.id === here);
      one.classList.toggle("chosen", Boolean(one.querySelector("input:checked")));
    }
    const count = ticks().filter((one) => one.checked).length;
    if (chosen) chosen.textContent = count ? chosen.dataset.words.replace("{}", count) : nobody;
  }

  function move(by) {
    const all = rows();
    if (!all.length) return;
    const place = all.findIndex((one) => one.dataset.id === here);
    const next = all[place < 0 ? (by > 0 ? 0 : all.length - 1) : Math.min(Math.max(place + by, 0), all.length - 1)];
    here = next.dataset.id;
    next.querySelector("a").focus();
    next.scrollIntoView({ block: "nearest" });
    mark();
  }

  // Send a form and show what comes back here: what is still to be filled in, what came of it, or why it cannot be.
  async function send(from, command) {
    const data = new FormData(from);
    data.set("command", command);
    try {
      const answer = await fetch(from.action, { method: "POST", body: new URLSearchParams(data), headers: { Accept: "text/html" } });
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const told = page.getElementById("told"), asked = page.getElementById("asked") ?? page.getElementById("fault");
      if (told) came(told);
      else if (asked) put(asked);
      else if (!answer.redirected && page.querySelector("main")) put(wordsOf(page));
      else location.assign(answer.url);
    } catch {
      natively(from, command);
    }
  }

  function wordsOf(page) {
    const section = document.createElement("section");
    section.append(...page.querySelector("main").childNodes);
    return section;
  }

  function natively(from, command) {
    const name = document.createElement("input");
    Object.assign(name, { type: "hidden", name: "command", value: command });
    from.append(name);
    from.submit();
  }

  function put(section) {
    ask.replaceChildren(document.adoptNode(section));
    if (!ask.open) ask.showModal();
    ask.querySelector("[role=alert], select, textarea, button.main")?.focus();
  }

  function came(section) {
    if (ask.open) ask.close();
    document.getElementById("came")?.remove();
    const box = document.adoptNode(section);
    box.id = "came";
    box.querySelector("p:last-child")?.remove();
    box.querySelector("h1")?.remove();
    form.before(box);
    said.textContent = box.textContent.replace(/\s+/g, " ");
    for (const one of ticks()) one.checked = false;
    form.elements.nonce.value = crypto.randomUUID?.() ?? String(Math.random()).slice(2) + Date.now();
    mark();
    document.dispatchEvent(new Event("tierline:refresh"));
  }

  // Without a tick the row the keyboard is at is meant. It gets none: what is broken off must leave nothing behind.
  function press(command) {
    if (!form.querySelector(`.acts button[value=${command}]`)) return;
    const alone = row() && !ticks().some((one) => one.checked);
    send(form, alone ? `${command} ${here}` : command);
  }

  const KEYS = {
    j: () => move(1), k: () => move(-1),
    x: () => { const tick = row()?.querySelector("input[name=case]"); if (tick) { tick.checked = !tick.checked; mark(); } },
    a: () => press("acknowledge"), s: () => press("assign"), e: () => press("escalate"),
    p: () => press("pause"), r: () => press("resolve"),
    "/": () => document.getElementById("q").focus(),
    "?": () => help.showModal(),
  };

  document.addEventListener("keydown", (event) => {
    const typing = event.target.closest?.("input:not([type=checkbox]), select, textarea, dialog");
    if (event.key === "Escape" && event.target.id === "q") event.target.blur();
    if (typing || event.ctrlKey || event.metaKey || event.altKey || ask.open || help.open) return;
    if (event.key === "Enter" && event.target.matches?.("input[type=checkbox]")) {
      event.preventDefault();
      event.target.closest("tr")?.querySelector("a")?.click();
    }
    const act = KEYS[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  });
  form.addEventListener("change", mark);
  form.addEventListener("focusin", (event) => {
    const at = event.target.closest("tr[data-id]");
    if (at) { here = at.dataset.id; mark(); }
  });
  form.addEventListener("submit", (event) => { event.preventDefault(); send(form, event.submitter?.value ?? ""); });
  ask.addEventListener("submit", (event) => { event.preventDefault(); send(event.target, event.submitter?.value ?? ""); });
  ask.addEventListener("click", (event) => { if (event.target.closest("a")) { event.preventDefault(); ask.close(); } });
  help.querySelector("button").addEventListener("click", () => help.close());
  document.addEventListener("tierline:fresh", mark);
  mark();
})();
