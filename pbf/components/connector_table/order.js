// The order of the rows.

import { fold } from "../shared/text.js";
import { TONE_ORDER } from "./rows.js";

export const KEYS = {
  name: (row) => fold(row.name),
  service: (row) => fold(row.serviceName),
  status: (row) => `${TONE_ORDER.indexOf(row.tone)} ${row.status}`,
  last: (row) => row.last ?? Infinity,
  next: (row) => row.due ?? Infinity,
};

// Returns the column of an order, which reads "name" or, descending, "-name".
export function columnOf(order) {
  return order.replace(/^-/, "");
}

// Returns all rows in an order, sorted once for each order.
export function inOrder(view, order) {
  if (!view.orders.has(order)) view.orders.set(order, sorted(view, order));
  return view.orders.get(order);
}

// What never happened comes last in both directions.
function sorted(view, order) {
  const column = columnOf(order);
  const key = KEYS[column];
  if (order !== column) {
    const ascending = inOrder(view, column);
    const first = ascending.findIndex((row) => key(row) === Infinity);
    const end = first < 0 ? ascending.length : first;
    return [...ascending.slice(0, end).reverse(), ...ascending.slice(end)];
  }
  const keyed = view.rows.map((row) => [key(row), row]);
  keyed.sort(([a], [b]) => (a > b ? 1 : a < b ? -1 : 0));
  return keyed.map(([, row]) => row);
}
