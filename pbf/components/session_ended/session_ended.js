// The page that frames the dashboard can then load a new sign-in link. Only the origins that may
// frame us get the message; one to another origin would be logged as an error.
export default function sessionEnded({ data, parentElement }) {
  const mark = parentElement.querySelector("span");
  if (mark.dataset.sent) return;
  mark.dataset.sent = "true";
  let ancestor = window;
  for (let level = 0; ancestor !== ancestor.parent; level++) {
    ancestor = ancestor.parent;
    for (const origin of data.origins) {
      const actual = window.location.ancestorOrigins?.[level] ?? origin;
      if (actual === origin) ancestor.postMessage({ type: "pbf:session-ended" }, origin);
    }
  }
}
