// The plugins, and nothing else.

import {
  ILayoutRestorer,
  type JupyterFrontEnd,
  type JupyterFrontEndPlugin,
} from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';
import { IEditorExtensionRegistry } from '@jupyterlab/codemirror';
import { INotebookTracker } from '@jupyterlab/notebook';
import { ISettingRegistry } from '@jupyterlab/settingregistry';
import { IStatusBar } from '@jupyterlab/statusbar';
import { answerButtons } from './lab/actions';
import { CellBadges } from './lab/badges';
import { addCommands, ALL, FEATURES } from './lab/commands';
import { answerExplorers } from './lab/going';
import { magicLines } from './lab/highlight';
import type { KernelLink } from './lab/link';
import { Links } from './lab/links';
import { followSettings } from './lab/settings';
import { FeaturesPanel } from './lab/sidepanel';
import { StatusItem } from './lab/status';
import { NotebookButtons } from './lab/toolbar';

const FEATURES_PLUGIN = 'jupyter-lifecycle:features';

const features: JupyterFrontEndPlugin<void> = {
  id: FEATURES_PLUGIN,
  description: "The features of the active notebook: its kernel's own explorer at the side.",
  autoStart: true,
  requires: [INotebookTracker],
  optional: [ICommandPalette, ILayoutRestorer, IStatusBar, ISettingRegistry],
  activate: (
    app: JupyterFrontEnd,
    tracker: INotebookTracker,
    palette: ICommandPalette | null,
    restorer: ILayoutRestorer | null,
    status: IStatusBar | null,
    settings: ISettingRegistry | null,
  ): void => {
    const links = new Links(tracker);
    answerExplorers(tracker);
    const panel = new FeaturesPanel(links);
    app.shell.add(panel, 'right', { rank: 300, type: 'Features' });
    restorer?.add(panel, panel.id);
    addCommands(app, links, panel);
    for (const command of ALL) palette?.addItem({ command, category: 'Features and envelopes' });
    app.docRegistry.addWidgetExtension('Notebook', new NotebookButtons(app.commands));
    const show = (name: string): void => {
      void app.commands.execute(FEATURES);
      panel.open(name);
    };
    const item = new StatusItem(links, state => show(links.current?.firstIn(state) ?? ''));
    status?.registerStatusItem('jupyter-lifecycle:status', { item, align: 'left', rank: 200 });

    const badges = new Map<KernelLink, CellBadges>();
    let badged = true;
    const follow = (link: KernelLink): void => {
      answerButtons(link);
      const own = new CellBadges(link, cell => show(cell.worst));
      own.enabled = badged;
      badges.set(link, own);
      link.notebook.disposed.connect(() => badges.delete(link));
    };
    links.added.connect((_, link) => follow(link));
    links.all.forEach(follow);
    void followSettings(settings, FEATURES_PLUGIN, choices => {
      badged = choices.badges;
      for (const own of badges.values()) own.enabled = badged;
      item.setHidden(!choices.statusBar);
      document.body.classList.toggle('jl-no-toolbar', !choices.toolbar);
    });
  },
};

const highlight: JupyterFrontEndPlugin<void> = {
  id: 'jupyter-lifecycle:highlight',
  description:
    "Magic lines of a cell in the colour of keywords, whatever the cell's parser takes them for.",
  autoStart: true,
  requires: [IEditorExtensionRegistry],
  activate: (_: JupyterFrontEnd, registry: IEditorExtensionRegistry): void => {
    registry.addExtension({
      name: 'jupyter-lifecycle:magics',
      factory: () => magicLines(),
    });
  },
};

export default [features, highlight];
