// One notebook's part of the side panel: its kernel's own explorer, or what it takes to get one.

import type { NotebookPanel } from '@jupyterlab/notebook';
import { OutputAreaModel, SimplifiedOutputArea } from '@jupyterlab/outputarea';
import type { Kernel, KernelMessage } from '@jupyterlab/services';
import type { ISessionContext } from '@jupyterlab/apputils';
import { Panel, Widget } from '@lumino/widgets';
import type { Message } from '@lumino/messaging';
import { button, fill, h } from '../core/dom';
import { icon } from '../core/glyphs';
import { codeLine } from '../core/overlays';
import { SUMMARY, type Summary } from '../core/summary';
import { probe, type Readiness } from './probe';

const SHOW = 'from jupyter_lifecycle.notebook import show_explorer; show_explorer()';
const LOAD = '%load_ext jupyter_lifecycle';

export class NotebookView extends Panel {
  readiness: Readiness | null = null;
  summary: Summary | null = null;
  private readonly hint = new Widget();
  private area: SimplifiedOutputArea | null = null;
  private readonly ended = new AbortController();
  private asked = 0;

  constructor(
    readonly notebook: NotebookPanel,
    private readonly changed: () => void,
  ) {
    super();
    this.addClass('jl-notebook-view');
    this.addClass('jl-fill');
    this.hint.addClass('jl-hint');
    this.addWidget(this.hint);
    const context = notebook.sessionContext;
    context.kernelChanged.connect(this.onKernel, this);
    context.statusChanged.connect(this.onStatus, this);
    context.iopubMessage.connect(this.onMessage, this);
    this.node.addEventListener(
      SUMMARY,
      event => {
        this.summary = (event as CustomEvent<Summary>).detail;
        this.changed();
      },
      { signal: this.ended.signal },
    );
    this.node.addEventListener('contextmenu', event => event.stopPropagation(), {
      signal: this.ended.signal,
    });
    void context.ready.then(() => this.check());
    this.tell();
  }

  override dispose(): void {
    if (this.isDisposed) return;
    const context = this.notebook.sessionContext;
    context.kernelChanged.disconnect(this.onKernel, this);
    context.statusChanged.disconnect(this.onStatus, this);
    context.iopubMessage.disconnect(this.onMessage, this);
    this.ended.abort();
    super.dispose();
  }

  private get kernel(): Kernel.IKernelConnection | null {
    return this.notebook.sessionContext.session?.kernel ?? null;
  }

  private onKernel(): void {
    this.readiness = null;
    this.dropArea();
    this.tell();
    void this.check();
  }

  private onStatus(_: ISessionContext, status: Kernel.Status): void {
    // After a restart the old picture stays, as of then, until there is a session again.
    if (status === 'restarting' || status === 'autorestarting') {
      this.readiness = null;
      this.summary = null;
      this.changed();
    } else if (status === 'idle' && this.readiness === null) void this.check();
  }

  private onMessage(_: ISessionContext, message: KernelMessage.IMessage): void {
    if (this.readiness === 'ready' || message.header.msg_type !== 'execute_input') return;
    // Something ran that may have loaded the extension: look again when it has ended.
    const kernel = this.kernel;
    const idle = (_sender: unknown, status: string): void => {
      if (status !== 'idle') return;
      kernel?.statusChanged.disconnect(idle);
      void this.check();
    };
    kernel?.statusChanged.connect(idle);
  }

  /** Finds out how far the kernel is, and shows the explorer as soon as there is one. */
  async check(): Promise<void> {
    const kernel = this.kernel;
    if (kernel === null || this.isDisposed) return;
    const asked = ++this.asked;
    const now = await probe(kernel).catch(() => null);
    if (asked !== this.asked || this.isDisposed || now === null) return;
    const before = this.readiness;
    this.readiness = now;
    if (now === 'ready' && before !== 'ready') this.showExplorer(kernel);
    else if (now !== before) this.tell();
  }

  private showExplorer(kernel: Kernel.IKernelConnection): void {
    this.dropArea();
    this.hint.hide();
    const area = new SimplifiedOutputArea({
      model: new OutputAreaModel({ trusted: true }),
      rendermime: this.notebook.content.rendermime,
    });
    area.addClass('jl-side-area');
    this.area = area;
    this.addWidget(area);
    area.future = kernel.requestExecute({
      code: SHOW,
      silent: false,
      store_history: false,
      stop_on_error: false,
    });
    this.measure();
    this.changed();
  }

  private dropArea(): void {
    this.area?.dispose();
    this.area = null;
    this.summary = null;
    this.changed();
  }

  /** The hint in place of the explorer: only where there is no picture to keep. */
  private tell(): void {
    if (this.area !== null) return;
    this.hint.show();
    const { signal } = this.ended;
    const parts: Record<Readiness | 'waiting', () => Node[]> = {
      waiting: () => [h('p', { class: 'jl-second' }, 'The explorer comes with the kernel.')],
      foreign: () => [
        h('strong', {}, 'This kernel is not Python'),
        h('p', { class: 'jl-second' }, 'Features are Python functions.'),
      ],
      missing: () => [
        icon('bolt'),
        h('strong', {}, 'jupyter_lifecycle is not in this kernel'),
        h(
          'p',
          { class: 'jl-second' },
          'The notebook works as before. To see its features, install the package where the kernel runs, then restart it.',
        ),
        codeLine('%pip', ' install jupyter_lifecycle', signal),
      ],
      unloaded: () => [
        h('strong', {}, 'Not loaded in this notebook'),
        h(
          'p',
          { class: 'jl-second' },
          'Put this line into the first cell, or run it once from here.',
        ),
        codeLine('%load_ext', ' jupyter_lifecycle', signal),
        button('Load', () => void this.load(), signal, { icon: 'play' }),
      ],
      ready: () => [],
    };
    const holder = h('div', { class: 'jl jl-hint-text' });
    fill(holder, ...parts[this.readiness ?? 'waiting']());
    fill(this.hint.node, holder);
    this.changed();
  }

  private async load(): Promise<void> {
    await this.kernel?.requestExecute({ code: LOAD, store_history: false }).done;
    await this.check();
  }

  protected override onResize(message: Widget.ResizeMessage): void {
    super.onResize(message);
    this.measure();
  }

  protected override onAfterShow(message: Message): void {
    super.onAfterShow(message);
    this.measure();
  }

  /** The explorer inside takes its height from here: the output area around it has none. */
  private measure(): void {
    const { clientHeight } = this.node;
    if (clientHeight > 0) this.node.style.setProperty('--jl-explorer-height', `${clientHeight}px`);
  }
}
