// Keeps focus assist and alignment true; without it the page reloads itself.
"use strict";

(function () {
  const POLL_MS = 250;
  const part = document.getElementById("guided");
  const words = document.getElementById("words");
  let running = null;
  let shown = "";

  // only what changes is written, so that a screen reader speaks when there is something new to say
  function say(text) {
    if (words.textContent !== text) {
      words.textContent = text;
    }
  }

  async function poll() {
    try {
      const answer = await fetch(part.dataset.live, { headers: { Accept: "application/json" } });
      if (answer.ok) {
        const live = await answer.json();
        if (running !== null && running !== live.running) {
          location.reload(); // the buttons change too
          return;
        }
        running = live.running;
        say(live.words);
        if (live.part !== shown) {
          shown = live.part;
          part.innerHTML = shown;
        }
      }
    } catch {
      say("The page's server does not answer.");
    }
    setTimeout(poll, document.hidden || !running ? 8 * POLL_MS : POLL_MS);
  }
  poll();
})();
