// Plain text finds names: prefix first, then word starts, then anywhere, then letters in order.

import { fill, h, data } from './dom';
import { glyph, icon } from './glyphs';
import type { GraphModel } from './model';

const MOST = 8;

function scattered(name: string, wanted: string): boolean {
  let at = 0;
  for (const letter of wanted) {
    at = name.indexOf(letter, at) + 1;
    if (at === 0) return false;
  }
  return true;
}

/** 0 is best; 4 is no match. */
export function rank(name: string, wanted: string): number {
  const lower = name.toLowerCase();
  if (lower.startsWith(wanted)) return 0;
  const at = lower.indexOf(wanted);
  if (at > 0 && !/[\p{L}\p{N}]/u.test(lower[at - 1]!)) return 1;
  if (at > 0) return 2;
  return wanted.length > 1 && scattered(lower, wanted) ? 3 : 4;
}

/** Indices of the best names, at most eight. */
export function find(names: readonly string[], text: string, most = MOST): number[] {
  const wanted = text.trim().toLowerCase();
  if (wanted === '') return [];
  const found: { index: number; rank: number; length: number }[] = [];
  names.forEach((name, index) => {
    const own = rank(name, wanted);
    if (own < 4) found.push({ index, rank: own, length: name.length });
  });
  found.sort((a, b) => a.rank - b.rank || a.length - b.length || a.index - b.index);
  return found.slice(0, most).map(hit => hit.index);
}

export interface SearchBox {
  readonly element: HTMLElement;
  focus(): void;
}

let serial = 0;

/** The field with its list: a combobox. `choose` gets the node; `leave` when Esc leaves it. */
export function searchBox(
  model: () => GraphModel | null,
  choose: (node: number) => void,
  leave: () => void,
  signal: AbortSignal,
): SearchBox {
  const id = `jl-search-${++serial}`;
  const field = h('input', {
    class: 'jl-search-field',
    type: 'text',
    role: 'combobox',
    'aria-label': 'Find a feature',
    'aria-expanded': 'false',
    'aria-controls': id,
    'aria-autocomplete': 'list',
    'data-lm-suppress-shortcuts': 'true',
  });
  field.placeholder = 'Find a feature';
  field.autocomplete = 'off';
  field.spellcheck = false;
  const list = h('ul', { class: 'jl-search-list', role: 'listbox', hidden: true });
  list.id = id;
  let rows: number[] = [];
  let active = 0;

  const close = (): void => {
    list.hidden = true;
    field.setAttribute('aria-expanded', 'false');
    field.removeAttribute('aria-activedescendant');
  };
  const mark = (): void => {
    Array.from(list.children).forEach((row, k) => {
      row.setAttribute('aria-selected', String(k === active));
      if (k === active) field.setAttribute('aria-activedescendant', row.id);
    });
  };
  const take = (node: number): void => {
    close();
    field.value = '';
    choose(node);
  };
  const update = (): void => {
    const graph = model();
    rows = graph === null ? [] : find(graph.view.names, field.value);
    active = 0;
    const searching = field.value.trim() !== '';
    list.hidden = !searching;
    field.setAttribute('aria-expanded', String(searching));
    if (graph === null || !searching) return close();
    const entries = rows.map((node, k) => {
      const row = h(
        'li',
        { role: 'option', class: 'jl-search-row' },
        glyph(graph.stateOf(node)),
        data(graph.view.names[node]!, 'jl-code jl-cut'),
        data(graph.groupTitle(node), 'jl-second jl-cut'),
      );
      row.id = `${id}-${k}`;
      row.addEventListener('pointerdown', event => {
        event.preventDefault();
        take(node);
      });
      return row;
    });
    if (entries.length === 0) fill(list, h('li', { class: 'jl-search-none' }, 'No name like that'));
    else fill(list, ...entries);
    mark();
  };
  const step = (by: number): void => {
    if (rows.length > 0) active = (active + by + rows.length) % rows.length;
    mark();
  };
  field.addEventListener('input', update, { signal });
  field.addEventListener('focus', update, { signal });
  field.addEventListener('blur', close, { signal });
  field.addEventListener(
    'keydown',
    event => {
      event.stopPropagation();
      if (event.key === 'ArrowDown') step(1);
      else if (event.key === 'ArrowUp') step(-1);
      else if (event.key === 'Enter' && rows[active] !== undefined) take(rows[active]!);
      else if (event.key === 'Escape') {
        if (field.value === '') leave();
        field.value = '';
        close();
      } else return;
      event.preventDefault();
    },
    { signal },
  );
  const element = h(
    'label',
    { class: 'jl-search' },
    icon('search'),
    field,
    h('kbd', { class: 'jl-key', 'aria-hidden': 'true' }, '/'),
    list,
  );
  return {
    element,
    focus: () => {
      field.focus();
      field.select();
    },
  };
}
