// One notebook's connection to its kernel's session: how far the kernel is, badges, progress, actions.

import type { ISessionContext } from '@jupyterlab/apputils';
import { NotebookActions, type Notebook, type NotebookPanel } from '@jupyterlab/notebook';
import type { Kernel, KernelMessage } from '@jupyterlab/services';
import type { JSONObject } from '@lumino/coreutils';
import type { IDisposable } from '@lumino/disposable';
import { Signal, type ISignal } from '@lumino/signaling';
import type { CellPlace, CellsReply, CellsRequest, CellsView, CellView, State } from '../wire';
import { placesOf } from './places';
import { probe, type Readiness } from './probe';

const TARGET = 'jupyter_lifecycle.cells';
const LOAD = '%load_ext jupyter_lifecycle';
/** Milliseconds after the last key before the kernel hears of cells and headings. */
const PAUSE = 400;

type Answer =
  | { readonly type: 'cells'; readonly cells: CellsView }
  | { readonly type: 'reply'; readonly reply: CellsReply };

export type Totals = Omit<CellsView, 'cells' | 'gone'>;

const QUIET: Totals = { stale: 0, failed: 0, done: 0, total: 0, running: '' };

export class KernelLink implements IDisposable {
  readiness: Readiness | null = null;
  totals: Totals = QUIET;
  /** What each cell's badge says, by the cell's id. */
  readonly cells = new Map<string, CellView>();
  private readonly signal = new Signal<this, void>(this);
  private readonly waiting = new Map<number, (error: string) => void>();
  private comm: Kernel.IComm | null = null;
  private asking: Kernel.IKernelConnection | null = null;
  private told = '';
  private timer = 0;
  private nextId = 1;
  private ended = false;

  constructor(readonly notebook: NotebookPanel) {
    const context = notebook.sessionContext;
    context.kernelChanged.connect(this.onKernel, this);
    context.statusChanged.connect(this.onStatus, this);
    context.iopubMessage.connect(this.onMessage, this);
    notebook.content.model?.contentChanged.connect(this.onContent, this);
    notebook.context.pathChanged.connect(this.onContent, this);
    NotebookActions.executionScheduled.connect(this.onScheduled, this);
    void context.ready.then(() => this.check());
  }

  get isDisposed(): boolean {
    return this.ended;
  }

  dispose(): void {
    if (this.ended) return;
    this.ended = true;
    const context = this.notebook.sessionContext;
    context.kernelChanged.disconnect(this.onKernel, this);
    context.statusChanged.disconnect(this.onStatus, this);
    context.iopubMessage.disconnect(this.onMessage, this);
    this.notebook.content.model?.contentChanged.disconnect(this.onContent, this);
    this.notebook.context.pathChanged.disconnect(this.onContent, this);
    NotebookActions.executionScheduled.disconnect(this.onScheduled, this);
    window.clearTimeout(this.timer);
    this.disconnect(true);
    Signal.clearData(this);
  }

  /** Readiness, badges or totals may be others. */
  get changed(): ISignal<this, void> {
    return this.signal;
  }

  get kernel(): Kernel.IKernelConnection | null {
    return this.notebook.sessionContext.session?.kernel ?? null;
  }

  /** Finds out how far the kernel is, and connects as soon as there is a session. */
  async check(): Promise<void> {
    const kernel = this.kernel;
    // The question itself makes the kernel busy and idle again: one at a time.
    if (kernel === null || this.ended || this.asking === kernel) return;
    this.asking = kernel;
    const now = await probe(kernel).catch((reason: unknown) => {
      // A kernel that went away under the question: its successor is asked.
      console.debug('jupyter-lifecycle: the kernel did not answer', reason);
      return null;
    });
    if (this.asking === kernel) this.asking = null;
    if (this.ended || kernel !== this.kernel || now === null) return;
    const before = this.readiness;
    this.readiness = now;
    if (now === 'ready' && this.comm === null) this.connect(kernel);
    if (now !== before) this.signal.emit();
  }

  async load(): Promise<void> {
    await this.kernel?.requestExecute({ code: LOAD, store_history: false }).done;
    await this.check();
  }

  /** Does something with features; answers what went wrong, or an empty string. */
  act(action: CellsRequest['action'], names: readonly string[]): Promise<string> {
    const { comm } = this;
    if (comm === null) return Promise.resolve('The kernel is not connected.');
    const id = this.nextId++;
    const answered = new Promise<string>(resolve => this.waiting.set(id, resolve));
    this.say({ type: 'act', id, action, names: [...names] });
    return answered;
  }

  /** A feature of the first cell whose badge has this state, or an empty string. */
  firstIn(state: State): string {
    const cell = [...this.cells.values()].find(one => one.state === state);
    return cell?.worst ?? '';
  }

  private say(request: Partial<CellsRequest>): void {
    void this.comm?.send(request as unknown as JSONObject);
  }

  private connect(kernel: Kernel.IKernelConnection): void {
    const comm = kernel.createComm(TARGET);
    comm.onMsg = message => this.hear(message.content.data as unknown as Answer);
    comm.onClose = () => {
      if (this.comm !== comm) return;
      // The extension was unloaded, or loaded anew.
      this.disconnect(false);
      this.readiness = null;
      void this.check();
    };
    this.comm = comm;
    const cells = this.places();
    this.told = JSON.stringify(cells);
    void comm.open({ type: 'cells', ...cells } as unknown as JSONObject);
  }

  private disconnect(tell: boolean): void {
    const comm = this.comm;
    this.comm = null;
    if (tell && comm !== null && !comm.isDisposed) void comm.close();
    for (const answer of this.waiting.values()) answer('The kernel is not connected.');
    this.waiting.clear();
    this.cells.clear();
    this.totals = QUIET;
  }

  private hear(answer: Answer): void {
    if (answer.type === 'reply') {
      this.waiting.get(answer.reply.id)?.(answer.reply.error);
      this.waiting.delete(answer.reply.id);
      return;
    }
    const { cells, gone, ...totals } = answer.cells;
    for (const cell of cells) this.cells.set(cell.id, cell);
    for (const id of gone) this.cells.delete(id);
    this.totals = totals;
    this.signal.emit();
  }

  private places(): { notebook: string; cells: readonly CellPlace[] } {
    const model = this.notebook.content.model;
    return { notebook: this.notebook.context.path, cells: model ? placesOf(model.cells) : [] };
  }

  private onContent(): void {
    if (this.comm === null || this.timer !== 0) return;
    this.timer = window.setTimeout(() => this.tellPlaces(), PAUSE);
  }

  /** A cell that runs finds its own heading: the kernel hears of it first. */
  private onScheduled(_: unknown, { notebook }: { readonly notebook: Notebook }): void {
    if (notebook === this.notebook.content && this.timer !== 0) this.tellPlaces();
  }

  private tellPlaces(): void {
    window.clearTimeout(this.timer);
    this.timer = 0;
    const cells = this.places();
    const text = JSON.stringify(cells);
    if (text === this.told || this.comm === null) return;
    this.told = text;
    this.say({ type: 'cells', ...cells });
  }

  private onKernel(): void {
    this.readiness = null;
    this.disconnect(false);
    this.signal.emit();
    void this.check();
  }

  private onStatus(_: ISessionContext, status: Kernel.Status): void {
    if (status === 'restarting' || status === 'autorestarting' || status === 'dead') {
      this.readiness = null;
      this.disconnect(false);
      this.signal.emit();
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
}
