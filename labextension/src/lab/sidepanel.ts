// The side panel: follows the active notebook, and keeps the explorers of the others.

import type { INotebookTracker, NotebookPanel } from '@jupyterlab/notebook';
import { Signal, type ISignal } from '@lumino/signaling';
import { StackedPanel, Widget } from '@lumino/widgets';
import { fill, h } from '../core/dom';
import { NotebookView } from './notebookview';
import { featuresIcon } from './icons';

export class FeaturesPanel extends StackedPanel {
  private readonly views = new Map<NotebookPanel, NotebookView>();
  private readonly none = new Widget();
  private readonly summaryChanged = new Signal<this, void>(this);

  constructor(private readonly tracker: INotebookTracker) {
    super();
    this.id = 'jupyter-lifecycle-features';
    this.addClass('jl-side');
    this.title.icon = featuresIcon;
    this.title.caption = 'Features';
    this.none.addClass('jl-hint');
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
    tracker.currentChanged.connect(this.follow, this);
    this.follow();
  }

  /** What the status bar shows may be another. */
  get changed(): ISignal<this, void> {
    return this.summaryChanged;
  }

  /** The view of the active notebook, or null. */
  get current(): NotebookView | null {
    const notebook = this.tracker.currentWidget;
    return notebook === null ? null : (this.views.get(notebook) ?? null);
  }

  private viewOf(notebook: NotebookPanel): NotebookView {
    let view = this.views.get(notebook);
    if (view === undefined) {
      const made = new NotebookView(notebook, () => this.summaryChanged.emit());
      view = made;
      this.views.set(notebook, made);
      this.addWidget(made);
      notebook.disposed.connect(() => {
        this.views.delete(notebook);
        made.dispose();
      });
    }
    return view;
  }

  private follow(): void {
    const notebook = this.tracker.currentWidget;
    const shown = notebook === null ? this.none : this.viewOf(notebook);
    for (const widget of this.widgets) widget.setHidden(widget !== shown);
    this.summaryChanged.emit();
  }
}
