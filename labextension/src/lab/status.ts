// The status bar: what runs, what is stale, what failed; nothing when all is quiet.

import { Widget } from '@lumino/widgets';
import { button, fill } from '../core/dom';
import { glyph } from '../core/glyphs';
import type { Summary } from '../core/summary';
import type { State } from '../wire';
import type { FeaturesPanel } from './sidepanel';

/** State and words of each item, for a summary. */
export function items(summary: Summary | null): (readonly [State, string])[] {
  if (summary === null) return [];
  const { total, done, failed, stale } = summary;
  const found: (readonly [State, string])[] = [];
  if (total > 0) found.push(['running', `computing ${done} of ${total}`]);
  if (failed > 0) found.push(['error', `${failed} failed`]);
  if (stale > 0) found.push(['stale', `${stale} stale`]);
  return found;
}

export class StatusItem extends Widget {
  private readonly ended = new AbortController();

  constructor(
    private readonly panel: FeaturesPanel,
    private readonly reveal: () => void,
  ) {
    super();
    this.addClass('jl');
    this.addClass('jl-status');
    panel.changed.connect(this.refresh, this);
    this.refresh();
  }

  override dispose(): void {
    this.panel.changed.disconnect(this.refresh, this);
    this.ended.abort();
    super.dispose();
  }

  private refresh(): void {
    const shown = items(this.panel.current?.summary ?? null).map(([state, text]) => {
      const own = button(text, this.reveal, this.ended.signal, { class: 'jl-status-item' });
      own.classList.add(`jl-text-${state}`);
      own.prepend(glyph(state));
      return own;
    });
    fill(this.node, ...shown);
  }
}
