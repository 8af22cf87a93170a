/* The legend beside a map: the classes that are there, in the map's own colours.
 *
 * A click narrows the map to a class, the pointer lights its parcels, a word finds it.
 * cropdashLegend(beside, options, put, light) adds it; show(state) says what it holds.
 */
(function () {
  "use strict";

  const LIT_MS = 80; // the pointer rests on an entry before its parcels are lit

  function element(tag, className, parent, text) {
    const made = document.createElement(tag);
    made.className = className;
    if (text) made.textContent = text;
    parent.appendChild(made);
    return made;
  }

  function swatch(entry, parent) {
    const made = element("i", entry.ramp ? "ramp" : entry.hatch ? "hatch" : "", parent);
    made.style[entry.ramp ? "background" : "backgroundColor"] = entry.colour;
  }

  window.cropdashLegend = function (beside, options, put, light) {
    const root = element("div", "map-legend", beside);
    root.style.color = options.ink;
    root.setAttribute("role", "region");
    root.setAttribute("aria-label", options.legendName);
    const find = element("input", "legend-find", root);
    Object.assign(find, { type: "search", placeholder: options.legendFind });
    find.setAttribute("aria-label", options.legendFind);
    const body = element("div", "legend-body", root);
    let drawn = "", waiting = null;

    function narrow() {
      const text = find.value.trim().toLocaleLowerCase();
      body.querySelectorAll("[data-find]").forEach(function (item) {
        item.hidden = !item.dataset.find.includes(text);
      });
    }
    find.addEventListener("input", narrow);

    function entryOf(entry, kind, chosen, parent) {
      const item = element(kind ? "button" : "div", "legend-entry", parent);
      swatch(entry, item);
      element("span", "legend-label", item, entry.label);
      element("span", "legend-amount", item, entry.amount || "");
      if (entry.about) item.title = entry.about;
      if (!kind) return;
      item.type = "button";
      item.dataset.find = (entry.label + " " + (entry.also || "")).toLocaleLowerCase();
      item.setAttribute("aria-pressed", String(chosen.includes(entry.name)));
      item.addEventListener("click", function () {
        const is = chosen.includes(entry.name);
        const next = is ? chosen.filter((name) => name !== entry.name) : chosen.concat(entry.name);
        put({ [kind]: next.join(",") });
      });
      const rest = function (classes) {
        clearTimeout(waiting);
        waiting = setTimeout(() => light(classes), LIT_MS);
      };
      if (!entry.classes) return;
      item.addEventListener("mouseenter", () => rest(entry.classes));
      item.addEventListener("focus", function () {
        if (item.matches(":focus-visible")) rest(entry.classes); // by keys: a click has its pointer
      });
      item.addEventListener("mouseleave", () => rest(null));
      item.addEventListener("blur", () => rest(null));
    }

    function section(part) {
      const box = element("div", "legend-part", body);
      element("h2", "legend-title", box, part.title);
      part.entries.forEach((entry) => entryOf(entry, part.kind, part.chosen || [], box));
      if (part.note) element("p", "legend-note", box, part.note);
    }

    return {
      show: function (state) {
        const text = JSON.stringify(state.legend || []);
        if (text === drawn) return;
        drawn = text;
        const at = document.activeElement && document.activeElement.dataset.find;
        body.replaceChildren();
        (state.legend || []).forEach(section);
        find.hidden = body.querySelectorAll("[data-find]").length < 8;
        narrow();
        const again = Array.from(body.querySelectorAll("[data-find]")).find((e) => e.dataset.find === at);
        if (at && again) again.focus();
      },
    };
  };
})();
