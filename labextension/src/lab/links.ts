// The connections of all open notebooks, and which of them is the active one's.

import type { INotebookTracker, NotebookPanel } from '@jupyterlab/notebook';
import { Signal, type ISignal } from '@lumino/signaling';
import { KernelLink } from './link';

export class Links {
  private readonly links = new Map<NotebookPanel, KernelLink>();
  private readonly currentSignal = new Signal<this, void>(this);
  private readonly addedSignal = new Signal<this, KernelLink>(this);

  constructor(private readonly tracker: INotebookTracker) {
    tracker.widgetAdded.connect((_, notebook) => this.add(notebook));
    tracker.forEach(notebook => this.add(notebook));
    tracker.currentChanged.connect(() => this.currentSignal.emit());
  }

  /** Another notebook is active, or the active one's connection says something else. */
  get currentChanged(): ISignal<this, void> {
    return this.currentSignal;
  }

  get added(): ISignal<this, KernelLink> {
    return this.addedSignal;
  }

  get current(): KernelLink | null {
    const notebook = this.tracker.currentWidget;
    return notebook === null ? null : (this.links.get(notebook) ?? null);
  }

  get all(): readonly KernelLink[] {
    return [...this.links.values()];
  }

  private add(notebook: NotebookPanel): void {
    if (this.links.has(notebook)) return;
    const link = new KernelLink(notebook);
    this.links.set(notebook, link);
    link.changed.connect(() => {
      if (link === this.current) this.currentSignal.emit();
    });
    notebook.disposed.connect(() => {
      this.links.delete(notebook);
      link.dispose();
    });
    this.addedSignal.emit(link);
    if (link === this.current) this.currentSignal.emit();
  }
}
