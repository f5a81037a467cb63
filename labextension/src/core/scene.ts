// What is drawn of a graph: nodes, and groups that are collapsed to one item; and where it stands.

import { groupKeys, groupsOf, type Grouping, type Groups } from './grouping';
import type { GraphModel } from './model';
import { GUTTER, NODE_HEIGHT, NODE_WIDTH, type LayoutInput, type LayoutResult } from './layout';

export const INPUT_WIDTH = 118;
export const INPUT_HEIGHT = 24;
export const GROUP_HEIGHT = 50;
/** The group of all inputs, when groups are collapsed. */
export const INPUTS = -2;

export interface Scene {
  readonly model: GraphModel;
  readonly grouping: Grouping;
  readonly groups: Groups;
  readonly nodeWidth: number;
  readonly count: number;
  /** Node of each item, or -1 for a collapsed group. */
  readonly node: Int32Array;
  /** Collapsed group of each item ({@link INPUTS} for the inputs), or -1 for a node. */
  readonly group: Int32Array;
  /** Item that stands for each node, or -1 for one out of focus. */
  readonly item: Int32Array;
  /** Flat pairs of items, each once. */
  readonly edges: Int32Array;
  /** Edges of the graph behind each pair. */
  readonly weight: Int32Array;
  /** Pair that stands for each edge of the graph, or -1 inside a collapsed group. */
  readonly edgeOf: Int32Array;
  readonly width: Float32Array;
  readonly height: Float32Array;
  readonly input: LayoutInput;
  x: Float32Array;
  y: Float32Array;
  frames: Float32Array;
  exit: Float32Array;
  lane: Int8Array;
  shared: boolean;
  title: number;
  extent: { width: number; height: number };
}

function buildItems(
  model: GraphModel,
  groups: Groups,
  collapsed: ReadonlySet<number>,
  shown: Uint8Array | null,
): { node: number[]; group: number[]; item: Int32Array } {
  const node: number[] = [];
  const group: number[] = [];
  const item = new Int32Array(model.count);
  const ofGroup = new Map<number, number>();
  for (let i = 0; i < model.count; i++) {
    if (shown !== null && shown[i] === 0) {
      item[i] = -1;
      continue;
    }
    const margin = model.view.kinds[i] !== 'feature';
    const g = margin ? INPUTS : (groups.of[i] ?? -1);
    if (!collapsed.has(g)) {
      item[i] = node.push(i) - 1;
      group.push(-1);
      continue;
    }
    let own = ofGroup.get(g);
    if (own === undefined) {
      own = node.push(-1) - 1;
      group.push(g);
      ofGroup.set(g, own);
    }
    item[i] = own;
  }
  return { node, group, item };
}

function buildEdges(
  model: GraphModel,
  item: Int32Array,
  count: number,
): { edges: Int32Array; weight: Int32Array; edgeOf: Int32Array } {
  const known = new Map<number, number>();
  const pairs: number[] = [];
  const weight: number[] = [];
  const all = model.view.edges;
  const edgeOf = new Int32Array(all.length >> 1).fill(-1);
  for (let e = 0; e < all.length; e += 2) {
    const from = item[all[e]!]!;
    const to = item[all[e + 1]!]!;
    if (from === to || from < 0 || to < 0) continue;
    const key = from * count + to;
    let pair = known.get(key);
    if (pair === undefined) {
      pair = weight.push(0) - 1;
      pairs.push(from, to);
      known.set(key, pair);
    }
    weight[pair]!++;
    edgeOf[e >> 1] = pair;
  }
  return { edges: Int32Array.from(pairs), weight: Int32Array.from(weight), edgeOf };
}

/** Block of each item: its group in notebook order, -1 for inputs beside groups. */
function buildBlocks(
  model: GraphModel,
  node: number[],
  group: number[],
  own: Groups,
): { block: Int32Array; blocks: number; framed: Uint8Array } {
  const groups = own.titles.length;
  const framed = new Uint8Array(groups + 1);
  const block = Int32Array.from(node, (n, k) => {
    if (groups === 0) return 0;
    if (group[k] === INPUTS) return -1;
    if (n < 0) return group[k]!;
    if (model.view.kinds[n] !== 'feature') return -1;
    const of = own.of[n]!;
    if (of < 0) return groups;
    framed[of] = 1;
    return of;
  });
  return { block, blocks: groups + 1, framed };
}

/** Tops of the items before, relative to their blocks, by name; null where nothing is shared. */
function previousTops(
  model: GraphModel,
  groups: Groups,
  node: number[],
  group: number[],
  before: Scene | null,
): Float32Array | null {
  if (before === null) return null;
  const old = before.model;
  const oldGroups = new Map(groupKeys(before.groups).map((key, g) => [key, g]));
  const keys = groupKeys(groups);
  const oldItems = new Map<number, number>();
  for (let k = 0; k < before.count; k++)
    if (before.group[k] !== -1) oldItems.set(before.group[k]!, k);
  let kept = 0;
  const tops = Float32Array.from(node, (n, k) => {
    let was: number | undefined;
    if (n >= 0) {
      const index = old.index.get(model.view.names[n]!);
      was = index === undefined ? undefined : before.item[index]!;
      if (was !== undefined && before.node[was] === -1) was = undefined;
    } else {
      const g = group[k]!;
      was = oldItems.get(g === INPUTS ? INPUTS : (oldGroups.get(keys[g]!) ?? -9));
    }
    if (was === undefined) return NaN;
    kept++;
    const b = before.input.block[was]!;
    return before.y[was]! - (b < 0 ? 0 : before.frames[4 * b + 1]!);
  });
  return kept * 2 > node.length ? tops : null;
}

/** What to draw of a graph. */
export interface Choice {
  readonly grouping: Grouping;
  /** Groups drawn as one item; {@link INPUTS} among them collapses the inputs. */
  readonly collapsed: ReadonlySet<number>;
  /** 1 for each node in focus; null shows all. */
  readonly shown: Uint8Array | null;
  /** Width of a feature's box, where there is room for long names. */
  readonly nodeWidth?: number;
}

/** The scene of a graph, not laid out yet; `before` keeps what did not change in its place. */
export function buildScene(model: GraphModel, choice: Choice, before: Scene | null): Scene {
  const { grouping, shown, nodeWidth = NODE_WIDTH } = choice;
  const groups = groupsOf(model, grouping);
  const collapsed = groups.titles.length === 0 ? new Set<number>() : choice.collapsed;
  const { node, group, item } = buildItems(model, groups, collapsed, shown);
  const count = node.length;
  const { edges, weight, edgeOf } = buildEdges(model, item, count);
  const margin = (k: number): boolean =>
    node[k]! >= 0 ? model.view.kinds[node[k]!] !== 'feature' : group[k] === INPUTS;
  const width = Float32Array.from(node, (_, k) => (margin(k) ? INPUT_WIDTH : nodeWidth));
  const height = Float32Array.from(node, (n, k) =>
    margin(k) ? INPUT_HEIGHT : n < 0 ? GROUP_HEIGHT : NODE_HEIGHT,
  );
  const same = before !== null && before.grouping === grouping;
  const previous = same ? previousTops(model, groups, node, group, before) : null;
  const { block, blocks, framed } = buildBlocks(model, node, group, groups);
  return {
    model,
    grouping,
    groups,
    nodeWidth,
    count,
    node: Int32Array.from(node),
    group: Int32Array.from(group),
    item,
    edges,
    weight,
    edgeOf,
    width,
    height,
    input: { count, edges, weight, block, blocks, framed, width, height, previous },
    x: new Float32Array(count),
    y: new Float32Array(count),
    frames: new Float32Array(4 * blocks),
    exit: new Float32Array(count),
    lane: new Int8Array(edges.length >> 1),
    shared: false,
    title: 0,
    extent: { width: 0, height: 0 },
  };
}

export function placeScene(scene: Scene, result: LayoutResult): void {
  scene.x = result.x;
  scene.y = result.y;
  scene.frames = result.frames;
  scene.exit = result.exit;
  scene.lane = result.lane;
  scene.shared = result.shared;
  scene.title = result.title;
  scene.extent = { width: result.width, height: result.height };
}

/** Nodes that an item stands for. */
export function nodesOf(scene: Scene, item: number): number[] {
  const node = scene.node[item]!;
  if (node >= 0) return [node];
  const nodes: number[] = [];
  for (let i = 0; i < scene.model.count; i++) if (scene.item[i] === item) nodes.push(i);
  return nodes;
}

/** Item under a point of the layout, or -1. `slack` widens each item, for small zooms and fingers. */
export function itemAt(scene: Scene, x: number, y: number, slack: number): number {
  let found = -1;
  let nearest = Infinity;
  for (let k = 0; k < scene.count; k++) {
    const left = scene.x[k]! - slack;
    const top = scene.y[k]! - slack;
    if (x < left || y < top) continue;
    if (x > left + scene.width[k]! + 2 * slack || y > top + scene.height[k]! + 2 * slack) continue;
    const dx = x - scene.x[k]! - scene.width[k]! / 2;
    const dy = y - scene.y[k]! - scene.height[k]! / 2;
    const distance = dx * dx + 9 * dy * dy;
    if (distance < nearest) {
      nearest = distance;
      found = k;
    }
  }
  return found;
}

/** Items that a rectangle of the layout touches. */
export function itemsIn(
  scene: Scene,
  x: number,
  y: number,
  width: number,
  height: number,
): number[] {
  const found: number[] = [];
  for (let k = 0; k < scene.count; k++) {
    const beside = scene.x[k]! > x + width || scene.x[k]! + scene.width[k]! < x;
    const above = scene.y[k]! > y + height || scene.y[k]! + scene.height[k]! < y;
    if (!beside && !above) found.push(k);
  }
  return found;
}

/** Framed group whose title is under a point of the layout, or -1. */
export function titleAt(scene: Scene, x: number, y: number, title: number): number {
  for (let b = 0; b < scene.input.blocks; b++) {
    if (scene.input.framed[b] !== 1) continue;
    const [left, top, width] = scene.frames.subarray(4 * b, 4 * b + 3) as unknown as number[];
    if (x >= left! && x <= left! + width! && y >= top! && y <= top! + title) return b;
  }
  return -1;
}

/** Item to go to from `item` with an arrow, or -1. */
export function neighbour(
  scene: Scene,
  item: number,
  key: 'left' | 'right' | 'up' | 'down',
): number {
  const x = scene.x[item]!;
  const y = scene.y[item]! + scene.height[item]! / 2;
  let best = -1;
  let least = Infinity;
  const consider = (other: number, cost: number): void => {
    if (cost >= 0 && cost < least) {
      least = cost;
      best = other;
    }
  };
  if (key === 'left' || key === 'right') {
    const own = key === 'left' ? 1 : 0;
    for (let e = 0; e < scene.edges.length; e += 2) {
      if (scene.edges[e + own] !== item) continue;
      const other = scene.edges[e + 1 - own]!;
      const dy = Math.abs(scene.y[other]! + scene.height[other]! / 2 - y);
      consider(other, dy + Math.abs(scene.x[other]! - x) / 8);
    }
    return best;
  }
  const sign = key === 'down' ? 1 : -1;
  for (let other = 0; other < scene.count; other++) {
    const dy = (scene.y[other]! + scene.height[other]! / 2 - y) * sign;
    if (dy > 1 && Math.abs(scene.x[other]! - x) < NODE_WIDTH / 2 + GUTTER) consider(other, dy);
  }
  return best;
}
