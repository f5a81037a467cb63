// The polite live region: at most one message in two seconds; the end always.

import { h } from './dom';
import { summary } from './foot';
import type { GraphModel } from './model';

const PAUSE = 2000;

export class Announcer {
  readonly element = h('div', { class: 'jl-hidden', role: 'status' });
  private said = '';
  private at = -Infinity;

  say(model: GraphModel): void {
    const text = summary(model);
    const now = performance.now();
    const ended = model.total === 0;
    if (text === this.said || (!ended && now - this.at < PAUSE)) return;
    this.said = text;
    this.at = now;
    this.element.textContent = text;
  }
}
