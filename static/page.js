/* What Streamlit leaves out: the page's language and name, those of the address, and links past the menu. */
(function () {
  "use strict";

  const words = JSON.parse(document.currentScript.dataset.skips);
  const BOX = "[class*='st-key-parcel-'] input"; // the keyboard's way to a parcel, beside the map
  const goals = [() => document.querySelector("[data-testid='stMain']"), () => document.querySelector(BOX)];
  const skips = goals.map(function (goal) {
    const link = document.createElement("button");
    link.type = "button";
    link.className = "skip";
    link.addEventListener("click", function () {
      const to = goal(), fold = document.querySelector(".fold");
      if (fold) fold.open = true;
      if (to) to.focus();
    });
    return link;
  });

  function speak() {
    const root = document.documentElement, asked = new URLSearchParams(location.search);
    if (asked.get("lang")) root.lang = asked.get("lang");
    root.dataset.page = location.pathname.split("/").pop();
    root.dataset.view = asked.get("view") || "";
    skips.forEach(function (link, i) {
      link.textContent = (words[document.documentElement.lang] || words.en)[i];
    });
  }

  const nav = document.createElement("nav");
  nav.append(...skips);
  document.body.prepend(nav);
  // A page without a map has no parcel to skip to.
  skips[0].addEventListener("focus", function () {
    skips[1].hidden = !document.querySelector(BOX);
  });

  // The reader's switch changes the address without loading the page anew.
  ["pushState", "replaceState"].forEach(function (name) {
    const own = history[name].bind(history);
    history[name] = function () {
      own.apply(null, arguments);
      speak();
    };
  });
  window.addEventListener("popstate", speak);

  // A map takes what the lines above it leave of the window: they are more where it is narrow.
  const above = new ResizeObserver(function () {
    const work = document.querySelector(".st-key-work");
    const top = work && work.getBoundingClientRect().top + goals[0]().scrollTop;
    if (top > 0) document.documentElement.style.setProperty("--head", Math.ceil(top) + "px");
  });

  // Review by keyboard: arrows step as j and k do, n goes to the note, Escape comes back from it.
  // A key that is pressed while the page goes on to the next parcel is held until that one is shown:
  // else it would be lost, or told of a parcel that the reader does not see yet.
  // They are for the parcels that follow: if the page stays where it was, as after an error or the
  // end of its server, none of them is told. That a decision was answered is told by a number on the
  // page: the page may also be done with something else, as the state of a dossier.
  const LETTERS = { ArrowDown: "j", ArrowUp: "k" };
  const LONGEST = 10000; // [ms] in which a page has begun to answer, on a busy server too, or does not
  const TYPED_INTO = "input, textarea, select, [contenteditable='true'], [role='listbox']";
  const held = [];
  let waits = 0; // until when an answer that has not begun is waited for
  let left = null; // the address that a decision is to lead away from, and the number then
  const answered = () => (document.querySelector("i.answered") || {}).textContent;
  const note = () => document.querySelector(".st-key-review_note input");

  function busy() {
    const state = document.querySelector("[data-testid='stApp']").dataset;
    if (state.testConnectionState !== "CONNECTED") {
      if (left) left.number = ""; // its server has gone: nothing will be answered
      return true;
    }
    if (state.testScriptState !== "notRunning") waits = 0;
    else if (performance.now() > waits) return Boolean(document.querySelector("[data-stale='true']"));
    return true;
  }

  function release() {
    while (note() && !busy()) {
      if (left) {
        if (left.number === answered() && performance.now() < left.until) return setTimeout(release, 100);
        if (left.address === location.search) held.length = 0;
        left = null;
      }
      if (!held.length) return;
      const key = held.shift();
      if (key === "n") note().focus();
      const mark = document.querySelector(`[aria-label='Shortcut ${key.toUpperCase()}']`);
      const button = mark && mark.closest("button");
      if (!button || button.disabled) continue;
      waits = performance.now() + LONGEST;
      if (/[1-5u]/.test(key)) left = { address: location.search, number: answered(), until: waits };
      setTimeout(release, LONGEST + 1);
      button.click();
    }
  }

  new MutationObserver(function () {
    const page = document.querySelector("[data-testid='stMainBlockContainer']");
    if (page) above.observe(page); // the same one again is not observed twice
    release();
  }).observe(document.body, {
    attributes: true, subtree: true,
    attributeFilter: ["data-test-script-state", "data-test-connection-state", "data-stale"],
  });
  document.addEventListener("keydown", function (event) {
    if (!note() || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target === note() && event.key === "Escape") return note().blur();
    const key = (event.target === document.body && LETTERS[event.key]) || event.key;
    if (event.target.closest(TYPED_INTO) || !/^[1-5jkuzn]$/.test(key)) return;
    event.preventDefault();
    event.stopPropagation(); // the button's own listener would not wait
    if (event.repeat || held[held.length - 1] === "n") return; // letters of a note are no decisions
    held.push(key);
    release();
  }, true);
  speak();
})();
