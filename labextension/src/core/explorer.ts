// One view of the session's graph: puts the parts together and holds what this view shows of it.

import { createAttention } from './attention';
import { suitedHeight } from './camera';
import { DiffParts } from './diff';
import { endPath, inspectorActions, runCommand, type Steerable } from './commands';
import { copyText, h } from './dom';
import { Folding } from './folding';
import { createFoot } from './foot';
import { Announcer } from './announcer';
import { SUMMARY, tally } from './summary';
import { createHead } from './head';
import { Inspecting } from './inspecting';
import { createInspector } from './inspector';
import { listenKeys } from './keys';
import { Layouter } from './layouter';
import { Menus } from './menus';
import { CODE } from './model';
import { createStrip } from './overlays';
import { groupings, groupsOf, type Grouping } from './grouping';
import { roomier } from './roominess';
import { buildScene, INPUTS, nodesOf, placeScene } from './scene';
import { SearchField } from './search';
import { same, Selecting } from './selecting';
import { matching, Stage } from './stage';
import type { Store } from './store';
import { Surroundings } from './surroundings';
import { createTree, summarise } from './tree';

/** A part of the graph with up to so many nodes is drawn without groups. */
const FLAT = 300;
const NARROW = 560;
const SHEET = 720;

export interface ExplorerOptions {
  /** Ends every listener and timer of the view. */
  readonly signal: AbortSignal;
  /** Told of each choice: the node's name, or an empty string. */
  readonly onSelect?: (name: string) => void;
  /** What to select when it opens. */
  readonly query?: string;
}

export class Explorer implements Steerable {
  readonly element: HTMLElement;
  private readonly signal: AbortSignal;
  readonly stage: Stage;
  private readonly layouter: Layouter;
  private readonly head;
  private readonly diff: DiffParts;
  private readonly foot;
  readonly inspector;
  private readonly inspection: Inspecting;
  private readonly attention;
  private readonly strip = createStrip();
  private readonly tree = createTree({
    active: id => this.stage.canvas.setAttribute('aria-activedescendant', id),
    node: node => this.choose(node, true),
    group: group => this.toggleGroup(group),
  });
  readonly menus: Menus;
  readonly around: Surroundings;
  private readonly announcer = new Announcer();
  private readonly alert = h('div', { class: 'jl-hidden', role: 'alert' });
  readonly search;

  grouping: Grouping = 'cell';
  readonly folding = new Folding();
  readonly selecting: Selecting;
  chosen = '';
  /** What was drawn alone when the picture was last laid out. */
  private shown: Uint8Array | null = null;
  private opened = false;
  private suited = false;
  private narrow = false;
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
    this.selecting = new Selecting(store, () => this.onSelection(), signal);
    this.search = new SearchField(
      store,
      this.selecting,
      n => this.go(n),
      () => this.focus(),
      signal,
    );
    this.diff = new DiffParts(
      {
        filter: (state, add) => this.selecting.toggleState(state, add),
        changed: only => (only ? this.selecting.setMarks() : this.selecting.clear()),
        open: node => this.go(node),
      },
      signal,
    );
    this.head = createHead(
      this.search.element,
      this.diff.head,
      {
        filter: (state, add) => this.selecting.toggleState(state, add),
        group: grouping => this.setGrouping(grouping),
        hops: hops => this.setFocus(hops),
        more: anchor => this.menus.more(anchor),
        share: anchor => this.menus.share(anchor),
        copy: () => void copyText(`%compute ${this.selecting.text}`),
        recompute: () => void this.act('run', this.selecting.names('stale')),
      },
      signal,
    );
    this.foot = createFoot(
      { recompute: () => this.recompute(), interrupt, open: n => this.go(n, true) },
      signal,
    );
    this.inspector = createInspector(inspectorActions(this), signal);
    this.inspection = new Inspecting(store, this.inspector, signal);
    this.attention = createAttention(n => this.go(n, true), interrupt, signal);
    this.menus = new Menus(this, signal);
    const canvasHost = h('div', { class: 'jl-stage' });
    this.element = this.assemble(canvasHost);
    host.append(this.element);
    this.stage = new Stage(
      canvasHost,
      {
        click: (item, add) => this.onClick(item, add),
        enclosed: items => this.selecting.pick(this.nodesIn(items)),
        title: group => this.toggleGroup(group),
        menu: (item, x, y) => this.menus.node(item, x, y),
        hover: (item, x, y) =>
          this.around.hover(item < 0 ? -1 : this.stage.scene!.node[item]!, x, y),
        drawn: repainted => this.onDrawn(repainted),
      },
      () => this.ownsWheel(),
      signal,
    );
    this.around = new Surroundings(this.stage, () => this.closeKeys(), signal);
    canvasHost.append(...this.around.elements);
    this.finish();
  }

  get pathing(): Surroundings['pathing'] {
    return this.around.pathing;
  }

  get keys(): HTMLElement {
    return this.around.keys;
  }

  private assemble(canvasHost: HTMLElement): HTMLElement {
    const body = h(
      'div',
      { class: 'jl-body' },
      h('div', { class: 'jl-column' }, canvasHost, this.attention.element),
      this.inspector.element,
      this.diff.list,
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
      this.menus.element,
    );
  }

  private finish(): void {
    const { signal, store, stage } = this;
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
    // What runs says for how long: once a second, and only while something does.
    const clock = setInterval(() => {
      if ((store.model?.counts[CODE.running] ?? 0) > 0) stage.statesChanged();
    }, 1000);
    signal.addEventListener('abort', () => clearInterval(clock));
    this.onConnection();
    if (store.model !== null) this.onGraph();
  }

  /** Puts the keyboard on the graph. */
  focus(): void {
    this.stage.canvas.focus({ preventScroll: true });
  }

  private onGraph(): void {
    const model = this.store.model!;
    if (!groupings(model).some(([value]) => value === this.grouping))
      this.grouping = groupings(model)[0]![0];
    this.folding.carry(groupsOf(model, this.grouping), model.count);
    if (!this.opened && model.count > 0) {
      this.opened = true;
      this.onResize();
      this.folding.suit(this.narrow);
      if (this.options.query) this.selecting.query(this.options.query);
    }
    if (!model.index.has(this.chosen)) this.chosen = '';
    if (!model.index.has(this.pathing.from)) this.pathing.end();
    this.selecting.refresh(true);
    this.around.empty.hidden = model.count > 0;
    this.relayout(true);
    if (this.chosen === '') this.inspector.element.hidden = true;
    else if (!this.inspector.element.hidden) this.inspection.ask(model, this.chosen);
    this.onStates();
  }

  private onStates(): void {
    const model = this.store.model;
    if (model === null) return;
    this.notice = '';
    this.selecting.refresh(false);
    this.updateBright();
    this.stage.statesChanged();
    this.updateHead();
    this.updateTree();
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

  private relayout(keepView: boolean): void {
    const model = this.store.model!;
    const before = this.stage.scene;
    const { around, nodes, count } = this.selecting;
    this.shown = around && nodes?.length === model.count ? nodes : null;
    const flat = this.shown !== null && count <= FLAT;
    const choice = {
      grouping: flat ? 'none' : this.grouping,
      collapsed: this.folding.collapsed,
      shown: this.shown,
      nodeWidth: keepView ? before?.nodeWidth : undefined,
    };
    const scene = buildScene(model, choice, this.shown === null ? before : null);
    const job = ++this.layoutJob;
    const settled = this.around.busy(scene.count);
    this.layouter.run(scene.input, result => {
      settled();
      if (job !== this.layoutJob || this.signal.aborted) return;
      placeScene(scene, result);
      const kept = keepView && before !== null;
      this.stage.setScene(kept ? scene : roomier(scene, choice, this.stage), kept);
      this.suitHeight();
      this.updateBright();
      this.stage.choose(this.chosenItem());
      this.updateHead();
      this.updateTree();
    });
  }

  private updateTree(): void {
    const { model } = this.store;
    if (model === null) return;
    const groups = groupsOf(model, this.grouping);
    this.tree.update(model, this.chosen, groups, this.folding.collapsed);
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
    const model = this.store.model!;
    this.grouping = grouping;
    this.folding.carry(groupsOf(model, grouping), model.count);
    this.relayout(false);
  }

  groupOf(node: number): number {
    const model = this.store.model!;
    if (model.view.kinds[node] !== 'feature') return INPUTS;
    return groupsOf(model, this.grouping).of[node] ?? -1;
  }

  toggleGroup(group: number): void {
    this.folding.toggle(group);
    this.relayout(true);
  }

  expandAll(): void {
    this.folding.expandAll();
    this.relayout(false);
  }

  // Selection

  setFocus(hops: number | null): void {
    if (hops === null) {
      if (this.selecting.around) this.selecting.clear();
      return;
    }
    const name = this.chosen || this.selecting.focus?.name;
    if (name) this.selecting.setFocus(name, hops);
  }

  private onSelection(): void {
    const { around, nodes } = this.selecting;
    const shown = around ? nodes : null;
    if (this.store.model !== null && this.stage.scene !== null && !same(shown, this.shown))
      this.relayout(false);
    this.updateBright();
    this.stage.statesChanged();
    this.updateHead();
    this.search.update();
  }

  private updateBright(): void {
    const { scene } = this.stage;
    const { nodes, around } = this.selecting;
    if (scene === null) return;
    this.stage.bright =
      nodes === null || around ? null : matching(scene, (_, node) => nodes[node] === 1);
  }

  private nodesIn(items: readonly number[]): number[] {
    const scene = this.stage.scene!;
    return items.flatMap(item => nodesOf(scene, item));
  }

  /** One line in the foot, until something changes. */
  say(message: string): void {
    this.notice = message;
    this.stage.draw();
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
    this.updateTree();
    if (changed) this.options.onSelect?.(name);
    if (node < 0) this.inspector.element.hidden = true;
    else if (open || !this.inspector.element.hidden) this.inspection.ask(model, name);
    this.updateHead();
    this.onResize();
    this.stage.reveal(this.chosenItem());
  }

  closeInspector(): void {
    this.inspector.element.hidden = true;
    this.updateHead();
    this.onResize();
    this.focus();
  }

  /** Flies to a node, opening its group where it is collapsed. */
  go(node: number, open = true): void {
    const hidden = this.stage.scene?.item[node] === -1;
    if (hidden) this.selecting.clear();
    if (this.folding.open(this.groupOf(node))) this.relayout(true);
    this.choose(node, open);
    const item = this.chosenItem();
    if (item >= 0) this.stage.flyTo(item);
    this.focus();
  }

  goName(name: string): void {
    const node = this.store.model?.index.get(name);
    if (node === undefined) return;
    if ((this.stage.scene?.item[node] ?? -1) < 0) this.go(node);
    else this.choose(node, true);
  }

  async act(action: 'run' | 'invalidate' | 'drop', names: string[]): Promise<void> {
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

  private onClick(item: number, add: boolean): void {
    const scene = this.stage.scene!;
    this.around.tooltip.hide();
    if (add && item >= 0) this.selecting.pick(nodesOf(scene, item));
    else if (this.pathing.from !== '' && item >= 0 && scene.node[item]! >= 0)
      endPath(this, scene.node[item]!);
    else if (item < 0) this.choose(-1, false);
    else if (scene.node[item]! < 0) this.toggleGroup(scene.group[item]!);
    else this.choose(scene.node[item]!, true);
  }

  toggleKeys(): void {
    this.keys.hidden = !this.keys.hidden;
  }

  closeKeys(): void {
    this.keys.hidden = true;
    this.focus();
  }

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
    const { selecting, grouping } = this;
    const stale = model.view.live && this.store.connected ? selecting.names('stale').length : 0;
    this.head.update({
      model,
      filter: selecting.states,
      grouping,
      hops: selecting.focus?.hops ?? null,
      selected: selecting.nodes !== null,
      stale,
    });
    this.diff.update(model, selecting.states, selecting.around, !this.inspector.element.hidden);
    this.stage.canvas.setAttribute('aria-label', summarise(model));
  }

  private onDrawn(repainted: boolean): void {
    const { model, connected } = this.store;
    if (model === null) return;
    this.around.drawn(repainted);
    this.foot.update(model, this.stage.view.zoom, this.notice, connected);
  }
}
