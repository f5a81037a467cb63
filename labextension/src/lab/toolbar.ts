// Two buttons in the notebook's toolbar.

import { CommandToolbarButton } from '@jupyterlab/apputils';
import type { DocumentRegistry } from '@jupyterlab/docregistry';
import type { INotebookModel, NotebookPanel } from '@jupyterlab/notebook';
import type { CommandRegistry } from '@lumino/commands';
import { DisposableDelegate, type IDisposable } from '@lumino/disposable';
import { FEATURES, SAVE } from './commands';

export class NotebookButtons implements DocumentRegistry.IWidgetExtension<
  NotebookPanel,
  INotebookModel
> {
  constructor(private readonly commands: CommandRegistry) {}

  createNew(panel: NotebookPanel): IDisposable {
    const { commands } = this;
    const save = new CommandToolbarButton({ commands, id: SAVE });
    const features = new CommandToolbarButton({ commands, id: FEATURES });
    for (const own of [save, features]) own.addClass('jl-toolbar-button');
    const placed =
      panel.toolbar.insertBefore('spacer', 'lifecycle-save', save) &&
      panel.toolbar.insertBefore('spacer', 'lifecycle-features', features);
    if (!placed) {
      panel.toolbar.addItem('lifecycle-save', save);
      panel.toolbar.addItem('lifecycle-features', features);
    }
    return new DisposableDelegate(() => {
      save.dispose();
      features.dispose();
    });
  }
}
