import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { layout, NODE_HEIGHT, NODE_WIDTH, type LayoutInput } from '../src/core/layout';
import { adjacency, layers, spread, spreadRows } from '../src/core/order';

function input(
  count: number,
  edges: number[],
  block: number[] = new Array<number>(count).fill(0),
  previous: Float32Array | null = null,
): LayoutInput {
  const blocks = Math.max(...block, 0) + 1;
  return {
    count,
    edges: Int32Array.from(edges),
    weight: new Int32Array(edges.length >> 1).fill(1),
    block: Int32Array.from(block),
    blocks,
    framed: new Uint8Array(blocks).fill(blocks > 1 ? 1 : 0),
    width: new Float32Array(count).fill(NODE_WIDTH),
    height: new Float32Array(count).fill(NODE_HEIGHT),
    previous,
  };
}

/** Layered random edges by a generator of fixed seed. */
function randomEdges(count: number, wide: number, near = false): number[] {
  let seed = 7;
  const draw = (): number => (seed = (seed * 48271) % 2147483647) / 2147483647;
  const edges: number[] = [];
  for (let node = wide; node < count; node++)
    for (let k = 0; k < 2; k++) {
      const layer = node - (node % wide);
      const parent = near ? layer - wide + draw() * wide : draw() * layer;
      edges.push(Math.floor(parent), node);
    }
  return edges;
}

function overlaps(result: { x: Float32Array; y: Float32Array }): number {
  let found = 0;
  for (let i = 0; i < result.x.length; i++)
    for (let j = 0; j < i; j++)
      if (
        Math.abs(result.x[i]! - result.x[j]!) < NODE_WIDTH &&
        Math.abs(result.y[i]! - result.y[j]!) < NODE_HEIGHT
      )
        found++;
  return found;
}

describe('places in order', () => {
  test('what is wished is kept where nothing collides', () => {
    assert.deepEqual([...spread([0, 5, 10], [0, 2, 2])], [0, 5, 10]);
  });
  test('a collision moves both by half', () => {
    assert.deepEqual([...spread([4, 4], [0, 2])], [3, 5]);
  });
  test('rows stay within their number and strictly increase', () => {
    assert.deepEqual([...spreadRows([9, 9, 9], 4)], [1, 2, 3]);
    assert.deepEqual([...spreadRows([-5, -5], 4)], [0, 1]);
  });
});

describe('layers', () => {
  const of = (count: number, edges: number[]): number[] => [
    ...layers(count, adjacency(count, edges, 0), adjacency(count, edges, 1)),
  ];
  test('the longest path counts', () => {
    assert.deepEqual(of(4, [0, 1, 1, 2, 0, 2, 2, 3]), [0, 1, 2, 3]);
  });
  test('a cycle ends and begins at its lowest index', () => {
    assert.deepEqual(of(3, [0, 1, 1, 2, 2, 0]), [0, 1, 2]);
  });
  test('a chain of 100,000 needs no stack', () => {
    const edges = Array.from({ length: 99_999 }, (_, i) => [i, i + 1]).flat();
    assert.equal(of(100_000, edges)[99_999], 99_999);
  });
});

describe('the layout', () => {
  test('every edge runs to the right and nothing overlaps', () => {
    const edges = randomEdges(300, 20);
    const result = layout(input(300, edges));
    for (let e = 0; e < edges.length; e += 2)
      assert.ok(result.x[edges[e]!]! < result.x[edges[e + 1]!]!);
    assert.equal(overlaps(result), 0);
  });
  test('groups are frames around their own, and do not overlap', () => {
    const edges = randomEdges(120, 12);
    const block = Array.from({ length: 120 }, (_, i) => Math.floor(i / 24));
    const result = layout(input(120, edges, block));
    for (let i = 0; i < 120; i++) {
      const [x, y, w, h] = [...result.frames.subarray(4 * block[i]!, 4 * block[i]! + 4)];
      assert.ok(result.x[i]! >= x! && result.x[i]! + NODE_WIDTH <= x! + w!);
      assert.ok(result.y[i]! >= y! && result.y[i]! + NODE_HEIGHT <= y! + h!);
    }
    assert.equal(overlaps(result), 0);
  });
  test('groups that share columns let every edge run to the right, in notebook order', () => {
    const edges = randomEdges(90, 10, true);
    const block = Array.from({ length: 90 }, (_, i) => (i * 7) % 4);
    const result = layout(input(90, edges, block));
    assert.ok(result.shared);
    for (let e = 0; e < edges.length; e += 2)
      assert.ok(result.x[edges[e]!]! < result.x[edges[e + 1]!]!);
    for (let b = 1; b < 4; b++) assert.ok(result.frames[4 * b + 1]! > result.frames[4 * b - 3]!);
  });
  test("a group beside earlier ones stands at its parents' height", () => {
    const edges = [0, 4, 1, 4];
    const result = layout(input(5, edges, [0, 0, 0, 0, 1]));
    const [, top, , height] = [...result.frames.subarray(0, 4)];
    assert.ok(result.x[4]! > result.x[0]!);
    assert.ok(result.y[4]! > top! && result.y[4]! < top! + height!);
  });
  test('inputs stand at the left of what reads them', () => {
    const result = layout(input(3, [0, 1, 1, 2], [-1, 0, 0]));
    assert.ok(result.x[0]! < result.x[1]! && result.x[1]! < result.x[2]!);
    assert.equal(result.x[0], 0);
  });
  test('a new node moves the others little', () => {
    const edges = randomEdges(200, 20, true);
    const before = layout(input(200, edges));
    const previous = Float32Array.from([...before.y, NaN], y => y - before.frames[1]!);
    const after = layout(input(201, [...edges, 30, 200], undefined, previous));
    let moved = 0;
    for (let i = 0; i < 200; i++)
      if (Math.abs(after.y[i]! - before.y[i]!) > 90 || Math.abs(after.x[i]! - before.x[i]!) > 20)
        moved++;
    assert.ok(moved <= 10, `${moved} of 200 moved`);
  });
  test('a drawing keeps the shape of a screen', () => {
    const wide = layout(input(4000, randomEdges(4000, 500)));
    assert.ok(wide.width / wide.height < 5 && wide.height / wide.width < 5);
  });
  test('nothing at all is a layout too', () => {
    assert.equal(layout(input(0, [])).width, 0);
  });
});

describe('an edit', () => {
  /** Mean and largest move of what was there, in rows, after one more node. */
  function moved(count: number, wide: number): { mean: number; most: number } {
    const edges = randomEdges(count, wide, true);
    const first = layout(input(count, edges));
    const more = [...edges, Math.floor(count / 2), count];
    const previous = Float32Array.from({ length: count + 1 }, (_, i) => first.y[i] ?? NaN);
    const block = new Array<number>(count + 1).fill(0);
    const next = layout(input(count + 1, more, block, previous));
    const moves = Array.from({ length: count }, (_, i) => Math.abs(next.y[i]! - first.y[i]!) / 44);
    return { mean: moves.reduce((a, b) => a + b, 0) / count, most: Math.max(...moves) };
  }
  for (const [count, wide] of [
    [60, 8],
    [300, 17],
    [1000, 30],
  ] as const)
    test(`of one in ${count} nodes moves the others by less than a row in the mean`, () => {
      const { mean, most } = moved(count, wide);
      assert.ok(mean < 0.2, `mean ${mean}`);
      assert.ok(most <= 6, `most ${most}`);
    });
});

describe('crossings', () => {
  test('are fewer than those of the notebook order, and no worse with swaps', () => {
    const edges = randomEdges(300, 20, true);
    const cross = (y: ArrayLike<number>, x: ArrayLike<number>): number => {
      let found = 0;
      for (let a = 0; a < edges.length; a += 2)
        for (let b = a + 2; b < edges.length; b += 2) {
          const [p, q, r, s] = [edges[a]!, edges[a + 1]!, edges[b]!, edges[b + 1]!];
          if (x[p] !== x[r] || x[q] !== x[s]) continue;
          if ((y[p]! - y[r]!) * (y[q]! - y[s]!) < 0) found++;
        }
      return found;
    };
    const done = layout(input(300, edges));
    const plain = Float32Array.from({ length: 300 }, (_, i) => i % 20);
    assert.ok(cross(done.y, done.x) < 0.8 * cross(plain, done.x));
  });
});
