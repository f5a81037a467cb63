// One view of the session's graph: puts the parts together and holds what this view shows of it.

import type { State } from '../wire';
import { createAttention } from './attention';
import { h } from './dom';
import { createFoot, summary } from './foot';
import { createHead } from './head';
import { createInspector } from './inspector';
import { listenKeys, type Command } from './keys';
import { Layouter } from './layouter';
import { createMinimap } from './minimap';
import { CODE, type GraphModel } from './model';
import {
  createEmpty,
  createKeys,
  createLegend,
  createMenu,
  createStrip,
  createTooltip,
  createZoom,
  type MenuItem,
} from './overlays';
import { buildScene, hasGroups, INPUTS, neighbour, placeScene, type Grouping } from './scene';
import { searchBox } from './search';
import { matching, Stage } from './stage';
import type { Store } from './store';
import { createTree, summarise } from './tree';
import { counted } from './words';

/** Above this many nodes it opens collapsed. */
export const OPEN_LIMIT = 300;
const NARROW = 560;
const SHEET = 720;

export interface ExplorerOptions {
  /** Ends every listener and timer of the view. */
  readonly signal: AbortSignal;
  /** Told of each choice: the node's name, or an empty string. */
  readonly onSelect?: (name: string) => void;
}

export class Explorer {
  readonly element: HTMLElement;
  private readonly signal: AbortSignal;
  private readonly stage: Stage;
  private readonly layouter: Layouter;
  private readonly head;
  private readonly foot;
  private readonly inspector;
  private readonly attention;
  private readonly minimap;
  private readonly legend = createLegend();
  private readonly tooltip = createTooltip();
  private readonly strip = createStrip();
  private readonly tree = createTree();
  private readonly menu;
  private readonly keys: HTMLElement;
  private readonly empty: HTMLElement;
  private readonly loading = h('div', { class: 'jl-loading', role: 'status', hidden: true });
  private readonly status = h('div', { class: 'jl-hidden', role: 'status' });
  private readonly alert = h('div', { class: 'jl-hidden', role: 'alert' });
  private readonly search;

  private grouping: Grouping = 'cell';
  private collapsed = new Set<number>();
  private filter = new Set<State>();
  private chosen = '';
  private focusOn: { name: string; hops: number } | null = null;
  private opened = false;
  private notice = '';
  private layoutJob = 0;
  private said = '';
  private saidAt = -Infinity;

  constructor(
    host: HTMLElement,
    private readonly store: Store,
    private readonly options: ExplorerOptions,
  ) {
    const signal = (this.signal = options.signal);
    this.layouter = new Layouter(signal);
    const interrupt = store.canInterrupt ? () => store.interrupt() : null;
    this.search = searchBox(
      () => store.model,
      n => this.go(n),
      () => this.focus(),
      signal,
    );
    this.head = createHead(
      this.search.element,
      {
        filter: (state, add) => this.toggleFilter(state, add),
        group: grouping => this.setGrouping(grouping),
        hops: hops => this.setFocus(hops),
        more: anchor => this.openMore(anchor),
      },
      signal,
    );
    this.foot = createFoot(
      { recompute: () => this.recompute(), interrupt, open: n => this.go(n, true) },
      signal,
    );
    this.inspector = createInspector(
      {
        close: () => this.closeInspector(),
        choose: name => this.goName(name),
        focus: () => this.setFocus(2),
        run: () => void this.act('run', [this.chosen]),
        invalidate: () => void this.act('invalidate', [this.chosen]),
      },
      signal,
    );
    this.attention = createAttention(n => this.go(n, true), interrupt, signal);
    this.minimap = createMinimap((x, y) => this.stage.moveTo(x, y), signal);
    this.menu = createMenu(() => this.focus(), signal);
    this.keys = createKeys(() => this.closeKeys(), signal);
    this.empty = createEmpty(signal);
    const canvasHost = h('div', { class: 'jl-stage' });
    this.element = this.assemble(canvasHost);
    host.append(this.element);
    this.stage = new Stage(
      canvasHost,
      {
        click: item => this.onClick(item),
        title: group => this.toggleGroup(group),
        menu: (item, x, y) => this.openMenu(item, x, y),
        hover: (item, x, y) => this.onHover(item, x, y),
        drawn: repainted => this.onDrawn(repainted),
      },
      () => this.ownsWheel(),
      signal,
    );
    this.finish(canvasHost);
  }

  private assemble(canvasHost: HTMLElement): HTMLElement {
    const body = h(
      'div',
      { class: 'jl-body' },
      h('div', { class: 'jl-column' }, canvasHost, this.attention.element),
      this.inspector.element,
    );
    return h(
      'div',
      { class: 'jl jl-explorer', 'data-lm-suppress-shortcuts': 'true' },
      this.head.element,
      this.strip.element,
      body,
      this.foot.element,
      this.tree.element,
      this.status,
      this.alert,
      this.menu.element,
    );
  }

  private finish(canvasHost: HTMLElement): void {
    const { signal, store, stage } = this;
    const zoom = createZoom(
      { in: () => stage.zoomBy(1.3), out: () => stage.zoomBy(1 / 1.3), fit: () => stage.fit(true) },
      signal,
    );
    canvasHost.append(
      this.minimap.element,
      zoom,
      this.legend.element,
      this.tooltip.element,
      this.empty,
      this.loading,
      this.keys,
    );
    listenKeys(stage.canvas, command => this.onCommand(command), signal);
    const observer = new ResizeObserver(() => this.onResize());
    observer.observe(this.element);
    signal.addEventListener('abort', () => {
      observer.disconnect();
      this.element.remove();
    });
    store.on('graph', () => this.onGraph(), signal);
    store.on('states', () => this.onStates(), signal);
    store.on('connection', () => this.onConnection(), signal);
    this.onConnection();
    if (store.model !== null) this.onGraph();
  }

  /** Puts the keyboard on the graph. */
  focus(): void {
    this.stage.canvas.focus({ preventScroll: true });
  }

  // What comes from the kernel

  private onGraph(): void {
    const model = this.store.model!;
    if (!this.opened && model.count > 0) {
      this.opened = true;
      this.onResize();
      if (model.count > OPEN_LIMIT || this.narrow) this.collapseAll(model);
    }
    for (const group of this.collapsed)
      if (group !== INPUTS && group >= model.view.groups.length) this.collapsed.delete(group);
    if (!model.index.has(this.chosen)) this.chosen = '';
    if (this.focusOn && !model.index.has(this.focusOn.name)) this.focusOn = null;
    this.empty.hidden = model.count > 0;
    this.relayout(true);
    if (this.chosen !== '') this.inspect();
    this.onStates();
  }

  private onStates(): void {
    const model = this.store.model;
    if (model === null) return;
    this.notice = '';
    this.updateBright();
    this.stage.statesChanged();
    this.updateHead();
    if (this.narrow) this.attention.update(model);
    if (this.chosen !== '' && !this.inspector.element.hidden) this.refreshInspector(model);
    this.announce(model);
  }

  private onConnection(): void {
    const { connected, heard } = this.store;
    this.stage.connected = connected;
    this.strip.update(connected, heard);
    this.element.classList.toggle('jl-away', !connected);
    this.stage.invalidate();
  }

  // Layout

  private relayout(keepView: boolean): void {
    const model = this.store.model!;
    const before = this.stage.scene;
    const choice = {
      grouping: this.focusOn ? ('none' as const) : hasGroups(model) ? this.grouping : 'none',
      collapsed: this.collapsed,
      shown: this.focusNodes(model),
    };
    const scene = buildScene(model, choice, this.focusOn ? null : before);
    const job = ++this.layoutJob;
    const busy = window.setTimeout(() => {
      this.loading.textContent = `Laying out ${counted(scene.count, 'node')}`;
      this.loading.hidden = false;
    }, 200);
    this.layouter.run(scene.input, result => {
      clearTimeout(busy);
      this.loading.hidden = true;
      if (job !== this.layoutJob || this.signal.aborted) return;
      placeScene(scene, result);
      this.stage.setScene(scene, keepView && before !== null);
      this.updateBright();
      this.stage.choose(this.chosenItem());
      this.updateHead();
    });
  }

  private focusNodes(model: GraphModel): Uint8Array | null {
    if (this.focusOn === null) return null;
    const { name, hops } = this.focusOn;
    const node = model.index.get(name)!;
    const up = model.reach([node], model.parents, hops);
    const down = model.reach([node], model.children, hops);
    return Uint8Array.from(up, (hop, i) => (i === node || hop > 0 || down[i]! > 0 ? 1 : 0));
  }

  private collapseAll(model: GraphModel): void {
    this.collapsed = new Set(model.view.groups.keys());
    if (hasGroups(model)) this.collapsed.add(INPUTS);
  }

  private setGrouping(grouping: Grouping): void {
    this.grouping = grouping;
    this.relayout(false);
  }

  private toggleGroup(group: number): void {
    if (!this.collapsed.delete(group)) this.collapsed.add(group);
    this.relayout(true);
  }

  private expandAll(): void {
    this.collapsed.clear();
    this.relayout(false);
  }

  private setFocus(hops: number | null): void {
    if (hops === null) {
      if (this.focusOn === null) return;
      this.focusOn = null;
    } else {
      const name = this.chosen || this.focusOn?.name;
      if (name === undefined || name === '') return;
      this.focusOn = { name, hops };
    }
    this.relayout(false);
  }

  // Filter

  private toggleFilter(state: State, add: boolean): void {
    const had = this.filter.has(state);
    if (!add) this.filter.clear();
    if (had) this.filter.delete(state);
    else this.filter.add(state);
    this.updateBright();
    this.stage.statesChanged();
    this.updateHead();
  }

  private updateBright(): void {
    const { scene } = this.stage;
    if (scene === null) return;
    this.stage.bright =
      this.filter.size === 0
        ? null
        : matching(scene, (model, node) => this.filter.has(model.stateOf(node)));
  }

  // Choice and inspector

  private chosenItem(): number {
    const { scene } = this.stage;
    const node = scene?.model.index.get(this.chosen);
    return scene === null || node === undefined ? -1 : scene.item[node]!;
  }

  private choose(node: number, open: boolean): void {
    const model = this.store.model!;
    const name = node < 0 ? '' : model.view.names[node]!;
    const changed = name !== this.chosen;
    this.chosen = name;
    this.stage.choose(this.chosenItem());
    this.stage.canvas.setAttribute('aria-activedescendant', this.tree.update(model, node));
    if (changed) this.options.onSelect?.(name);
    if (node < 0) this.inspector.element.hidden = true;
    else if (open || !this.inspector.element.hidden) this.inspect();
    this.onResize();
    this.stage.reveal(this.chosenItem());
  }

  private inspect(): void {
    const model = this.store.model!;
    const name = this.chosen;
    this.refreshInspector(model);
    this.store.inspect(name).then(
      inspection => {
        if (this.chosen === name && !this.signal.aborted) this.inspector.answer(inspection);
      },
      (reason: Error) => {
        if (this.chosen === name && !this.signal.aborted) this.inspector.fail(reason.message);
      },
    );
  }

  private shown = '';

  private refreshInspector(model: GraphModel): void {
    const node = model.index.get(this.chosen);
    if (node === undefined) return;
    this.inspector.show(model, node, this.store.connected);
    // A node that has just changed has other figures and another reason.
    const key = `${this.chosen}|${model.state[node]}|${model.seconds[node]}|${model.note[node]}`;
    const asked = this.shown.startsWith(`${this.chosen}|`) && this.shown !== key;
    this.shown = key;
    const settled = model.state[node] !== CODE.running && model.state[node] !== CODE.queued;
    if (asked && settled && this.store.connected) {
      const name = this.chosen;
      this.store.inspect(name).then(
        inspection => this.inspector.answer(inspection),
        (reason: Error) => this.inspector.fail(reason.message),
      );
    }
  }

  private closeInspector(): void {
    this.inspector.element.hidden = true;
    this.onResize();
    this.focus();
  }

  /** Flies to a node, opening its group where it is collapsed. */
  private go(node: number, open = true): void {
    const model = this.store.model!;
    const group = model.view.kinds[node] === 'feature' ? model.view.group[node]! : INPUTS;
    const hidden = this.focusOn !== null && this.stage.scene?.item[node] === -1;
    if (hidden) this.focusOn = null;
    if (this.collapsed.delete(group) || hidden) this.relayout(true);
    this.choose(node, open);
    const item = this.chosenItem();
    if (item >= 0) this.stage.flyTo(item);
    this.focus();
  }

  private goName(name: string): void {
    const node = this.store.model?.index.get(name);
    if (node === undefined) return;
    if ((this.stage.scene?.item[node] ?? -1) < 0) this.go(node);
    else this.choose(node, true);
  }

  // Actions

  private async act(action: 'run' | 'invalidate', names: string[]): Promise<void> {
    try {
      await this.store.act(action, names);
    } catch (reason) {
      this.notice = reason instanceof Error ? reason.message : String(reason);
      this.alert.textContent = this.notice;
      this.stage.draw();
    }
  }

  private recompute(): void {
    const model = this.store.model!;
    const stale = model.view.names.filter((_, i) => model.state[i] === CODE.stale);
    if (stale.length > 0) void this.act('run', stale);
  }

  // Keyboard, pointer and menus

  private onCommand(command: Command): boolean {
    const { stage } = this;
    const model = this.store.model;
    if (model === null || stage.scene === null) return false;
    const node = model.index.get(this.chosen) ?? -1;
    const run: Record<Command, () => void> = {
      left: () => this.move('left'),
      right: () => this.move('right'),
      up: () => this.move('up'),
      down: () => this.move('down'),
      first: () => this.choose(this.edgeNode('first'), false),
      last: () => this.choose(this.edgeNode('last'), false),
      open: () => this.openChosen(node),
      back: () => this.back(),
      search: () => this.search.focus(),
      focus: () => this.setFocus(this.focusOn ? null : 2),
      hops1: () => this.setFocus(1),
      hops2: () => this.setFocus(2),
      hops3: () => this.setFocus(3),
      all: () => this.setFocus(null),
      run: () => node >= 0 && void this.act('run', [this.chosen]),
      recompute: () => this.recompute(),
      stale: () => this.toggleFilter('stale', false),
      error: () => this.nextError(model, node),
      collapse: () => this.collapseChosen(model, node),
      grouping: () => this.setGrouping(this.grouping === 'cell' ? 'none' : 'cell'),
      why: () => this.why(node),
      in: () => stage.zoomBy(1.3),
      out: () => stage.zoomBy(1 / 1.3),
      fit: () => stage.fit(true),
      keys: () => this.toggleKeys(),
      menu: () => this.menuAtChosen(),
    };
    if (command === 'back' && !this.canGoBack()) return false;
    run[command]();
    return true;
  }

  private openChosen(node: number): void {
    if (node < 0) return;
    const group = this.stage.scene!.group[this.chosenItem()] ?? -1;
    if (group !== -1) {
      this.toggleGroup(group);
      return;
    }
    this.choose(node, true);
    this.inspector.focus();
  }

  private why(node: number): void {
    if (node < 0) return;
    this.inspector.openTab('Why');
    this.choose(node, true);
  }

  private canGoBack(): boolean {
    return (
      !this.keys.hidden ||
      !this.inspector.element.hidden ||
      this.chosen !== '' ||
      this.focusOn !== null ||
      this.filter.size > 0
    );
  }

  private back(): void {
    if (!this.keys.hidden) this.closeKeys();
    else if (!this.inspector.element.hidden) this.closeInspector();
    else if (this.focusOn !== null) this.setFocus(null);
    else if (this.chosen !== '') this.choose(-1, false);
    else this.toggleFilter([...this.filter][0]!, false);
  }

  private move(direction: 'left' | 'right' | 'up' | 'down'): void {
    const scene = this.stage.scene!;
    const from = this.chosenItem();
    const to = from < 0 ? 0 : neighbour(scene, from, direction);
    if (to < 0 || scene.count === 0) return;
    const node = scene.node[to]! >= 0 ? scene.node[to]! : scene.item.indexOf(to);
    this.choose(node, false);
  }

  private edgeNode(which: 'first' | 'last'): number {
    const { model } = this.stage.scene!;
    const free = (side: { start: Int32Array }, i: number): boolean =>
      side.start[i] === side.start[i + 1];
    if (which === 'first') {
      for (let i = 0; i < model.count; i++) if (free(model.parents, i)) return i;
    }
    for (let i = model.count - 1; i >= 0; i--) if (free(model.children, i)) return i;
    return -1;
  }

  private nextError(model: GraphModel, from: number): void {
    for (let k = 1; k <= model.count; k++) {
      const node = (from + k + model.count) % model.count;
      if (model.state[node] === CODE.error) {
        this.go(node);
        return;
      }
    }
  }

  private collapseChosen(model: GraphModel, node: number): void {
    if (node < 0 || this.focusOn !== null) return;
    this.toggleGroup(model.view.kinds[node] === 'feature' ? model.view.group[node]! : INPUTS);
  }

  private onClick(item: number): void {
    const scene = this.stage.scene!;
    this.tooltip.hide();
    if (item < 0) this.choose(-1, false);
    else if (scene.node[item]! < 0) this.toggleGroup(scene.group[item]!);
    else this.choose(scene.node[item]!, true);
  }

  private onHover(item: number, x: number, y: number): void {
    const scene = this.stage.scene!;
    const node = item < 0 ? -1 : scene.node[item]!;
    if (node < 0 || this.stage.level === 'near') this.tooltip.hide();
    else this.tooltip.show(scene.model, node, x, y, this.stage.size.width);
  }

  private menuItems(node: number): MenuItem[] {
    const model = this.store.model!;
    const name = model.view.names[node]!;
    const can = this.store.connected && model.view.kinds[node] === 'feature';
    return [
      { text: 'Run to here', key: 'r', disabled: !can, run: () => void this.act('run', [name]) },
      { text: 'Invalidate', disabled: !can, run: () => void this.act('invalidate', [name]) },
      { text: 'Focus', key: 'f', run: () => this.setFocus(2) },
      { text: 'Why', key: 'w', run: () => this.why(node) },
      { text: 'Copy name', run: () => void navigator.clipboard?.writeText(name) },
    ];
  }

  private openMenu(item: number, x: number, y: number): void {
    const node = item < 0 ? -1 : this.stage.scene!.node[item]!;
    if (node < 0) return;
    this.choose(node, false);
    const top =
      this.stage.canvas.getBoundingClientRect().top - this.element.getBoundingClientRect().top;
    this.menu.show(this.menuItems(node), x, y + top);
  }

  private menuAtChosen(): void {
    const item = this.chosenItem();
    if (item < 0) return;
    const { x, y, zoom } = this.stage.view;
    const place = this.stage.placeOf(item);
    this.openMenu(item, (place.x - x) * zoom, (place.y - y) * zoom + 12);
  }

  private openMore(anchor: HTMLElement): void {
    const own = this.element.getBoundingClientRect();
    const at = anchor.getBoundingClientRect();
    const grouped = this.grouping === 'cell' && this.focusOn === null;
    const items: MenuItem[] = [
      {
        text: 'Expand all',
        disabled: !grouped || this.collapsed.size === 0,
        run: () => this.expandAll(),
      },
      {
        text: 'Collapse all',
        disabled: !grouped,
        run: () => {
          this.collapseAll(this.store.model!);
          this.relayout(false);
        },
      },
      {
        text: 'Recompute all stale',
        key: 'R',
        disabled: !this.store.connected,
        run: () => this.recompute(),
      },
      { text: 'Keys', key: '?', run: () => this.toggleKeys() },
    ];
    this.menu.show(items, at.right - own.left - 200, at.bottom - own.top + 4);
  }

  private toggleKeys(): void {
    this.keys.hidden = !this.keys.hidden;
  }

  private closeKeys(): void {
    this.keys.hidden = true;
    this.focus();
  }

  // What is shown

  private narrow = false;

  private onResize(): void {
    const { clientWidth: width, clientHeight: height } = this.element;
    if (width === 0) return;
    this.narrow = width < NARROW;
    this.element.classList.toggle('jl-narrow', this.narrow);
    this.element.classList.toggle('jl-sheet', width < SHEET);
    const listed = this.narrow && height >= 460;
    this.attention.element.hidden = !listed;
    if (listed && this.store.model !== null) this.attention.update(this.store.model);
  }

  private ownsWheel(): boolean {
    return (
      document.activeElement === this.stage.canvas || this.element.closest('.jl-fill') !== null
    );
  }

  private updateHead(): void {
    const model = this.store.model;
    if (model === null) return;
    const { filter, grouping } = this;
    this.head.update({ model, filter, grouping, hops: this.focusOn?.hops ?? null });
    this.stage.canvas.setAttribute('aria-label', summarise(model));
  }

  private onDrawn(repainted: boolean): void {
    const { scene, view, size, theme } = this.stage;
    const { model, connected } = this.store;
    if (scene === null || model === null) return;
    this.minimap.update(scene, view, size, theme, repainted);
    this.legend.update(this.stage.highlight);
    this.foot.update(model, view.zoom, this.notice, connected);
  }

  /** At most one message in two seconds; the end always. */
  private announce(model: GraphModel): void {
    const text = summary(model);
    const now = performance.now();
    const ended = model.total === 0;
    if (text === this.said || (!ended && now - this.saidAt < 2000)) return;
    this.said = text;
    this.saidAt = now;
    this.status.textContent = text;
  }
}
