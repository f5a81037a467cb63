// The inspector of one node: docked at the right, or a sheet from the bottom where it is narrow.

import type { Inspection, State } from '../wire';
import { isDiff, MARK_WORDS } from './diff';
import { button, code, data, fill, h } from './dom';
import { glyph, icon } from './glyphs';
import { isSkew, skewWord } from './skew';
import type { GraphModel } from './model';
import { secondLine } from './nodes';
import { bytes, duration, grouped, oneLine, percent } from './words';

export interface InspectorActions {
  close(): void;
  choose(name: string): void;
  focus(): void;
  run(): void;
  more(anchor: HTMLElement): void;
  cell(): void;
}

export interface Inspector {
  readonly element: HTMLElement;
  /** Shows what is known at once; {@link Inspector.answer} brings the rest. */
  show(model: GraphModel, node: number, connected: boolean): void;
  answer(inspection: Inspection): void;
  fail(message: string): void;
  openTab(tab: Tab): void;
  focus(): void;
}

const TABS = ['Why', 'Head', 'Source', 'Tags'] as const;
export type Tab = (typeof TABS)[number];

const WORDS: Record<State, string> = {
  fresh: 'Fresh',
  cached: 'Cached',
  stale: 'Stale',
  queued: 'Queued',
  running: 'Running',
  error: 'Failed',
  input: 'Input',
  unbound: 'Unbound',
  new: 'Not computed',
};

function knownFacts(model: GraphModel, node: number): [string, string][] {
  const facts: [string, string][] = [];
  if (model.dtype[node]) facts.push(['dtype', model.dtype[node]!]);
  const rows = model.rows[node]!;
  if (!Number.isNaN(rows)) facts.push(['rows', grouped(rows)]);
  const nulls = model.nulls[node]!;
  if (!Number.isNaN(nulls) && rows > 0) facts.push(['null', percent(nulls / rows)]);
  if (!Number.isNaN(model.bytes[node]!)) facts.push(['bytes', bytes(model.bytes[node]!)]);
  if (!Number.isNaN(model.seconds[node]!)) facts.push(['time', duration(model.seconds[node]!)]);
  return [...facts, ...cacheFact(model, node)];
}

/** Whether the last computation took it from the cache. */
function cacheFact(model: GraphModel, node: number): [string, string][] {
  const hit = model.hit[node]!;
  return hit < 0 ? [] : [['cache', hit === 1 ? 'hit' : 'miss']];
}

/** Over 5 % null is amber, with the triangle. */
function fact(label: string, figure: string): HTMLElement {
  const share = label === 'null' ? parseFloat(figure.replace(',', '.')) : 0;
  const much = share > 5 && figure.includes('%');
  return h(
    'div',
    { class: 'jl-fact' },
    h('dt', {}, data(label)),
    h('dd', { class: much ? 'jl-text-stale' : '' }, much && icon('warning'), data(figure)),
  );
}

function histogram(heights: readonly number[]): HTMLElement {
  const bars = heights.map(height => {
    const bar = h('i', {});
    bar.style.height = `${Math.max(2, Math.round(Math.min(1, Math.max(0, height)) * 100))}%`;
    return bar;
  });
  const chart = h('div', { class: 'jl-histogram', role: 'img' }, ...bars);
  const peak = heights.indexOf(Math.max(...heights)) + 1;
  chart.setAttribute('aria-label', `Histogram of ${heights.length} bars, highest at bar ${peak}`);
  return chart;
}

function categories(shares: Inspection['categories']): HTMLElement {
  const rows = shares.map(([name, share]) => {
    const bar = h('i', { class: 'jl-share-bar' });
    bar.style.width = `${Math.round(share * 100)}%`;
    return h(
      'div',
      { class: 'jl-share' },
      data(name, 'jl-code jl-cut'),
      h('span', { class: 'jl-share-track' }, bar),
      h('span', { class: 'jl-second jl-figure' }, percent(share)),
    );
  });
  return h('div', { class: 'jl-shares' }, ...rows);
}

function whyPanel(inspection: Inspection): Node[] {
  if (inspection.error !== '')
    return [h('pre', { class: 'jl-pre jl-text-error' }, inspection.error)];
  if (inspection.why.length === 0)
    return [h('p', { class: 'jl-second' }, 'Never computed in this session.')];
  return inspection.why.map(line => {
    const rows = line.split('\n').map(part => {
      const kind = /^\+ /.test(part) ? 'jl-added' : /^- /.test(part) ? 'jl-removed' : '';
      return h('div', { class: `jl-why-line ${kind}` }, part);
    });
    return h('div', { class: 'jl-why' }, ...rows);
  });
}

function headPanel(inspection: Inspection): Node[] {
  if (inspection.head.length === 0) return [h('p', { class: 'jl-second' }, 'No values yet.')];
  return [
    h('ol', { class: 'jl-values' }, ...inspection.head.map(value => h('li', {}, code(value)))),
  ];
}

function sourcePanel(inspection: Inspection): Node[] {
  const parts: Node[] = [];
  if (inspection.origin !== '')
    parts.push(h('p', { class: 'jl-second' }, 'Defined in ', data(inspection.origin)));
  if (inspection.source === '') parts.push(h('p', { class: 'jl-second' }, 'It has no source.'));
  else parts.push(h('pre', { class: 'jl-pre', tabindex: 0 }, inspection.source));
  return parts;
}

function tagsPanel(inspection: Inspection): Node[] {
  if (inspection.tags.length === 0) return [h('p', { class: 'jl-second' }, 'No tags.')];
  return [
    h(
      'div',
      { class: 'jl-tags' },
      ...inspection.tags.map(([key, value]) =>
        h('span', { class: 'jl-chip' }, data(key, 'jl-second'), ' ', data(value)),
      ),
    ),
  ];
}

const PANELS: Record<Tab, (inspection: Inspection) => Node[]> = {
  Why: whyPanel,
  Head: headPanel,
  Source: sourcePanel,
  Tags: tagsPanel,
};

class InspectorView implements Inspector {
  readonly element: HTMLElement;
  private readonly title = h('h2', { class: 'jl-inspector-title', tabindex: -1 });
  private readonly chip = h('span', { class: 'jl-chip' });
  private readonly note = h('span', { class: 'jl-second jl-cut' });
  private readonly doc = h('p', { class: 'jl-doc' });
  private readonly facts = h('dl', { class: 'jl-facts' });
  private readonly chart = h('div', { class: 'jl-chart' });
  private readonly panel = h('div', {
    class: 'jl-tab-panel',
    role: 'tabpanel',
    'aria-live': 'off',
  });
  private readonly family = h('div', { class: 'jl-family' });
  private readonly foot = h('div', { class: 'jl-inspector-foot' });
  private readonly tabs: Map<Tab, HTMLButtonElement>;
  private tab: Tab = 'Why';
  private known: Inspection | null = null;
  private model: GraphModel | null = null;
  private name = '';

  constructor(
    private readonly actions: InspectorActions,
    private readonly signal: AbortSignal,
  ) {
    this.tabs = new Map(
      TABS.map(tab => {
        const own = button(tab, () => this.openTab(tab), signal, { class: 'jl-tab' });
        own.setAttribute('role', 'tab');
        return [tab, own];
      }),
    );
    const close = button('', actions.close, signal, {
      icon: 'close',
      class: 'jl-icon-button',
      label: 'Close',
    });
    this.element = h(
      'aside',
      {
        class: 'jl-inspector',
        hidden: true,
        'aria-label': 'Inspector',
        'data-lm-suppress-shortcuts': 'true',
      },
      h(
        'div',
        { class: 'jl-inspector-head' },
        h(
          'div',
          { class: 'jl-grow' },
          this.title,
          h('div', { class: 'jl-row' }, this.chip, this.note),
        ),
        close,
      ),
      h(
        'div',
        { class: 'jl-inspector-body', tabindex: 0 },
        this.doc,
        this.facts,
        this.chart,
        h('div', { class: 'jl-tabs', role: 'tablist' }, ...this.tabs.values()),
        this.panel,
        this.family,
      ),
      this.foot,
    );
    this.element.addEventListener('keydown', event => this.onKey(event), { signal });
  }

  private onKey(event: KeyboardEvent): void {
    event.stopPropagation();
    if (event.key === 'Escape') {
      event.preventDefault();
      this.actions.close();
      return;
    }
    const step = event.key === 'ArrowRight' ? 1 : event.key === 'ArrowLeft' ? -1 : 0;
    if (step === 0 || !(event.target as Element).classList.contains('jl-tab')) return;
    const next = TABS[(TABS.indexOf(this.tab) + step + TABS.length) % TABS.length]!;
    this.openTab(next);
    this.tabs.get(next)!.focus();
  }

  openTab(tab: Tab): void {
    this.tab = tab;
    for (const [name, own] of this.tabs) {
      own.setAttribute('aria-selected', String(name === tab));
      own.tabIndex = name === tab ? 0 : -1;
    }
    if (this.known !== null) fill(this.panel, ...PANELS[tab](this.known));
    else fill(this.panel);
  }

  focus(): void {
    this.title.focus({ preventScroll: true });
  }

  show(model: GraphModel, node: number, connected: boolean): void {
    const name = model.view.names[node]!;
    const other = name !== this.name;
    this.model = model;
    this.name = name;
    this.element.hidden = false;
    const state = model.stateOf(node);
    fill(this.title, code(name));
    this.title.title = name;
    this.chip.className = `jl-chip jl-chip-${state}`;
    const plain = isSkew(model) ? skewWord(state) : WORDS[state];
    const words = isDiff(model) ? (MARK_WORDS[state] ?? WORDS[state]) : plain;
    fill(this.chip, !isDiff(model) && glyph(state), words);
    const line = secondLine(model, node);
    fill(this.note, line && data(line));
    if (other) {
      this.known = null;
      fill(this.doc, model.view.docs[node] && data(model.view.docs[node]!));
      fill(this.chart);
      fill(this.facts, ...knownFacts(model, node).map(([label, figure]) => fact(label, figure)));
      if (state === 'error') this.tab = 'Why';
      else if (model.view.kinds[node] !== 'feature') this.tab = 'Head';
      this.openTab(this.tab);
      this.showFamily();
    }
    const cell = model.view.cells.length > 0 && model.view.group[node]! >= 0;
    const feature = model.view.kinds[node] === 'feature' && model.view.live;
    this.showFoot(feature, connected, cell ? model.groupNote(node) : '');
  }

  private showFoot(feature: boolean, connected: boolean, cell: string): void {
    const { actions, signal } = this;
    const small = 'jl-button';
    const more = button('', () => actions.more(more), signal, {
      icon: 'more',
      class: 'jl-icon-button',
      label: 'Actions',
    });
    more.setAttribute('aria-haspopup', 'menu');
    fill(
      this.foot,
      connected &&
        feature &&
        button('Run to here', actions.run, signal, { icon: 'play', class: small }),
      button('Focus', actions.focus, signal, { class: small }),
      cell !== '' && button(`Go to ${oneLine(cell)}`, actions.cell, signal, { class: small }),
      h('span', { class: 'jl-grow' }),
      more,
      !connected &&
        h('span', { class: 'jl-second' }, 'Run and invalidate come back with the kernel.'),
    );
  }

  private showFamily(): void {
    const { model } = this;
    if (model === null) return;
    const node = model.index.get(this.name)!;
    const list = (title: string, side: { start: Int32Array; list: Int32Array }): Node[] => {
      const from = side.start[node]!;
      const to = side.start[node + 1]!;
      if (from === to) return [];
      const rows = Array.from(side.list.subarray(from, Math.min(to, from + 50)), other => {
        const row = h(
          'button',
          { type: 'button', class: 'jl-relative', 'data-lm-suppress-shortcuts': 'true' },
          glyph(model.stateOf(other)),
          data(model.view.names[other]!, 'jl-code jl-cut'),
          h('span', { class: 'jl-second jl-figure' }, duration(model.seconds[other]!)),
        );
        row.addEventListener('click', () => this.actions.choose(model.view.names[other]!));
        return row;
      });
      const rest = to - from - rows.length;
      return [
        h('h3', {}, `${title} ${to - from}`),
        ...rows,
        ...(rest > 0 ? [h('p', { class: 'jl-second' }, `${grouped(rest)} more`)] : []),
      ];
    };
    fill(this.family, ...list('Parents', model.parents), ...list('Children', model.children));
  }

  answer(inspection: Inspection): void {
    if (inspection.name !== this.name) return;
    this.known = inspection;
    fill(this.doc, inspection.doc && h('span', { class: 'jl-wrap' }, inspection.doc));
    const facts: (readonly [string, string])[] = [...inspection.facts];
    if (inspection.dtype !== '' && !facts.some(([label]) => label === 'dtype'))
      facts.unshift(['dtype', inspection.dtype]);
    const node = this.model?.index.get(this.name);
    if (this.model !== null && node !== undefined) facts.push(...cacheFact(this.model, node));
    fill(this.facts, ...facts.map(([label, figure]) => fact(label, figure)));
    if (inspection.histogram.length > 0) fill(this.chart, histogram(inspection.histogram));
    else if (inspection.categories.length > 0) fill(this.chart, categories(inspection.categories));
    else fill(this.chart);
    const tags = this.tabs.get('Tags')!;
    tags.textContent = inspection.tags.length > 0 ? `Tags ${inspection.tags.length}` : 'Tags';
    this.openTab(this.tab);
    this.showFamily();
  }

  fail(message: string): void {
    fill(this.panel, h('p', { class: 'jl-text-error jl-wrap' }, message));
  }
}

export function createInspector(actions: InspectorActions, signal: AbortSignal): Inspector {
  return new InspectorView(actions, signal);
}
