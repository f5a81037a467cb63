// One graph with its live states, in columns: shared by every view of a session.

import { STATES, type GraphView, type NodeRow, type State, type StatesView } from '../wire';
import { STATE_OF } from './diff';
import { adjacency, type Adjacency } from './order';

export const CODE = Object.fromEntries(STATES.map((state, code) => [state, code])) as Readonly<
  Record<State, number>
>;

/** The states that the head counts, in its order; `new` is shown only where there are some. */
export const COUNTED: readonly State[] = [
  'fresh',
  'cached',
  'stale',
  'queued',
  'running',
  'error',
  'new',
];

/** The states in which a feature needs a look, most urgent first. */
export const ATTENTION: readonly State[] = ['error', 'running', 'queued', 'stale', 'unbound'];

export class GraphModel {
  readonly count: number;
  readonly features: number;
  readonly inputs: number;
  readonly index: ReadonlyMap<string, number>;
  readonly parents: Adjacency;
  readonly children: Adjacency;
  readonly state: Uint8Array;
  readonly note: string[];
  readonly dtype: string[];
  readonly seconds: Float64Array;
  readonly rows: Float64Array;
  readonly nulls: Float64Array;
  readonly bytes: Float64Array;
  /** When each node became fresh before our eyes, in the page's milliseconds; 0 for never. */
  readonly finished: Float64Array;
  /** When each node was first seen running in its present run; 0 where it does not run. */
  readonly started: Float64Array;
  /** 1 where the last computation took it from the cache, 0 where it ran, -1 where neither is known. */
  readonly hit: Int8Array;
  /** How many nodes are in each state, by code. */
  readonly counts = new Uint32Array(STATES.length);
  running = '';
  done = 0;
  total = 0;
  message = '';
  private seen = false;

  constructor(readonly view: GraphView) {
    const n = view.names.length;
    this.count = n;
    this.features = view.kinds.reduce((sum, kind) => sum + (kind === 'feature' ? 1 : 0), 0);
    this.inputs = view.kinds.reduce((sum, kind) => sum + (kind === 'input' ? 1 : 0), 0);
    this.index = new Map(view.names.map((name, i) => [name, i]));
    this.parents = adjacency(n, view.edges, 0);
    this.children = adjacency(n, view.edges, 1);
    this.state = Uint8Array.from(view.kinds, kind => (kind === 'feature' ? CODE.new : CODE[kind]));
    this.note = new Array<string>(n).fill('');
    this.dtype = new Array<string>(n).fill('');
    this.seconds = new Float64Array(n).fill(NaN);
    this.rows = new Float64Array(n).fill(NaN);
    this.nulls = new Float64Array(n).fill(NaN);
    this.bytes = new Float64Array(n).fill(NaN);
    this.finished = new Float64Array(n);
    this.started = new Float64Array(n);
    this.hit = new Int8Array(n).fill(-1);
    for (const code of this.state) this.counts[code]!++;
  }

  stateOf(node: number): State {
    return STATES[this.state[node]!]!;
  }

  /** Takes over what the graph before knew, so that nothing flickers until the states arrive. */
  inherit(before: GraphModel): void {
    for (let i = 0; i < this.count; i++) {
      const was = before.index.get(this.view.names[i]!);
      if (was === undefined || before.view.kinds[was] !== this.view.kinds[i]) continue;
      this.setState(i, before.state[was]!);
      this.note[i] = before.note[was]!;
      this.dtype[i] = before.dtype[was]!;
      this.seconds[i] = before.seconds[was]!;
      this.rows[i] = before.rows[was]!;
      this.nulls[i] = before.nulls[was]!;
      this.bytes[i] = before.bytes[was]!;
      this.hit[i] = before.hit[was]!;
      this.started[i] = before.started[was]!;
    }
    this.message = before.message;
  }

  /** Applies a change and answers the nodes that it touched. */
  apply(states: StatesView, now: number): Int32Array {
    const touched = new Int32Array(states.nodes.length);
    states.nodes.forEach((row, k) => {
      touched[k] = row[0];
      this.applyRow(row, now);
    });
    this.seen = true;
    this.running = states.running;
    this.done = states.done;
    this.total = states.total;
    this.message = states.message;
    return touched;
  }

  private applyRow(row: NodeRow, now: number): void {
    const [i, state, note, dtype, seconds, rows, nulls, bytes, hit] = row;
    // Of two versions, what differs is drawn in the colours of states.
    const mark = this.view.marks[i];
    const code = CODE[mark === undefined ? state : state === 'input' ? 'input' : STATE_OF[mark]];
    if (code === CODE.fresh && this.state[i] !== code && this.seen) this.finished[i] = now;
    this.setState(i, code);
    this.note[i] = note;
    this.dtype[i] = dtype;
    this.seconds[i] = seconds ?? NaN;
    this.rows[i] = rows ?? NaN;
    this.nulls[i] = nulls ?? NaN;
    this.bytes[i] = bytes ?? NaN;
    this.hit[i] = hit === null ? -1 : Number(hit);
    if (code !== CODE.running) this.started[i] = 0;
    else if (this.started[i] === 0) this.started[i] = now;
  }

  private setState(node: number, code: number): void {
    this.counts[this.state[node]!]!--;
    this.counts[code]!++;
    this.state[node] = code;
  }

  /** Hops to all that `from` needs (side `parents`) or that needs it; 0 for `from` and for the rest. */
  reach(from: Iterable<number>, side: Adjacency, hops = 65535): Uint16Array {
    const found = new Uint16Array(this.count);
    const start = new Set(from);
    let edge = [...start];
    for (let hop = 1; hop <= hops && edge.length > 0; hop++) {
      const next: number[] = [];
      for (const node of edge) {
        for (let k = side.start[node]!; k < side.start[node + 1]!; k++) {
          const other = side.list[k]!;
          if (found[other] !== 0 || start.has(other)) continue;
          found[other] = hop;
          next.push(other);
        }
      }
      edge = next;
    }
    return found;
  }

  /** 1 for a node and for all within so many hops of it. */
  around(node: number, hops: number): Uint8Array {
    const up = this.reach([node], this.parents, hops);
    const down = this.reach([node], this.children, hops);
    return Uint8Array.from(up, (hop, i) => (i === node || hop > 0 || down[i]! > 0 ? 1 : 0));
  }

  /** Title of a node's group, or an empty string. */
  groupTitle(node: number): string {
    return this.view.groups[this.view.group[node]!] ?? '';
  }

  /** Its note beside the title, such as `cell 4`; else the title. */
  groupNote(node: number): string {
    const g = this.view.group[node]!;
    return this.view.group_notes[g] || this.view.groups[g] || '';
  }
}
