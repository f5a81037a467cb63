// Badges beside cells: the worst state of the features that a cell defines or computes.

import type { Cell } from '@jupyterlab/cells';
import type { NotebookPanel } from '@jupyterlab/notebook';
import { fill, h } from '../core/dom';
import { glyph } from '../core/glyphs';
import type { CellView } from '../wire';
import type { KernelLink } from './link';
import { badgeWords } from './words';

const BADGED = 'jl-badged';

export class CellBadges {
  private readonly nodes = new WeakMap<Element, HTMLButtonElement>();
  private readonly drawn = new WeakMap<HTMLButtonElement, CellView>();
  private readonly ended = new AbortController();
  private frame = 0;
  private on = true;

  constructor(
    private readonly link: KernelLink,
    private readonly open: (cell: CellView) => void,
  ) {
    const { content } = link.notebook;
    link.changed.connect(this.later, this);
    // Cells are drawn when they come near the view: the list says when.
    content.node.addEventListener('scroll', () => this.later(), {
      capture: true,
      passive: true,
      signal: this.ended.signal,
    });
    content.modelContentChanged.connect(this.later, this);
    content.activeCellChanged.connect(this.later, this);
    link.notebook.disposed.connect(() => this.dispose());
    this.later();
  }

  set enabled(on: boolean) {
    this.on = on;
    this.later();
  }

  private dispose(): void {
    window.cancelAnimationFrame(this.frame);
    this.ended.abort();
    this.link.changed.disconnect(this.later, this);
  }

  private later(): void {
    if (this.frame !== 0) return;
    this.frame = window.requestAnimationFrame(() => {
      this.frame = 0;
      for (const cell of cellsOf(this.link.notebook)) this.draw(cell);
    });
  }

  private draw(cell: Cell): void {
    const area = cell.inputArea?.node;
    if (area === undefined) return;
    const view = this.on ? this.link.cells.get(cell.model.id) : undefined;
    let node = this.nodes.get(area);
    cell.toggleClass(BADGED, view !== undefined);
    if (view === undefined) {
      node?.remove();
      return;
    }
    if (node === undefined) {
      node = this.make(cell);
      this.nodes.set(area, node);
    }
    if (node.parentElement !== area) area.append(node);
    if (this.drawn.get(node) === view) return;
    this.drawn.set(node, view);
    const words = badgeWords(view);
    node.title = words;
    node.setAttribute('aria-label', `${words}. Show in the explorer`);
    node.dataset['state'] = view.state;
    fill(node, glyph(view.state));
  }

  private make(cell: Cell): HTMLButtonElement {
    const node = h('button', { type: 'button', class: 'jl jl-badge', tabindex: -1 });
    node.addEventListener(
      'click',
      event => {
        event.stopPropagation();
        const view = this.link.cells.get(cell.model.id);
        if (view !== undefined) this.open(view);
      },
      { signal: this.ended.signal },
    );
    return node;
  }
}

function cellsOf(notebook: NotebookPanel): readonly Cell[] {
  return notebook.isDisposed ? [] : notebook.content.widgets;
}
