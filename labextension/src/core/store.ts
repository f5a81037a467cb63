// The session's one model behind all its views: takes the kernel's messages, sends the views' requests.

import type { Action, GraphView, Inspection, Reply, Request, StatesView } from '../wire';
import { GraphModel } from './model';

/** The way to the kernel, whatever it is made of. */
export interface Transport {
  send(request: Request): void;
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
  resolve(inspection: Inspection | null): void;
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
    this.transport.send({ type: 'hello', id: 0, action: 'inspect', names: [] });
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

  inspect(name: string): Promise<Inspection> {
    return this.ask('inspect', 'inspect', [name]).then(inspection => {
      if (inspection === null) throw new Error(`Nothing is known of ${name}.`);
      return inspection;
    });
  }

  async act(action: Action, names: readonly string[]): Promise<void> {
    await this.ask('act', action, names);
  }

  private ask(
    type: 'inspect' | 'act',
    action: Action,
    names: readonly string[],
  ): Promise<Inspection | null> {
    if (!this.connected) return Promise.reject(new Error('The kernel is not connected.'));
    const id = this.nextId++;
    return new Promise((resolve, reject) => {
      this.waiting.set(id, { resolve, reject });
      this.transport.send({ type, id, action, names });
    });
  }

  private answer(reply: Reply): void {
    const waiting = this.waiting.get(reply.id);
    this.waiting.delete(reply.id);
    if (reply.error !== '') waiting?.reject(new Error(reply.error));
    else waiting?.resolve(reply.inspection);
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
