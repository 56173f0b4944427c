// Keeps the Now page true: asks for what changed, and replaces only that.
"use strict";

(function () {
  const POLL_MS = 700;
  const form = document.getElementById("test"); // only on paired phones
  const button = form ? form.querySelector("button") : document.createElement("button");
  const oled = document.getElementById("oled");
  const shown = {};
  let timer = null;

  function replace(id, html) {
    if (shown[id] !== html) {
      shown[id] = html;
      const part = document.getElementById(id);
      part.innerHTML = html;
      window.showTimes(part);
    }
  }

  function show(live) {
    if (live.oled) {
      oled.src = live.oled;
    } else {
      oled.removeAttribute("src");
    }
    oled.alt = "OLED: " + live.oled_text;
    replace("status", live.status);
    replace("last", live.last);
    replace("bench", live.bench);
    button.disabled = !live.can_test;
    button.textContent = live.measuring ? "Measuring …" : "Test";
  }

  async function poll() {
    clearTimeout(timer);
    try {
      const answer = await fetch("/live", { headers: { Accept: "application/json" } });
      if (answer.ok) {
        show(await answer.json());
      }
    } catch {
      replace("status", '<p class="state down"><span class="dot"></span><span>The page\'s server does not answer.</span></p>');
      button.disabled = true;
    }
    timer = setTimeout(poll, document.hidden ? 10 * POLL_MS : POLL_MS);
  }

  form?.addEventListener("submit", async function (event) {
    event.preventDefault();
    button.disabled = true;
    button.textContent = "Measuring …";
    await fetch(form.action, { method: "POST", body: new URLSearchParams(new FormData(form)), redirect: "manual" })
      .catch(function () {});
    poll();
  });
  document.addEventListener("visibilitychange", poll);
  poll();
})();
