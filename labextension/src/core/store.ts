// The session's one model behind all its views: takes the kernel's messages, sends the views' requests.

import type {
  Action,
  Completed,
  ExportFormat,
  GraphView,
  Inspection,
  Reply,
  Request,
  Selected,
  StatesView,
} from '../wire';
import { GraphModel } from './model';

/** The way to the kernel, whatever it is made of. */
export interface Transport {
  send(request: Request): void;
  /** Whether all is in the page: nothing can be asked or done beyond looking. */
  readonly offline?: boolean;
  /** Interrupts the kernel; absent where the host gives no way. */
  interrupt?(): void;
}

export type Message =
  | { readonly type: 'graph'; readonly graph: GraphView }
  | { readonly type: 'states'; readonly states: StatesView }
  | { readonly type: 'reply'; readonly reply: Reply };

export interface StoreEvents {
  /** Another graph: lay out again. */
  graph: (model: GraphModel) => void;
  /** These nodes changed their state. */
  states: (touched: Int32Array) => void;
  /** The kernel came or went. */
  connection: (connected: boolean) => void;
}

type Listeners = { [K in keyof StoreEvents]: Set<StoreEvents[K]> };

interface Waiting {
  resolve(reply: Reply): void;
  reject(reason: Error): void;
}

export class Store {
  model: GraphModel | null = null;
  connected = true;
  /** When the last states came, as the wall clock says. */
  heard = new Date();
  private readonly listeners: Listeners = {
    graph: new Set(),
    states: new Set(),
    connection: new Set(),
  };
  private readonly waiting = new Map<number, Waiting>();
  private nextId = 1;

  constructor(private readonly transport: Transport) {}

  /** Asks the kernel for everything. */
  hello(): void {
    this.transport.send({ type: 'hello', id: 0, action: 'inspect', names: [], text: '', at: 0 });
  }

  on<K extends keyof StoreEvents>(event: K, listener: StoreEvents[K], signal: AbortSignal): void {
    this.listeners[event].add(listener);
    signal.addEventListener('abort', () => this.listeners[event].delete(listener), { once: true });
  }

  receive(message: Message): void {
    if (message.type === 'graph') this.setGraph(message.graph);
    else if (message.type === 'states') this.setStates(message.states);
    else this.answer(message.reply);
  }

  get offline(): boolean {
    return this.transport.offline === true;
  }

  get canInterrupt(): boolean {
    return this.transport.interrupt !== undefined;
  }

  interrupt(): void {
    this.transport.interrupt?.();
  }

  setConnected(connected: boolean): void {
    if (connected === this.connected) return;
    this.connected = connected;
    for (const listener of this.listeners.connection) listener(connected);
    if (!connected) {
      const gone = new Error('The kernel is not connected.');
      for (const waiting of this.waiting.values()) waiting.reject(gone);
      this.waiting.clear();
    }
  }

  async inspect(name: string): Promise<Inspection> {
    const { inspection } = await this.ask({ type: 'inspect', names: [name] });
    if (inspection === null) throw new Error(`Nothing is known of ${name}.`);
    return inspection;
  }

  async act(action: Action, names: readonly string[]): Promise<void> {
    await this.ask({ type: 'act', action, names });
  }

  /** Which nodes a query means, or what is wrong with it. */
  async select(text: string): Promise<Selected> {
    return (await this.ask({ type: 'select', text })).selected!;
  }

  /** What may stand at the cursor of a query. */
  async complete(text: string, at: number): Promise<Completed> {
    return (await this.ask({ type: 'complete', text, at })).completed!;
  }

  /** The query that means these nodes. */
  async describe(names: readonly string[]): Promise<string> {
    return (await this.ask({ type: 'describe', names })).text;
  }

  /** The graph as a document; only these nodes where some are named. */
  async export(format: ExportFormat, names: readonly string[]): Promise<string> {
    return (await this.ask({ type: 'export', text: format, names })).text;
  }

  private ask(asked: Pick<Request, 'type'> & Partial<Request>): Promise<Reply> {
    if (!this.connected) return Promise.reject(new Error('The kernel is not connected.'));
    const id = this.nextId++;
    return new Promise((resolve, reject) => {
      this.waiting.set(id, { resolve, reject });
      this.transport.send({ action: 'inspect', names: [], text: '', at: 0, ...asked, id });
    });
  }

  private answer(reply: Reply): void {
    const waiting = this.waiting.get(reply.id);
    this.waiting.delete(reply.id);
    if (reply.error !== '') waiting?.reject(new Error(reply.error));
    else waiting?.resolve(reply);
  }

  private setGraph(view: GraphView): void {
    const model = new GraphModel(view);
    if (this.model !== null) model.inherit(this.model);
    this.model = model;
    for (const listener of this.listeners.graph) listener(model);
  }

  private setStates(states: StatesView): void {
    // States of a graph that is on its way, or was left behind, say nothing of this one.
    if (this.model === null || states.version !== this.model.view.version) return;
    this.heard = new Date();
    const touched = this.model.apply(states, performance.now());
    for (const listener of this.listeners.states) listener(touched);
  }
}
