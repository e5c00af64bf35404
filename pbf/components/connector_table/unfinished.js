// The strip above the table: set-ups that were begun and not finished. The one that somebody comes
// back from is not among them: Fivetran may still be checking it, and it stands first in the table.

const UNFINISHED = "finish"; // the next action of such a row
const IN_STRIP = 3;

function itemHtml(row, detail) {
  const whose = `<span class="unseen"> ${escapeHtml(row.name)}</span>`;
  const began = row.since === null ? "" : ` <span class="quiet">${timeHtml(row.since, "lasts")}</span>`;
  return `<li data-id="${escapeHtml(row.id)}">${iconHtml(row.service, row.serviceName, row.icon)}
    <div class="what"><span class="name">${linkHtml(row, detail)}</span> <span class="quiet">${escapeHtml(row.serviceName)}</span>${began}</div>
    <div class="ways"><button type="button" class="button next" data-act="finish">Finish set-up${whose}</button>
    <button type="button" class="button plain" data-act="link">Copy link<span class="unseen"> for a colleague to finish ${escapeHtml(row.name)}</span></button>
    <button type="button" class="button plain" data-act="discard">Discard${whose}</button></div></li>`;
}

function showUnfinished(view) {
  const rows = view.rows.filter((row) => row.next?.[0] === UNFINISHED && !row.isMarked);
  view.strip.hidden = !rows.length;
  view.strip.classList.toggle("many", rows.length > IN_STRIP);
  const all = rows.length > IN_STRIP
    ? `<button type="button" class="button plain" data-all="${escapeHtml(rows[0].status)}">Show all ${NUMBERS.format(rows.length)}</button>` : "";
  const html = rows.length ? `<h2>Not finished <span class="quiet">${NUMBERS.format(rows.length)}</span></h2>
    <ul role="list">${rows.slice(0, IN_STRIP).map((row) => itemHtml(row, view.detail)).join("")}</ul>${all}` : "";
  if (view.stripHtml !== html) {
    const at = focused(view.root);
    const own = view.strip.contains(at) ? [at.closest("li")?.dataset.id, at.dataset.act] : [];
    view.stripHtml = html;
    view.strip.innerHTML = html;
    watchIcons(view.strip);
    const items = [...view.strip.querySelectorAll("[data-act]")];
    items.find((each) => each.closest("li").dataset.id === own[0] && each.dataset.act === own[1])?.focus({ preventScroll: true });
  }
  tickTimes(view.strip, clock(view));
}

function listenUnfinished(view) {
  view.strip.onclick = (event) => {
    const target = event.target.closest("[data-act], [data-all]");
    if (!target) return;
    if (target.dataset.all) change(view, { status: target.dataset.all, category: "", q: "", range: null });
    else if (target.matches("button")) act(view, target.dataset.act, [target.closest("li").dataset.id]);
    else follow(view, event, target);
  };
}
