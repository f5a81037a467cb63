// What a view has selected, and the query that says it: typed, or written back from what was clicked.
// Queries are read by the kernel alone; hops, paths and states are seen here at once and written as a query.

import type { Selected, State } from '../wire';
import { isDiff, markOf } from './diff';
import { CODE, type GraphModel } from './model';
import type { Store } from './store';

/** Where the selection comes from, and what it takes to find it again in another graph. */
type Source =
  | { readonly from: 'query' }
  | { readonly from: 'states'; readonly states: ReadonlySet<State> }
  | { readonly from: 'focus'; readonly name: string; readonly hops: number }
  | { readonly from: 'path'; readonly ends: readonly [string, string] }
  | { readonly from: 'marks' }
  | { readonly from: 'picked'; readonly names: readonly string[] };

const WORDS = /^(and|or|not)$/i;
/** Least milliseconds between two questions about one query while states change. */
const PAUSE = 600;

/** A name as the language reads it as that name. */
export function quoted(name: string): string {
  if (!/[\s()<>=!,"'+:*?[]/.test(name) && !WORDS.test(name)) return name;
  return `"${name.replace(/[\\"]/g, sign => `\\${sign}`)}"`;
}

/** Whether a text asks for nodes; else it looks for a name. */
export function isQuery(text: string): boolean {
  return /[+:()<>=*?,"'[]|(^|\s)(and|or|not)(\s|$)/i.test(text);
}

/** 1 for each node on a way from one to the other, in whichever direction there is one; null for none. */
export function between(model: GraphModel, a: number, b: number): Uint8Array | null {
  for (const [from, to] of [
    [a, b],
    [b, a],
  ] as const) {
    const down = model.reach([from], model.children);
    if (down[to] === 0 && from !== to) continue;
    const up = model.reach([to], model.parents);
    return Uint8Array.from(down, (hop, i) =>
      i === from || i === to || (hop > 0 && up[i]! > 0) ? 1 : 0,
    );
  }
  return null;
}

/** Whether two selections are the same nodes. */
export function same(a: Uint8Array | null, b: Uint8Array | null): boolean {
  if (a === null || b === null || a.length !== b.length) return a === b;
  return a.every((own, i) => own === b[i]);
}

export class Selecting {
  text = '';
  /** 1 for each selected node; null where nothing is selected. */
  nodes: Uint8Array | null = null;
  count = 0;
  /** Only what is selected is drawn. */
  around = false;
  /** What is wrong with what was typed. */
  error: Selected | null = null;
  private source: Source | null = null;
  private asked = 0;
  private askedAt = -Infinity;
  private later = 0;

  constructor(
    private readonly store: Store,
    private readonly changed: () => void,
    private readonly signal: AbortSignal,
  ) {
    signal.addEventListener('abort', () => clearTimeout(this.later), { once: true });
  }

  /** The states that are selected, where the selection is by states alone. */
  get states(): ReadonlySet<State> {
    return this.source?.from === 'states' ? this.source.states : new Set();
  }

  get focus(): { readonly name: string; readonly hops: number } | null {
    return this.source?.from === 'focus' ? this.source : null;
  }

  clear(): void {
    this.asked++;
    this.source = null;
    this.text = '';
    this.error = null;
    this.set(null, false);
  }

  /** Asks the kernel what a query means; the last good picture stays until it has answered. */
  query(text: string): void {
    if (text.trim() === '') {
      this.clear();
      return;
    }
    this.text = text;
    const ticket = ++this.asked;
    this.askedAt = performance.now();
    this.store.select(text).then(
      found => {
        if (ticket !== this.asked || this.signal.aborted) return;
        this.error = found.error === '' ? null : found;
        if (this.error === null) {
          this.source = { from: 'query' };
          const nodes = new Uint8Array(this.store.model?.count ?? 0);
          for (const node of found.nodes) nodes[node] = 1;
          this.set(nodes, found.around);
        } else this.changed();
      },
      (reason: Error) => {
        if (ticket !== this.asked || this.signal.aborted) return;
        const query = { query: text, nodes: [], around: false, suggestion: '' };
        this.error = { ...query, error: reason.message, position: 0, length: 0 };
        this.changed();
      },
    );
  }

  toggleState(state: State, add: boolean): void {
    const states = new Set(add ? this.states : []);
    if (this.states.has(state)) states.delete(state);
    else states.add(state);
    if (states.size === 0) this.clear();
    else {
      const { model } = this.store;
      const word = (own: State): string =>
        model !== null && isDiff(model) ? `diff:${markOf(own)}` : `status:${own}`;
      this.found({ from: 'states', states }, [...states].map(word).join(' or '));
    }
  }

  /** Of two versions, what differs. */
  setMarks(): void {
    this.found({ from: 'marks' }, 'diff:any');
  }

  setFocus(name: string, hops: number): void {
    const own = quoted(name);
    this.found({ from: 'focus', name, hops }, `${hops}+${own}+${hops}`);
  }

  /** Selects all ways between two nodes; false where there is none. */
  setPath(from: string, to: string): boolean {
    const { model } = this.store;
    const a = model?.index.get(from);
    const b = model?.index.get(to);
    if (!model || a === undefined || b === undefined) return false;
    const forward = model.reach([a], model.children)[b]! > 0;
    if (!forward && model.reach([b], model.children)[a] === 0) return false;
    const ends: [string, string] = forward ? [from, to] : [to, from];
    this.found({ from: 'path', ends }, `${quoted(ends[0])}+ and +${quoted(ends[1])}`);
    return true;
  }

  /** Adds nodes to what was picked, or takes them out where all are in it. */
  pick(nodes: readonly number[]): void {
    const { model } = this.store;
    if (model === null || nodes.length === 0) return;
    const before = this.source?.from === 'picked' ? this.source.names : [];
    const names = new Set(before);
    const chosen = nodes.map(node => model.view.names[node]!);
    const all = chosen.every(name => names.has(name));
    for (const name of chosen) {
      if (all) names.delete(name);
      else names.add(name);
    }
    if (names.size === 0) {
      this.clear();
      return;
    }
    const list = [...names];
    this.found({ from: 'picked', names: list }, list.map(quoted).join(' '));
    if (list.length < 3) return;
    const ticket = this.asked;
    this.store.describe(list).then(
      text => {
        if (ticket !== this.asked || this.signal.aborted || text === '') return;
        this.text = text;
        this.changed();
      },
      () => undefined, // Without a kernel the names themselves are the query.
    );
  }

  /** The graph or states have changed: what is selected may be other nodes now. */
  refresh(structure: boolean): void {
    if (this.source === null) return;
    if (this.source.from !== 'query') {
      if (structure || this.source.from === 'states') this.found(this.source, this.text);
      return;
    }
    const byState = /\b(status|state|slow|time|nulls?|rows|bytes|size|type|dtype)\b/i.test(
      this.text,
    );
    if (structure) this.query(this.text);
    else if (byState && this.later === 0 && this.store.connected) {
      const wait = Math.max(0, this.askedAt + PAUSE - performance.now());
      this.later = window.setTimeout(() => {
        this.later = 0;
        if (this.source?.from === 'query') this.query(this.text);
      }, wait);
    }
  }

  private found(source: Source, text: string): void {
    const { model } = this.store;
    if (model === null) return;
    const nodes = nodesOf(model, source);
    if (nodes === null) {
      this.clear();
      return;
    }
    this.asked++;
    this.source = source;
    this.text = text;
    this.error = null;
    this.set(nodes, ['focus', 'path', 'marks'].includes(source.from));
  }

  private set(nodes: Uint8Array | null, around: boolean): void {
    this.nodes = nodes;
    this.count = nodes === null ? 0 : nodes.reduce((sum, own) => sum + own, 0);
    this.around = around && this.count > 0;
    this.changed();
  }

  /** Names of the selected nodes, only those in a state where one is given. */
  names(state?: State): string[] {
    const { model } = this.store;
    const { nodes } = this;
    if (model === null || nodes === null) return [];
    return model.view.names.filter(
      (_, i) => nodes[i] === 1 && (state === undefined || model.state[i] === CODE[state]),
    );
  }
}

function nodesOf(model: GraphModel, source: Source): Uint8Array | null {
  switch (source.from) {
    case 'states': {
      const codes = new Set([...source.states].map(state => CODE[state]));
      return Uint8Array.from(model.state, code => (codes.has(code) ? 1 : 0));
    }
    case 'focus': {
      const node = model.index.get(source.name);
      return node === undefined ? null : model.around(node, source.hops);
    }
    case 'path': {
      const [a, b] = source.ends.map(name => model.index.get(name));
      return a === undefined || b === undefined ? null : between(model, a, b);
    }
    case 'picked': {
      const nodes = new Uint8Array(model.count);
      for (const name of source.names) {
        const node = model.index.get(name);
        if (node !== undefined) nodes[node] = 1;
      }
      return nodes.includes(1) ? nodes : null;
    }
    case 'marks':
      return Uint8Array.from(model.view.marks, mark => (mark === '' ? 0 : 1));
    case 'query':
      return null;
  }
}
