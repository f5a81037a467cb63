// The side panel: follows the active notebook, and keeps the explorers of the others.

import { StackedPanel, Widget } from '@lumino/widgets';
import { fill, h } from '../core/dom';
import { OPEN } from '../core/summary';
import { featuresIcon } from './icons';
import type { KernelLink } from './link';
import type { Links } from './links';
import { NotebookView } from './notebookview';

export class FeaturesPanel extends StackedPanel {
  private readonly views = new Map<KernelLink, NotebookView>();
  private readonly none = new Widget();

  constructor(private readonly links: Links) {
    super();
    this.id = 'jupyter-lifecycle-features';
    this.addClass('jl-lab-side');
    this.title.icon = featuresIcon;
    this.title.caption = 'Features';
    this.none.addClass('jl-lab-hint');
    fill(
      this.none.node,
      h(
        'div',
        { class: 'jl jl-hint-text' },
        h('strong', {}, 'No notebook open'),
        h('p', { class: 'jl-second' }, 'The features of the active notebook are shown here.'),
      ),
    );
    this.addWidget(this.none);
    links.currentChanged.connect(this.follow, this);
    this.follow();
  }

  /** Shows a feature of the active notebook in its explorer; an empty name shows nothing. */
  open(name: string): void {
    const link = this.links.current;
    const view = link === null ? undefined : this.views.get(link);
    const explorer = view?.node.querySelector('.jl-explorer');
    if (name !== '')
      explorer?.dispatchEvent(new CustomEvent(OPEN, { detail: name, bubbles: true }));
  }

  private viewOf(link: KernelLink): NotebookView {
    let view = this.views.get(link);
    if (view === undefined) {
      const made = new NotebookView(link);
      view = made;
      this.views.set(link, made);
      this.addWidget(made);
      link.notebook.disposed.connect(() => {
        this.views.delete(link);
        made.dispose();
      });
    }
    return view;
  }

  private follow(): void {
    const link = this.links.current;
    const shown = link === null ? this.none : this.viewOf(link);
    for (const widget of this.widgets) widget.setHidden(widget !== shown);
  }
}
