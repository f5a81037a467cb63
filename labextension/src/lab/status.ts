// The status bar: what runs, what is stale, what failed; nothing when all is quiet.

import { Widget } from '@lumino/widgets';
import { button, fill } from '../core/dom';
import { glyph } from '../core/glyphs';
import type { State } from '../wire';
import type { Totals } from './link';
import type { Links } from './links';

/** State and words of each item. */
export function items(totals: Totals | null): (readonly [State, string])[] {
  if (totals === null) return [];
  const { total, done, failed, stale } = totals;
  const found: (readonly [State, string])[] = [];
  if (total > 0) found.push(['running', `computing ${Math.min(done + 1, total)} of ${total}`]);
  if (failed > 0) found.push(['error', `${failed} failed`]);
  if (stale > 0) found.push(['stale', `${stale} stale`]);
  return found;
}

export class StatusItem extends Widget {
  private readonly ended = new AbortController();
  private shown = '';

  constructor(
    private readonly links: Links,
    private readonly open: (state: State) => void,
  ) {
    super();
    this.addClass('jl');
    this.addClass('jl-status');
    links.currentChanged.connect(this.refresh, this);
    this.refresh();
  }

  override dispose(): void {
    this.links.currentChanged.disconnect(this.refresh, this);
    this.ended.abort();
    super.dispose();
  }

  private refresh(): void {
    const found = items(this.links.current?.totals ?? null);
    const text = JSON.stringify(found);
    // What is the same stays as it is: a button under the pointer or with the focus is not replaced.
    if (text === this.shown) return;
    this.shown = text;
    const shown = found.map(([state, words]) => {
      const own = button(words, () => this.open(state), this.ended.signal, {
        class: 'jl-status-item',
      });
      own.classList.add(`jl-text-${state}`);
      own.prepend(glyph(state));
      return own;
    });
    fill(this.node, ...shown);
  }
}
