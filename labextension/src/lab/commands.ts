// What the buttons, the palette and the status bar run.

import type { JupyterFrontEnd } from '@jupyterlab/application';
import type { INotebookTracker, NotebookPanel } from '@jupyterlab/notebook';
import { NotebookActions } from '@jupyterlab/notebook';
import { featuresIcon, saveIcon } from './icons';
import type { FeaturesPanel } from './sidepanel';

export const FEATURES = 'jupyter-lifecycle:features';
export const SAVE = 'jupyter-lifecycle:save';

/** A click is a line of code: the line stands in a cell of its own below, and runs. */
async function runBelow(notebook: NotebookPanel, code: string): Promise<void> {
  NotebookActions.insertBelow(notebook.content);
  notebook.content.activeCell?.model.sharedModel.setSource(code);
  await NotebookActions.run(notebook.content, notebook.sessionContext);
}

export function addCommands(
  app: JupyterFrontEnd,
  tracker: INotebookTracker,
  panel: FeaturesPanel,
): void {
  const reveal = (): void => app.shell.activateById(panel.id);
  app.commands.addCommand(FEATURES, {
    label: 'Features',
    caption: 'Show the features of this notebook',
    icon: featuresIcon,
    execute: reveal,
  });
  app.commands.addCommand(SAVE, {
    label: 'Save envelope',
    caption: 'Save a model of this notebook with its schema, environment and features',
    icon: saveIcon,
    isEnabled: () => tracker.currentWidget !== null,
    execute: async () => {
      const notebook = tracker.currentWidget;
      if (notebook === null) return;
      await panel.current?.check();
      // Without the package the panel says what it takes.
      if (panel.current?.readiness !== 'ready') reveal();
      else await runBelow(notebook, '%save');
    },
  });
}
