/* What lies around and below a zone: its outline, the dimmed ground beyond it, scale and place, and,
 * where the operator named tiles and the reader asks for them, a map of elsewhere.
 *
 * cropdashGround(map, options, base) adds it; show(on) with or without the tiles.
 */
(function () {
  "use strict";

  const DIM = 0.55, LESS = 0.2; // of the ground beyond the zone, and where tiles show it

  // Ground beyond the zone is dimmed: parcels reach over its edge.
  function addZone(map, ring) {
    const world = [[-85, -180], [-85, 180], [85, 180], [85, -180]];
    map.createPane("zone").style.zIndex = 450;
    map.getPane("zone").style.pointerEvents = "none";
    const look = { pane: "zone", interactive: false, renderer: L.svg({ pane: "zone" }) };
    L.polygon(ring, Object.assign({ color: "#ffffff", weight: 1.5, fill: false }, look)).addTo(map);
    return L.polygon(
      [world, ring], Object.assign({ stroke: false, fillColor: "#808a84", fillOpacity: DIM }, look)
    ).addTo(map);
  }

  function addPlace(map) {
    L.control.scale({ imperial: false, position: "bottomleft" }).addTo(map);
    const where = L.DomUtil.create("div", "map-where", map.getContainer());
    map.on("mousemove", function (event) {
      where.textContent = event.latlng.lat.toFixed(5) + ", " + event.latlng.lng.toFixed(5);
    });
    map.on("mouseout", function () {
      where.textContent = "";
    });
  }

  window.cropdashGround = function (map, options, base, first) {
    const dim = addZone(map, options.zone);
    if (first) addPlace(map);
    let tiles = null, credit = null;

    function show(on) {
      if (Boolean(tiles) === Boolean(on && options.tiles)) return;
      if (tiles) {
        map.removeLayer(tiles);
        credit.remove();
        tiles = null;
      } else {
        tiles = L.tileLayer(options.tiles.address, { maxZoom: 22, maxNativeZoom: 19 }).addTo(map);
        credit = L.DomUtil.create("div", "map-credit", map.getContainer());
        credit.textContent = options.tiles.credit;
      }
      if (base) base.setOpacity(tiles ? 0 : 1);
      dim.setStyle({ fillOpacity: tiles ? LESS : DIM });
    }

    return { show: show };
  };
})();
