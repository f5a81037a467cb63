// What the buttons, the palette, the keys and the status bar run.

import type { JupyterFrontEnd } from '@jupyterlab/application';
import { Notification } from '@jupyterlab/apputils';
import { NotebookActions, type NotebookPanel } from '@jupyterlab/notebook';
import { tell } from './actions';
import { goToDefinition, nameAtCursor } from './going';
import { featuresIcon, saveIcon } from './icons';
import type { Links } from './links';
import type { FeaturesPanel } from './sidepanel';

export const FEATURES = 'jupyter-lifecycle:features';
export const SAVE = 'jupyter-lifecycle:save';
export const RECOMPUTE = 'jupyter-lifecycle:recompute-stale';
export const DEFINITION = 'jupyter-lifecycle:go-to-feature';
export const WHY = 'jupyter-lifecycle:why';
export const ALL = [FEATURES, SAVE, RECOMPUTE, DEFINITION, WHY];

/** A click is a line of code: the line stands in a cell of its own below, and runs. */
async function runBelow(notebook: NotebookPanel, code: string): Promise<void> {
  NotebookActions.insertBelow(notebook.content);
  notebook.content.activeCell?.model.sharedModel.setSource(code);
  await NotebookActions.run(notebook.content, notebook.sessionContext);
}

function addFeatureCommands(app: JupyterFrontEnd, links: Links): void {
  const { commands } = app;
  const isReady = (): boolean => links.current?.readiness === 'ready';
  commands.addCommand(RECOMPUTE, {
    label: 'Recompute what is stale',
    isEnabled: () => isReady() && links.current!.totals.stale > 0,
    execute: async () => {
      const link = links.current;
      if (link !== null) tell(await link.act('recompute', []));
    },
  });
  commands.addCommand(DEFINITION, {
    label: 'Go to the feature at the cursor',
    caption: 'Go to the cell and line that define the feature whose name the cursor touches',
    isEnabled: isReady,
    execute: async () => {
      const link = links.current;
      if (link === null || (await goToDefinition(link))) return;
      const name = nameAtCursor(link.notebook);
      const words = name === '' ? 'No name at the cursor.' : `No cell defines a feature ${name}.`;
      Notification.info(words, { autoClose: 4000 });
    },
  });
  commands.addCommand(WHY, {
    label: 'Why did the feature at the cursor run',
    isEnabled: isReady,
    execute: async () => {
      const link = links.current;
      const name = link === null ? '' : nameAtCursor(link.notebook);
      if (link !== null && name !== '') await runBelow(link.notebook, `%why ${name}`);
    },
  });
}

export function addCommands(app: JupyterFrontEnd, links: Links, panel: FeaturesPanel): void {
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
    isEnabled: () => links.current !== null,
    execute: async () => {
      const link = links.current;
      if (link === null) return;
      await link.check();
      // Without the package the panel says what it takes.
      if (link.readiness !== 'ready') reveal();
      else await runBelow(link.notebook, '%save');
    },
  });
  addFeatureCommands(app, links);
}
