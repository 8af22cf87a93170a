/* The page's language, which Streamlit leaves at English: that of the address. */
(function () {
  "use strict";

  function speak() {
    const spoken = new URLSearchParams(location.search).get("lang");
    if (spoken) document.documentElement.lang = spoken;
  }

  // The reader's switch changes the address without loading the page anew.
  ["pushState", "replaceState"].forEach(function (name) {
    const own = history[name].bind(history);
    history[name] = function () {
      own.apply(null, arguments);
      speak();
    };
  });
  window.addEventListener("popstate", speak);
  speak();
})();
