// The layout of a graph that a person can read at once: all groups share the columns of the longest path,
// so that every edge runs to the right. Groups stand in notebook order; one whose columns are free beside
// earlier ones moves up to its parents' height.

import type { Block, Room } from './blocks';
import { layered } from './layered';
import type { LayoutInput, LayoutResult } from './layout';
import { adjacency, layers } from './order';

const MOST_ITEMS = 600;
const MOST_COLUMNS = 24;
/** Half the distance between two rows: where the lane beside a row runs. */
const LANE = 22;

/** Codes of `LayoutResult.lane` beside -1 and 1. */
export const TURN_FIRST = 0;
export const TURN_LATE = 2;

export interface Measures {
  readonly pad: number;
  readonly row: number;
  readonly nodeHeight: number;
  gutters(columns: number, pairs: number[], column: Int32Array): Float64Array;
}

/** Pairs between items that are not in the margin, flat. */
function inner(input: LayoutInput): number[] {
  const pairs: number[] = [];
  for (let e = 0; e < input.edges.length; e += 2) {
    const from = input.edges[e]!;
    const to = input.edges[e + 1]!;
    if (input.block[from]! >= 0 && input.block[to]! >= 0) pairs.push(from, to);
  }
  return pairs;
}

class Columns {
  readonly pairs: number[];
  readonly column: Int32Array;
  readonly count: number;
  /** Left of each column; one more for the end. */
  readonly left: Float64Array;
  readonly widest: Float64Array;
  /** First column of each block. */
  readonly first: Int32Array;

  constructor(
    private readonly input: LayoutInput,
    private readonly measures: Measures,
  ) {
    this.pairs = inner(input);
    const before = adjacency(input.count, this.pairs, 0);
    this.column = layers(input.count, before, adjacency(input.count, this.pairs, 1));
    let count = 0;
    for (let i = 0; i < input.count; i++)
      if (input.block[i]! >= 0) count = Math.max(count, this.column[i]! + 1);
    this.count = count;
    this.widest = new Float64Array(count);
    this.first = new Int32Array(input.blocks).fill(count - 1);
    for (let i = 0; i < input.count; i++) {
      const c = this.column[i]!;
      const b = input.block[i]!;
      if (b < 0) continue;
      this.widest[c] = Math.max(this.widest[c]!, input.width[i]!);
      this.first[b] = Math.min(this.first[b]!, c);
    }
    const gutter = measures.gutters(count, this.pairs, this.column);
    this.left = new Float64Array(count + 1);
    for (let c = 0; c < count; c++) this.left[c + 1] = this.left[c]! + this.widest[c]! + gutter[c]!;
  }

  lastOf(block: Block): number {
    return block.items.reduce((last, item) => Math.max(last, this.column[item]!), 0);
  }

  /** Places a block's items in rows of its own grid; answers its lowest edge. */
  place(block: Block, first: number, top: number, out: LayoutResult): number {
    const { input, measures } = this;
    const { items, pairs } = block;
    let was: Float64Array | null = null;
    if (input.previous !== null) {
      const previous = input.previous;
      was = Float64Array.from(items, item => (previous[item]! - top) / measures.row);
      if (was.every(Number.isNaN)) was = null;
    }
    const own = Int32Array.from(items, item => this.column[item]! - first);
    const grid = layered(items.length, Int32Array.from(pairs), Infinity, was, own);
    let bottom = 0;
    items.forEach((item, k) => {
      const c = this.column[item]!;
      const height = input.height[item]!;
      out.x[item] = this.left[c]!;
      out.exit[item] = this.left[c + 1]!;
      out.y[item] =
        top + grid.row[k]! * measures.row + Math.max(0, measures.nodeHeight - height) / 2;
      bottom = Math.max(bottom, out.y[item]! + height);
    });
    return bottom;
  }
}

/** Mean height of what a block reads from others that stand already, or NaN. */
function parentsHeight(
  input: LayoutInput,
  pairs: number[],
  b: number,
  placed: Uint8Array,
  out: LayoutResult,
): number {
  let sum = 0;
  let known = 0;
  for (let e = 0; e < pairs.length; e += 2) {
    const from = pairs[e]!;
    const other = input.block[from]!;
    if (input.block[pairs[e + 1]!] !== b || other === b || placed[other] === 0) continue;
    sum += out.y[from]! + input.height[from]! / 2;
    known++;
  }
  return known > 0 ? sum / known : NaN;
}

/** Top and bottom of all that stands in each column: nodes, and the titles at the left of frames. */
function occupied(input: LayoutInput, columns: Columns, out: LayoutResult): [number, number][][] {
  const taken: [number, number][][] = Array.from({ length: columns.count }, () => []);
  for (let i = 0; i < input.count; i++) {
    if (input.block[i]! < 0) continue;
    taken[columns.column[i]!]!.push([out.y[i]!, out.y[i]! + input.height[i]!]);
  }
  for (let b = 0; b < input.blocks; b++) {
    if (input.framed[b] !== 1) continue;
    const top = out.frames[4 * b + 1]!;
    taken[columns.first[b]!]!.push([top + 6, top + out.title - 6]);
  }
  for (const own of taken) own.sort((a, b) => a[0] - b[0]);
  return taken;
}

/** Whether nothing stands at a height in the columns from `first` to before `end`. */
function free(taken: [number, number][][], first: number, end: number, y: number): boolean {
  for (let c = first; c < end; c++) {
    for (const [top, bottom] of taken[c]!) {
      if (top > y + 2) break;
      if (bottom >= y - 2) return false;
    }
  }
  return true;
}

/** How each edge that skips columns gets past what stands between. */
function placeLanes(input: LayoutInput, columns: Columns, out: LayoutResult): void {
  const taken = occupied(input, columns, out);
  for (let e = 0; e < input.edges.length; e += 2) {
    const from = input.edges[e]!;
    const to = input.edges[e + 1]!;
    if (input.block[to]! < 0) continue;
    const first = input.block[from]! < 0 ? 0 : columns.column[from]! + 1;
    const end = columns.column[to]!;
    if (first >= end) continue;
    const sy = out.y[from]! + input.height[from]! / 2;
    const ty = out.y[to]! + input.height[to]! / 2;
    const side = sy <= ty ? -1 : 1;
    if (free(taken, first, end, ty)) out.lane[e >> 1] = TURN_FIRST;
    else if (free(taken, first, end, sy)) out.lane[e >> 1] = TURN_LATE;
    else out.lane[e >> 1] = free(taken, first, end, ty + side * LANE) ? side : -side;
  }
}

/** Places all but the margin; false where the graph is too large for it, and nothing was done. */
export function placeColumns(
  input: LayoutInput,
  blocks: Block[],
  out: LayoutResult,
  room: Room,
  measures: Measures,
): boolean {
  if (input.blocks < 2 || input.count > MOST_ITEMS) return false;
  const columns = new Columns(input, measures);
  if (columns.count > MOST_COLUMNS) return false;
  const skyline = new Float64Array(columns.count).fill(-room.row);
  const placed = new Uint8Array(input.blocks);
  blocks.forEach((block, b) => {
    if (block.items.length === 0) return;
    const framed = input.framed[b] === 1;
    const first = columns.first[b]!;
    const last = columns.lastOf(block);
    const title = framed ? out.title : 0;
    const bottom = columns.place(block, first, title, out);
    const height = bottom + (framed ? measures.pad + 2 : 0);
    let top = 0;
    for (let c = first; c <= last; c++) top = Math.max(top, skyline[c]! + room.row);
    const wished = parentsHeight(input, columns.pairs, b, placed, out) - height / 2;
    if (first > 0 && wished > top) top = wished;
    const pad = framed ? measures.pad : 0;
    const left = columns.left[first]! - pad;
    const right = columns.left[last]! + columns.widest[last]! + pad;
    out.frames.set([left, top, right - left, height], 4 * b);
    for (const item of block.items) out.y[item]! += top;
    for (let c = first; c <= last; c++) skyline[c] = top + height;
    placed[b] = 1;
  });
  placeLanes(input, columns, out);
  return true;
}
