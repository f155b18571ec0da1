// The page of a case while it changes: what was typed stays, and the reader is told when the forms are of an older state.
"use strict";
(() => {
  const act = document.getElementById("do");
  const typed = () => act && [...act.querySelectorAll("textarea, input:not([type=hidden])")].some((one) => one.value !== one.defaultValue);
  document.addEventListener("tierline:fresh", (event) => {
    const now = event.detail.page.getElementById("do");
    if (!act || !now || now.dataset.version === act.dataset.version) return;
    if (typed() || act.contains(document.activeElement)) {
      document.getElementById("stale").hidden = false;
      return;
    }
    act.replaceChildren(...now.childNodes);
    act.dataset.version = now.dataset.version;
  });
})();
