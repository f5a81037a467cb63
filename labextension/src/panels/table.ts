/** The registry's table: the query field above, the rows below, one widget for both. */
import { Grid } from './grid';
import type { Model } from './model';
import { Narrow } from './narrow';
import { QueryField } from './queryfield';

export function renderTable(model: Model, el: HTMLElement, signal: AbortSignal): void {
  el.classList.add('jl-table-widget');
  const query = new QueryField(model, signal);
  const grid = new Grid(model, signal, () => query.focus());
  const narrow = new Narrow(model, signal);
  el.append(query.element, narrow.element, grid.element);
  const hear = (content: unknown): void => {
    if (typeof content !== 'object' || content === null) return;
    const message = content as Record<string, unknown>;
    if (message.kind === 'rows') grid.take(message);
    else if (message.kind === 'completion') query.offer(message);
    else if (message.kind === 'values') narrow.take(message);
  };
  model.on('msg:custom', hear);
  signal.addEventListener('abort', () => model.off('msg:custom', hear));
}
