// The payload from the server: a line of JSON that labels it, then a gzipped JSON body. The body is
// decompressed only if its version is new.

const LINE_BREAK = 10;

export function labelOf(payload) {
  return JSON.parse(new TextDecoder().decode(payload.subarray(0, payload.indexOf(LINE_BREAK))));
}

export function bodyOf(payload) {
  const compressed = new Blob([payload.subarray(payload.indexOf(LINE_BREAK) + 1)]);
  return new Response(compressed.stream().pipeThrough(new DecompressionStream("gzip"))).json();
}

// Returns the label with its `body`, and whether `isFirst`. Returns undefined if the
// view has this version, or if a newer one arrived during decompression.
export async function openNew(view, payload) {
  const label = labelOf(payload);
  if (view.version === label.version) return undefined;
  view.version = label.version;
  const body = await bodyOf(payload);
  if (view.version !== label.version) return undefined;
  const isFirst = !view.isShown;
  view.isShown = true;
  return { ...label, body, isFirst };
}
