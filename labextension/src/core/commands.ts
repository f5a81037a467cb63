// What the keys and the menus do to a view.

import { goToCell } from './cells';
import { copyText } from './dom';
import type { Folding } from './folding';
import type { Command } from './keys';
import type { Inspector, InspectorActions } from './inspector';
import { CODE, type GraphModel } from './model';
import type { Menus } from './menus';
import type { MenuItem } from './overlays';
import type { Pathing } from './pathing';
import { groupings, type Grouping } from './grouping';
import { neighbour } from './scene';
import type { Selecting } from './selecting';
import type { SearchBox } from './search';
import type { Stage } from './stage';
import type { Store } from './store';
import { counted, oneLine } from './words';

/** A view as commands see it. */
export interface Steerable {
  readonly stage: Stage;
  readonly store: Store;
  readonly inspector: Inspector;
  readonly search: SearchBox;
  readonly keys: HTMLElement;
  readonly grouping: Grouping;
  readonly folding: Folding;
  readonly selecting: Selecting;
  readonly pathing: Pathing;
  readonly menus: Menus;
  /** Name of the chosen node, or an empty string. */
  readonly chosen: string;
  chosenItem(): number;
  choose(node: number, open: boolean): void;
  go(node: number): void;
  goName(name: string): void;
  act(action: 'run' | 'invalidate' | 'drop', names: string[]): Promise<void>;
  recompute(): void;
  readonly element: HTMLElement;
  /** One line in the foot, until something changes. */
  say(message: string): void;
  focus(): void;
  groupOf(node: number): number;
  setFocus(hops: number | null): void;
  setGrouping(grouping: Grouping): void;
  toggleGroup(group: number): void;
  collapseAll(): void;
  expandAll(): void;
  closeInspector(): void;
  toggleKeys(): void;
  closeKeys(): void;
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

function startPath(view: Steerable): void {
  view.pathing.start(view.chosen);
  view.stage.canvas.focus({ preventScroll: true });
}

/** Selects all ways to a node from where a path was begun; -1 gives up. */
export function endPath(view: Steerable, node: number): void {
  const from = view.pathing.end();
  if (node < 0 || from === '') return;
  const to = view.store.model!.view.names[node]!;
  if (view.selecting.setPath(from, to)) view.choose(node, false);
  else view.say(`No path between ${oneLine(from)} and ${oneLine(to)}.`);
}

function showCell(view: Steerable, node: number): void {
  const model = view.store.model!;
  const id = model.view.cells[model.view.group[node]!];
  const label = model.groupNote(node);
  if (id === undefined || goToCell(view.element, { id, label })) return;
  view.say(`It is in ${label}. This page has no way to show a cell.`);
}

function toggleTree(view: Steerable): void {
  view.element.classList.toggle('jl-as-list');
  view.focus();
}

/** The next of the nodes that lie on the same side of the one that an arrow led from. */
function cycle(view: Steerable, model: GraphModel, node: number, by: number): void {
  const family = (side: { start: Int32Array; list: Int32Array }, of: number): number[] =>
    Array.from(side.list.subarray(side.start[of]!, side.start[of + 1]!));
  const shown = (other: number): boolean => view.stage.scene!.item[other]! >= 0;
  const sets = [
    ...family(model.parents, node).map(parent => family(model.children, parent)),
    ...family(model.children, node).map(child => family(model.parents, child)),
  ];
  const most = sets.map(own => own.filter(shown)).sort((a, b) => b.length - a.length)[0] ?? [];
  const at = most.indexOf(node);
  if (at >= 0) view.choose(most[(at + by + most.length) % most.length]!, false);
}

function open(view: Steerable, node: number): void {
  if (node < 0) return;
  if (view.pathing.from !== '') {
    endPath(view, node);
    return;
  }
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
  else if (view.pathing.from !== '') endPath(view, -1);
  else if (!view.inspector.element.hidden) view.closeInspector();
  else if (view.selecting.around) view.selecting.clear();
  else if (view.chosen !== '') view.choose(-1, false);
  else if (view.selecting.nodes !== null) view.selecting.clear();
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
    focus: () => view.setFocus(view.selecting.around ? null : 2),
    hops1: () => view.setFocus(1),
    hops2: () => view.setFocus(2),
    hops3: () => view.setFocus(3),
    all: () => view.setFocus(null),
    run: () => canRun(view, node) && void view.act('run', [view.chosen]),
    recompute: () => view.recompute(),
    stale: () => view.selecting.toggleState('stale', false),
    error: () => nextError(view, model, node),
    collapse: () => node >= 0 && !view.selecting.around && view.toggleGroup(view.groupOf(node)),
    grouping: () => nextGrouping(view, model),
    why: () => why(view, node),
    in: () => stage.zoomBy(1.3),
    out: () => stage.zoomBy(1 / 1.3),
    fit: () => stage.fit(true),
    keys: () => view.toggleKeys(),
    menu: () => view.menus.atChosen(),
    add: () => node >= 0 && view.selecting.pick([node]),
    path: () => (view.pathing.from === '' ? startPath(view) : endPath(view, node)),
    cell: () => node >= 0 && showCell(view, node),
    tree: () => toggleTree(view),
    before: () => node >= 0 && cycle(view, model, node, -1),
    after: () => node >= 0 && cycle(view, model, node, 1),
  };
  if (command === 'back') return back(view);
  run[command]();
  return true;
}

function nextGrouping(view: Steerable, model: GraphModel): void {
  const values = groupings(model).map(([value]) => value);
  view.setGrouping(values[(values.indexOf(view.grouping) + 1) % values.length]!);
}

/** Whether a node is something that a session could compute now. */
export function canRun(view: Steerable, node: number): boolean {
  const { model, connected } = view.store;
  return connected && model !== null && model.view.live && model.view.kinds[node] === 'feature';
}

/** What the buttons of the inspector do: all to the chosen node. */
export function inspectorActions(view: Steerable): InspectorActions {
  return {
    close: () => view.closeInspector(),
    choose: name => view.goName(name),
    focus: () => view.setFocus(2),
    run: () => void view.act('run', [view.chosen]),
    more: anchor => view.menus.chosen(anchor),
    cell: () => showCell(view, view.store.model!.index.get(view.chosen)!),
  };
}

/** What dropping it would cost, in the words of its menu row. */
function dropWords(model: GraphModel, node: number): string {
  const readers = model.children.start[node + 1]! - model.children.start[node]!;
  if (readers === 0) return 'Drop, nothing reads it';
  return `Drop, ${counted(readers, 'feature')} ${readers === 1 ? 'reads' : 'read'} it`;
}

export function nodeMenu(view: Steerable, node: number): MenuItem[] {
  const model = view.store.model!;
  const name = model.view.names[node]!;
  const disabled = !canRun(view, node);
  const cell = model.view.cells.length > 0 && model.view.group[node]! >= 0;
  const where = model.groupNote(node);
  return [
    { text: 'Run to here', key: 'r', disabled, run: () => void view.act('run', [name]) },
    { text: 'Invalidate', disabled, run: () => void view.act('invalidate', [name]) },
    { text: dropWords(model, node), disabled, run: () => void view.act('drop', [name]) },
    { text: 'Focus', key: 'f', apart: true, run: () => view.setFocus(2) },
    { text: 'Path to…', key: 'p', run: () => startPath(view) },
    { text: 'Why', key: 'w', run: () => why(view, node) },
    ...(cell ? [{ text: `Go to ${where}`, key: 'o', run: () => showCell(view, node) }] : []),
    { text: 'Copy name', apart: true, run: () => void copyText(name) },
  ];
}

export function moreMenu(view: Steerable): MenuItem[] {
  const model = view.store.model;
  const titles = view.stage.scene?.groups.titles ?? [];
  const grouped = titles.length > 0 && !view.selecting.around;
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
    { text: 'List instead of picture', key: 't', run: () => toggleTree(view) },
    { text: 'Keys', key: '?', apart: true, run: () => view.toggleKeys() },
  ];
}
