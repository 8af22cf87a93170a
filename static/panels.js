/* Linked map panels inside one Leaflet component: the same zone, several layers, one view.
 *
 * cropdash.panels(map, options) is called once; cropdash.show(state) whenever the selection, the
 * period or another choice changes, so that no choice reloads the map.
 */
(function () {
  "use strict";

  const panels = []; // {map, base, overlay, parcels}
  let features = null;
  let answers = {}; // of models, by parcel: {crops: [declared, first, …], says: [text, …], code}
  let options = {};
  let state = {
    selected: null, other: null, base: null, fill: 0, opacity: 0.9, only: [], agree: [],
  };
  let slider = null; // of periods, where the map has one
  let legend = null; // below the map, where it has one
  let seenLast = null; // middle and zoom that the reader last moved to
  let stage = null; // panels, and what stands beside and below them
  const told = { put: null, at: 0, frames: false };

  // To the page at once: the component's own way waits a quarter of a second first.
  function tell(change) {
    Object.assign(told, change);
    const message = { isStreamlitMessage: true, type: "streamlit:setComponentValue" };
    window.parent.postMessage(Object.assign(message, { dataType: "json", value: told }), "*");
  }

  // What the reader chose, as it stands in the page's address. The time tells two choices of the
  // same apart, also from those on a map drawn before.
  function put(values) {
    tell({ put: values, at: Date.now() });
  }

  // Classes that are declared or named for a parcel.
  function cropsOf(feature) {
    const answer = answers[feature.properties.id];
    return answer ? answer.crops : [feature.properties.crop];
  }

  // How the models agree on a parcel, by the groups of the level that is shown.
  function codeOf(answer) {
    if (!state.groups || answer.code > 4) return answer.code;
    const [truth, first, second] = answer.crops.map((crop) => state.groups[crop]);
    if (first === truth) return second === truth ? 0 : 1;
    return second === truth ? 2 : first === second ? 3 : 4;
  }

  // Whether the reader's choice of classes, and of how models agree, leaves a parcel out.
  function isOut(feature) {
    const answer = answers[feature.properties.id];
    const named = cropsOf(feature).some((crop) => state.only.includes(crop));
    if (state.only.length && !named) return true;
    return state.agree.length > 0 && !(answer && state.agree.includes(codeOf(answer)));
  }

  function style(feature) {
    if (state.colours) {
      const own = state.colours[feature.properties.id];
      const look = { color: own || options.outline, fillColor: own, fillOpacity: own ? 0.75 : 0 };
      return Object.assign(look, { weight: own ? 2.5 : 0.8, opacity: own ? 1 : 0.3 });
    }
    const out = isOut(feature);
    const lit = state.lit && cropsOf(feature).some((crop) => state.lit.includes(crop));
    return {
      color: lit ? options.highlight : options.outline,
      weight: lit ? 2.5 : 0.8,
      opacity: out ? 0.15 : 0.9,
      fillColor: (state.fills && state.fills[feature.properties.crop]) || feature.properties.colour,
      fillOpacity: out ? 0 : state.fill,
    };
  }

  // Put together when it is asked for: ten thousand parcels have as many texts.
  function labelled(panel, feature) {
    const answer = answers[feature.properties.id];
    const said = panel.says.map(function (i) {
      return answer && answer.says[i];
    });
    const own = state.notes && state.notes[feature.properties.id];
    return [feature.properties.label, own].concat(said).filter(Boolean).join("<br>");
  }

  // A tooltip at the edge of a panel is moved until all of it can be read.
  function keepInside(event) {
    const tip = event.tooltip || (event.propagatedFrom || event.layer).getTooltip();
    const box = tip && tip.getElement();
    if (!box) return;
    box.style.translate = "0px 0px";
    const room = this._map.getContainer().getBoundingClientRect();
    const at = box.getBoundingClientRect();
    const inward = (low, high, least, most) =>
      low < least ? least - low : high > most ? Math.max(most - high, least - low) : 0;
    box.style.translate =
      inward(at.left, at.right, room.left + 2, room.right - 2) + "px " +
      inward(at.top, at.bottom, room.top + 2, room.bottom - 2) + "px";
  }

  // Parcels and the mark share the map's one canvas: a second one above would take the clicks.
  function addParcels(panel) {
    panel.parcels = L.geoJson(null, {
      style: style,
      onEachFeature: function (feature, layer) {
        const text = function () {
          return labelled(panel, feature);
        };
        layer.bindTooltip(text, { sticky: true, className: "parcel-tip" });
      },
    }).addTo(panel.map);
    panel.parcels.on("mousemove tooltipopen", keepInside);
    panel.parcels.on("click", function (event) {
      put({ [state.picks || "parcel"]: event.layer.feature.properties.id });
    });
  }

  // Pictures that a divider cuts lie in panes of their own, below the parcels.
  function pane(map, name, level) {
    map.createPane(name).style.zIndex = level;
    return name;
  }

  function addImages(panel, spec) {
    const images = { interactive: false, className: "zone-image" };
    if (spec.over) {
      const map = panel.map;
      const at = function (name, level) {
        return Object.assign({ pane: pane(map, name, level) }, images);
      };
      panel.base = L.imageOverlay(spec.base, options.bounds, at("ground", 370)).addTo(map);
      panel.overlay = L.imageOverlay(spec.overlay, options.bounds, at("left", 380)).addTo(map);
      panel.over = L.imageOverlay(spec.over, options.bounds, at("right", 390)).addTo(map);
      panel.swipe = window.cropdashSwipe(map, options.swipe);
      return;
    }
    if (spec.base) {
      panel.base = L.imageOverlay(spec.base, options.bounds, images).addTo(panel.map);
    }
    if (spec.overlay) {
      panel.overlay = L.imageOverlay(spec.overlay, options.bounds, images).addTo(panel.map);
      panel.overlay.setOpacity(state.opacity);
    }
  }

  function caption(element, text) {
    const label = document.createElement("div");
    label.textContent = text;
    label.className = "panel-caption";
    element.appendChild(label);
    return label;
  }

  function link(map) {
    map.on("move zoom", function () {
      if (map.following) return;
      seenLast = [map.getCenter(), map.getZoom()];
      panels.filter(isSeen).forEach(function (other) {
        if (other.map === map) return;
        other.map.following = true;
        other.map.setView(map.getCenter(), map.getZoom(), { animate: false });
        other.map.following = false;
      });
    });
  }

  function secondMap(element) {
    return L.map(element, {
      zoomControl: false,
      attributionControl: false,
      zoomSnap: 0,
      preferCanvas: true,
    });
  }

  function markSelected() {
    const wanted = [state.other, state.selected]; // the first one last, so on top
    panels.forEach(function (panel) {
      if (panel.mark) panel.map.removeLayer(panel.mark);
      panel.mark = null;
      if (!features) return;
      const found = features.features.filter(function (f) {
        return wanted.includes(f.properties.id);
      });
      panel.mark = L.geoJson(found, {
        interactive: false,
        style: function (feature) {
          const first = feature.properties.id === state.selected;
          return { color: first ? options.highlight : options.second, weight: 3.5, fill: false };
        },
      }).addTo(panel.map);
    });
  }

  // Closer to the selected parcel, where the page asks for it.
  function focus() {
    if (!state.focus || !features || panels[0].focused === state.selected) return;
    const bounds = panels[0].mark && panels[0].mark.getBounds();
    if (!bounds || !bounds.isValid()) return;
    panels[0].focused = state.selected;
    // Four times its size, as far as the zone goes: beyond it there is no picture.
    const around = bounds.pad(1.5);
    const zone = L.latLngBounds(options.bounds).extend(bounds);
    const seen = [
      [Math.max(around.getSouth(), zone.getSouth()), Math.max(around.getWest(), zone.getWest())],
      [Math.min(around.getNorth(), zone.getNorth()), Math.min(around.getEast(), zone.getEast())],
    ];
    panels[0].map.fitBounds(seen, { animate: false, maxZoom: 16.5 });
  }

  function setPicture(picture, url) {
    if (picture._url !== url) picture.setUrl(url);
  }

  function addPeriods(root) {
    slider = window.cropdashPeriods(root, options.periods, tell, put, function (url) {
      panels.forEach(function (panel) {
        if (panel.base) setPicture(panel.base, url);
      });
    });
  }

  function setOverlays(panel, i) {
    const url = state.overlays && state.overlays[i];
    if (url && panel.overlay) setPicture(panel.overlay, url);
    if (panel.over && state.over) setPicture(panel.over, state.over);
    const names = state.captions;
    if (names && panel.swipe) panel.swipe.name(names);
    else if (names && panel.caption) {
      panel.caption.textContent = names[i];
      stage.name(i, names[i]);
    }
  }

  function refresh() {
    panels.forEach(function (panel, i) {
      // Styling ten thousand parcels anew takes as long as the rest of a click together.
      const look = JSON.stringify([
        state.fill, state.only, state.agree, state.colours, state.fills, state.lit,
      ]);
      if (panel.parcels && panel.look !== look) {
        panel.parcels.setStyle(style);
        panel.look = look;
      }
      const held = slider && slider.busy();
      if (!held && panel.base && state.base) setPicture(panel.base, state.base);
      panel.ground.show(state.background);
      if (panel.overlay) panel.overlay.setOpacity(state.opacity);
      if (panel.over) panel.over.setOpacity(state.opacity);
      setOverlays(panel, i);
    });
    markSelected();
    focus();
  }

  function fetched(url) {
    return fetch(url).then(function (answer) {
      if (!answer.ok) throw new Error(url + ": " + answer.status);
      return answer.json();
    });
  }

  function load() {
    const said = options.answers ? fetched(options.answers) : Promise.resolve({});
    Promise.all([fetched(options.parcels), said]).then(function (found) {
      features = found[0];
      answers = found[1];
      panels.forEach(function (panel) {
        panel.parcels.addData(features);
      });
      refresh();
      window.parcelsReady = true;
    });
  }

  function start(map, given) {
    options = given;
    stage = window.cropdashStage(map, options, resized);
    options.panels.forEach(function (spec, i) {
      const element = stage.panels[i];
      const panel = { map: i === 0 ? map : secondMap(element), says: spec.says };
      panels.push(panel);
      panel.caption = caption(element, spec.title);
      stage.name(i, spec.title);
      addImages(panel, spec);
      panel.ground = window.cropdashGround(panel.map, options, panel.base, i === 0);
      addParcels(panel);
    });
    if (options.periods) addPeriods(stage.below);
    if (options.legend) legend = window.cropdashLegend(stage.beside, options, put, light);
    stage.fit();
    panels.forEach(function (panel) {
      panel.map.setMaxBounds(L.latLngBounds(options.bounds).pad(0.5));
      link(panel.map);
    });
    load();
  }

  // A map that the reader has not moved shows the whole zone in whatever room it has.
  function resized() {
    panels.filter(isSeen).forEach(function (panel) {
      const fits = panel.fitted === undefined || panel.map.getZoom() === panel.fitted;
      panel.map.following = true;
      panel.map.invalidateSize({ animate: false });
      if (fits) {
        panel.map.fitBounds(options.bounds, { animate: false });
        panel.fitted = panel.map.getZoom();
      } else if (seenLast) panel.map.setView(seenLast[0], seenLast[1], { animate: false });
      panel.map.following = false;
    });
  }

  function isSeen(panel) {
    return panel.map.getContainer().clientWidth > 0;
  }

  // Parcels of a class that the pointer is on, in the legend.
  function light(classes) {
    state.lit = classes;
    refresh();
  }

  function show(wanted) {
    state = Object.assign({}, state, wanted);
    if (slider) slider.update(state);
    if (legend) legend.show(state);
    stage.aside(state.selected !== null && state.selected !== undefined);
    refresh();
  }

  window.cropdash = { panels: start, show: show };
})();
