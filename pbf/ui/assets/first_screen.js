// Prepares the first screen for this browser, and removes it if the component will not.
(() => {
  // After the page's script has run: for Streamlit to draw its elements, and for the component to start.
  const TO_DRAW_MS = 1000;
  const LONGEST_MS = 10000;
  // How long the first screen waits for its font, and Streamlit for the first screen.
  const LONGEST_FONT_MS = 1000;
  // Streamlit's own scripts, which would delay the first screen.
  const later = document.getElementById("pbf-later");
  const start = () => document.head.append(later.content);
  // Without the font, or in a tab that is not visible and so has no frames.
  setTimeout(start, LONGEST_FONT_MS);

  const first = document.getElementById("pbf-first");
  const shadow = first.querySelector(".pbf-first-component").shadowRoot;
  const stored = (key) => {
    try {
      return JSON.parse(localStorage.getItem(key));
    } catch {
      return null;
    }
  };
  const theme = stored(`stActiveTheme-${location.pathname}-v2`);
  if (theme === "Light" || theme === "Dark") first.style.colorScheme = theme.toLowerCase();

  // The visitor's recent services come first; without all of them the cards wait for the component.
  const showRecent = (list) => {
    const recent = stored("pbf.recent");
    if (!list || recent?.owner !== first.dataset.owner || !Array.isArray(recent.ids)) return;
    const cards = recent.ids.map((id) => list.querySelector(`[data-id="${CSS.escape(id)}"]`)?.closest(".card"));
    if (cards.every(Boolean)) list.prepend(...cards);
    else list.replaceChildren();
  };

  // A page that shows something else has run and has no component, or Streamlit shows a dialog.
  const find = (name) => document.querySelector(`[data-testid^=${name}]`);
  const observer = new MutationObserver(() => {
    if (find("stDialog")) first.remove();
    if (first.isConnected && find("stApp")?.dataset.testScriptState !== "notRunning") return;
    observer.disconnect();
    setTimeout(() => find("stBidiComponent") || first.remove(), TO_DRAW_MS);
    setTimeout(() => first.remove(), LONGEST_MS);
  });

  // After a reload, the component restores how far the page was scrolled.
  if (!shadow || history.state?.pbf?.top) {
    first.remove();
    start();
    return;
  }
  showRecent(shadow.querySelector(".cards"));
  observer.observe(document.documentElement, {
    subtree: true, childList: true, attributes: true, attributeFilter: ["data-test-script-state"],
  });
  // Its text would move if the font arrived later.
  const page = first.querySelector(".pbf-first-page");
  const show = () => {
    page.style.display = "block";
    requestAnimationFrame(() => setTimeout(start)); // after the frame that shows it
  };
  document.fonts.load("16px 'Source Sans'").then(show, show);
  setTimeout(show, LONGEST_FONT_MS);
})();
