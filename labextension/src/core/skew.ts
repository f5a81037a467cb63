// The explorer coloured by skew: states mean verdicts, and where it began has a ring of its own.

import type { State } from '../wire';
import { CODE, type GraphModel } from './model';
import type { Rect } from './nodes';
import type { Theme } from './theme';

export const SKEW_WORDS: Partial<Record<State, string>> = {
  stale: 'moved',
  cached: 'quiet',
  queued: 'not enough data',
  new: 'not compared',
  input: 'not compared',
};

export function isSkew(model: GraphModel): boolean {
  return model.view.skew !== '';
}

/** What a state means here. */
export function skewWord(state: State): string {
  return SKEW_WORDS[state] ?? state;
}

/** An amber ring, 4.5 px off the node: it began here. */
export function paintBegan(context: CanvasRenderingContext2D, theme: Theme, rect: Rect): void {
  const off = 4.5;
  context.beginPath();
  context.roundRect(rect.x - off, rect.y - off, rect.w + 2 * off, rect.h + 2 * off, 6);
  context.setLineDash([]);
  context.lineWidth = 2.5;
  context.strokeStyle = theme.states[CODE.stale]!.mark;
  context.stroke();
}
