// One layered drawing on a grid: layers by longest path, order by barycentres, rows by isotonic regression.
// Sugiyama, Tagawa, Toda (1981) without dummy nodes: long edges pull by their relative place.

import { adjacency, layers, spreadRows, type Adjacency } from './order';

export interface Grid {
  /** Column of each item; a layer that is too tall takes several. */
  readonly column: Int32Array;
  readonly row: Int32Array;
  readonly columns: number;
  readonly rows: number;
}

/** Two nodes with more pairs of edges than this are not compared: hubs stay where the mean puts them. */
const BUSY = 4096;

/** Sweeps, how many without gain end them, and rounds of swaps after each: small graphs get more. */
function effort(count: number): { sweeps: number; patience: number; swaps: number } {
  if (count <= 400) return { sweeps: 16, patience: 5, swaps: 4 };
  if (count <= 2_000) return { sweeps: 40, patience: 12, swaps: 12 };
  if (count <= 15_000) return { sweeps: 12, patience: 4, swaps: 2 };
  return { sweeps: 8, patience: 3, swaps: 1 };
}

class Layering {
  readonly before: Adjacency;
  readonly after: Adjacency;
  readonly layer: Int32Array;
  /** Items of each layer in their order. */
  readonly order: Int32Array[] = [];
  /** Relative place of each item in its layer, 0 to 1. */
  readonly place: Float64Array;

  constructor(
    readonly count: number,
    readonly pairs: Int32Array,
    previous: Float64Array | null,
    given: Int32Array | null,
  ) {
    this.before = adjacency(count, pairs, 0);
    this.after = adjacency(count, pairs, 1);
    this.layer = given ?? layers(count, this.before, this.after);
    this.place = new Float64Array(count);
    const members: number[][] = [];
    for (let i = 0; i < count; i++) (members[this.layer[i]!] ??= []).push(i);
    for (let l = 0; l < members.length; l++) this.order.push(Int32Array.from(members[l] ?? []));
    this.settle();
    if (previous === null) this.sweep();
    else this.keep(previous);
  }

  private settle(): void {
    for (const items of this.order) this.settleLayer(items);
  }

  private settleLayer(items: Int32Array): void {
    for (let p = 0; p < items.length; p++) this.place[items[p]!] = (p + 0.5) / items.length;
  }

  /** Mean place of the neighbours on one side, or the item's own where it has none there. */
  barycentre(item: number, side: Adjacency, at: ArrayLike<number> = this.place): number {
    const from = side.start[item]!;
    const to = side.start[item + 1]!;
    if (from === to) return at[item]!;
    let sum = 0;
    for (let k = from; k < to; k++) sum += at[side.list[k]!]!;
    return sum / (to - from);
  }

  /** As the barycentre, drawn a little to the neighbours on the other side and to where it stands. */
  private centre(item: number, side: Adjacency): number {
    const other = side === this.before ? this.after : this.before;
    return 0.6 * this.barycentre(item, side) + 0.4 * this.barycentre(item, other);
  }

  private sortLayer(items: Int32Array, key: Float64Array, reverse = false): void {
    // A stable sort: equals keep the order of the notebook, or turn it to leave a standstill.
    const before = reverse ? Array.from(items).reverse() : Array.from(items);
    const sorted = before.sort((a, b) => key[a]! - key[b]!);
    items.set(sorted);
    this.settleLayer(items);
  }

  private pass(side: Adjacency, forward: boolean, reverse: boolean, both = false): void {
    const key = new Float64Array(this.count);
    const last = this.order.length - 1;
    for (let k = 0; k <= last; k++) {
      const items = this.order[forward ? k : last - k]!;
      for (const item of items)
        key[item] = both ? this.centre(item, side) : this.barycentre(item, side);
      this.sortLayer(items, key, reverse);
    }
  }

  private sweep(): void {
    let best = this.crossings();
    let kept = this.order.map(items => items.slice());
    let without = 0;
    const { sweeps, patience, swaps } = effort(this.count);
    for (let s = 0; s < sweeps && best > 0 && without < patience; s++) {
      const forward = s % 2 === 0;
      this.pass(forward ? this.before : this.after, forward, s % 4 > 1, s % 8 > 3);
      for (let k = 0; k < swaps && this.swapNeighbours(k % 2 === 0, k === 0 && s % 4 > 1); k++);
      const now = this.crossings();
      without = now < best * 0.998 ? 0 : without + 1;
      if (now < best) {
        best = now;
        kept = this.order.map(items => items.slice());
      }
    }
    for (let l = 0; l < kept.length; l++) this.order[l]!.set(kept[l]!);
    this.settle();
    for (let k = 0; k < 2 * swaps && best > 0 && this.swapNeighbours(k % 2 === 0); k++);
  }

  /** Edges of `u` that cross edges of `v` on one side while `u` stands before it. */
  private crossed(u: number, v: number, side: Adjacency): number {
    const { place } = this;
    let found = 0;
    for (let i = side.start[u]!; i < side.start[u + 1]!; i++) {
      const at = place[side.list[i]!]!;
      for (let k = side.start[v]!; k < side.start[v + 1]!; k++)
        if (at > place[side.list[k]!]!) found++;
    }
    return found;
  }

  /** Swaps neighbours of a layer wherever that uncrosses edges; false where nothing was to gain. */
  private swapNeighbours(forward: boolean, equals = false): boolean {
    let gained = false;
    const last = this.order.length - 1;
    for (let k = 0; k <= last; k++) {
      const items = this.order[forward ? k : last - k]!;
      for (let p = 0; p + 1 < items.length; p++) {
        const u = items[p]!;
        const v = items[p + 1]!;
        if (this.degree(u) * this.degree(v) > BUSY) continue;
        const now = this.crossed(u, v, this.before) + this.crossed(u, v, this.after);
        if (now === 0) continue;
        const then = this.crossed(v, u, this.before) + this.crossed(v, u, this.after);
        if (equals ? then > now : then >= now) continue;
        items[p] = v;
        items[p + 1] = u;
        const at = this.place[u]!;
        this.place[u] = this.place[v]!;
        this.place[v] = at;
        gained ||= then < now;
      }
    }
    return gained;
  }

  private degree(item: number): number {
    const { before, after } = this;
    return (
      before.start[item + 1]! - before.start[item]! + after.start[item + 1]! - after.start[item]!
    );
  }

  /** Keeps what was there in its order and puts what is new beside its neighbours. */
  private keep(previous: Float64Array): void {
    const key = new Float64Array(this.count);
    for (const items of this.order) {
      for (const item of items) {
        const was = previous[item]!;
        key[item] = Number.isNaN(was) ? this.barycentre(item, this.before, key) : was;
      }
      this.sortLayer(items, key);
    }
  }

  /** Crossings between neighbouring layers, counted with a Fenwick tree (Barth, Mutzel, Jünger 2004). */
  private crossings(): number {
    const position = new Int32Array(this.count);
    for (const items of this.order) for (let p = 0; p < items.length; p++) position[items[p]!] = p;
    let total = 0;
    for (let l = 1; l < this.order.length; l++) {
      const tree = new Int32Array(this.order[l - 1]!.length + 1);
      let seen = 0;
      for (const item of this.order[l]!) {
        const ends: number[] = [];
        for (let k = this.before.start[item]!; k < this.before.start[item + 1]!; k++) {
          const parent = this.before.list[k]!;
          if (this.layer[parent] === l - 1) ends.push(position[parent]!);
        }
        for (const end of ends) {
          let below = 0;
          for (let i = end + 1; i > 0; i -= i & -i) below += tree[i]!;
          total += seen - below;
        }
        for (const end of ends) for (let i = end + 1; i < tree.length; i += i & -i) tree[i]!++;
        seen += ends.length;
      }
    }
    return total;
  }
}

/** Most rows of a drawing of `count` items, so that it stays near the shape of a screen. */
export function tallest(count: number, cellWidth: number, cellHeight: number): number {
  return Math.max(14, Math.ceil(1.25 * Math.sqrt((count * cellWidth) / cellHeight / 1.6)));
}

function gridRows(layering: Layering, rows: number, previous: Float64Array | null): Int32Array {
  const row = new Int32Array(layering.count);
  const set = (items: Int32Array, wished: ArrayLike<number>): void => {
    const placed = spreadRows(wished, rows);
    for (let p = 0; p < items.length; p++) row[items[p]!] = placed[p]!;
  };
  const single = layering.order.filter(items => items.length <= rows);
  for (const items of single) set(items, Float64Array.from(items.keys()));
  const wish = (item: number, side: Adjacency): number =>
    previous !== null && !Number.isNaN(previous[item]!)
      ? previous[item]!
      : layering.barycentre(item, side, row);
  const align = (side: Adjacency, order: Int32Array[]): void => {
    for (const items of order)
      set(
        items,
        Array.from(items, item => wish(item, side)),
      );
  };
  align(layering.before, single);
  if (layering.count > 60) align(layering.after, [...single].reverse());
  align(layering.before, single);
  return row;
}

/**
 * Columns and rows of `count` items joined by flat `pairs` (parent, child).
 *
 * `previous` are rows of the drawing before, NaN for what is new: what was there stays where it can.
 * `given` are the layers, where they are not the drawing's own to choose.
 */
export function layered(
  count: number,
  pairs: Int32Array,
  limit: number,
  previous: Float64Array | null,
  given: Int32Array | null = null,
): Grid {
  const layering = new Layering(count, pairs, previous, given);
  let rows = 1;
  for (const items of layering.order) rows = Math.max(rows, Math.min(items.length, limit));
  if (previous !== null) {
    for (const was of previous) if (was >= rows && was < limit) rows = Math.floor(was) + 1;
  }
  const row = gridRows(layering, rows, previous);
  const column = new Int32Array(count);
  let columns = 0;
  for (const items of layering.order) {
    const wide = Math.max(1, Math.ceil(items.length / rows));
    for (let p = 0; p < items.length; p++) {
      const item = items[p]!;
      column[item] = columns + (wide > 1 ? p % wide : 0);
      if (wide > 1) row[item] = Math.floor(p / wide);
    }
    columns += wide;
  }
  return { column, row, columns, rows };
}
