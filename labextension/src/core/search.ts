// One field to find and to select. Plain text finds names: prefix first, then word starts, then anywhere,
// then letters in order. What has signs of the selection language is a query, read by the kernel.

import type { Completed, Selected } from '../wire';
import { button, data, fill, h } from './dom';
import { glyph, icon } from './glyphs';
import type { GraphModel } from './model';
import { isQuery, quoted, type Selecting } from './selecting';
import type { Store } from './store';
import { grouped } from './words';

const MOST = 8;
const DELAY = 150;
const FIELDS = ['tag:', 'cell:', 'status:', 'type:', 'prefix:', 'kind:'];
const MEASURES = ['slow>', 'nulls>', 'rows>', 'bytes>'];

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

/** A query in pieces: what is an operator or a field, and what is not. */
export function pieces(text: string): { text: string; operator: boolean }[] {
  const parts =
    /("(?:[^"\\]|\\.)*"?|'(?:[^'\\]|\\.)*'?)|((?:(?<![^\s(,])\d+)?\+(?:\d+(?![^\s),]))?|>=|<=|!=|==|[<>=(),]|\b[a-z]+:|(?<![^\s(,])(?:and|or|not)(?![^\s(),]))/gi;
  const found: { text: string; operator: boolean }[] = [];
  let at = 0;
  for (const hit of text.matchAll(parts)) {
    if (hit.index > at) found.push({ text: text.slice(at, hit.index), operator: false });
    found.push({ text: hit[0], operator: hit[2] !== undefined });
    at = hit.index + hit[0].length;
  }
  if (at < text.length) found.push({ text: text.slice(at), operator: false });
  return found;
}

/** Index in the page's text of a character that the kernel counts by code point. */
function unit(text: string, character: number): number {
  return Array.from(text).slice(0, character).join('').length;
}

export interface SearchBox {
  readonly element: HTMLElement;
  focus(): void;
  /** Shows what is selected now, unless somebody types. */
  update(): void;
}

interface Row {
  readonly element: HTMLElement;
  take(): void;
}

let serial = 0;

/** The field with its list: a combobox. `choose` gets the node; `leave` when Esc leaves it. */
export class SearchField implements SearchBox {
  readonly element: HTMLElement;
  private readonly id = `jl-search-${++serial}`;
  private readonly field = h('input', {
    class: 'jl-search-field',
    type: 'text',
    role: 'combobox',
    'aria-label': 'Find a feature or select',
    'aria-expanded': 'false',
    'aria-controls': this.id,
    'aria-describedby': `${this.id}-error`,
    'aria-autocomplete': 'list',
    'data-lm-suppress-shortcuts': 'true',
  });
  private readonly mirror = h('div', { class: 'jl-search-mirror', 'aria-hidden': 'true' });
  private readonly shown = h('span', { class: 'jl-search-shown jl-second', role: 'status' });
  private readonly clearing: HTMLButtonElement;
  private readonly list = h('ul', { class: 'jl-search-list', role: 'listbox', hidden: true });
  private readonly error = h('div', { class: 'jl-search-error', role: 'alert', hidden: true });
  private rows: Row[] = [];
  private active = -1;
  private timer = 0;
  private asked = 0;

  constructor(
    private readonly store: Store,
    private readonly selecting: Selecting,
    private readonly choose: (node: number) => void,
    private readonly leave: () => void,
    private readonly signal: AbortSignal,
  ) {
    const { field } = this;
    field.placeholder = 'Find a feature, or select: +name';
    field.autocomplete = 'off';
    field.spellcheck = false;
    this.list.id = this.id;
    this.error.id = `${this.id}-error`;
    this.clearing = button('', () => this.reset(), signal, {
      icon: 'close',
      class: 'jl-icon-button jl-search-clear',
      label: 'Clear the selection',
    });
    const key = h('kbd', { class: 'jl-key', 'aria-hidden': 'true' }, '/');
    const text = h('span', { class: 'jl-search-text' }, this.mirror, field);
    const below = h('div', { class: 'jl-search-below' }, this.error, this.list);
    // What is clicked there takes no focus from the field: it would be drawn anew before the click.
    below.addEventListener('pointerdown', event => event.preventDefault(), { signal });
    const box = [icon('search'), text, this.shown, this.clearing, key, below];
    this.element = h('div', { class: 'jl-search' }, ...box);
    const listen = <K extends keyof HTMLElementEventMap>(
      name: K,
      call: (event: HTMLElementEventMap[K]) => void,
    ): void => field.addEventListener(name, call, { signal });
    listen('input', () => this.typed());
    listen('scroll', () => this.paint());
    listen('focus', () => this.field.value !== '' && this.suggest());
    listen('blur', () => {
      this.close();
      this.update();
    });
    listen('keydown', event => this.onKey(event));
    this.element.addEventListener(
      'pointerdown',
      event => {
        if (event.target === this.element || event.target === text) {
          event.preventDefault();
          field.focus();
        }
      },
      { signal },
    );
    signal.addEventListener('abort', () => clearTimeout(this.timer), { once: true });
    this.update();
  }

  focus(): void {
    this.field.focus();
    this.field.select();
  }

  private get typing(): boolean {
    return document.activeElement === this.field;
  }

  private reset(): void {
    this.field.value = '';
    clearTimeout(this.timer);
    this.selecting.clear();
    this.close();
    this.update();
    this.leave();
  }

  update(): void {
    const { selecting, field } = this;
    if (!this.typing && field.value !== selecting.text) field.value = selecting.text;
    const { model } = this.store;
    const some = selecting.nodes !== null && selecting.text !== '';
    const whole = model?.count ?? 0;
    const words = selecting.around
      ? `${grouped(selecting.count)} shown`
      : `${grouped(selecting.count)} of ${grouped(whole)}`;
    this.shown.textContent = some ? words : '';
    this.element.classList.toggle('jl-selected', some);
    this.clearing.hidden = !some && field.value === '';
    this.showError();
    this.paint();
  }

  /** What is wrong with the text, but not of the word that is being typed while it may become another. */
  private get wrong(): Selected | null {
    const { error } = this.selecting;
    if (error === null || error.query !== this.field.value) return null;
    const typing = !this.list.hidden && this.rows.length > 0;
    const end = unit(error.query, error.position + error.length);
    return typing && end >= (this.field.selectionStart ?? 0) ? null : error;
  }

  private showError(): void {
    const error = this.wrong;
    const wrong = error !== null;
    this.element.classList.toggle('jl-wrong', wrong);
    this.error.hidden = !wrong;
    if (error === null) {
      this.field.removeAttribute('aria-invalid');
      return;
    }
    this.field.setAttribute('aria-invalid', 'true');
    const fix =
      error.suggestion !== '' &&
      button(`Use ${error.suggestion}`, () => this.repair(), this.signal, { class: 'jl-link' });
    fill(this.error, glyph('error'), h('span', { class: 'jl-wrap' }, error.error), fix);
  }

  /** Puts what was probably meant in the place of what is wrong. */
  private repair(): void {
    const { error } = this.selecting;
    if (error === null) return;
    const letters = Array.from(error.query);
    letters.splice(error.position, error.length, error.suggestion);
    this.field.value = letters.join('');
    this.field.focus();
    this.ask();
  }

  /** Draws the text behind the field: operators in the brand's colour, what is wrong underlined. */
  private paint(): void {
    const text = this.field.value;
    const query = isQuery(text);
    this.element.classList.toggle('jl-query', query);
    const error = this.wrong;
    const wrong = error !== null && error.length > 0;
    const from = wrong ? unit(text, error.position) : -1;
    const to = wrong ? unit(text, error.position + error.length) : -1;
    let at = 0;
    const parts = (query ? pieces(text) : [{ text, operator: false }]).flatMap(piece => {
      const start = at;
      at += piece.text.length;
      const cuts = [from, to].filter(cut => cut > start && cut < at);
      return [start, ...cuts].map((begin, k, all) => {
        const own = text.slice(begin, all[k + 1] ?? at);
        const marks = [
          piece.operator && 'jl-operator',
          begin >= from && begin < to && 'jl-underlined',
        ];
        return h('span', { class: marks.filter(Boolean).join(' ') }, own);
      });
    });
    if (wrong && from >= text.length) parts.push(h('span', { class: 'jl-underlined' }, '\u00a0'));
    fill(this.mirror, ...parts);
    this.mirror.style.transform = `translateX(${-this.field.scrollLeft}px)`;
  }

  private typed(): void {
    this.paint();
    this.clearing.hidden = this.field.value === '';
    this.error.hidden = true;
    this.suggest();
    clearTimeout(this.timer);
    const text = this.field.value;
    if (text.trim() === '') this.selecting.clear();
    else if (isQuery(text)) this.timer = window.setTimeout(() => this.ask(), DELAY);
  }

  private ask(): void {
    clearTimeout(this.timer);
    this.selecting.query(this.field.value);
    this.paint();
  }

  // The list

  private suggest(): void {
    const text = this.field.value;
    const { model } = this.store;
    if (model === null || text.trim() === '') {
      this.close();
      return;
    }
    if (!isQuery(text)) {
      this.show([...this.nameRows(model, text), ...this.fieldRows(text)], 0);
      return;
    }
    // A name may have such signs too: then it is found as it stands.
    const named = this.nameRows(model, text);
    this.show(named, -1);
    const ticket = ++this.asked;
    const at = Array.from(text.slice(0, this.field.selectionStart ?? text.length)).length;
    this.store.complete(text, at).then(
      found => {
        if (ticket === this.asked && this.typing && this.field.value === text)
          this.show([...named, ...this.completionRows(found, text)].slice(0, MOST), -1);
      },
      () => undefined, // Without a kernel nothing completes; the field says so when it is asked.
    );
  }

  private nameRows(model: GraphModel, text: string): Row[] {
    return find(model.view.names, text).map(node =>
      this.row(
        [
          glyph(model.stateOf(node)),
          data(model.view.names[node]!, 'jl-code jl-cut'),
          data(model.groupTitle(node), 'jl-second jl-cut'),
        ],
        () => {
          this.close();
          this.field.value = '';
          this.choose(node);
          this.update();
        },
      ),
    );
  }

  private fieldRows(text: string): Row[] {
    const wanted = text.trim().toLowerCase();
    const begun = [...FIELDS, ...MEASURES].filter(field => field.startsWith(wanted));
    return begun.map(field =>
      this.row([h('span', {}), data(field, 'jl-code'), h('span', { class: 'jl-second' })], () =>
        this.insert(0, text.length, field),
      ),
    );
  }

  private completionRows(found: Completed, text: string): Row[] {
    const start = unit(text, found.start);
    const end = unit(text, found.end);
    return found.options.map(([option, note]) =>
      this.row(
        [h('span', {}), data(option, 'jl-code jl-cut'), data(note, 'jl-second jl-cut')],
        () => this.insert(start, end, option),
      ),
    );
  }

  private row(parts: Node[], take: () => void): Row {
    const element = h('li', { role: 'option', class: 'jl-search-row' }, ...parts);
    element.addEventListener('pointerdown', event => {
      event.preventDefault();
      take();
    });
    return { element, take };
  }

  private insert(start: number, end: number, text: string): void {
    this.field.setRangeText(text, start, end, 'end');
    this.field.focus();
    this.typed();
  }

  private show(rows: Row[], active: number): void {
    this.rows = rows;
    this.active = rows.length > 0 ? active : -1;
    const plain = !isQuery(this.field.value);
    rows.forEach((row, k) => (row.element.id = `${this.id}-${k}`));
    if (rows.length > 0) fill(this.list, ...rows.map(row => row.element));
    else fill(this.list, h('li', { class: 'jl-search-none' }, 'No name like that'));
    this.list.hidden = rows.length === 0 && !plain;
    this.field.setAttribute('aria-expanded', String(!this.list.hidden));
    this.mark();
    this.showError();
    this.paint();
  }

  private close(): void {
    this.asked++;
    this.rows = [];
    this.list.hidden = true;
    this.field.setAttribute('aria-expanded', 'false');
    this.field.removeAttribute('aria-activedescendant');
    this.showError();
    this.paint();
  }

  private mark(): void {
    this.rows.forEach(({ element }, k) => {
      element.setAttribute('aria-selected', String(k === this.active));
      if (k === this.active) this.field.setAttribute('aria-activedescendant', element.id);
    });
    if (this.active < 0) this.field.removeAttribute('aria-activedescendant');
  }

  private step(by: number): void {
    const { length } = this.rows;
    if (length === 0) return;
    this.active =
      this.active < 0 ? (by > 0 ? 0 : length - 1) : (this.active + by + length) % length;
    this.mark();
  }

  private onKey(event: KeyboardEvent): void {
    event.stopPropagation();
    const chosen = this.rows[this.active];
    if (event.key === 'ArrowDown') this.step(1);
    else if (event.key === 'ArrowUp') this.step(-1);
    else if (event.key === 'Tab' && this.rows.length > 0 && isQuery(this.field.value))
      (chosen ?? this.rows[0]!).take();
    else if (event.key === 'Enter') this.enter(chosen);
    else if (event.key === 'Escape') this.escape();
    else return;
    event.preventDefault();
  }

  private enter(chosen: Row | undefined): void {
    const text = this.field.value.trim();
    if (chosen !== undefined) {
      chosen.take();
      return;
    }
    this.close();
    if (isQuery(text)) this.ask();
    else if (this.store.model?.index.has(text)) this.selecting.query(quoted(text));
  }

  private escape(): void {
    if (!this.list.hidden) {
      this.close();
      return;
    }
    if (isQuery(this.field.value) && this.selecting.nodes !== null) {
      this.leave();
      return;
    }
    this.reset();
  }
}
