// Nodes at the three distances that the canvas draws. Coordinates are CSS pixels of the screen.

import type { State } from '../wire';
import { STATES } from '../wire';
import { GLYPHS, ICONS, paintStrokes } from './glyphs';
import { paintMark } from './marks';
import { isSkew, paintBegan } from './skew';
import { CODE, type GraphModel } from './model';
import { INPUTS, nodesOf, type Scene } from './scene';
import type { Theme } from './theme';
import { duration, middle, nullShare, oneLine, shortType } from './words';
import type { Level, View } from './camera';
import type { Box } from './edges';

export interface NodeStyle {
  readonly scene: Scene;
  readonly view: View;
  readonly box: Box;
  readonly level: Level;
  readonly theme: Theme;
  /** 1 for each item that a filter leaves in front; null dims none. */
  readonly bright: Uint8Array | null;
  readonly connected: boolean;
}

export interface Rect {
  readonly x: number;
  readonly y: number;
  readonly w: number;
  readonly h: number;
}

const DASH: Partial<Record<State, number[]>> = {
  stale: [4, 2.5],
  queued: [1.5, 2.5],
  new: [1.5, 2.5],
  unbound: [4, 2.5],
};
const THICK: ReadonlySet<State> = new Set(['running', 'error']);
const TINTED: ReadonlySet<State> = new Set(['stale', 'error']);
const RAILED: ReadonlySet<State> = new Set(['fresh', 'cached', 'stale', 'running', 'error']);

const widths = new Map<string, Map<string, number>>();

/** Widths of texts, remembered by font: measuring is the dearest part of a redraw. */
export function measure(context: CanvasRenderingContext2D, text: string): number {
  let known = widths.get(context.font);
  if (known === undefined) {
    if (widths.size > 40) widths.clear();
    widths.set(context.font, (known = new Map()));
  }
  let width = known.get(text);
  if (width === undefined) {
    if (known.size > 20000) known.clear();
    known.set(text, (width = context.measureText(text).width));
  }
  return width;
}

const cuts = new Map<string, string>();

/** A text cut in the middle to its room; what was cut is remembered. */
export function cut(context: CanvasRenderingContext2D, text: string, room: number): string {
  if (room <= 0) return '';
  const key = `${context.font}|${Math.round(room)}|${text}`;
  let known = cuts.get(key);
  if (known === undefined) {
    if (cuts.size > 20000) cuts.clear();
    known = middle(oneLine(text), Math.round(room), part => measure(context, part));
    cuts.set(key, known);
  }
  return known;
}

/** How long it has run, beside what it took last time: no progress is made up. */
function running(model: GraphModel, node: number, last: string): string {
  const started = model.started[node]!;
  const elapsed = started > 0 ? Math.floor((performance.now() - started) / 1000) : 0;
  const now = elapsed > 0 ? duration(elapsed) : 'running';
  return last === '' ? now : `${now} · last ${last}`;
}

/** The second line of a node: time, null share or reason. */
export function secondLine(model: GraphModel, node: number): string {
  if (isSkew(model)) return model.note[node]!;
  const state = model.stateOf(node);
  const last = duration(model.seconds[node]!);
  if (state === 'fresh' || state === 'cached') {
    const share = nullShare(model.nulls[node]!, model.rows[node]!);
    return [last, share].filter(Boolean).join(' · ') || model.note[node]!;
  }
  if (state === 'queued') return model.note[node]! || (last ? `queued · last ${last}` : 'queued');
  if (state === 'running') return model.note[node]! || running(model, node, last);
  if (state === 'stale') return model.note[node]! || 'stale';
  if (state === 'new') return model.note[node]! || 'not computed';
  return model.note[node]!;
}

export function rectOf(scene: Scene, view: View, item: number): Rect {
  const x = Math.round((scene.x[item]! - view.x) * view.zoom) + 0.5;
  const y = Math.round((scene.y[item]! - view.y) * view.zoom) + 0.5;
  return {
    x,
    y,
    w: Math.max(3, Math.round(scene.width[item]! * view.zoom)),
    h: Math.max(2, Math.round(scene.height[item]! * view.zoom)),
  };
}

function grey(theme: Theme): Theme['states'][number] {
  return { mark: theme.ink3, text: theme.ink2, tint: theme.surface };
}

export class NodePainter {
  constructor(
    private readonly context: CanvasRenderingContext2D,
    private readonly style: NodeStyle,
  ) {}

  paint(): void {
    const { scene, box } = this.style;
    const urgent: number[] = [];
    const cellsAcross = new Map<number, number[]>();
    for (let item = 0; item < scene.count; item++) {
      if (
        scene.x[item]! > box.right ||
        scene.y[item]! > box.bottom ||
        scene.x[item]! + scene.width[item]! < box.left ||
        scene.y[item]! + scene.height[item]! < box.top
      )
        continue;
      const code = scene.node[item]! >= 0 ? scene.model.state[scene.node[item]!]! : -1;
      if (code === CODE.error || code === CODE.running) urgent.push(item);
      else if (this.style.level === 'far' && code >= 0) {
        const same = cellsAcross.get(code);
        if (same) same.push(item);
        else cellsAcross.set(code, [item]);
      } else this.paintItem(item);
    }
    for (const [code, items] of cellsAcross) this.paintBlocks(code, items);
    for (const item of urgent) this.paintItem(item);
  }

  private alpha(item: number): number {
    return this.style.bright === null || this.style.bright[item] === 1 ? 1 : 0.25;
  }

  paintItem(item: number): void {
    const { scene, view, level } = this.style;
    const node = scene.node[item]!;
    this.context.globalAlpha = this.alpha(item);
    const rect = rectOf(scene, view, item);
    if (node < 0) this.paintGroup(item, rect);
    else if (scene.model.view.kinds[node] !== 'feature') this.paintPill(node, rect);
    else if (level === 'far') this.paintUrgent(node, rect);
    else this.paintBox(node, rect);
    if (node >= 0 && scene.model.view.began.includes(node))
      paintBegan(this.context, this.style.theme, rect);
    this.context.globalAlpha = 1;
  }

  private inkOf(node: number): Theme['states'][number] {
    const { theme, connected, scene } = this.style;
    return connected ? theme.states[scene.model.state[node]!]! : grey(theme);
  }

  // Far: blocks of one state in one go.
  private paintBlocks(code: number, items: number[]): void {
    const { context } = this;
    const { scene, view, theme, connected } = this.style;
    const state = STATES[code]!;
    const mark = connected ? theme.states[code]!.mark : theme.ink3;
    context.fillStyle = mark;
    context.strokeStyle = mark;
    const hollow =
      state === 'queued' || state === 'new' || state === 'input' || state === 'unbound';
    const strength = state === 'cached' && !theme.contrast ? 0.55 : 1;
    for (const item of items) {
      context.globalAlpha = strength * this.alpha(item);
      const x = (scene.x[item]! - view.x) * view.zoom;
      const y = (scene.y[item]! - view.y) * view.zoom;
      const w = Math.max(1.5, scene.width[item]! * view.zoom);
      const h = Math.max(1, Math.min(scene.height[item]! * view.zoom * 1.1, 9));
      if (hollow && w > 6) {
        context.lineWidth = 0.8;
        context.setLineDash(state === 'input' ? [] : (DASH[state] ?? []));
        context.strokeRect(x + 0.5, y + 0.5, w - 1, Math.max(1, h - 1));
      } else context.fillRect(x, y, w, h);
      if (state === 'stale' && w > 8) this.slash(x, y, w, h);
    }
    context.setLineDash([]);
    context.globalAlpha = 1;
  }

  private slash(x: number, y: number, w: number, h: number): void {
    const { context } = this;
    context.strokeStyle = this.style.theme.surface;
    context.lineWidth = 1.5;
    context.beginPath();
    context.moveTo(x + w * 0.5 - h * 0.4, y + h);
    context.lineTo(x + w * 0.5 + h * 0.4, y);
    context.stroke();
    context.strokeStyle = this.inkStroke();
  }

  private inkStroke(): string {
    return this.style.theme.states[CODE.stale]!.mark;
  }

  // Far: errors and what runs are never under 12 px.
  private paintUrgent(node: number, rect: Rect): void {
    const { context } = this;
    const { theme } = this.style;
    const ink = this.inkOf(node);
    const w = Math.max(14, rect.w);
    const h = Math.max(12, rect.h);
    const x = rect.x + rect.w / 2 - w / 2;
    const y = rect.y + rect.h / 2 - h / 2;
    if (this.style.scene.model.stateOf(node) === 'running') {
      context.fillStyle = ink.mark;
      context.globalAlpha *= 0.3;
      context.fillRect(x - 2.5, y - 2.5, w + 5, h + 5);
      context.globalAlpha = 1;
      context.fillRect(x, y, w, h);
      return;
    }
    context.fillStyle = theme.surface;
    context.strokeStyle = ink.mark;
    context.lineWidth = 2;
    this.round(x - 3, y - 3, w + 6, h + 6, 4);
    context.fill();
    context.stroke();
    context.fillStyle = ink.mark;
    context.fillRect(x, y, w, h);
    const cross = Math.min(w, h) * 0.22;
    context.strokeStyle = theme.surface;
    context.lineWidth = 1.5;
    context.beginPath();
    for (const s of [-1, 1]) {
      context.moveTo(x + w / 2 - cross, y + h / 2 - s * cross);
      context.lineTo(x + w / 2 + cross, y + h / 2 + s * cross);
    }
    context.stroke();
  }

  private round(x: number, y: number, w: number, h: number, r: number): void {
    this.context.beginPath();
    this.context.roundRect(x, y, w, h, r);
  }

  /** A feature's box at mid and near zoom. */
  private paintBox(node: number, rect: Rect): void {
    const { context } = this;
    const mark = this.style.scene.model.view.marks[node];
    if (mark !== undefined) {
      paintMark(this.context, this.style, { node, mark }, rect);
      return;
    }
    const { theme, scene, connected, level } = this.style;
    const state = scene.model.stateOf(node);
    const ink = this.inkOf(node);
    const h = level === 'mid' ? Math.max(rect.h, 12) : rect.h;
    const y = rect.y + (rect.h - h) / 2;
    const tinted = connected && TINTED.has(state);
    const own = { x: rect.x, y, w: rect.w, h };
    this.round(own.x, own.y, own.w, own.h, 3);
    context.fillStyle = tinted ? ink.tint : theme.surface;
    context.fill();
    const dash = connected ? DASH[state] : undefined;
    const coloured = dash !== undefined || THICK.has(state);
    context.strokeStyle = connected && coloured ? ink.mark : theme.lineStrong;
    context.lineWidth = connected && THICK.has(state) ? 1.5 : 1;
    if (dash) context.setLineDash(dash);
    context.stroke();
    context.setLineDash([]);
    if (RAILED.has(state)) this.rail(own, state, ink.mark);
    if (level === 'mid') this.midText(node, own, state);
    else this.nearText(node, own, state);
  }

  private rail(rect: Rect, state: State, mark: string): void {
    const { context } = this;
    const width = Math.max(2.5, Math.min(4, 4 * this.style.view.zoom));
    const inset = THICK.has(state) ? 0 : 0.5;
    context.fillStyle = mark;
    if (state === 'stale' && this.style.connected) {
      context.strokeStyle = mark;
      context.lineWidth = width;
      context.setLineDash([4, 2.5]);
      context.beginPath();
      context.moveTo(rect.x + width / 2 - 0.5, rect.y);
      context.lineTo(rect.x + width / 2 - 0.5, rect.y + rect.h);
      context.stroke();
      context.setLineDash([]);
      return;
    }
    context.beginPath();
    context.roundRect(rect.x - inset, rect.y - inset, width, rect.h + 2 * inset, [3, 0, 0, 3]);
    context.fill();
  }

  private nameInk(state: State, node: number): string {
    const quiet = state === 'queued' || state === 'new';
    return quiet && this.style.connected ? this.inkOf(node).text : this.style.theme.ink;
  }

  private midText(node: number, rect: Rect, state: State): void {
    const { context } = this;
    const { theme, scene } = this.style;
    const glyph = rect.w > 60 && state !== 'new' ? 11 : 0;
    context.font = `500 11px ${theme.font}`;
    context.fillStyle = this.nameInk(state, node);
    context.textBaseline = 'alphabetic';
    const room = rect.w - 9 - (glyph > 0 ? glyph + 7 : 3);
    const text = cut(context, scene.model.view.names[node]!, room);
    context.fillText(text, rect.x + 8, rect.y + rect.h / 2 + 3.8);
    if (glyph > 0)
      this.glyph(node, state, rect.x + rect.w - glyph - 5, rect.y + rect.h / 2 - 5.5, 11);
  }

  private glyph(node: number, state: State, x: number, y: number, size: number): void {
    const { theme } = this.style;
    const ink = this.inkOf(node);
    const ground = TINTED.has(state) && this.style.connected ? ink.tint : theme.surface;
    const before = this.context.globalAlpha;
    if (state === 'cached') this.context.globalAlpha *= 0.92;
    paintStrokes(this.context, GLYPHS[state], { x, y, scale: size / 12 }, ink.mark, ground);
    this.context.globalAlpha = before;
  }

  private nearText(node: number, rect: Rect, state: State): void {
    const { context } = this;
    const { theme, scene, view, connected } = this.style;
    const { model } = scene;
    const z = view.zoom;
    const nameSize = Math.min(14, Math.max(10, 11.5 * z));
    const metaSize = Math.min(13, Math.max(10, 10 * z));
    const left = rect.x + Math.max(8, 11 * z);
    const right = rect.x + rect.w - Math.max(5, 7 * z);
    const glyphSize = Math.max(10, Math.min(14, 12 * z));
    context.textBaseline = 'alphabetic';
    context.font = `500 ${nameSize}px ${theme.font}`;
    context.fillStyle = this.nameInk(state, node);
    const top = rect.y + rect.h * 0.41 - (z < 0.8 ? 0.5 : 0);
    const room = right - left - (state === 'new' ? 0 : glyphSize + 5);
    context.fillText(cut(context, model.view.names[node]!, room), left, top);
    if (state !== 'new')
      this.glyph(
        node,
        state,
        right - glyphSize,
        rect.y + rect.h * 0.28 - glyphSize / 2 + 0.5,
        glyphSize,
      );
    const bottom = rect.y + rect.h * 0.82 + (z < 0.8 ? 1.5 : 0);
    context.font = `400 ${Math.min(12, Math.max(9.5, 9.5 * z))}px ${theme.mono}`;
    const type = shortType(oneLine(model.dtype[node]!));
    const typeWidth = type === '' ? 0 : measure(context, type);
    context.fillStyle = state === 'queued' && connected ? this.inkOf(node).text : theme.ink2;
    if (type !== '') context.fillText(type, right - typeWidth, bottom);
    context.font = `400 ${metaSize}px ${theme.font}`;
    const quiet = state === 'fresh' || state === 'cached' || state === 'input' || !connected;
    context.fillStyle = quiet ? theme.ink2 : this.inkOf(node).text;
    const line = this.fitting(node, right - left - typeWidth - 6);
    context.fillText(cut(context, line, right - left - typeWidth - 6), left, bottom);
  }

  /** The second line; where it is too long without its null share, before anything is cut. */
  private fitting(node: number, room: number): string {
    const { model } = this.style.scene;
    const known = secondLine(model, node);
    const timed = model.state[node] === CODE.fresh || model.state[node] === CODE.cached;
    const line = !this.style.connected && timed && known !== '' ? `last ${known}` : known;
    const end = line.lastIndexOf(' · ');
    if (end < 0 || measure(this.context, line) <= room) return line;
    return line.slice(0, end);
  }

  /** An input or an unbound name. */
  private paintPill(node: number, rect: Rect): void {
    const { context } = this;
    const { theme, scene, level } = this.style;
    const state = scene.model.stateOf(node);
    const ink = this.inkOf(node);
    const h = level === 'near' ? rect.h : Math.max(rect.h, level === 'mid' ? 12 : 3);
    const y = rect.y + (rect.h - h) / 2;
    this.round(rect.x, y, rect.w, h, h / 2);
    context.fillStyle = theme.surface;
    context.fill();
    context.strokeStyle = state === 'unbound' ? ink.mark : theme.lineStrong;
    context.lineWidth = 1;
    if (DASH[state]) context.setLineDash(DASH[state]);
    context.stroke();
    context.setLineDash([]);
    const size = Math.min(14, Math.max(10, 11 * this.style.view.zoom));
    const wide = rect.w > 44;
    const glyphSize = Math.max(9, Math.min(12, 11 * this.style.view.zoom));
    const inset = Math.max(6, 10 * this.style.view.zoom);
    if (wide) this.glyph(node, state, rect.x + inset, y + h / 2 - glyphSize / 2, glyphSize);
    const left = rect.x + inset + (wide ? glyphSize + 5 : 0);
    context.font = `400 ${size}px ${theme.font}`;
    context.fillStyle = state === 'unbound' ? ink.text : theme.ink;
    context.textBaseline = 'alphabetic';
    const text = cut(context, scene.model.view.names[node]!, rect.x + rect.w - left - 6);
    context.fillText(text, left, y + h / 2 + size * 0.35);
  }

  /** A collapsed group, or all inputs as one. */
  private paintGroup(item: number, rect: Rect): void {
    const { context } = this;
    const { theme, scene, view } = this.style;
    const inputs = scene.group[item] === INPUTS;
    const nodes = nodesOf(scene, item);
    this.round(rect.x, rect.y, rect.w, rect.h, inputs ? rect.h / 2 : 4);
    context.fillStyle = theme.surface;
    context.fill();
    context.strokeStyle = theme.lineStrong;
    context.lineWidth = 1;
    context.stroke();
    if (rect.h < 9) return;
    const z = view.zoom;
    context.textBaseline = 'alphabetic';
    if (inputs) {
      const size = Math.min(14, Math.max(10, 11.5 * z));
      const mark = { x: rect.x + 8, y: rect.y + rect.h / 2 - size / 2, scale: size / 12 };
      paintStrokes(context, GLYPHS.input, mark, theme.states[CODE.input]!.mark, theme.surface);
      context.font = `400 ${size}px ${theme.font}`;
      context.fillStyle = theme.ink;
      const text = nodes.length === 1 ? '1 input' : `${nodes.length} inputs`;
      const room = rect.w - 20 - size;
      context.fillText(cut(context, text, room), rect.x + 13 + size, rect.y + rect.h / 2 + 4);
      return;
    }
    this.groupText(scene.group[item]!, nodes, rect);
    this.shares(nodes, rect);
  }

  private groupText(group: number, nodes: number[], rect: Rect): void {
    const { context } = this;
    const { theme, scene, view } = this.style;
    const z = view.zoom;
    const { model } = scene;
    const pad = Math.max(6, 10 * z);
    const size = Math.min(14, Math.max(10, 12 * z));
    const chevron = Math.max(10, 14 * z);
    context.font = `600 ${size}px ${theme.font}`;
    context.fillStyle = theme.ink;
    const room = rect.w - 2 * pad - chevron;
    const two = rect.h >= 30;
    const top = two ? rect.y + rect.h * 0.36 : rect.y + rect.h * 0.5;
    context.fillText(cut(context, scene.groups.titles[group]!, room), rect.x + pad, top);
    const corner = {
      x: rect.x + rect.w - pad - chevron + 3,
      y: top - chevron * 0.72,
      scale: chevron / 16,
    };
    paintStrokes(context, ICONS.right, corner, theme.ink2, theme.surface);
    if (!two) return;
    context.font = `400 ${Math.min(13, Math.max(10, 10.5 * z))}px ${theme.font}`;
    context.fillStyle = theme.ink2;
    const needs = (['error', 'stale'] as const)
      .map(state => [state, nodes.filter(n => model.state[n] === CODE[state]).length] as const)
      .filter(([, count]) => count > 0)
      .map(([state, count]) => `${count} ${state === 'error' ? 'failed' : state}`);
    const note = scene.groups.notes[group]!;
    const line = [[note, String(nodes.length)].filter(Boolean).join(' · '), ...needs].join(', ');
    context.fillText(cut(context, line, rect.w - 2 * pad), rect.x + pad, rect.y + rect.h * 0.68);
  }

  /** The bar of state shares at a collapsed group's foot. */
  private shares(nodes: number[], rect: Rect): void {
    const { context } = this;
    const { theme, scene, connected } = this.style;
    const pad = Math.max(4, 8 * this.style.view.zoom);
    const height = Math.max(2, Math.min(4, 4 * this.style.view.zoom));
    const y = Math.round(rect.y + rect.h - pad + 1 - height / 2);
    let x = rect.x + pad;
    const whole = rect.w - 2 * pad;
    const order: State[] = ['error', 'queued', 'new', 'fresh', 'running', 'stale', 'cached'];
    for (const state of order) {
      const count = nodes.filter(n => scene.model.state[n] === CODE[state]).length;
      if (count === 0) continue;
      const width = (count / nodes.length) * whole;
      const mark = connected ? theme.states[CODE[state]]!.mark : theme.ink3;
      const before = context.globalAlpha;
      if (state === 'queued' || state === 'new') {
        context.strokeStyle = mark;
        context.setLineDash([1.5, 1.5]);
        context.strokeRect(x + 0.5, y + 0.5, Math.max(1, width - 2.5), height - 1);
        context.setLineDash([]);
      } else {
        context.globalAlpha *= state === 'cached' && !theme.contrast ? 0.6 : 1;
        context.fillStyle = mark;
        context.fillRect(x, y, Math.max(1, width - 1.5), height);
      }
      context.globalAlpha = before;
      x += width;
    }
  }
}
