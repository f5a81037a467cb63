/** The cells of a table, each by the kind of its column; what comes from data is only ever text. */
import { oneLine } from '../core/words';

export type Kind = 'id' | 'text' | 'figure' | 'tags' | 'state';

export interface Column {
  key: string;
  label: string;
  kind: Kind;
  width: string;
  /** What is written behind `order by`; empty where the column has no order. */
  sort: string;
}

export type Cell = string | [string, string][] | [string, string, string][] | null;

export interface Row {
  id: string;
  cells: Cell[];
}

export function isColumn(value: unknown): value is Column {
  return typeof value === 'object' && value !== null && 'key' in value && 'kind' in value;
}

export function isRow(value: unknown): value is Row {
  return typeof value === 'object' && value !== null && 'id' in value && 'cells' in value;
}

export function node(tag: string, name: string): HTMLElement {
  const made = document.createElement(tag);
  made.className = name;
  return made;
}

/** The heads; `order` is what the query is ordered by, such as `metrics.mae desc`. */
export function headings(columns: Column[], order: string): HTMLElement[] {
  const tick = node('div', 'jl-grid-cell jl-tick-head');
  tick.setAttribute('role', 'columnheader');
  tick.setAttribute('aria-label', 'Ticked');
  return [tick, ...columns.map(column => heading(column, order))];
}

function heading(column: Column, order: string): HTMLElement {
  const cell = node('div', `jl-grid-cell jl-kind-${column.kind}`);
  cell.setAttribute('role', 'columnheader');
  if (!column.sort) {
    cell.textContent = oneLine(column.label);
    return cell;
  }
  const first = order.split(',')[0]?.trim() ?? '';
  const mine = first.replace(/ (asc|desc)$/i, '') === column.sort;
  const down = mine && / desc$/i.test(first);
  cell.setAttribute('aria-sort', mine ? (down ? 'descending' : 'ascending') : 'none');
  const button = node('button', 'jl-sort');
  button.setAttribute('type', 'button');
  button.dataset.sort = column.sort;
  button.title = `Order by ${column.label}; with Shift as the next key`;
  button.textContent = oneLine(column.label);
  if (mine) {
    const mark = node('span', 'jl-sort-mark');
    mark.textContent = down ? '↓' : '↑';
    mark.setAttribute('aria-hidden', 'true');
    button.append(mark);
  }
  cell.append(button);
  return cell;
}

export function cells(columns: Column[], row: Row, ticked: boolean): HTMLElement[] {
  const tick = node('div', 'jl-grid-cell jl-tick');
  tick.setAttribute('role', 'gridcell');
  const box = node('span', 'jl-box');
  box.setAttribute('role', 'checkbox');
  box.setAttribute('aria-checked', String(ticked));
  box.setAttribute('aria-label', `Tick ${row.id.slice(0, 10)}`);
  tick.append(box);
  return [tick, ...columns.map((column, index) => cell(column, row.cells[index] ?? null))];
}

function cell(column: Column, value: Cell): HTMLElement {
  const made = node('div', `jl-grid-cell jl-kind-${column.kind} jl-col-${column.key}`);
  made.setAttribute('role', 'gridcell');
  if (Array.isArray(value)) {
    made.append(...value.map(item => (column.kind === 'tags' ? chip(item) : state(item))));
  } else if (value !== null) {
    const text = node('bdi', '');
    text.dir = 'auto';
    text.textContent = oneLine(value);
    text.title = oneLine(value);
    made.append(text);
  }
  return made;
}

function chip(item: readonly string[]): HTMLElement {
  const [key = '', value = '', serving = ''] = item;
  const made = node('span', 'jl-chip jl-chip-kept');
  if (serving) made.classList.add('jl-chip-serving');
  made.title = oneLine(`${key} = ${value}`);
  const name = node('bdi', 'jl-chip-key');
  const held = node('bdi', 'jl-chip-value');
  name.textContent = oneLine(key);
  held.textContent = oneLine(value);
  name.dir = held.dir = 'auto';
  made.append(name, held);
  return made;
}

const GLYPHS: Record<string, string> = {
  fresh: '✓',
  running: '◌',
  error: '×',
  stale: '◐',
  queued: '…',
};

function state(item: readonly string[]): HTMLElement {
  const [tone = '', text = '', where = ''] = item;
  const made = node('span', `jl-grid-state jl-t-${tone}`);
  const mark = node('span', 'jl-grid-glyph');
  mark.textContent = GLYPHS[tone] ?? '';
  mark.setAttribute('aria-hidden', 'true');
  const place = node('bdi', 'jl-2');
  place.textContent = oneLine(where);
  made.append(mark, text, ' ', place);
  return made;
}
