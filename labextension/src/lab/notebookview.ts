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
/** Height of the line above a picture that is of before a restart. */
const STRIP = 40;

export class NotebookView extends Panel {
  readiness: Readiness | null = null;
  summary: Summary | null = null;
  private readonly hint = new Widget();
  private area: SimplifiedOutputArea | null = null;
  private readonly ended = new AbortController();
  private kernelId = '';
  private asking: Kernel.IKernelConnection | null = null;

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
    this.kernelId = this.kernel?.id ?? '';
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
    const id = this.kernel?.id ?? '';
    this.readiness = null;
    // A restarted kernel keeps its id: the old picture stays, as of then, until there is a session.
    if (id !== this.kernelId) this.dropArea();
    this.kernelId = id;
    this.summary = null;
    this.tell();
    void this.check();
  }

  private onStatus(_: ISessionContext, status: Kernel.Status): void {
    if (status === 'restarting' || status === 'autorestarting') {
      this.readiness = null;
      this.summary = null;
      this.changed();
    } else if (status === 'idle' && this.readiness === null && this.asking === null) {
      void this.check();
    }
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
    // The question itself makes the kernel busy and idle again: one at a time.
    if (kernel === null || this.isDisposed || this.asking === kernel) return;
    this.asking = kernel;
    const now = await probe(kernel).catch((reason: unknown) => {
      // A kernel that went away under the question: its successor is asked.
      console.debug('jupyter-lifecycle: the kernel did not answer', reason);
      return null;
    });
    if (this.asking === kernel) this.asking = null;
    if (this.isDisposed || kernel !== this.kernel || now === null) return;
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
    const { signal } = this.ended;
    if (this.area !== null) {
      this.hint.setHidden(this.readiness !== 'unloaded');
      fill(
        this.hint.node,
        h(
          'div',
          { class: 'jl jl-strip' },
          h('span', { class: 'jl-grow jl-cut' }, 'Not loaded since the restart.'),
          button('Load', () => void this.load(), signal, { icon: 'play' }),
        ),
      );
      this.measure();
      return;
    }
    this.hint.show();
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
    const whole = this.node.clientHeight;
    if (whole === 0) return;
    const strip = this.area !== null && this.hint.isVisible ? STRIP : 0;
    this.node.style.setProperty('--jl-explorer-height', `${whole - strip}px`);
    this.hint.node.style.height = strip > 0 ? `${STRIP}px` : '100%';
  }
}
