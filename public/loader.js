// Says truthfully how loading goes, until the page takes the loader's place.
// Without this file a page whose engine did not arrive would claim for ever that it is loading.
(function () {
  "use strict";

  /** Seconds after which a slow load is admitted to be slow. */
  const slow_s = 8;

  function say(text) {
    const line = document.getElementById("loader-text");
    // No line: the page has already taken over and reports its own errors.
    if (line) line.textContent = text;
  }

  function failed(reason) {
    say(`The page could not start: ${reason}. Reload to try again; it needs a browser with WebAssembly.`);
  }

  if (typeof WebAssembly !== "object") {
    addEventListener("DOMContentLoaded", () => failed("this browser has no WebAssembly, or it is switched off"));
    return;
  }

  // A script or stylesheet that does not arrive fires its error at the element, which only a capturing listener sees.
  addEventListener(
    "error",
    (event) => {
      const element = event.target;
      if (element instanceof HTMLScriptElement) failed(`the file ${element.src} did not arrive`);
      else if (event instanceof ErrorEvent) failed(event.message);
    },
    true,
  );
  addEventListener("unhandledrejection", (event) => failed(String(event.reason)));
  setTimeout(() => {
    const line = document.getElementById("loader-text");
    if (line && line.textContent.startsWith("Loading")) {
      say(`Loading the engine: still waiting for it after ${slow_s} seconds. The connection may be slow.`);
    }
  }, slow_s * 1000);
})();
