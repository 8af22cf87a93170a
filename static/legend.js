/* Names and colours of what a map shows, below it.
 *
 * cropdashLegend(below, options) adds them; show(modes) hides the entries of other modes.
 */
(function () {
  "use strict";

  function entryOf(entry) {
    const item = document.createElement("span");
    item.setAttribute("role", "listitem");
    const swatch = document.createElement("i");
    swatch.style.background = entry.colour;
    if (entry.colour.startsWith("linear-gradient")) swatch.className = "ramp";
    item.append(swatch, document.createTextNode(entry.label));
    if (entry.mode) item.dataset.mode = entry.mode;
    return item;
  }

  window.cropdashLegend = function (below, options) {
    const list = document.createElement("div");
    list.className = "map-legend";
    list.style.color = options.ink;
    list.tabIndex = 0; // it may scroll
    list.setAttribute("role", "list");
    list.setAttribute("aria-label", options.legendName);
    list.append.apply(list, options.legend.map(entryOf));
    below.parentElement.appendChild(list);
    return {
      // modes: words with spaces between them; entries without a mode are always shown.
      show: function (modes) {
        const on = (modes || "").split(" ");
        list.querySelectorAll("[data-mode]").forEach(function (item) {
          item.hidden = !on.includes(item.dataset.mode);
        });
      },
    };
  };
})();
