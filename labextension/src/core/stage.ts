// The canvas with its camera: what is in view, what is hovered and chosen, and when it is drawn.

import {
  between,
  centred,
  clampZoom,
  ease,
  fit,
  level,
  zoomAt,
  type Level,
  type Size,
  type View,
} from './camera';
import { h } from './dom';
import { listenGestures, type Point } from './gestures';
import type { GraphModel } from './model';
import { Painter, type Highlight } from './painter';
import { itemAt, itemsIn, nodesOf, titleAt, type Scene } from './scene';
import { readTheme, watchTheme, type Theme } from './theme';

export interface StageEvents {
  /** An item was clicked (-1: the ground); `add`: with Shift. */
  click(item: number, add: boolean): void;
  /** Items were enclosed in a rectangle. */
  enclosed(items: readonly number[]): void;
  title(group: number): void;
  menu(item: number, x: number, y: number): void;
  /** The pointer rests on an item for 120 ms (-1: on none). */
  hover(item: number, x: number, y: number): void;
  /** A frame was drawn. */
  drawn(repainted: boolean): void;
}

const REST = 140;
const HOVER = 120;
/** In a narrow view up to so many items are kept large enough to be read. */
const READABLE_ITEMS = 120;
const READABLE_ZOOM = 0.66;

interface Flight {
  readonly from: View;
  readonly to: View;
  readonly start: number;
  readonly length: number;
}

interface Glide {
  readonly fromX: Float32Array;
  readonly fromY: Float32Array;
  readonly toX: Float32Array;
  readonly toY: Float32Array;
  readonly start: number;
}

export class Stage {
  readonly canvas = h('canvas', {
    class: 'jl-canvas',
    role: 'application',
    tabindex: 0,
    'data-lm-suppress-shortcuts': 'true',
  });
  private readonly band = h('div', { class: 'jl-band', hidden: true });
  scene: Scene | null = null;
  theme: Theme;
  view: View = { x: 0, y: 0, zoom: 1 };
  size: Size = { width: 0, height: 0 };
  level: Level = 'near';
  chosen = -1;
  hovered = -1;
  bright: Uint8Array | null = null;
  connected = true;
  /** Pixels at the foot that something else covers. */
  covered = 0;
  highlight: Highlight | null = null;
  private readonly painter = new Painter(this.canvas);
  private frame = 0;
  private movedAt = -Infinity;
  private held = false;
  private fitted = true;
  private flight: Flight | null = null;
  private glide: Glide | null = null;
  private hoverTimer = 0;
  private repaint = true;
  private spreadLevel: Level | null = null;

  constructor(
    host: HTMLElement,
    private readonly events: StageEvents,
    private readonly ownsWheel: () => boolean,
    signal: AbortSignal,
  ) {
    host.append(this.canvas, this.band);
    this.theme = readTheme(host);
    watchTheme(() => {
      this.theme = readTheme(host);
      this.invalidate();
    }, signal);
    const observer = new ResizeObserver(() => this.resize(host));
    observer.observe(host);
    signal.addEventListener('abort', () => {
      observer.disconnect();
      cancelAnimationFrame(this.frame);
      clearTimeout(this.hoverTimer);
    });
    this.listen(signal);
  }

  private listen(signal: AbortSignal): void {
    listenGestures(
      this.canvas,
      {
        pan: (dx, dy) => this.pan(dx, dy),
        zoomBy: (factor, x, y) => this.zoomBy(factor, x, y),
        hover: (x, y) => this.hover(x, y),
        leave: () => this.hover(-1, -1),
        click: (x, y, how) => this.click(x, y, how),
        band: (from, to, done) => this.drawBand(from, to, done),
        menu: (x, y) => this.events.menu(this.itemAt(x, y), x, y),
        hold: held => {
          this.held = held;
          this.canvas.classList.toggle('jl-held', held);
          this.flight = null;
          this.draw();
        },
        ownsWheel: this.ownsWheel,
      },
      signal,
    );
    for (const name of ['focus', 'blur'] as const)
      this.canvas.addEventListener(name, () => this.draw(), { signal });
  }

  private resize(host: HTMLElement): void {
    const size = { width: host.clientWidth, height: host.clientHeight };
    if (size.width === this.size.width && size.height === this.size.height) return;
    const first = this.size.width === 0;
    // A view is often made before it stands in the page, where no style has a value yet.
    if (first) this.theme = readTheme(host);
    this.size = size;
    this.painter.resize(size);
    if (this.fitted || first) this.fit(false);
    this.repaint = true;
    this.draw(true);
  }

  /** Shows another scene; what both have glides to its new place. */
  setScene(scene: Scene, keepView: boolean): void {
    const before = this.scene;
    this.scene = scene;
    this.hovered = -1;
    this.setHighlight(-1);
    this.glide = before !== null && keepView ? this.makeGlide(before, scene) : null;
    if (!keepView || this.fitted) this.fit(keepView && before !== null);
    this.invalidate();
  }

  private makeGlide(before: Scene, scene: Scene): Glide | null {
    if (this.theme.still || scene.count > 2000) return null;
    const fromX = scene.x.slice();
    const fromY = scene.y.slice();
    let movers = 0;
    for (let item = 0; item < scene.count; item++) {
      const node = scene.node[item]!;
      if (node < 0) continue;
      const was = before.model.index.get(scene.model.view.names[node]!);
      const old = was === undefined ? -1 : before.item[was]!;
      if (old < 0) continue;
      fromX[item] = before.x[old]!;
      fromY[item] = before.y[old]!;
      if (fromX[item] !== scene.x[item] || fromY[item] !== scene.y[item]) movers++;
    }
    if (movers === 0 || movers > 1000) return null;
    return { fromX, fromY, toX: scene.x, toY: scene.y, start: performance.now() };
  }

  private stepGlide(now: number): void {
    const { glide, scene } = this;
    if (glide === null || scene === null) return;
    const t = ease((now - glide.start) / 180);
    if (t >= 1) {
      scene.x = glide.toX;
      scene.y = glide.toY;
      this.glide = null;
    } else {
      const mix = (from: Float32Array, to: Float32Array): Float32Array =>
        to.map((value, k) => from[k]! + (value - from[k]!) * t);
      scene.x = mix(glide.fromX, glide.toX);
      scene.y = mix(glide.fromY, glide.toY);
    }
    this.painter.invalidate();
  }

  /** Width of a name in a box, in pixels of the screen. */
  measure(name: string, pixels: number): number {
    return this.painter.measureName(name, `500 ${pixels}px ${this.theme.font}`);
  }

  /** Where an item is going to stand, also while it glides. */
  placeOf(item: number): { x: number; y: number } {
    const scene = this.scene!;
    return {
      x: (this.glide?.toX ?? scene.x)[item]! + scene.width[item]! / 2,
      y: (this.glide?.toY ?? scene.y)[item]! + scene.height[item]! / 2,
    };
  }

  invalidate(): void {
    this.painter.invalidate();
    this.repaint = true;
    this.draw();
  }

  statesChanged(): void {
    this.painter.invalidateNodes();
    this.repaint = true;
    this.draw();
  }

  private setView(view: View): void {
    this.view = view;
    this.movedAt = performance.now();
    this.draw();
  }

  pan(dx: number, dy: number): void {
    this.flight = null;
    this.fitted = false;
    this.hover(-1, -1);
    const { x, y, zoom } = this.view;
    this.setView({ x: x - dx / zoom, y: y - dy / zoom, zoom });
  }

  zoomBy(factor: number, x = this.size.width / 2, y = this.size.height / 2): void {
    this.flight = null;
    this.fitted = false;
    this.setView(zoomAt(this.view, this.view.zoom * factor, x, y));
  }

  fit(animated: boolean): void {
    this.fitted = true;
    if (this.scene === null) return;
    const narrow = this.size.width < 560;
    // A side panel's few groups are there to be read; what does not fit is a pan away.
    const least = narrow && this.scene.count <= READABLE_ITEMS ? READABLE_ZOOM : undefined;
    const target = fit(this.scene.extent, this.size, narrow ? 12 : 24, least);
    if (animated) this.fly(target, 180);
    else {
      this.view = target;
      this.draw();
    }
  }

  private fly(to: View, length: number): void {
    if (this.theme.still || this.size.width === 0) {
      this.flight = null;
      this.setView(to);
      return;
    }
    this.flight = { from: this.view, to, start: performance.now(), length };
    this.draw();
  }

  /** Flies to an item so that its text can be read. */
  flyTo(item: number): void {
    this.fitted = false;
    const { x, y } = this.placeOf(item);
    this.fly(centred(x, y, clampZoom(Math.max(this.view.zoom, 0.85)), this.free()), 320);
  }

  /** What of the canvas can be seen. */
  private free(): Size {
    return { width: this.size.width, height: Math.max(60, this.size.height - this.covered) };
  }

  /** Moves the view no more than it takes to see an item. */
  reveal(item: number): void {
    const scene = this.scene;
    if (scene === null || item < 0) return;
    const target = this.flight?.to ?? this.view;
    const { x, y } = this.placeOf(item);
    const w = (scene.width[item]! / 2) * target.zoom + 16;
    const t = (scene.height[item]! / 2) * target.zoom + 16;
    const sx = (x - target.x) * target.zoom;
    const sy = (y - target.y) * target.zoom;
    const { width, height } = this.free();
    const dx = sx < w ? sx - w : sx > width - w ? sx - width + w : 0;
    const dy = sy < t ? sy - t : sy > height - t ? sy - height + t : 0;
    if (dx === 0 && dy === 0) return;
    this.fitted = false;
    this.fly(
      { x: target.x + dx / target.zoom, y: target.y + dy / target.zoom, zoom: target.zoom },
      180,
    );
  }

  moveTo(x: number, y: number): void {
    this.flight = null;
    this.fitted = false;
    this.setView(centred(x, y, this.view.zoom, this.size));
  }

  private itemAt(x: number, y: number, finger = false): number {
    if (this.scene === null || x < 0) return -1;
    const { zoom } = this.view;
    const slack = (finger ? 10 : this.level === 'far' ? 3 : 1) / zoom;
    return itemAt(this.scene, this.view.x + x / zoom, this.view.y + y / zoom, slack);
  }

  private hover(x: number, y: number): void {
    const item = this.itemAt(x, y);
    this.canvas.classList.toggle('jl-over', item >= 0 || this.titleUnder(x, y) >= 0);
    if (item === this.hovered) return;
    this.hovered = item;
    clearTimeout(this.hoverTimer);
    if (item < 0) {
      this.settleHover(-1, x, y);
      return;
    }
    this.hoverTimer = window.setTimeout(() => this.settleHover(item, x, y), HOVER);
  }

  private settleHover(item: number, x: number, y: number): void {
    this.setHighlight(item >= 0 ? item : this.chosen);
    this.events.hover(item, x, y);
    this.draw();
  }

  private titleUnder(x: number, y: number): number {
    if (this.scene === null || x < 0) return -1;
    const { zoom } = this.view;
    const title = Math.min(this.scene.title, 30 / zoom);
    return titleAt(this.scene, this.view.x + x / zoom, this.view.y + y / zoom, title);
  }

  private drawBand(from: Point, to: Point, done: boolean): void {
    const left = Math.min(from.x, to.x);
    const top = Math.min(from.y, to.y);
    const width = Math.abs(to.x - from.x);
    const height = Math.abs(to.y - from.y);
    this.band.hidden = done;
    this.band.style.transform = `translate(${left}px, ${top}px)`;
    this.band.style.width = `${width}px`;
    this.band.style.height = `${height}px`;
    const { scene, view } = this;
    if (!done || scene === null) return;
    const x = view.x + left / view.zoom;
    const y = view.y + top / view.zoom;
    this.events.enclosed(itemsIn(scene, x, y, width / view.zoom, height / view.zoom));
  }

  private click(x: number, y: number, how: { touch: boolean; add: boolean }): void {
    this.canvas.focus({ preventScroll: true });
    const item = this.itemAt(x, y, how.touch);
    const group = item < 0 ? this.titleUnder(x, y) : -1;
    if (group >= 0) this.events.title(group);
    else this.events.click(item, how.add);
  }

  choose(item: number): void {
    this.chosen = item;
    this.setHighlight(item);
    this.draw();
  }

  setHighlight(item: number): void {
    if (this.highlight?.item === item) return;
    this.highlight = item < 0 || this.scene === null ? null : highlightOf(this.scene, item);
    this.draw();
  }

  /** Asks for a frame; `now` draws at once, so that a resized canvas is never seen empty. */
  draw(now = false): void {
    if (now && this.size.width > 0) {
      cancelAnimationFrame(this.frame);
      this.frame = 0;
      this.render(performance.now());
    } else if (this.frame === 0) this.frame = requestAnimationFrame(time => this.render(time));
  }

  private render(time: number): void {
    this.frame = 0;
    const { scene, size } = this;
    if (scene === null || size.width === 0 || size.height === 0) return;
    const now = Math.max(time, performance.now());
    this.stepGlide(now);
    if (this.flight !== null) {
      const t = (now - this.flight.start) / this.flight.length;
      this.view = between(this.flight.from, this.flight.to, size, ease(t));
      this.movedAt = now;
      if (t >= 1) {
        this.view = this.flight.to;
        this.flight = null;
      }
    }
    this.level = level(this.view.zoom, this.spreadLevel);
    this.spreadLevel = this.level;
    const moving = this.held || this.flight !== null || now - this.movedAt < REST;
    const live = this.painter.draw({
      scene,
      view: this.view,
      size,
      level: this.level,
      theme: this.theme,
      bright: this.bright,
      connected: this.connected,
      chosen: this.chosen,
      hovered: this.hovered,
      focused: document.activeElement === this.canvas,
      highlight: this.highlight,
      moving: moving && this.glide === null,
      now,
    });
    this.events.drawn(this.repaint);
    this.repaint = false;
    if (live || this.flight !== null || this.glide !== null) this.draw();
  }
}

/** What lies upstream and downstream of an item, by the graph itself and not by the collapsed picture. */
export function highlightOf(scene: Scene, item: number): Highlight {
  const { model } = scene;
  const own = nodesOf(scene, item);
  const up = model.reach(own, model.parents);
  const down = model.reach(own, model.children);
  const pairs = markPairs(scene, own, up, down);
  const hops = new Int32Array(scene.count);
  const nearest = (at: number, hop: number): void => {
    if (at >= 0 && at !== item && (hops[at] === 0 || Math.abs(hop) < Math.abs(hops[at]!)))
      hops[at] = hop;
  };
  let upstream = 0;
  let downstream = 0;
  for (let node = 0; node < model.count; node++) {
    if (up[node]! > 0) {
      upstream++;
      nearest(scene.item[node]!, -up[node]!);
    }
    if (down[node]! > 0) {
      downstream++;
      nearest(scene.item[node]!, down[node]!);
    }
  }
  return { item, pairs, hops, upstream, downstream };
}

function markPairs(scene: Scene, own: number[], up: Uint16Array, down: Uint16Array): Uint8Array {
  const pairs = new Uint8Array(scene.weight.length);
  const start = new Set(own);
  const { edges } = scene.model.view;
  for (let e = 0; e < scene.edgeOf.length; e++) {
    const pair = scene.edgeOf[e]!;
    if (pair < 0) continue;
    const from = edges[2 * e]!;
    const to = edges[2 * e + 1]!;
    if (up[from]! > 0 && (up[to]! > 0 || start.has(to))) pairs[pair] = 1;
    else if (down[to]! > 0 && (down[from]! > 0 || start.has(from))) pairs[pair] = 2;
  }
  return pairs;
}

export function matching(
  scene: Scene,
  keep: (model: GraphModel, node: number) => boolean,
): Uint8Array {
  const bright = new Uint8Array(scene.count);
  for (let node = 0; node < scene.model.count; node++) {
    const item = scene.item[node]!;
    if (item >= 0 && keep(scene.model, node)) bright[item] = 1;
  }
  return bright;
}
