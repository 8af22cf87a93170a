/* Where the panels of a map stand in its frame, and what stands beside and below them.
 *
 * Of four panels in a row and two by two the layout is taken that gives the larger pictures; each
 * has the zone's own shape. Where there is little room one panel is seen at a time, chosen by tabs.
 */
(function () {
  "use strict";

  const GAP = 4; // [px] between panels
  const SIDE = 300; // [px] least width beside the map
  const NARROW = 700, FLAT = 420; // [px] a frame below either shows one panel at a time

  const CORNERS = '<svg viewBox="0 0 16 16" width="16" height="16" aria-hidden="true"><path d="M2 6V2h4' +
    'M10 2h4v4M14 10v4h-4M6 14H2v-4" fill="none" stroke="currentColor" stroke-width="2"/></svg>';

  function element(tag, className, parent) {
    const made = document.createElement(tag);
    made.className = className;
    if (parent) parent.appendChild(made);
    return made;
  }

  // Width by height of the zone as the map draws it.
  function aspect(bounds) {
    const a = L.CRS.EPSG3857.latLngToPoint(L.latLng(bounds[0]), 10);
    const b = L.CRS.EPSG3857.latLngToPoint(L.latLng(bounds[1]), 10);
    return Math.abs((b.x - a.x) / (b.y - a.y));
  }

  function best(count, width, height, shape) {
    const layouts = [1, 2, 4].filter((columns) => columns <= count).map(function (columns) {
      const rows = Math.ceil(count / columns);
      const wide = (width - GAP * (columns - 1)) / columns;
      const high = (height - GAP * (rows - 1)) / rows;
      const w = Math.min(wide, high * shape);
      return { columns: columns, rows: rows, w: Math.floor(w), h: Math.floor(w / shape) };
    });
    return layouts.reduce((a, b) => (b.w > a.w ? b : a));
  }

  // What the component leaves open: the frame's name and language, and that it may be zoomed.
  function introduce(options) {
    document.documentElement.lang = options.language;
    if (window.frameElement) window.frameElement.setAttribute("aria-label", options.name);
    document.querySelectorAll("meta[name='viewport']").forEach(function (meta) {
      meta.content = "width=device-width, initial-scale=1";
    });
  }

  window.cropdashStage = function (map, options, resized) {
    introduce(options);
    const first = map.getContainer(), count = options.panels.length;
    const root = element("div", "stage", null);
    // The layout stands here and not in the style sheet, which may arrive after the first view.
    Object.assign(root.style, { display: "flex", gap: "8px", height: "100vh" });
    first.parentElement.insertBefore(root, first);
    const left = element("div", "stage-left", root);
    const tabs = element("div", "stage-tabs", left);
    const grid = element("div", "panel-grid", left);
    Object.assign(left.style, { flex: "none" });
    Object.assign(grid.style, { display: "grid", gap: GAP + "px" });
    const below = element("div", "stage-below", left);
    const beside = element("div", "stage-beside", root);
    const made = [first];
    for (let i = 1; i < count; i++) made.push(document.createElement("div"));
    made.forEach(function (panel) {
      Object.assign(panel.style, { position: "relative", width: "auto", height: "auto", left: "auto", top: "auto" });
      grid.appendChild(panel);
    });
    const buttons = made.map(function (panel, i) {
      const button = element("button", "stage-tab", tabs);
      button.type = "button";
      button.addEventListener("click", function () {
        seen = i;
        fit();
      });
      return button;
    });
    if (document.fullscreenEnabled) {
      const full = element("button", "map-full", first);
      Object.assign(full, { type: "button", innerHTML: CORNERS, title: options.full });
      full.setAttribute("aria-label", options.full);
      L.DomEvent.disableClickPropagation(full);
      full.addEventListener("click", function () {
        if (document.fullscreenElement) document.exitFullscreen();
        else document.documentElement.requestFullscreen();
      });
    }
    const shape = aspect(options.bounds);
    let seen = 0; // the panel that is shown where there is room for one

    function fit() {
      const bar = options.periods ? 40 : 0;
      const narrow = window.innerWidth < NARROW, small = narrow || window.innerHeight < FLAT;
      const has = options.legend && !narrow;
      const tabbed = small && count > 1;
      const width = window.innerWidth - (has ? (small ? 220 : SIDE) + 8 : 0);
      const height = window.innerHeight - bar - (tabbed ? 36 : 0);
      root.classList.toggle("narrow", narrow);
      root.style.flexDirection = narrow ? "column" : "row";
      tabs.hidden = !tabbed;
      const one = { columns: 1, rows: 1, w: width, h: narrow ? Math.min(height, width) : height };
      const found = small ? one : best(count, width, height, shape);
      grid.style.gridTemplateColumns = "repeat(" + found.columns + ", " + found.w + "px)";
      grid.style.gridAutoRows = found.h + "px";
      made.forEach(function (panel, i) {
        panel.style.display = !small || i === seen ? "" : "none";
        buttons[i].setAttribute("aria-pressed", String(i === seen));
      });
      const taken = found.columns * found.w + (found.columns - 1) * GAP;
      place(taken + 8, narrow);
      resized();
    }

    // Tells the page where its own panel may stand: in place of the legend, below where that is too.
    function place(from, narrow) {
      const work = window.frameElement && window.frameElement.closest(".st-key-work");
      if (!work) return;
      const below = { "--place": "static", "--side": "0px", "--high": "auto" };
      const told = narrow ? below : { "--place": "absolute", "--side": from + "px", "--high": "" };
      Object.entries(told).forEach(([name, value]) => work.style.setProperty(name, value));
    }

    window.addEventListener("resize", fit);
    return {
      panels: made, below: below, beside: beside, fit: fit,
      name: function (i, text) {
        buttons[i].textContent = text;
      },
      aside: function (is) {
        beside.classList.toggle("covered", is && options.covered);
      },
    };
  };
})();
