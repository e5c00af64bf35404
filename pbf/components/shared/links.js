// Links to other pages of the dashboard.

// The embed parameters follow from page to page: the host page relies on them.
export function pageUrl(page, parameters) {
  const url = new URL(page, location.href);
  for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
  for (const [name, value] of new URLSearchParams(location.search)) {
    if (name === "embed" || name === "embed_options") url.searchParams.append(name, value);
  }
  return url.pathname + url.search;
}

export function isPlainClick(event) {
  return !(event.metaKey || event.ctrlKey || event.shiftKey || event.altKey || event.button);
}

// Streamlit changes the page of the running session on popstate. Pushing the state here costs one
// history entry; st.switch_page with parameters costs two.
export function openPage(href) {
  history.pushState({}, "", href);
  window.dispatchEvent(new PopStateEvent("popstate", { state: {} }));
}
