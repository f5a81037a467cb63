// What floats above the canvas or takes its place: zoom, legend, tooltip, empty, strip, keys, menu.

import { button, code, copyText, data, fill, h } from './dom';
import { glyph, icon } from './glyphs';
import type { GraphModel } from './model';
import { secondLine } from './nodes';
import { clock, grouped } from './words';
import type { Highlight } from './painter';

export function createZoom(
  actions: { in(): void; out(): void; fit(): void },
  signal: AbortSignal,
): HTMLElement {
  const own = 'jl-zoom-button';
  return h(
    'div',
    { class: 'jl-zoom jl-float' },
    button('', actions.in, signal, { icon: 'plus', class: own, label: 'Zoom in' }),
    button('', actions.out, signal, { icon: 'minus', class: own, label: 'Zoom out' }),
    button('', actions.fit, signal, { icon: 'fit', class: own, label: 'Fit' }),
  );
}

export interface Legend {
  readonly element: HTMLElement;
  update(highlight: Highlight | null): void;
}

export function createLegend(): Legend {
  const up = h('span', {});
  const down = h('span', {});
  const element = h(
    'div',
    { class: 'jl-legend jl-float', hidden: true },
    h('i', { class: 'jl-line-up' }),
    up,
    h('i', { class: 'jl-line-down' }),
    down,
  );
  return {
    element,
    update: highlight => {
      element.hidden = highlight === null;
      if (highlight === null) return;
      up.textContent = `upstream ${grouped(highlight.upstream)}`;
      down.textContent = `downstream ${grouped(highlight.downstream)}`;
    },
  };
}

export interface Tooltip {
  readonly element: HTMLElement;
  show(model: GraphModel, node: number, x: number, y: number, width: number): void;
  hide(): void;
}

export function createTooltip(): Tooltip {
  const element = h('div', { class: 'jl-tooltip', hidden: true, 'aria-hidden': 'true' });
  return {
    element,
    show: (model, node, x, y, width) => {
      const line = secondLine(model, node);
      fill(
        element,
        h('div', { class: 'jl-row' }, glyph(model.stateOf(node)), code(model.view.names[node]!)),
        line && h('div', {}, data(line)),
        model.view.docs[node] && h('div', { class: 'jl-second' }, data(model.view.docs[node]!)),
      );
      element.hidden = false;
      const left = Math.max(8, Math.min(x + 14, width - 300));
      element.style.left = `${left}px`;
      element.style.top = `${y + 16}px`;
    },
    hide: () => {
      element.hidden = true;
    },
  };
}

/** A line of code with its copy button. */
export function codeLine(magic: string, rest: string, signal: AbortSignal): HTMLElement {
  const copy = button(
    '',
    () => {
      void copyText(`${magic}${rest}`).then(done => {
        if (done) copy.title = 'Copied';
      });
    },
    signal,
    { icon: 'copy', class: 'jl-icon-button jl-copy', label: 'Copy' },
  );
  return h(
    'div',
    { class: 'jl-code-line' },
    h('code', {}, h('span', { class: 'jl-magic' }, magic), rest),
    copy,
  );
}

/** "No features yet" over a ghost graph. */
export function createEmpty(signal: AbortSignal): HTMLElement {
  const ghost = h('div', { class: 'jl-ghost', 'aria-hidden': 'true' });
  for (let k = 0; k < 6; k++) ghost.append(h('i', {}));
  return h(
    'div',
    { class: 'jl-empty', hidden: true },
    ghost,
    h('strong', {}, 'No features yet'),
    h(
      'p',
      { class: 'jl-second' },
      'Name the input columns, then write a cell that starts with ',
      h('code', {}, '%%feature'),
      '.',
    ),
    codeLine('%inputs', ' flights', signal),
  );
}

export interface Strip {
  readonly element: HTMLElement;
  update(connected: boolean, heard: Date): void;
}

/** Amber, one line: the kernel is not connected. */
export function createStrip(): Strip {
  const text = h('span', { class: 'jl-second' });
  const element = h(
    'div',
    { class: 'jl-strip', role: 'status', hidden: true },
    icon('bolt'),
    h('strong', {}, 'The kernel is not connected.'),
    text,
  );
  return {
    element,
    update: (connected, heard) => {
      element.hidden = connected;
      text.textContent = `States are from ${clock(heard)} and may be old.`;
    },
  };
}

const KEYS: readonly (readonly [string, string])[] = [
  ['← →', 'nearest parent, child'],
  ['Shift ↑ ↓', 'its other children or parents'],
  ['↑ ↓', 'node above, below'],
  ['Home End', 'first input, last target'],
  ['Enter', 'open the inspector'],
  ['Space', 'add to the selection'],
  ['Esc', 'back, one level at a time'],
  ['/', 'find or select'],
  ['f', 'focus on the neighbourhood'],
  ['1 2 3 0', 'hops in focus, all'],
  ['p', 'path to another node'],
  ['r', 'run to here'],
  ['R', 'recompute all that is stale'],
  ['s', 'stale only'],
  ['e', 'next failed feature'],
  ['c', 'collapse or open the group'],
  ['g', 'other grouping'],
  ['w', 'why it recomputed'],
  ['o', 'go to its cell'],
  ['.', 'actions'],
  ['t', 'list instead of the picture'],
  ['+ − =', 'zoom in, out, fit'],
  ['?', 'these keys'],
];

export function createKeys(close: () => void, signal: AbortSignal): HTMLElement {
  const rows = KEYS.map(([key, text]) =>
    h('div', {}, h('kbd', { class: 'jl-key' }, key), h('span', {}, text)),
  );
  return h(
    'div',
    { class: 'jl-keys jl-float', role: 'dialog', 'aria-label': 'Keys', hidden: true },
    h(
      'div',
      { class: 'jl-row' },
      h('strong', { class: 'jl-grow' }, 'Keys'),
      button('', close, signal, { icon: 'close', class: 'jl-icon-button', label: 'Close' }),
    ),
    h('div', { class: 'jl-keys-list' }, ...rows),
  );
}

export interface MenuItem {
  readonly text: string;
  /** A line stands above it. */
  readonly apart?: boolean;
  readonly key?: string;
  readonly disabled?: boolean;
  run(): void;
}

export interface Menu {
  readonly element: HTMLElement;
  readonly open: boolean;
  show(items: readonly MenuItem[], x: number, y: number): void;
  hide(): void;
}

/** A small menu of buttons; arrows move, Esc closes, focus goes back by `closed`. */
export function createMenu(closed: () => void, signal: AbortSignal): Menu {
  const element = h('div', { class: 'jl-menu', role: 'menu', hidden: true });
  const hide = (): void => {
    if (element.hidden) return;
    const had = element.contains(document.activeElement);
    element.hidden = true;
    if (had) closed();
  };
  element.addEventListener(
    'keydown',
    event => {
      event.stopPropagation();
      const rows = Array.from(element.querySelectorAll<HTMLElement>('button:not([disabled])'));
      const at = rows.indexOf(document.activeElement as HTMLElement);
      if (event.key === 'ArrowDown') rows[(at + 1) % rows.length]?.focus();
      else if (event.key === 'ArrowUp') rows[(at - 1 + rows.length) % rows.length]?.focus();
      else if (event.key === 'Escape' || event.key === 'Tab') hide();
      else return;
      event.preventDefault();
    },
    { signal },
  );
  document.addEventListener(
    'pointerdown',
    event => {
      if (!event.composedPath().includes(element)) hide();
    },
    { signal, capture: true },
  );
  return {
    element,
    get open() {
      return !element.hidden;
    },
    show: (items, x, y) => {
      const rows = items.map(item => {
        const row = h(
          'button',
          {
            type: 'button',
            role: 'menuitem',
            class: item.apart === true ? 'jl-apart' : '',
            'data-lm-suppress-shortcuts': 'true',
          },
          h('span', { class: 'jl-grow' }, item.text),
          item.key && h('kbd', { class: 'jl-key' }, item.key),
        );
        row.disabled = item.disabled === true;
        row.addEventListener('click', () => {
          hide();
          item.run();
        });
        return row;
      });
      fill(element, ...rows);
      element.hidden = false;
      const host = element.offsetParent as HTMLElement | null;
      const wide = host?.clientWidth ?? 1000;
      const tall = host?.clientHeight ?? 1000;
      element.style.left = `${Math.max(4, Math.min(x, wide - element.offsetWidth - 8))}px`;
      element.style.top = `${Math.max(4, Math.min(y, tall - element.offsetHeight - 8))}px`;
      rows[0]?.focus();
    },
    hide,
  };
}
