// One view of the session's graph: puts the parts together and holds what this view shows of it.

import type { State } from '../wire';
import { createAttention } from './attention';
import { suitedHeight } from './camera';
import { moreMenu, nodeMenu, runCommand, type Steerable } from './commands';
import { h } from './dom';
import { Folding } from './folding';
import { createFoot } from './foot';
import { Announcer } from './announcer';
import { SUMMARY, tally } from './summary';
import { createHead } from './head';
import { Inspecting } from './inspecting';
import { createInspector } from './inspector';
import { listenKeys } from './keys';
import { Layouter } from './layouter';
import { createMinimap } from './minimap';
import { CODE } from './model';
import {
  createEmpty,
  createKeys,
  createLegend,
  createMenu,
  createStrip,
  createTooltip,
  createZoom,
} from './overlays';
import { buildScene, hasGroups, INPUTS, placeScene, type Grouping } from './scene';
import { searchBox } from './search';
import { matching, Stage } from './stage';
import type { Store } from './store';
import { createTree, summarise } from './tree';
import { counted } from './words';

const NARROW = 560;
const SHEET = 720;

export interface ExplorerOptions {
  /** Ends every listener and timer of the view. */
  readonly signal: AbortSignal;
  /** Told of each choice: the node's name, or an empty string. */
  readonly onSelect?: (name: string) => void;
}

export class Explorer implements Steerable {
  readonly element: HTMLElement;
  private readonly signal: AbortSignal;
  readonly stage: Stage;
  private readonly layouter: Layouter;
  private readonly head;
  private readonly foot;
  readonly inspector;
  private readonly inspection: Inspecting;
  private readonly attention;
  private readonly minimap;
  private readonly legend = createLegend();
  private readonly tooltip = createTooltip();
  private readonly strip = createStrip();
  private readonly tree = createTree(id =>
    this.stage.canvas.setAttribute('aria-activedescendant', id),
  );
  private readonly menu;
  readonly keys: HTMLElement;
  private readonly empty: HTMLElement;
  private readonly loading = h('div', { class: 'jl-loading', role: 'status', hidden: true });
  private readonly announcer = new Announcer();
  private readonly alert = h('div', { class: 'jl-hidden', role: 'alert' });
  readonly search;

  grouping: Grouping = 'cell';
  readonly folding = new Folding();
  filter = new Set<State>();
  chosen = '';
  focusOn: { name: string; hops: number } | null = null;
  private opened = false;
  private suited = false;
  private notice = '';
  private layoutJob = 0;

  constructor(
    host: HTMLElement,
    readonly store: Store,
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
    this.inspection = new Inspecting(store, this.inspector, signal);
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
      this.announcer.element,
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
    listenKeys(stage.canvas, command => runCommand(this, command), signal);
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
    this.folding.carry(model);
    if (!this.opened && model.count > 0) {
      this.opened = true;
      this.onResize();
      this.folding.suit(this.narrow);
    }
    if (!model.index.has(this.chosen)) this.chosen = '';
    if (this.focusOn && !model.index.has(this.focusOn.name)) this.focusOn = null;
    this.empty.hidden = model.count > 0;
    this.relayout(true);
    if (this.chosen === '') this.inspector.element.hidden = true;
    else if (!this.inspector.element.hidden) this.inspection.ask(model, this.chosen);
    this.onStates();
  }

  private onStates(): void {
    const model = this.store.model;
    if (model === null) return;
    this.notice = '';
    this.updateBright();
    this.stage.statesChanged();
    this.updateHead();
    this.tree.update(model, this.chosen, this.folding.collapsed);
    if (this.narrow) this.attention.update(model);
    if (this.chosen !== '' && !this.inspector.element.hidden)
      this.inspection.refresh(model, this.chosen);
    this.announcer.say(model);
    this.element.dispatchEvent(new CustomEvent(SUMMARY, { bubbles: true, detail: tally(model) }));
  }

  private onConnection(): void {
    const { connected, heard } = this.store;
    this.stage.connected = connected;
    this.strip.update(connected, heard);
    this.element.classList.toggle('jl-away', !connected);
    if (this.chosen !== '' && !this.inspector.element.hidden && this.store.model !== null)
      this.inspection.refresh(this.store.model, this.chosen);
    this.stage.invalidate();
  }

  // Layout

  private relayout(keepView: boolean): void {
    const model = this.store.model!;
    const before = this.stage.scene;
    const choice = {
      grouping: this.focusOn ? ('none' as const) : hasGroups(model) ? this.grouping : 'none',
      collapsed: this.folding.collapsed,
      shown: this.focusOn && model.around(model.index.get(this.focusOn.name)!, this.focusOn.hops),
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
      this.suitHeight();
      this.updateBright();
      this.stage.choose(this.chosenItem());
      this.updateHead();
      this.tree.update(model, this.chosen, this.folding.collapsed);
    });
  }

  /** In a cell it is as tall as its first picture needs; afterwards nothing moves by itself. */
  private suitHeight(): void {
    const extent = this.stage.scene?.extent;
    const width = this.element.clientWidth;
    if (this.suited || extent === undefined || extent.width === 0 || width === 0) return;
    this.suited = true;
    if (this.element.closest('.jl-fill') !== null) return;
    const height = `${suitedHeight(extent, width)}px`;
    this.element.style.setProperty('--jl-explorer-height', height);
  }

  collapseAll(): void {
    this.folding.collapseAll();
    this.relayout(false);
  }

  setGrouping(grouping: Grouping): void {
    this.grouping = grouping;
    this.relayout(false);
  }

  toggleGroup(group: number): void {
    this.folding.toggle(group);
    this.relayout(true);
  }

  expandAll(): void {
    this.folding.expandAll();
    this.relayout(false);
  }

  setFocus(hops: number | null): void {
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

  toggleFilter(state: State, add: boolean): void {
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

  chosenItem(): number {
    const { scene } = this.stage;
    const node = scene?.model.index.get(this.chosen);
    return scene === null || node === undefined ? -1 : scene.item[node]!;
  }

  choose(node: number, open: boolean): void {
    const model = this.store.model!;
    const name = node < 0 ? '' : model.view.names[node]!;
    const changed = name !== this.chosen;
    this.chosen = name;
    this.stage.choose(this.chosenItem());
    this.tree.update(model, this.chosen, this.folding.collapsed);
    if (changed) this.options.onSelect?.(name);
    if (node < 0) this.inspector.element.hidden = true;
    else if (open || !this.inspector.element.hidden) this.inspection.ask(model, name);
    this.onResize();
    this.stage.reveal(this.chosenItem());
  }

  closeInspector(): void {
    this.inspector.element.hidden = true;
    this.onResize();
    this.focus();
  }

  /** Flies to a node, opening its group where it is collapsed. */
  go(node: number, open = true): void {
    const model = this.store.model!;
    const group = model.view.kinds[node] === 'feature' ? model.view.group[node]! : INPUTS;
    const hidden = this.focusOn !== null && this.stage.scene?.item[node] === -1;
    if (hidden) this.focusOn = null;
    if (this.folding.open(group) || hidden) this.relayout(true);
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

  async act(action: 'run' | 'invalidate', names: string[]): Promise<void> {
    try {
      await this.store.act(action, names);
    } catch (reason) {
      this.notice = reason instanceof Error ? reason.message : String(reason);
      this.alert.textContent = this.notice;
      this.stage.draw();
    }
  }

  recompute(): void {
    const model = this.store.model!;
    const stale = model.view.names.filter((_, i) => model.state[i] === CODE.stale);
    if (stale.length > 0) void this.act('run', stale);
  }

  // Pointer and menus

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

  private openMenu(item: number, x: number, y: number): void {
    const node = item < 0 ? -1 : this.stage.scene!.node[item]!;
    if (node < 0) return;
    this.choose(node, false);
    const own = this.element.getBoundingClientRect();
    const top = this.stage.canvas.getBoundingClientRect().top - own.top;
    this.menu.show(nodeMenu(this, node), x, y + top);
  }

  menuAtChosen(): void {
    const item = this.chosenItem();
    if (item < 0) return;
    const { x, y, zoom } = this.stage.view;
    const place = this.stage.placeOf(item);
    this.openMenu(item, (place.x - x) * zoom, (place.y - y) * zoom + 12);
  }

  private openMore(anchor: HTMLElement): void {
    const own = this.element.getBoundingClientRect();
    const at = anchor.getBoundingClientRect();
    this.menu.show(moreMenu(this), at.right - own.left - 200, at.bottom - own.top + 4);
  }

  toggleKeys(): void {
    this.keys.hidden = !this.keys.hidden;
  }

  closeKeys(): void {
    this.keys.hidden = true;
    this.focus();
  }

  // What is shown

  private narrow = false;

  private onResize(): void {
    const { clientWidth: width, clientHeight: height } = this.element;
    if (width === 0) return;
    this.suitHeight();
    this.narrow = width < NARROW;
    this.element.classList.toggle('jl-narrow', this.narrow);
    this.element.classList.toggle('jl-sheet', width < SHEET);
    const listed = this.narrow && height >= 460;
    this.attention.element.hidden = !listed;
    const model = this.opened ? this.store.model : null;
    if (model !== null && listed) this.attention.update(model);
    if (model !== null && this.stage.scene !== null && this.folding.suit(this.narrow))
      this.relayout(false);
    const sheet = this.inspector.element;
    const covers = width < SHEET && !sheet.hidden;
    const foot = this.stage.canvas.getBoundingClientRect().bottom;
    this.stage.covered = covers ? Math.max(0, foot - sheet.getBoundingClientRect().top) : 0;
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
}
