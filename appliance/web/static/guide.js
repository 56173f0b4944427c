// Keeps a guided check's page true: shows what the station does, and loads the page anew when the step is another one.
"use strict";

(function () {
  const POLL_MS = 700;
  const part = document.getElementById("run");
  const status = document.getElementById("status");
  let timer = null;

  async function poll() {
    clearTimeout(timer);
    try {
      const answer = await fetch(part.dataset.live, { headers: { Accept: "application/json" } });
      if (answer.ok) {
        const live = await answer.json();
        if (live.key !== part.dataset.key) {
          location.reload();
          return;
        }
        if (status.textContent !== live.words) {
          status.textContent = live.words;
        }
      }
    } catch {
      status.textContent = "The page's server does not answer.";
    }
    timer = setTimeout(poll, document.hidden ? 10 * POLL_MS : POLL_MS);
  }

  for (const form of document.querySelectorAll("form[data-once]")) {
    form.addEventListener("submit", function () {
      // a second tap must not be a second photo; the button's own name is sent before it is disabled
      setTimeout(function () {
        for (const button of form.querySelectorAll("button")) {
          button.disabled = true;
        }
      }, 0);
    });
  }
  document.addEventListener("visibilitychange", poll);
  timer = setTimeout(poll, POLL_MS);
})();
