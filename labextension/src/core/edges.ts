// How edges run and how they are painted. No arrowheads: the direction is left to right everywhere.

import type { View, Size, Level } from './camera';
import { TURN_LATE } from './columns';
import { isDiff } from './diff';
import { ROW } from './layout';
import type { Scene } from './scene';
import type { Theme } from './theme';

const BUS = 12;
const TURN = 22;

type Pen = Pick<CanvasRenderingContext2D, 'moveTo' | 'lineTo' | 'bezierCurveTo'>;

/** A curve that leaves and enters level. */
function level(pen: Pen, x0: number, y0: number, x1: number, y1: number): void {
  const middle = (x0 + x1) / 2;
  pen.bezierCurveTo(middle, y0, middle, y1, x1, y1);
}

/** Draws one pair of the scene in coordinates of the layout. */
export function trace(pen: Pen, scene: Scene, pair: number, plain: boolean): void {
  const from = scene.edges[2 * pair]!;
  const to = scene.edges[2 * pair + 1]!;
  const sx = scene.x[from]! + scene.width[from]!;
  const sy = scene.y[from]! + scene.height[from]! / 2;
  const tx = scene.x[to]!;
  const ty = scene.y[to]! + scene.height[to]! / 2;
  pen.moveTo(sx, sy);
  if (plain) {
    pen.lineTo(tx, ty);
    return;
  }
  const own = scene.input.block[from]!;
  const near = scene.shared || own < 0 || own === scene.input.block[to];
  const group = scene.node[from]! < 0 || scene.node[to]! < 0;
  const beside = scene.x[to]! + scene.width[to]! > scene.x[from]! && sx > tx;
  if (group && beside) {
    // One above the other: from edge to edge.
    const x = (Math.max(scene.x[from]!, tx) + Math.min(sx, tx + scene.width[to]!)) / 2;
    pen.moveTo(x, sy);
    pen.lineTo(x, ty);
  } else if (tx <= sx + BUS) {
    pen.bezierCurveTo(sx + 60, sy, tx - 60, ty, tx, ty);
  } else if (!near || group) {
    const bus = group ? 0 : Math.min(BUS, (tx - sx) / 3);
    pen.lineTo(sx + bus, sy);
    const reach = Math.min(140, (tx - sx - bus) / 2);
    pen.bezierCurveTo(sx + bus + reach, sy, tx - reach, ty, tx, ty);
  } else {
    traceRun(pen, scene, pair, { from, sx, sy, tx, ty });
  }
}

interface Ends {
  readonly from: number;
  readonly sx: number;
  readonly sy: number;
  readonly tx: number;
  readonly ty: number;
}

/** Shared bus, rise in the first gutter, then straight: at the target's row or in the lane beside it. */
function traceRun(pen: Pen, scene: Scene, pair: number, ends: Ends): void {
  const { sx, sy, tx, ty } = ends;
  const bus = Math.min(BUS, (tx - sx) / 3);
  const turn = Math.min(Math.max(scene.exit[ends.from]!, sx + bus + 8), tx);
  const lane = scene.lane[pair]!;
  pen.lineTo(sx + bus, sy);
  if (lane === 0 || tx - turn < TURN) {
    level(pen, sx + bus, sy, turn, ty);
    pen.lineTo(tx, ty);
    return;
  }
  if (lane === TURN_LATE) {
    pen.lineTo(tx - TURN, sy);
    level(pen, tx - TURN, sy, tx - 2, ty);
    pen.lineTo(tx, ty);
    return;
  }
  const run = ty + (lane * ROW) / 2;
  level(pen, sx + bus, sy, turn, run);
  pen.lineTo(tx - TURN, run);
  level(pen, tx - TURN, run, tx - 2, ty);
  pen.lineTo(tx, ty);
}

/** Whether any of a pair can be seen in a rectangle of the layout. */
function visible(scene: Scene, pair: number, box: Box): boolean {
  const from = scene.edges[2 * pair]!;
  const to = scene.edges[2 * pair + 1]!;
  const x0 = scene.x[from]!;
  const x1 = scene.x[to]! + scene.width[to]!;
  if (Math.max(x0, x1) < box.left || Math.min(x0, x1) > box.right) return false;
  const y0 = scene.y[from]!;
  const y1 = scene.y[to]!;
  return Math.max(y0, y1) + ROW >= box.top && Math.min(y0, y1) - ROW <= box.bottom;
}

export interface Box {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

/** The part of the layout that `size` shows. */
export function boxOf(view: View, size: Size): Box {
  return {
    left: view.x,
    top: view.y,
    right: view.x + size.width / view.zoom,
    bottom: view.y + size.height / view.zoom,
  };
}

/** Width of a band by the number of edges it stands for. */
export function bandWidth(count: number): number {
  return Math.min(9, Math.max(1, Math.sqrt(count)));
}

const bands = new WeakMap<Int32Array, { pairs: Int32Array; count: Int32Array }>();

/** Pairs of framed blocks with the number of edges between them. */
function blockBands(scene: Scene): { pairs: Int32Array; count: Int32Array } {
  let known = bands.get(scene.edges);
  if (known !== undefined) return known;
  const { block, blocks } = scene.input;
  const found = new Map<number, number>();
  for (let e = 0; e < scene.edges.length; e += 2) {
    const from = block[scene.edges[e]!]!;
    const to = block[scene.edges[e + 1]!]!;
    if (from < 0 || to < 0 || from === to) continue;
    const key = from * blocks + to;
    found.set(key, (found.get(key) ?? 0) + scene.weight[e >> 1]!);
  }
  known = {
    pairs: Int32Array.from(
      [...found.keys()].flatMap(key => [Math.floor(key / blocks), key % blocks]),
    ),
    count: Int32Array.from(found.values()),
  };
  bands.set(scene.edges, known);
  return known;
}

/** Bands between framed groups at far zoom: under the frames, from side to side. */
export function paintBands(
  context: CanvasRenderingContext2D,
  scene: Scene,
  view: View,
  theme: Theme,
): void {
  const { pairs, count } = blockBands(scene);
  const f = scene.frames;
  context.save();
  context.scale(view.zoom, view.zoom);
  context.translate(-view.x, -view.y);
  context.strokeStyle = theme.band;
  for (let k = 0; k < count.length; k++) {
    const a = 4 * pairs[2 * k]!;
    const b = 4 * pairs[2 * k + 1]!;
    const ay = f[a + 1]! + f[a + 3]! / 2;
    const by = f[b + 1]! + f[b + 3]! / 2;
    const aRight = f[a]! + f[a + 2]!;
    const bRight = f[b]! + f[b + 2]!;
    context.lineWidth = bandWidth(count[k]!) / view.zoom;
    context.beginPath();
    if (f[b]! >= aRight) {
      context.moveTo(aRight, ay);
      level(context, aRight, ay, f[b]!, by);
    } else if (f[a]! >= bRight) {
      context.moveTo(f[a]!, ay);
      level(context, f[a]!, ay, bRight, by);
    } else {
      const x = (Math.max(f[a]!, f[b]!) + Math.min(aRight, bRight)) / 2;
      context.moveTo(x, ay);
      context.lineTo(x, by);
    }
    context.stroke();
  }
  context.restore();
}

export interface EdgeStyle {
  readonly scene: Scene;
  readonly view: View;
  readonly box: Box;
  readonly level: Level;
  readonly theme: Theme;
}

/** All edges in the neutral colour; the context is in CSS pixels. */
export function paintEdges(context: CanvasRenderingContext2D, style: EdgeStyle): void {
  const { scene, view, theme } = style;
  const far = style.level === 'far';
  const grouped = scene.input.framed.includes(1);
  context.save();
  context.scale(view.zoom, view.zoom);
  context.translate(-view.x, -view.y);
  context.strokeStyle = theme.ink;
  context.lineCap = 'butt';
  const thin = new Path2D();
  const thick: number[] = [];
  for (let pair = 0; pair < scene.weight.length; pair++) {
    const from = scene.edges[2 * pair]!;
    const to = scene.edges[2 * pair + 1]!;
    if (scene.node[from]! < 0 || scene.node[to]! < 0) {
      thick.push(pair);
      continue;
    }
    if (far && grouped && scene.input.block[from] !== scene.input.block[to]) continue;
    if (visible(scene, pair, style.box)) trace(thin, scene, pair, view.zoom < 0.12);
  }
  const strong = theme.contrast ? 0.7 : isDiff(scene.model) ? 0.25 : 0.42;
  context.globalAlpha = far ? (theme.contrast ? 0.4 : 0.22) : strong;
  context.lineWidth = (far ? 0.6 : 1) / view.zoom;
  context.stroke(thin);
  context.globalAlpha = 1;
  context.strokeStyle = theme.band;
  for (const pair of thick) {
    context.lineWidth = bandWidth(scene.weight[pair]!) / Math.max(view.zoom, 0.5);
    context.beginPath();
    trace(context, scene, pair, false);
    context.stroke();
  }
  context.restore();
}

/** The marked pairs on top, in the colours of their direction: 1 upstream, 2 downstream. */
export function paintMarked(
  context: CanvasRenderingContext2D,
  style: EdgeStyle,
  marked: Uint8Array,
): void {
  const { scene, view, theme } = style;
  context.save();
  context.scale(view.zoom, view.zoom);
  context.translate(-view.x, -view.y);
  for (const direction of [1, 2]) {
    const path = new Path2D();
    for (let pair = 0; pair < marked.length; pair++) {
      if (marked[pair] === direction && visible(scene, pair, style.box))
        trace(path, scene, pair, view.zoom < 0.12);
    }
    context.strokeStyle = direction === 1 ? theme.up.mark : theme.down.mark;
    context.lineWidth = 1.8 / view.zoom;
    context.setLineDash(direction === 1 ? [] : [7 / view.zoom, 3 / view.zoom]);
    context.stroke(path);
  }
  context.restore();
}
