// The parallel tree for screen readers: the chosen node's neighbourhood and the groups.

import { isDiff } from './diff';
import { data, fill, h } from './dom';
import { glyph } from './glyphs';
import type { Groups } from './grouping';
import type { GraphModel } from './model';
import type { Adjacency } from './order';
import { isSkew, skewWord } from './skew';
import { nullShare, oneLine } from './words';

const MOST = 40;

export interface Tree {
  readonly element: HTMLElement;
  /** Rebuilds it around a node; groups alone where there is none of that name. */
  update(model: GraphModel, chosen: string, groups: Groups, collapsed: ReadonlySet<number>): void;
}

/** `origin_congestion, running, float64, 2.4 % null, 2 parents, 2 children` */
export function describe(model: GraphModel, node: number): string {
  const size = (side: Adjacency): number => side.start[node + 1]! - side.start[node]!;
  const plural = (count: number, one: string, many: string): string =>
    `${count} ${count === 1 ? one : many}`;
  return [
    oneLine(model.view.names[node]!),
    isDiff(model)
      ? model.view.marks[node]! || 'unchanged'
      : isSkew(model)
        ? skewWord(model.stateOf(node))
        : model.stateOf(node),
    oneLine(model.note[node]!),
    model.dtype[node]!,
    nullShare(model.nulls[node]!, model.rows[node]!),
    plural(size(model.parents), 'parent', 'parents'),
    plural(size(model.children), 'child', 'children'),
  ]
    .filter(Boolean)
    .join(', ');
}

let serial = 0;

export interface TreeActions {
  /** Told the id of the active row, empty where there is none. */
  active(id: string): void;
  node(node: number): void;
  group(group: number): void;
}

export function createTree(acts: TreeActions): Tree {
  const prefix = `jl-tree-${++serial}`;
  const element = h('ul', { class: 'jl-hidden jl-tree', role: 'tree', 'aria-label': 'Features' });
  const row = (model: GraphModel, node: number, level: number): HTMLElement => {
    const label = describe(model, node);
    const own = h(
      'li',
      { role: 'treeitem', 'aria-level': String(level), 'aria-label': label },
      glyph(model.stateOf(node)),
      data(label),
    );
    own.id = `${prefix}-${node}`;
    own.addEventListener('click', () => acts.node(node));
    return own;
  };
  const around = (model: GraphModel, node: number, side: Adjacency, level: number): HTMLElement[] =>
    Array.from(
      side.list.subarray(
        side.start[node]!,
        Math.min(side.start[node + 1]!, side.start[node]! + MOST),
      ),
      other => row(model, other, level),
    );
  return {
    element,
    update: (model, chosen, own, collapsed) => {
      const node = model.index.get(chosen) ?? -1;
      const groups = own.titles.map((title, g) => {
        const label = [oneLine(title), own.notes[g]!].filter(Boolean).join(', ');
        const row = h(
          'li',
          {
            role: 'treeitem',
            'aria-level': '1',
            'aria-expanded': String(!collapsed.has(g)),
            'aria-label': label,
          },
          data(label),
        );
        row.addEventListener('click', () => acts.group(g));
        return row;
      });
      if (node < 0) {
        fill(element, ...groups);
        acts.active('');
        return;
      }
      const active = row(model, node, 2);
      active.setAttribute('aria-selected', 'true');
      fill(
        element,
        ...groups,
        ...around(model, node, model.parents, 1),
        active,
        ...around(model, node, model.children, 3),
      );
      acts.active(active.id);
    },
  };
}

/** What the canvas is, in one line: `34 features, 2 stale, 1 running`. */
export function summarise(model: GraphModel): string {
  if (isDiff(model) || isSkew(model)) return model.message;
  const states = (['error', 'stale', 'running', 'queued'] as const)
    .map(state => {
      let count = 0;
      for (let i = 0; i < model.count; i++) if (model.stateOf(i) === state) count++;
      return count > 0 ? `${count} ${state === 'error' ? 'failed' : state}` : '';
    })
    .filter(Boolean);
  const features = `${model.features} feature${model.features === 1 ? '' : 's'}`;
  return [features, ...states].join(', ');
}
