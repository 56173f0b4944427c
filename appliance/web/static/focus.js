// Keeps focus assist true; without it the page reloads itself.
"use strict";

(function () {
  const POLL_MS = 250;
  const part = document.getElementById("focus");
  let running = null;
  let shown = "";

  async function poll() {
    try {
      const answer = await fetch("/focus/live", { headers: { Accept: "application/json" } });
      if (answer.ok) {
        const live = await answer.json();
        if (running !== null && running !== live.running) {
          location.reload();
          return;
        }
        running = live.running;
        if (live.part !== shown) {
          shown = live.part;
          part.innerHTML = shown;
        }
      }
    } catch {
      part.textContent = "The page's server does not answer.";
    }
    setTimeout(poll, document.hidden || !running ? 8 * POLL_MS : POLL_MS);
  }
  poll();
})();
