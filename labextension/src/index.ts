// The plugins, and nothing else.

import {
  ILayoutRestorer,
  type JupyterFrontEnd,
  type JupyterFrontEndPlugin,
} from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';
import { INotebookTracker } from '@jupyterlab/notebook';
import { IStatusBar } from '@jupyterlab/statusbar';
import { addCommands, FEATURES, SAVE } from './lab/commands';
import { FeaturesPanel } from './lab/sidepanel';
import { StatusItem } from './lab/status';
import { NotebookButtons } from './lab/toolbar';

const features: JupyterFrontEndPlugin<void> = {
  id: 'jupyter-lifecycle:features',
  description: "The features of the active notebook: its kernel's own explorer at the side.",
  autoStart: true,
  requires: [INotebookTracker],
  optional: [ICommandPalette, ILayoutRestorer, IStatusBar],
  activate: (
    app: JupyterFrontEnd,
    tracker: INotebookTracker,
    palette: ICommandPalette | null,
    restorer: ILayoutRestorer | null,
    status: IStatusBar | null,
  ): void => {
    const panel = new FeaturesPanel(tracker);
    app.shell.add(panel, 'right', { rank: 300, type: 'Features' });
    restorer?.add(panel, panel.id);
    addCommands(app, tracker, panel);
    for (const command of [FEATURES, SAVE])
      palette?.addItem({ command, category: 'Features and envelopes' });
    app.docRegistry.addWidgetExtension('Notebook', new NotebookButtons(app.commands));
    status?.registerStatusItem('jupyter-lifecycle:status', {
      item: new StatusItem(panel, () => void app.commands.execute(FEATURES)),
      align: 'left',
      rank: 200,
    });
  },
};

export default [features];
