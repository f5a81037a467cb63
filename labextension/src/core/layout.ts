// Where everything stands: each block (a cell's group, or the whole graph) is a layered grid of its own,
// blocks stand in columns by what they need, inputs stand in a margin at the left.

import { layered, tallest } from './layered';
import { placeColumns } from './columns';
import { placeBlocks, type Block, type Room } from './blocks';
import { spread } from './order';

export interface LayoutInput {
  readonly count: number;
  /** Flat pairs of items: parent, child. */
  readonly edges: Int32Array;
  /** Edges of the graph behind each pair. */
  readonly weight: Int32Array;
  /** Block of each item in notebook order, or -1 for the margin. */
  readonly block: Int32Array;
  readonly blocks: number;
  /** Blocks that have a frame with a title. */
  readonly framed: Uint8Array;
  readonly width: Float32Array;
  readonly height: Float32Array;
  /** Top of each item in the layout before, relative to its block; NaN for what is new. */
  readonly previous: Float32Array | null;
}

export interface LayoutResult {
  readonly x: Float32Array;
  readonly y: Float32Array;
  /** Left, top, width, height of each block. */
  readonly frames: Float32Array;
  /** Right end of the gutter behind each item: edges turn before it. */
  readonly exit: Float32Array;
  /**
   * How each edge runs: 0 turns at once and runs at its target's row, 2 runs at its own row and turns
   * late, -1 and 1 run in the lane above or below the target's row.
   */
  readonly lane: Int8Array;
  /** Whether all groups share their columns, so that edges between them can run in gutters too. */
  readonly shared: boolean;
  /** Height of a framed block's title. */
  readonly title: number;
  readonly width: number;
  readonly height: number;
}

export const NODE_WIDTH = 162;
export const NODE_HEIGHT = 34;
export const ROW = 44;
export const GUTTER = 28;
export const TITLE = 30;
export const PAD = 8;
const MARGIN_ROW = 36;

/** Large graphs are seen from afar, where titles and bands still need their pixels. */
function room(count: number): Room {
  const zoom = Math.min(1, Math.sqrt((1200 * 700) / (count * 2.2 * (NODE_WIDTH + GUTTER) * ROW)));
  return {
    title: Math.max(TITLE, Math.min(280, 22 / zoom)),
    row: Math.max(16, Math.min(160, 12 / zoom)),
    column: Math.max(44, Math.min(400, 30 / zoom)),
  };
}

function collect(input: LayoutInput): Block[] {
  const blocks: Block[] = Array.from({ length: input.blocks }, () => ({
    items: [],
    pairs: [],
    width: 0,
    height: 0,
  }));
  const local = new Int32Array(input.count);
  for (let i = 0; i < input.count; i++) {
    const b = input.block[i]!;
    if (b >= 0) local[i] = blocks[b]!.items.push(i) - 1;
  }
  for (let e = 0; e < input.edges.length; e += 2) {
    const from = input.edges[e]!;
    const to = input.edges[e + 1]!;
    const b = input.block[from]!;
    if (b >= 0 && b === input.block[to]) blocks[b]!.pairs.push(local[from]!, local[to]!);
  }
  return blocks;
}

/** Wider gutters where more edges have to turn, in steps: one edge more moves nothing. */
function gutters(columns: number, pairs: number[], column: Int32Array): Float64Array {
  const turning = new Float64Array(columns);
  for (let e = 0; e < pairs.length; e += 2) turning[column[pairs[e]!]!]!++;
  return turning.map(
    edges => GUTTER + Math.min(68, 16 * Math.round(Math.max(0, 4 * Math.sqrt(edges) - 14) / 16)),
  );
}

interface Cells {
  /** Column and row of each item in the grid of its block. */
  readonly column: Int32Array;
  readonly row: Int32Array;
}

function placeBlock(
  input: LayoutInput,
  block: Block,
  framed: boolean,
  out: LayoutResult,
  cells: Cells,
): void {
  const { items, pairs } = block;
  const pad = framed ? PAD : 0;
  const top = framed ? out.title : 0;
  let was: Float64Array | null = null;
  if (input.previous !== null) {
    const previous = input.previous;
    was = Float64Array.from(items, item => (previous[item]! - top) / ROW);
    if (was.every(Number.isNaN)) was = null;
  }
  const grid = layered(
    items.length,
    Int32Array.from(pairs),
    tallest(items.length, NODE_WIDTH + GUTTER, ROW),
    was,
  );
  const left = new Float64Array(grid.columns + 1).fill(pad);
  const widest = new Float64Array(grid.columns);
  for (let k = 0; k < items.length; k++) {
    const c = grid.column[k]!;
    widest[c] = Math.max(widest[c]!, input.width[items[k]!]!);
  }
  const gutter = gutters(grid.columns, pairs, grid.column);
  for (let c = 0; c < grid.columns; c++) left[c + 1] = left[c]! + widest[c]! + gutter[c]!;
  let bottom = 0;
  for (let k = 0; k < items.length; k++) {
    const item = items[k]!;
    const row = Math.max(ROW, input.height[item]! + 10);
    cells.column[item] = grid.column[k]!;
    cells.row[item] = grid.row[k]!;
    out.x[item] = left[grid.column[k]!]!;
    out.exit[item] = left[grid.column[k]! + 1]!;
    out.y[item] = top + grid.row[k]! * row + Math.max(0, (NODE_HEIGHT - input.height[item]!) / 2);
    bottom = Math.max(bottom, out.y[item]! + input.height[item]!);
  }
  block.width = left[grid.columns]! - (gutter[grid.columns - 1] ?? 0) + pad;
  block.height = bottom + (framed ? PAD + 2 : 0);
}

/** Inputs, at the left, each at the mean height of what reads it. */
function placeMargin(input: LayoutInput, out: LayoutResult, room: Room): void {
  const items: number[] = [];
  const sum = new Float64Array(input.count);
  const readers = new Int32Array(input.count);
  let widest = 0;
  for (let i = 0; i < input.count; i++) {
    if (input.block[i]! >= 0) continue;
    items.push(i);
    widest = Math.max(widest, input.width[i]!);
  }
  for (let e = 0; e < input.edges.length; e += 2) {
    const from = input.edges[e]!;
    const to = input.edges[e + 1]!;
    if (input.block[from]! >= 0 || input.block[to]! < 0) continue;
    sum[from]! += out.y[to]! + input.height[to]! / 2;
    readers[from]!++;
  }
  const wish = (item: number): number =>
    readers[item]! > 0 ? sum[item]! / readers[item]! - input.height[item]! / 2 : 0;
  items.sort((a, b) => wish(a) - wish(b));
  const tall = tallest(input.count, NODE_WIDTH + GUTTER, ROW);
  const columns = Math.max(1, Math.ceil(items.length / Math.max(tall, 24)));
  const step = widest + GUTTER;
  for (let c = 0; c < columns; c++) {
    const own = items.filter((_, p) => p % columns === c);
    const places = spread(own.map(wish), new Float64Array(own.length).fill(MARGIN_ROW));
    for (let p = 0; p < own.length; p++) {
      out.x[own[p]!] = -(widest + room.column) - (columns - 1 - c) * step;
      out.exit[own[p]!] = out.x[own[p]!]! + widest + GUTTER + 8;
      out.y[own[p]!] = places[p]!;
    }
  }
}

/** Moves all so that the drawing begins at 0, 0, and says how large it is. */
function settle(input: LayoutInput, out: LayoutResult): LayoutResult {
  let left = Infinity;
  let top = Infinity;
  let right = 0;
  let bottom = 0;
  const see = (x: number, y: number, w: number, h: number): void => {
    left = Math.min(left, x);
    top = Math.min(top, y);
    right = Math.max(right, x + w);
    bottom = Math.max(bottom, y + h);
  };
  for (let i = 0; i < input.count; i++)
    see(out.x[i]!, out.y[i]!, input.width[i]!, input.height[i]!);
  for (let b = 0; b < input.blocks; b++) {
    const [x, y, w, h] = out.frames.subarray(4 * b, 4 * b + 4) as unknown as number[];
    if (w! > 0) see(x!, y!, w!, h!);
  }
  if (left === Infinity) return { ...out, width: 0, height: 0 };
  for (let i = 0; i < input.count; i++) {
    out.x[i]! -= left;
    out.exit[i]! -= left;
    out.y[i]! -= top;
  }
  for (let b = 0; b < input.blocks; b++) {
    out.frames[4 * b]! -= left;
    out.frames[4 * b + 1]! -= top;
  }
  return { ...out, width: right - left, height: bottom - top };
}

/**
 * Edges that skip a column run straight at their target's row; where something stands on that row,
 * they take the lane beside it.
 */
function placeLanes(input: LayoutInput, out: LayoutResult, cells: Cells): void {
  const stride = 1 << 20;
  const taken = new Set<number>();
  const key = (block: number, column: number, row: number): number =>
    (block * 4096 + Math.min(column, 4095)) * stride + row;
  for (let i = 0; i < input.count; i++) {
    const b = input.block[i]!;
    if (b >= 0) taken.add(key(b, cells.column[i]!, cells.row[i]!));
  }
  for (let e = 0; e < input.edges.length; e += 2) {
    const from = input.edges[e]!;
    const to = input.edges[e + 1]!;
    const b = input.block[to]!;
    if (b < 0 || (input.block[from]! >= 0 && input.block[from] !== b)) continue;
    const first = input.block[from]! < 0 ? 0 : cells.column[from]! + 1;
    for (let c = first; c < cells.column[to]!; c++) {
      if (!taken.has(key(b, c, cells.row[to]!))) continue;
      out.lane[e >> 1] = out.y[from]! <= out.y[to]! ? -1 : 1;
      break;
    }
  }
}

/** The whole layout: pure, so that it runs in a worker as well as here. */
export function layout(input: LayoutInput): LayoutResult {
  const space = room(input.count);
  const out: LayoutResult = {
    x: new Float32Array(input.count),
    y: new Float32Array(input.count),
    frames: new Float32Array(4 * input.blocks),
    exit: new Float32Array(input.count),
    lane: new Int8Array(input.edges.length >> 1),
    shared: false,
    title: space.title,
    width: 0,
    height: 0,
  };
  const cells: Cells = { column: new Int32Array(input.count), row: new Int32Array(input.count) };
  const blocks = collect(input);
  const shared = placeColumns(input, blocks, out, space, {
    pad: PAD,
    row: ROW,
    nodeHeight: NODE_HEIGHT,
    gutters,
  });
  if (!shared) {
    for (let b = 0; b < input.blocks; b++) {
      if (blocks[b]!.items.length > 0)
        placeBlock(input, blocks[b]!, input.framed[b] === 1, out, cells);
    }
    placeBlocks(input, blocks, out, space);
  }
  placeMargin(input, out, space);
  if (!shared) placeLanes(input, out, cells);
  return settle(input, { ...out, shared });
}
