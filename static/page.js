/* What Streamlit leaves out: the page's language, that of the address, and links past the menu. */
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
      const to = goal();
      if (to) to.focus();
    });
    return link;
  });

  function speak() {
    const spoken = new URLSearchParams(location.search).get("lang");
    if (spoken) document.documentElement.lang = spoken;
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

  // Review by keyboard: arrows step as j and k do, n goes to the note, Escape comes back from it.
  const STEPS = { ArrowDown: ".st-key-review-next button", ArrowUp: ".st-key-review-before button" };
  document.addEventListener("keydown", function (event) {
    const note = document.querySelector(".st-key-review_note input");
    if (!note || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target === note && event.key === "Escape") return note.blur();
    if (event.target !== document.body) return;
    const step = STEPS[event.key] && document.querySelector(STEPS[event.key]);
    if (event.key !== "n" && !step) return;
    event.preventDefault();
    step ? step.click() : note.focus();
  });
  speak();
})();
