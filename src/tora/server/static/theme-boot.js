// A classic script, so that it runs before the first paint and no page flashes in the wrong theme.
(() => {
  try {
    const choice = localStorage.getItem("tora.theme");
    if (choice === "light" || choice === "dark") document.documentElement.dataset.theme = choice;
  } catch {
    // Storage is switched off: the system's theme it is.
  }
})();
