// Frames of groups with their titles and, at the right, the states that need a look.

import { isDiff } from './diff';
import { paintBands } from './edges';
import { CODE } from './model';
import { measure, type NodeStyle } from './nodes';
import { middle, oneLine } from './words';

interface Tally {
  readonly members: Int32Array;
  readonly failed: Int32Array;
  readonly stale: Int32Array;
  readonly running: Int32Array;
}

function tally(style: NodeStyle): Tally {
  const { model, groups: own } = style.scene;
  const groups = own.titles.length;
  const counts: Tally = {
    members: new Int32Array(groups),
    failed: new Int32Array(groups),
    stale: new Int32Array(groups),
    running: new Int32Array(groups),
  };
  for (let i = 0; i < model.count; i++) {
    const g = own.of[i] ?? -1;
    if (g < 0 || model.view.kinds[i] !== 'feature') continue;
    counts.members[g]!++;
    if (model.state[i] === CODE.error) counts.failed[g]!++;
    else if (model.state[i] === CODE.stale) counts.stale[g]!++;
    else if (model.state[i] === CODE.running) counts.running[g]!++;
  }
  return counts;
}

function paintTitle(
  context: CanvasRenderingContext2D,
  style: NodeStyle,
  group: number,
  counts: Tally,
  at: { x: number; y: number; w: number; h: number },
): void {
  const { theme, scene, connected } = style;
  const { groups } = scene;
  const size = style.level === 'near' ? Math.min(14, Math.max(11, 12 * style.view.zoom)) : 12;
  const base = at.y + at.h / 2 + size * 0.36;
  let right = at.x + at.w - 8;
  const states = [
    ['stale', counts.stale[group]!, 'stale'],
    ['error', counts.failed[group]!, 'failed'],
    ['running', counts.running[group]!, 'running'],
  ] as const;
  context.font = `600 ${size - 0.5}px ${theme.font}`;
  if (style.level !== 'near' && connected && !isDiff(scene.model)) {
    for (const [state, count, word] of states) {
      const text = `${count} ${word}`;
      const width = measure(context, text);
      if (count === 0 || right - width < at.x + at.w * 0.45) continue;
      context.fillStyle = theme.states[CODE[state]]!.text;
      context.fillText(text, right - width, base);
      right -= width + 9;
    }
  }
  context.font = `600 ${size}px ${theme.font}`;
  context.fillStyle = theme.ink;
  const room = right - at.x - 10;
  const title = middle(oneLine(groups.titles[group]!), room, text => measure(context, text));
  context.fillText(title, at.x + 8, base);
  const used = measure(context, title) + 8;
  const note = [groups.notes[group]!, String(counts.members[group])].filter(Boolean).join(' · ');
  context.font = `400 ${size - 1}px ${theme.font}`;
  if (measure(context, note) + used > room) return;
  context.fillStyle = theme.ink2;
  context.fillText(note, at.x + 8 + used, base);
}

/** All frames in view; the context is in CSS pixels. */
export function paintFrames(context: CanvasRenderingContext2D, style: NodeStyle): void {
  const { scene, view, box, theme } = style;
  const counts = tally(style);
  if (style.level === 'far') paintBands(context, scene, view, theme);
  context.textBaseline = 'alphabetic';
  for (let b = 0; b < scene.input.blocks; b++) {
    if (scene.input.framed[b] !== 1) continue;
    const left = scene.frames[4 * b]!;
    const top = scene.frames[4 * b + 1]!;
    const width = scene.frames[4 * b + 2]!;
    const height = scene.frames[4 * b + 3]!;
    if (left > box.right || top > box.bottom || left + width < box.left || top + height < box.top)
      continue;
    const x = Math.round((left - view.x) * view.zoom) + 0.5;
    const y = Math.round((top - view.y) * view.zoom) + 0.5;
    const w = Math.round(width * view.zoom);
    const h = Math.round(height * view.zoom);
    context.beginPath();
    context.roundRect(x, y, w, h, 5);
    context.globalAlpha = style.level === 'far' ? 1 : 0.55;
    context.fillStyle = theme.surface;
    context.fill();
    context.globalAlpha = 1;
    context.strokeStyle = theme.line;
    context.lineWidth = 1;
    context.stroke();
    const title = scene.title * view.zoom;
    if (title > 10 && w > 40) paintTitle(context, style, b, counts, { x, y, w, h: title });
  }
}
