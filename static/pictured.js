// Resolves once the page's first picture is seen. What is heavy to load (see cropdash/ui/shell/later.py)
// waits for it: while a browser reads megabytes of script, it draws nothing.
const LONGEST = 5000; // [ms] that a page may take for its picture before nothing waits any longer
const MAP = "iframe[title='streamlit_folium.st_folium']";
const PLACE = ".st-key-work, .st-key-review_map"; // of a map, before it is there

function there() {
  const stills = document.querySelectorAll(".still img");
  if (stills.length) return Array.from(stills).some((still) => still.complete);
  const map = document.querySelector(MAP);
  if (map) return map.contentWindow.parcelsReady === true;
  if (document.querySelector(PLACE)) return false;
  const app = document.querySelector("[data-testid='stApp']");
  return Boolean(app) && app.dataset.testScriptState === "notRunning"; // the page has none
}

export const pictured = new Promise(function (resolve) {
  const until = performance.now() + LONGEST;
  (function look() {
    // A hidden page draws nothing that could be waited for.
    if (document.hidden || performance.now() > until) resolve();
    else if (!there()) setTimeout(look, 25);
    else requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(resolve))); // painted
  })();
});
