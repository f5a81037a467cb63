/** The widgets that every panel contains: the announcer and the chips, one module for both. */
import { renderAnnouncer } from './panels/announcer';
import { renderChips } from './panels/chips';
import type { Model } from './panels/model';

interface View {
  model: Model;
  el: HTMLElement;
}

function render({ model, el }: View): () => void {
  const controller = new AbortController();
  const draw = model.get('kind') === 'chips' ? renderChips : renderAnnouncer;
  draw(model, el, controller.signal);
  return () => controller.abort();
}

export default { render };
