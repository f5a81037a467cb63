// 176 × 116 at the bottom right, only when less than 85 % of the graph is in view.

import type { Size, View } from './camera';
import { h } from './dom';
import { CODE } from './model';
import type { Scene } from './scene';
import type { Theme } from './theme';

const WIDTH = 176;
const HEIGHT = 116;
const PAD = 6;

export interface Minimap {
  readonly element: HTMLElement;
  update(scene: Scene, view: View, size: Size, theme: Theme, dirty: boolean): void;
}

/** How much of the drawing the view shows, 0 to 1. */
export function shareInView(extent: Size, view: View, size: Size): number {
  const across = (from: number, length: number, whole: number): number =>
    whole === 0 ? 1 : Math.max(0, Math.min(whole, from + length) - Math.max(0, from)) / whole;
  return (
    across(view.x, size.width / view.zoom, extent.width) *
    across(view.y, size.height / view.zoom, extent.height)
  );
}

export function createMinimap(move: (x: number, y: number) => void, signal: AbortSignal): Minimap {
  const canvas = h('canvas', { 'aria-hidden': 'true' });
  const element = h('div', { class: 'jl-minimap jl-float', hidden: true }, canvas);
  const picture = document.createElement('canvas');
  const ratio = Math.min(2, window.devicePixelRatio || 1);
  for (const own of [canvas, picture]) {
    own.width = WIDTH * ratio;
    own.height = HEIGHT * ratio;
  }
  canvas.style.width = `${WIDTH}px`;
  canvas.style.height = `${HEIGHT}px`;
  let scale = 1;
  let offset = { x: 0, y: 0 };

  const redraw = (scene: Scene, theme: Theme): void => {
    const { extent, model } = scene;
    scale = Math.min(
      (WIDTH - 2 * PAD) / (extent.width || 1),
      (HEIGHT - 2 * PAD) / (extent.height || 1),
    );
    offset = {
      x: (WIDTH - extent.width * scale) / 2,
      y: (HEIGHT - extent.height * scale) / 2,
    };
    const context = picture.getContext('2d')!;
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, WIDTH, HEIGHT);
    const quiet = new Set([CODE.cached, CODE.input, CODE.new]);
    for (const loud of [false, true]) {
      for (let item = 0; item < scene.count; item++) {
        const node = scene.node[item]!;
        const code = node < 0 ? CODE.cached : model.state[node]!;
        if (quiet.has(code) === loud) continue;
        context.fillStyle = theme.states[code]!.mark;
        context.globalAlpha = loud ? 1 : 0.35;
        context.fillRect(
          offset.x + scene.x[item]! * scale,
          offset.y + scene.y[item]! * scale,
          Math.max(1, scene.width[item]! * scale),
          Math.max(1, Math.min(4, scene.height[item]! * scale)),
        );
      }
    }
  };
  const drag = (event: PointerEvent): void => {
    if (event.buttons === 0) return;
    const box = canvas.getBoundingClientRect();
    move(
      (event.clientX - box.left - offset.x) / scale,
      (event.clientY - box.top - offset.y) / scale,
    );
    event.preventDefault();
  };
  canvas.addEventListener(
    'pointerdown',
    event => {
      canvas.setPointerCapture(event.pointerId);
      drag(event);
    },
    { signal },
  );
  canvas.addEventListener('pointermove', drag, { signal });
  let drawn: Scene | null = null;
  return {
    element,
    update: (scene, view, size, theme, dirty) => {
      const hide =
        size.width < 480 || size.height < 300 || shareInView(scene.extent, view, size) >= 0.85;
      element.hidden = hide;
      if (hide) {
        drawn = null;
        return;
      }
      if (dirty || drawn !== scene) redraw(scene, theme);
      drawn = scene;
      const context = canvas.getContext('2d')!;
      context.setTransform(1, 0, 0, 1, 0, 0);
      context.clearRect(0, 0, canvas.width, canvas.height);
      context.drawImage(picture, 0, 0);
      context.setTransform(ratio, 0, 0, ratio, 0, 0);
      context.strokeStyle = theme.accent;
      context.lineWidth = 1.5;
      const x = Math.max(1, offset.x + view.x * scale);
      const y = Math.max(1, offset.y + view.y * scale);
      const right = Math.min(WIDTH - 1, offset.x + (view.x + size.width / view.zoom) * scale);
      const bottom = Math.min(HEIGHT - 1, offset.y + (view.y + size.height / view.zoom) * scale);
      if (right > x && bottom > y) context.strokeRect(x, y, right - x, bottom - y);
    },
  };
}
