// The menus of a view, each at the place that opened it.

import { moreMenu, nodeMenu, type Steerable } from './commands';
import { createMenu, type MenuItem } from './overlays';
import { shareMenu } from './share';

export class Menus {
  private readonly menu;
  readonly element: HTMLElement;

  constructor(
    private readonly view: Steerable,
    signal: AbortSignal,
  ) {
    this.menu = createMenu(() => view.stage.canvas.focus({ preventScroll: true }), signal);
    this.element = this.menu.element;
  }

  /** What can be done with a node, at a point of the canvas. */
  node(item: number, x: number, y: number): void {
    const { view } = this;
    const node = item < 0 ? -1 : view.stage.scene!.node[item]!;
    if (node < 0) return;
    view.choose(node, false);
    const own = view.element.getBoundingClientRect();
    const top = view.stage.canvas.getBoundingClientRect().top - own.top;
    this.menu.show(nodeMenu(view, node), x, y + top);
  }

  atChosen(): void {
    const { view } = this;
    const item = view.chosenItem();
    if (item < 0) return;
    const { x, y, zoom } = view.stage.view;
    const place = view.stage.placeOf(item);
    this.node(item, (place.x - x) * zoom, (place.y - y) * zoom + 12);
  }

  private below(anchor: HTMLElement, width: number): [number, number] {
    const own = this.view.element.getBoundingClientRect();
    const at = anchor.getBoundingClientRect();
    return [at.right - own.left - width, at.bottom - own.top + 4];
  }

  /** What else there is; a narrow head has no room for the share button, so it is here. */
  more(anchor: HTMLElement): void {
    const narrow = this.view.element.classList.contains('jl-narrow');
    const [first, ...rest] = narrow ? this.shareItems() : [];
    const share = first === undefined ? [] : [{ ...first, apart: true }, ...rest];
    const width = narrow ? 230 : 200;
    this.menu.show([...moreMenu(this.view), ...share], ...this.below(anchor, width));
  }

  /** The chosen node's menu, above a button. */
  chosen(anchor: HTMLElement): void {
    const { view } = this;
    const node = view.store.model?.index.get(view.chosen);
    if (node === undefined) return;
    const [x, y] = this.below(anchor, 192);
    this.menu.show(nodeMenu(view, node), x, y - 36);
  }

  share(anchor: HTMLElement): void {
    this.menu.show(this.shareItems(), ...this.below(anchor, 230));
  }

  private shareItems(): MenuItem[] {
    const { view } = this;
    const { store, selecting } = view;
    return shareMenu({
      document: format => store.export(format, selecting.around ? selecting.names() : []),
      canvas: view.stage.canvas,
      connected: store.connected && !store.offline,
      failed: message => view.say(message),
    });
  }
}
