// One picture: ground, frames, edges, nodes, and on top what is chosen, hovered, running or just finished.
// Edges and nodes are bitmaps: drawn anew at rest, only moved and scaled while the view moves.

import type { Level, Size, View } from './camera';
import { boxOf, paintEdges, paintMarked } from './edges';
import { paintFrames } from './frames';
import { GLYPHS, paintStrokes } from './glyphs';
import { CODE } from './model';
import { measure, NodePainter, rectOf, type NodeStyle } from './nodes';
import type { Scene } from './scene';
import type { Theme } from './theme';
import { oneLine } from './words';

/** What lies upstream and downstream of one item. */
export interface Highlight {
  readonly item: number;
  /** For each pair of the scene: 1 upstream, 2 downstream, 0 neither. */
  readonly pairs: Uint8Array;
  /** Hops of each item: negative upstream, positive downstream, 0 neither. */
  readonly hops: Int32Array;
  readonly upstream: number;
  readonly downstream: number;
}

export interface Picture {
  readonly scene: Scene;
  readonly view: View;
  readonly size: Size;
  readonly level: Level;
  readonly theme: Theme;
  readonly bright: Uint8Array | null;
  readonly connected: boolean;
  readonly chosen: number;
  readonly hovered: number;
  /** Whether the keyboard's ring is shown on the chosen item. */
  readonly focused: boolean;
  readonly highlight: Highlight | null;
  readonly moving: boolean;
  readonly now: number;
}

const SPIN = 1200;
const FADE = 600;

class Layer {
  readonly canvas = document.createElement('canvas');
  readonly context: CanvasRenderingContext2D;
  view: View = { x: 0, y: 0, zoom: 1 };
  dirty = true;
  /** Milliseconds that the last drawing took. */
  cost = 0;

  constructor() {
    this.context = this.canvas.getContext('2d')!;
  }

  /** Whether the bitmap must be drawn anew for this picture. */
  stale(picture: Picture): boolean {
    const { view } = picture;
    if (this.dirty && !(picture.moving && this.cost > 24)) return true;
    const same = view.x === this.view.x && view.y === this.view.y && view.zoom === this.view.zoom;
    return !same && (!picture.moving || this.cost < 5);
  }

  draw(picture: Picture, ratio: number, paint: (context: CanvasRenderingContext2D) => void): void {
    const start = performance.now();
    this.resize(picture.size, ratio);
    this.context.setTransform(ratio, 0, 0, ratio, 0, 0);
    this.context.clearRect(0, 0, picture.size.width, picture.size.height);
    paint(this.context);
    this.view = { ...picture.view };
    this.dirty = false;
    this.cost = performance.now() - start;
  }

  private resize(size: Size, ratio: number): void {
    const width = Math.max(1, Math.round(size.width * ratio));
    const height = Math.max(1, Math.round(size.height * ratio));
    if (this.canvas.width !== width) this.canvas.width = width;
    if (this.canvas.height !== height) this.canvas.height = height;
  }

  /** Copies the bitmap to where it belongs in another view. */
  copy(target: CanvasRenderingContext2D, picture: Picture): void {
    const { view, size } = picture;
    const scale = view.zoom / this.view.zoom;
    target.imageSmoothingQuality = 'low';
    target.drawImage(
      this.canvas,
      (this.view.x - view.x) * view.zoom,
      (this.view.y - view.y) * view.zoom,
      size.width * scale,
      size.height * scale,
    );
  }
}

export class Painter {
  private readonly context: CanvasRenderingContext2D;
  private readonly edges = new Layer();
  private readonly nodes = new Layer();
  private ratio = 1;

  constructor(readonly canvas: HTMLCanvasElement) {
    this.context = canvas.getContext('2d', { alpha: false })!;
  }

  measureName(name: string, font: string): number {
    this.context.font = font;
    return measure(this.context, oneLine(name));
  }

  /** Another layout, theme or size. */
  invalidate(): void {
    this.edges.dirty = true;
    this.nodes.dirty = true;
  }

  /** Other states: the edges stay. */
  invalidateNodes(): void {
    this.nodes.dirty = true;
  }

  resize(size: Size): void {
    this.ratio = Math.min(2, window.devicePixelRatio || 1);
    this.canvas.width = Math.max(1, Math.round(size.width * this.ratio));
    this.canvas.height = Math.max(1, Math.round(size.height * this.ratio));
    this.canvas.style.width = `${size.width}px`;
    this.canvas.style.height = `${size.height}px`;
    this.invalidate();
  }

  /** Draws one picture and says whether the next frame differs by itself. */
  draw(picture: Picture): boolean {
    const { context } = this;
    const { theme, size, scene, view } = picture;
    const style: NodeStyle = { ...picture, box: boxOf(view, size) };
    context.setTransform(this.ratio, 0, 0, this.ratio, 0, 0);
    context.fillStyle = theme.canvas;
    context.fillRect(0, 0, size.width, size.height);
    if (scene.input.framed.includes(1)) paintFrames(context, style);
    if (this.edges.stale(picture))
      this.edges.draw(picture, this.ratio, layer => paintEdges(layer, style));
    if (this.nodes.stale(picture))
      this.nodes.draw(picture, this.ratio, layer => new NodePainter(layer, style).paint());
    const marked = picture.highlight;
    context.globalAlpha = marked === null ? 1 : 0.31;
    this.edges.copy(context, picture);
    context.globalAlpha = 1;
    if (marked !== null) paintMarked(context, style, marked.pairs);
    this.nodes.copy(context, picture);
    const live = this.paintLive(picture);
    if (marked !== null) this.paintMarks(picture, style, marked);
    return live || this.edges.stale(picture) || this.nodes.stale(picture);
  }

  /** Chosen and hovered items above everything, with hops at the chosen one's neighbours. */
  private paintMarks(picture: Picture, style: NodeStyle, marked: Highlight): void {
    const { context } = this;
    const { theme, scene, view } = picture;
    const rect = rectOf(scene, view, marked.item);
    const off = picture.level === 'far' ? 2 : 3.5;
    if (picture.level !== 'far') new NodePainter(context, style).paintItem(marked.item);
    context.strokeStyle = theme.accent;
    context.lineWidth = 2;
    context.beginPath();
    const pill = scene.node[marked.item]! >= 0 && scene.height[marked.item]! < 30;
    const radius = pill ? rect.h : 6;
    context.roundRect(rect.x - off, rect.y - off, rect.w + 2 * off, rect.h + 2 * off, radius);
    if (marked.item === picture.chosen) context.stroke();
    if (marked.item === picture.chosen && picture.level === 'near') this.paintHops(picture, marked);
  }

  private paintHops(picture: Picture, marked: Highlight): void {
    const { context } = this;
    const { theme, scene, view, size } = picture;
    context.font = `600 9.5px ${theme.font}`;
    context.textBaseline = 'alphabetic';
    for (let item = 0; item < scene.count; item++) {
      const hop = marked.hops[item]!;
      if (hop === 0 || Math.abs(hop) > 3) continue;
      const rect = rectOf(scene, view, item);
      if (rect.x > size.width || rect.y > size.height || rect.x + rect.w < 0) continue;
      const text = hop < 0 ? `−${-hop}` : `+${hop}`;
      const ink = hop < 0 ? theme.up : theme.down;
      const w = measure(context, text) + 9;
      const x = rect.x + rect.w - w / 2 - 2;
      const y = rect.y - 10;
      context.beginPath();
      context.roundRect(x, y, w, 13, 6.5);
      context.fillStyle = ink.tint;
      context.fill();
      context.strokeStyle = ink.mark;
      context.lineWidth = 1;
      context.stroke();
      context.fillStyle = ink.text;
      context.fillText(text, x + 4.5, y + 9.8);
    }
  }

  /** What runs turns, what has just finished fades. */
  private paintLive(picture: Picture): boolean {
    const { scene, view, theme, level } = picture;
    const { model } = scene;
    let live = false;
    for (let item = 0; item < scene.count; item++) {
      const node = scene.node[item]!;
      if (node < 0) continue;
      const age = picture.now - model.finished[node]!;
      if (model.state[node] === CODE.running && picture.connected) {
        if (level === 'far' || theme.still) continue;
        live = true;
        this.paintRing(picture, item);
      } else if (model.finished[node]! > 0 && age < FADE && level !== 'far' && !theme.still) {
        live = true;
        const rect = rectOf(scene, view, item);
        this.context.globalAlpha = 0.35 * (1 - age / FADE);
        this.context.fillStyle = theme.states[CODE.fresh]!.mark;
        this.context.beginPath();
        this.context.roundRect(rect.x, rect.y, rect.w, rect.h, 3);
        this.context.fill();
        this.context.globalAlpha = 1;
      }
    }
    return live;
  }

  private paintRing(picture: Picture, item: number): void {
    const { scene, view, theme, level, size } = picture;
    const rect = rectOf(scene, view, item);
    if (rect.x > size.width || rect.y > size.height || rect.x + rect.w < 0 || rect.y + rect.h < 0)
      return;
    const z = view.zoom;
    const near = level === 'near';
    const scale = near ? Math.max(10, Math.min(14, 12 * z)) : 11;
    const x = near ? rect.x + rect.w - Math.max(5, 7 * z) - scale : rect.x + rect.w - 16;
    const y = near ? rect.y + rect.h * 0.28 - scale / 2 + 0.5 : rect.y + rect.h / 2 - 5.5;
    if (!near && rect.w <= 60) return;
    const ink = theme.states[CODE.running]!;
    this.context.fillStyle = theme.surface;
    this.context.fillRect(x - 0.5, y - 0.5, scale + 1, scale + 1);
    const turn = ((picture.now % SPIN) / SPIN) * 2 * Math.PI;
    paintStrokes(
      this.context,
      GLYPHS.running,
      { x, y, scale: scale / 12, turn },
      ink.mark,
      theme.surface,
    );
  }
}
