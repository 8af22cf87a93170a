/* The period slider of a map, with play.
 *
 * The pictures of the other periods are asked for when the reader first slides or plays. From then
 * on they are here, and neither sliding nor playing asks the server for anything: it is told the
 * period once the reader has come to rest.
 */
(function () {
  "use strict";

  const SEASON_MS = 10800; // to play it; a step is never faster or slower than can be followed
  const STEP_MS = [300, 900];
  const SETTLED_MS = 350; // without another move the reader has come to rest
  const PATIENCE_MS = 20000; // for the pictures to arrive

  function element(tag, className, parent) {
    const made = document.createElement(tag);
    made.className = className;
    if (parent) parent.appendChild(made);
    return made;
  }

  function build(root, texts) {
    const bar = element("div", "period-bar", root);
    const button = element("button", "period-play", bar);
    button.type = "button";
    const range = element("input", "period-range", bar);
    range.type = "range";
    range.min = 0;
    range.max = texts.periods.length - 1;
    range.step = 1;
    range.setAttribute("aria-label", texts.period);
    const name = element("span", "period-name", bar);
    // As wide as the longest name, so that the slider stays while it plays.
    const longest = Math.max.apply(null, texts.names.map((text) => text.length));
    name.style.minWidth = "min(" + 0.95 * longest + "ch, 64%)";
    L.DomEvent.disableClickPropagation(bar);
    L.DomEvent.disableScrollPropagation(bar);
    return { bar: bar, button: button, range: range, name: name };
  }

  /* texts: {periods, names, period, play, pause, waiting, missing}
   * tell(change), put(values): to the page;  picture(url): show it on the map. */
  window.cropdashPeriods = function (root, texts, tell, put, picture) {
    const parts = build(root, texts);
    const stepMs = Math.min(STEP_MS[1], Math.max(STEP_MS[0], SEASON_MS / texts.periods.length));
    let frames = null; // period -> URL
    let loaded = {}; // URL -> Image, so that the browser keeps them
    let known = null; // the period that the server last said
    let timer = null; // of play
    let settling = null;
    let waiting = null; // what to do when the pictures are there
    let patience = null;

    function period() {
      return texts.periods[Number(parts.range.value)];
    }

    function label(text) {
      const said = text || texts.names[Number(parts.range.value)];
      parts.name.textContent = said;
      parts.range.setAttribute("aria-valuetext", said);
    }

    function buttonShows(playing) {
      parts.button.textContent = playing ? "❚❚" : "▶";
      parts.button.setAttribute("aria-label", playing ? texts.pause : texts.play);
      parts.button.title = playing ? texts.pause : texts.play;
    }

    function draw() {
      label();
      if (frames && frames[period()]) picture(frames[period()]);
    }

    function settle() {
      clearTimeout(settling);
      settling = setTimeout(function () {
        settling = null;
        if (period() !== known) put({ period: period() });
      }, SETTLED_MS);
    }

    function ask(then) {
      waiting = then;
      label(texts.waiting);
      tell({ frames: true });
      clearTimeout(patience);
      patience = setTimeout(function () {
        waiting = null;
        label(texts.missing);
      }, PATIENCE_MS);
    }

    function whenThere(then) {
      if (frames) then();
      else ask(then);
    }

    function load() {
      const all = Object.values(frames).map(function (url) {
        if (!loaded[url]) {
          loaded[url] = new Image();
          loaded[url].src = url;
        }
        return loaded[url].decode().catch(function () {});
      });
      return Promise.all(all);
    }

    function step() {
      parts.range.value = (Number(parts.range.value) + 1) % texts.periods.length;
      draw();
    }

    function play() {
      whenThere(function () {
        if (timer) return;
        timer = setInterval(step, stepMs);
        buttonShows(true);
        step();
      });
    }

    function pause() {
      clearInterval(timer);
      timer = null;
      buttonShows(false);
      settle();
    }

    parts.button.addEventListener("click", function () {
      if (timer) pause();
      else play();
    });
    parts.range.addEventListener("input", function () {
      if (timer) pause();
      label();
      whenThere(draw);
      settle();
    });
    document.addEventListener("visibilitychange", function () {
      if (document.hidden && timer) pause();
    });
    buttonShows(false);

    function arrived(given) {
      if (frames && JSON.stringify(frames) === JSON.stringify(given)) return;
      frames = given;
      load().then(function () {
        clearTimeout(patience);
        const then = waiting;
        waiting = null;
        if (then) then();
        else if (busy()) draw();
      });
    }

    // While the reader slides or plays, the map shows the slider's period and not the server's.
    function busy() {
      return timer !== null || settling !== null || period() !== known;
    }

    return {
      busy: busy,
      update: function (state) {
        if (state.frames) arrived(state.frames);
        else frames = null;
        const follows = !timer && settling === null && (known === null || period() === known);
        known = state.period;
        if (follows) parts.range.value = Math.max(0, texts.periods.indexOf(known));
        if (!waiting) label();
      },
    };
  };
})();
