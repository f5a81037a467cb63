/** The widgets of the panels: announcer, chips and table, one module for all. */
import { renderAnnouncer } from './panels/announcer';
import { renderChips } from './panels/chips';
import type { Model } from './panels/model';
import { renderTable } from './panels/table';

interface View {
  model: Model;
  el: HTMLElement;
}

const DRAW: Record<string, typeof renderAnnouncer> = {
  announcer: renderAnnouncer,
  chips: renderChips,
  table: renderTable,
};

function render({ model, el }: View): () => void {
  const controller = new AbortController();
  const draw = DRAW[String(model.get('kind'))] ?? renderAnnouncer;
  draw(model, el, controller.signal);
  return () => controller.abort();
}

export default { render };
