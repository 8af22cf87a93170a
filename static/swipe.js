/* A divider over a map: the pane "left" shows to its left, the pane "right" to its right.
 *
 * cropdashSwipe(map, label) adds it; it is dragged, or moved by the arrow keys once it has focus.
 */
(function () {
  "use strict";

  function element(kind, name, parent) {
    const made = document.createElement(kind);
    made.className = name;
    parent.appendChild(made);
    return made;
  }

  window.cropdashSwipe = function (map, label) {
    const root = map.getContainer();
    const line = element("div", "swipe-line", root);
    const names = [element("div", "swipe-name left", root), element("div", "swipe-name right", root)];
    const range = element("input", "swipe-range", root);
    Object.assign(range, { type: "range", min: 0, max: 100, step: 1, value: 50 });
    range.setAttribute("aria-label", label);
    L.DomEvent.disableClickPropagation(range);
    L.DomEvent.disableScrollPropagation(range);

    function cut() {
      const share = Number(range.value) / 100;
      const size = map.getSize();
      const from = map.containerPointToLayerPoint([0, 0]);
      const to = map.containerPointToLayerPoint(size);
      const x = from.x + size.x * share;
      const clip = function (a, b) {
        return "rect(" + from.y + "px," + b + "px," + to.y + "px," + a + "px)";
      };
      map.getPane("left").style.clip = clip(from.x, x);
      map.getPane("right").style.clip = clip(x, to.x);
      line.style.left = 100 * share + "%";
    }

    range.addEventListener("input", cut);
    map.on("move zoom resize viewreset", cut);
    cut();
    return {
      name: function (captions) {
        captions.forEach(function (text, i) {
          names[i].textContent = text;
        });
      },
    };
  };
})();
