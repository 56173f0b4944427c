// Shows times in the viewer's zone; without this script they are the station's.
"use strict";

window.showTimes = function (within) {
  for (const time of within.querySelectorAll("time[datetime]")) {
    const moment = new Date(time.getAttribute("datetime"));
    if (!isNaN(moment)) {
      time.textContent = moment.toLocaleString([], { dateStyle: "medium", timeStyle: "short" });
    }
  }
};
window.showTimes(document);
