// A feature of two versions on the canvas: how it differs, and faint what does not.

import type { Mark } from '../wire';
import { SIGN, STATE_OF } from './diff';
import { CODE } from './model';
import { cut, measure, type NodeStyle, type Rect } from './nodes';
import type { Ink, Theme } from './theme';

/** A feature of two versions: its mark in the corner, what did not change faint. */
export function paintMark(
  context: CanvasRenderingContext2D,
  style: NodeStyle,
  { node, mark }: { readonly node: number; readonly mark: Mark },
  rect: Rect,
): void {
  const { theme, scene, view, level } = style;
  const ink = theme.states[CODE[STATE_OF[mark]]]!;
  const same = mark === '';
  const h = level === 'mid' ? Math.max(rect.h, 12) : rect.h;
  const own = { ...rect, y: rect.y + (rect.h - h) / 2, h };
  if (same) context.globalAlpha *= 0.55;
  context.beginPath();
  context.roundRect(own.x, own.y, own.w, own.h, 3);
  context.fillStyle = theme.surface;
  context.fill();
  context.strokeStyle = same ? theme.lineStrong : ink.mark;
  context.lineWidth = same ? 1 : 1.5;
  context.setLineDash(mark === 'removed' ? [4, 2.5] : []);
  context.stroke();
  context.setLineDash([]);
  const z = view.zoom;
  const two = level === 'near' && !same;
  const size = level === 'mid' ? 11 : Math.min(14, Math.max(10, 11.5 * z));
  const left = own.x + Math.max(8, 11 * z);
  const sign = same ? 0 : Math.max(12, 14 * z);
  const right = own.x + own.w - (same ? 6 : sign + 8);
  context.textBaseline = 'alphabetic';
  context.font = `${same ? 500 : 600} ${size}px ${theme.font}`;
  context.fillStyle = theme.ink;
  const name = cut(context, scene.model.view.names[node]!, right - left);
  const base = two ? own.y + own.h * 0.41 : own.y + own.h / 2 + size * 0.35;
  context.fillText(name, left, base);
  if (mark === 'removed')
    context.fillRect(left, Math.round(base - size * 0.32), measure(context, name), 1);
  if (same) return;
  paintSign(context, theme, own, { text: SIGN[mark], size: sign, ink });
  if (!two) return;
  context.font = `400 ${Math.min(13, Math.max(10, 10 * z))}px ${theme.font}`;
  context.fillStyle = theme.ink2;
  const note = cut(
    context,
    scene.model.note[node]!,
    own.x + own.w - left - (own.h < sign + 20 ? sign + 6 : 8),
  );
  context.fillText(note, left, own.y + own.h * 0.82);
}

/** The sign of a mark in its little box, at the right top. */
function paintSign(
  context: CanvasRenderingContext2D,
  theme: Theme,
  rect: Rect,
  sign: { readonly text: string; readonly size: number; readonly ink: Ink },
): void {
  const { size, ink } = sign;
  const x = rect.x + rect.w - size - 4;
  const y = rect.h < size + 8 ? rect.y + (rect.h - size) / 2 : rect.y + 4;
  context.beginPath();
  context.roundRect(x, y, size, size, 2);
  context.fillStyle = ink.tint;
  context.fill();
  context.strokeStyle = ink.mark;
  context.lineWidth = 1;
  context.stroke();
  context.font = `600 ${size * 0.85}px ${theme.font}`;
  context.fillStyle = ink.text;
  context.textAlign = 'center';
  context.fillText(sign.text, x + size / 2, y + size * 0.78);
  context.textAlign = 'start';
}
