// Rows by isotonic regression: the places nearest to what is wished that keep the order and the gaps.

/**
 * Places `wished[i]`, kept in order and at least `gap[i]` after the place before, by pooling adjacent
 * violators: the least sum of squares. `gap[0]` is not read.
 */
export function spread(wished: ArrayLike<number>, gap: ArrayLike<number>): Float64Array {
  const n = wished.length;
  const offset = new Float64Array(n);
  for (let i = 1; i < n; i++) offset[i] = offset[i - 1]! + gap[i]!;
  const mean = new Float64Array(n);
  const size = new Int32Array(n);
  let top = 0;
  for (let i = 0; i < n; i++) {
    mean[top] = wished[i]! - offset[i]!;
    size[top] = 1;
    while (top > 0 && mean[top - 1]! > mean[top]!) {
      const total = size[top - 1]! + size[top]!;
      mean[top - 1] = (mean[top - 1]! * size[top - 1]! + mean[top]! * size[top]!) / total;
      size[top - 1] = total;
      top--;
    }
    top++;
  }
  const place = new Float64Array(n);
  for (let block = 0, i = 0; block < top; block++) {
    for (let k = 0; k < size[block]!; k++, i++) place[i] = mean[block]! + offset[i]!;
  }
  return place;
}

/** Whole rows in `[0, rows)`, strictly increasing, near what is wished. Needs `wished.length <= rows`. */
export function spreadRows(wished: ArrayLike<number>, rows: number): Int32Array {
  const n = wished.length;
  const place = spread(wished, new Uint8Array(n).fill(1));
  const row = new Int32Array(n);
  for (let i = 0; i < n; i++) {
    const lowest = i === 0 ? 0 : row[i - 1]! + 1;
    row[i] = Math.min(Math.max(Math.round(place[i]!), lowest), rows - (n - i));
  }
  return row;
}

/** Neighbours as two flat arrays: those of `i` are `list[start[i]] … list[start[i + 1] - 1]`. */
export interface Adjacency {
  readonly start: Int32Array;
  readonly list: Int32Array;
}

/** Neighbours from flat pairs; `side` 0 lists what each second one has before it, 1 what follows. */
export function adjacency(count: number, pairs: ArrayLike<number>, side: 0 | 1): Adjacency {
  const start = new Int32Array(count + 1);
  const own = 1 - side;
  for (let e = own; e < pairs.length; e += 2) start[pairs[e]! + 1]!++;
  for (let i = 0; i < count; i++) start[i + 1]! += start[i]!;
  const cursor = start.slice(0, count);
  const list = new Int32Array(pairs.length >> 1);
  for (let e = 0; e < pairs.length; e += 2) list[cursor[pairs[e + own]!]!++] = pairs[e + side]!;
  return { start, list };
}

/** Longest path from the sources. In a cycle, the lowest index comes first and its back edges count not. */
export function layers(count: number, before: Adjacency, after: Adjacency): Int32Array {
  const layer = new Int32Array(count);
  const waits = new Int32Array(count);
  const done = new Uint8Array(count);
  const queue = new Int32Array(count);
  let head = 0;
  let tail = 0;
  for (let i = 0; i < count; i++) {
    waits[i] = before.start[i + 1]! - before.start[i]!;
    if (waits[i] === 0) {
      queue[tail++] = i;
      done[i] = 1;
    }
  }
  let lowest = 0;
  while (tail < count || head < tail) {
    if (head === tail) {
      while (done[lowest]) lowest++;
      queue[tail++] = lowest;
      done[lowest] = 1;
    }
    const i = queue[head++]!;
    for (let k = after.start[i]!; k < after.start[i + 1]!; k++) {
      const child = after.list[k]!;
      if (done[child]) continue;
      layer[child] = Math.max(layer[child]!, layer[i]! + 1);
      if (--waits[child]! === 0) {
        queue[tail++] = child;
        done[child] = 1;
      }
    }
  }
  return layer;
}
