// Where blocks stand: in columns by what they need, in notebook order, in the shape of a screen.

import type { LayoutInput, LayoutResult } from './layout';
import { adjacency, layers, spread, type Adjacency } from './order';

/** One group's grid, or the whole graph's, with what it holds. */
export interface Block {
  readonly items: number[];
  /** Flat pairs of local indices. */
  readonly pairs: number[];
  width: number;
  height: number;
}

/** Room around blocks. */
export interface Room {
  readonly title: number;
  readonly row: number;
  readonly column: number;
}

/** Wider than this times its height, a drawing is folded. */
const WIDEST = 2.4;
const SHAPE = 1.6;

/**
 * Which block stands before which, flat. Where edges run both ways the greater number decides; where
 * they are about as many, neither stands before the other.
 */
function blockPairs(input: LayoutInput): Int32Array {
  const { edges, weight, block, blocks } = input;
  const flow = new Map<number, number>();
  for (let e = 0; e < edges.length; e += 2) {
    const from = block[edges[e]!]!;
    const to = block[edges[e + 1]!]!;
    if (from < 0 || to < 0 || from === to) continue;
    const key = from * blocks + to;
    flow.set(key, (flow.get(key) ?? 0) + weight[e >> 1]!);
  }
  const pairs: number[] = [];
  for (const [key, forth] of flow) {
    const from = Math.floor(key / blocks);
    const to = key % blocks;
    const back = flow.get(to * blocks + from) ?? 0;
    if (forth - back > 0.2 * (forth + back)) pairs.push(from, to);
  }
  return Int32Array.from(pairs);
}

const heightOf = (column: readonly number[], blocks: Block[], room: Room): number =>
  column.reduce((sum, b) => sum + blocks[b]!.height + room.row, -room.row);

const widthOf = (column: readonly number[], blocks: Block[]): number =>
  column.reduce((most, b) => Math.max(most, blocks[b]!.width), 0);

/** Splits a layer that is taller than `limit` into columns, in order. */
function split(layer: number[], blocks: Block[], room: Room, limit: number): number[][] {
  const columns: number[][] = [];
  let column: number[] = [];
  for (const b of layer) {
    if (column.length > 0 && heightOf([...column, b], blocks, room) > limit) {
      columns.push(column);
      column = [];
    }
    column.push(b);
  }
  if (column.length > 0) columns.push(column);
  return columns;
}

/** Stands neighbouring columns on top of each other while they stay under `limit`. */
function fold(columns: number[][], blocks: Block[], room: Room, limit: number): number[][] {
  const folded: number[][] = [];
  for (const column of columns) {
    const last = folded[folded.length - 1];
    if (last && heightOf([...last, ...column], blocks, room) <= limit) last.push(...column);
    else folded.push([...column]);
  }
  return folded;
}

function columnsOf(blocks: Block[], layer: Int32Array, room: Room): number[][] {
  const byLayer: number[][] = [];
  let area = 0;
  blocks.forEach((block, b) => {
    if (block.items.length === 0) return;
    (byLayer[layer[b]!] ??= []).push(b);
    area += (block.width + room.column) * (block.height + room.row);
  });
  const tall = Math.max(1400, 1.25 * Math.sqrt(area / SHAPE));
  const columns = byLayer.flatMap(own => split(own, blocks, room, tall));
  const width = columns.reduce((sum, own) => sum + widthOf(own, blocks) + room.column, 0);
  const height = columns.reduce((most, own) => Math.max(most, heightOf(own, blocks, room)), 0);
  if (width <= WIDEST * height || width < 1600) return columns;
  return fold(columns, blocks, room, Math.max(height, 1.1 * Math.sqrt(area / SHAPE)));
}

/** Tops of the blocks of one column: at their parents' height, in their order. */
function topsOf(
  column: number[],
  blocks: Block[],
  parents: Adjacency,
  centre: Float64Array,
  between: number,
): Float64Array {
  const gap = new Float64Array(column.length);
  const wished = new Float64Array(column.length);
  let below = 0;
  column.forEach((b, k) => {
    if (k > 0) gap[k] = blocks[column[k - 1]!]!.height + between;
    let sum = 0;
    let known = 0;
    for (let p = parents.start[b]!; p < parents.start[b + 1]!; p++) {
      const at = centre[parents.list[p]!]!;
      if (Number.isNaN(at)) continue;
      sum += at;
      known++;
    }
    wished[k] = known > 0 ? sum / known - blocks[b]!.height / 2 : below;
    below += blocks[b]!.height + between;
  });
  return spread(wished, gap);
}

/** Sets the frames, and moves the items from their block's own coordinates into place. */
export function placeBlocks(
  input: LayoutInput,
  blocks: Block[],
  out: LayoutResult,
  room: Room,
): void {
  const pairs = blockPairs(input);
  const parents = adjacency(input.blocks, pairs, 0);
  const layer = layers(input.blocks, parents, adjacency(input.blocks, pairs, 1));
  const centre = new Float64Array(input.blocks).fill(NaN);
  let left = 0;
  for (const column of columnsOf(blocks, layer, room)) {
    const tops = topsOf(column, blocks, parents, centre, room.row);
    column.forEach((b, k) => {
      const { width, height } = blocks[b]!;
      centre[b] = tops[k]! + height / 2;
      out.frames.set([left, tops[k]!, width, height], 4 * b);
    });
    left += widthOf(column, blocks) + room.column;
  }
  for (let i = 0; i < input.count; i++) {
    const b = input.block[i]!;
    if (b < 0) continue;
    out.x[i]! += out.frames[4 * b]!;
    out.exit[i]! += out.frames[4 * b]!;
    out.y[i]! += out.frames[4 * b + 1]!;
  }
}
