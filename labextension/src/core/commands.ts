// What the keys and the menus do to a view.

import type { State } from '../wire';
import type { Folding } from './folding';
import type { Command } from './keys';
import type { Inspector } from './inspector';
import { CODE, type GraphModel } from './model';
import type { MenuItem } from './overlays';
import { INPUTS, neighbour, type Grouping } from './scene';
import type { SearchBox } from './search';
import type { Stage } from './stage';
import type { Store } from './store';

/** A view as commands see it. */
export interface Steerable {
  readonly stage: Stage;
  readonly store: Store;
  readonly inspector: Inspector;
  readonly search: SearchBox;
  readonly keys: HTMLElement;
  readonly grouping: Grouping;
  readonly folding: Folding;
  readonly filter: ReadonlySet<State>;
  readonly focusOn: { readonly hops: number } | null;
  /** Name of the chosen node, or an empty string. */
  readonly chosen: string;
  chosenItem(): number;
  choose(node: number, open: boolean): void;
  go(node: number): void;
  act(action: 'run' | 'invalidate', names: string[]): Promise<void>;
  recompute(): void;
  setFocus(hops: number | null): void;
  setGrouping(grouping: Grouping): void;
  toggleGroup(group: number): void;
  toggleFilter(state: State, add: boolean): void;
  collapseAll(): void;
  expandAll(): void;
  closeInspector(): void;
  toggleKeys(): void;
  closeKeys(): void;
  menuAtChosen(): void;
}

type Direction = 'left' | 'right' | 'up' | 'down';

function move(view: Steerable, direction: Direction): void {
  const scene = view.stage.scene!;
  const from = view.chosenItem();
  const to = from < 0 ? 0 : neighbour(scene, from, direction);
  if (to < 0 || scene.count === 0) return;
  view.choose(scene.node[to]! >= 0 ? scene.node[to]! : scene.item.indexOf(to), false);
}

function endNode(model: GraphModel, which: 'first' | 'last'): number {
  const free = (side: { start: Int32Array }, i: number): boolean =>
    side.start[i] === side.start[i + 1];
  const nodes = Array.from(model.state.keys());
  return which === 'first'
    ? (nodes.find(i => free(model.parents, i)) ?? -1)
    : (nodes.reverse().find(i => free(model.children, i)) ?? -1);
}

function nextError(view: Steerable, model: GraphModel, from: number): void {
  for (let k = 1; k <= model.count; k++) {
    const node = (from + k + model.count) % model.count;
    if (model.state[node] !== CODE.error) continue;
    view.go(node);
    return;
  }
}

function groupOf(model: GraphModel, node: number): number {
  return model.view.kinds[node] === 'feature' ? model.view.group[node]! : INPUTS;
}

function open(view: Steerable, node: number): void {
  if (node < 0) return;
  const group = view.stage.scene!.group[view.chosenItem()] ?? -1;
  if (group !== -1) {
    view.toggleGroup(group);
    return;
  }
  view.choose(node, true);
  view.inspector.focus();
}

function why(view: Steerable, node: number): void {
  if (node < 0) return;
  view.choose(node, true);
  view.inspector.openTab('Why');
}

/** One level back; false where there is none, so that the key is the page's. */
function back(view: Steerable): boolean {
  if (!view.keys.hidden) view.closeKeys();
  else if (!view.inspector.element.hidden) view.closeInspector();
  else if (view.focusOn !== null) view.setFocus(null);
  else if (view.chosen !== '') view.choose(-1, false);
  else if (view.filter.size > 0) view.toggleFilter([...view.filter][0]!, false);
  else return false;
  return true;
}

/** Runs a command; false for one that is left to the page. */
export function runCommand(view: Steerable, command: Command): boolean {
  const { stage } = view;
  const { model } = view.store;
  if (model === null || stage.scene === null) return false;
  const node = model.index.get(view.chosen) ?? -1;
  const run: Record<Exclude<Command, 'back'>, () => void> = {
    left: () => move(view, 'left'),
    right: () => move(view, 'right'),
    up: () => move(view, 'up'),
    down: () => move(view, 'down'),
    first: () => view.choose(endNode(model, 'first'), false),
    last: () => view.choose(endNode(model, 'last'), false),
    open: () => open(view, node),
    search: () => view.search.focus(),
    focus: () => view.setFocus(view.focusOn ? null : 2),
    hops1: () => view.setFocus(1),
    hops2: () => view.setFocus(2),
    hops3: () => view.setFocus(3),
    all: () => view.setFocus(null),
    run: () => canRun(view, node) && void view.act('run', [view.chosen]),
    recompute: () => view.recompute(),
    stale: () => view.toggleFilter('stale', false),
    error: () => nextError(view, model, node),
    collapse: () => node >= 0 && !view.focusOn && view.toggleGroup(groupOf(model, node)),
    grouping: () => view.setGrouping(view.grouping === 'cell' ? 'none' : 'cell'),
    why: () => why(view, node),
    in: () => stage.zoomBy(1.3),
    out: () => stage.zoomBy(1 / 1.3),
    fit: () => stage.fit(true),
    keys: () => view.toggleKeys(),
    menu: () => view.menuAtChosen(),
  };
  if (command === 'back') return back(view);
  run[command]();
  return true;
}

/** Whether a node is something that a session could compute now. */
export function canRun(view: Steerable, node: number): boolean {
  const { model, connected } = view.store;
  return connected && model !== null && model.view.live && model.view.kinds[node] === 'feature';
}

export function nodeMenu(view: Steerable, node: number): MenuItem[] {
  const name = view.store.model!.view.names[node]!;
  const disabled = !canRun(view, node);
  return [
    { text: 'Run to here', key: 'r', disabled, run: () => void view.act('run', [name]) },
    { text: 'Invalidate', disabled, run: () => void view.act('invalidate', [name]) },
    { text: 'Focus', key: 'f', run: () => view.setFocus(2) },
    { text: 'Why', key: 'w', run: () => why(view, node) },
    { text: 'Copy name', run: () => void navigator.clipboard?.writeText(name) },
  ];
}

export function moreMenu(view: Steerable): MenuItem[] {
  const model = view.store.model;
  const grouped =
    view.grouping === 'cell' && view.focusOn === null && (model?.view.groups.length ?? 0) > 0;
  const stale = model === null ? 0 : model.counts[CODE.stale]!;
  return [
    {
      text: 'Expand all',
      disabled: !grouped || view.folding.collapsed.size === 0,
      run: () => view.expandAll(),
    },
    { text: 'Collapse all', disabled: !grouped, run: () => view.collapseAll() },
    {
      text: 'Recompute all stale',
      key: 'R',
      disabled: !view.store.connected || stale === 0,
      run: () => view.recompute(),
    },
    { text: 'Keys', key: '?', run: () => view.toggleKeys() },
  ];
}
