// The anywidget entry: one store a model, one explorer a view.

import { Explorer } from './core/explorer';
import { Store, type Message, type Transport } from './core/store';
import { OPEN } from './core/summary';
import type { GraphView, Inspection, Reply, Request, StatesView } from './wire';

interface Signal<T> {
  connect(slot: (sender: unknown, value: T) => void): void;
  disconnect(slot: (sender: unknown, value: T) => void): void;
}

/** What JupyterLab's kernel connection offers, where the host is JupyterLab. */
interface Kernel {
  readonly connectionStatus: string;
  readonly connectionStatusChanged?: Signal<string>;
  readonly statusChanged?: Signal<string>;
  interrupt?(): Promise<void>;
}

interface Model {
  get(key: string): unknown;
  set(key: string, value: unknown): void;
  save_changes(): void;
  send(content: unknown): void;
  on(event: string, callback: (...values: never[]) => void): void;
  off(event: string, callback: (...values: never[]) => void): void;
  readonly widget_manager?: { readonly kernel?: Kernel | null };
}

interface Context {
  readonly model: Model;
  readonly signal?: AbortSignal;
}

const stores = new WeakMap<object, Store>();

function transportOf(model: Model): Transport {
  const send = (request: Request): void => model.send(request);
  const kernel = model.widget_manager?.kernel;
  if (!kernel?.interrupt) return { send };
  return { send, interrupt: () => void kernel.interrupt?.() };
}

function watchKernel(model: Model, store: Store, signal: AbortSignal): void {
  const kernel = model.widget_manager?.kernel;
  if (!kernel) return;
  const connection = (_: unknown, status: string): void => {
    if (status === 'disconnected') store.setConnected(false);
  };
  const status = (_: unknown, now: string): void => {
    // After a restart this widget's other half is gone: what is shown stays, as of then.
    if (now === 'restarting' || now === 'autorestarting' || now === 'dead' || now === 'terminating')
      store.setConnected(false);
  };
  kernel.connectionStatusChanged?.connect(connection);
  kernel.statusChanged?.connect(status);
  signal.addEventListener('abort', () => {
    kernel.connectionStatusChanged?.disconnect(connection);
    kernel.statusChanged?.disconnect(status);
  });
}

/** The identity of a widget is its model, however the host wraps it for each view. */
function keyOf(model: Model): object {
  return (model as { model?: object }).model ?? model;
}

function initialize({ model, signal }: Context): () => void {
  const ended = new AbortController();
  const store = new Store(transportOf(model));
  stores.set(keyOf(model), store);
  const receive = (message: Message): void => store.receive(message);
  const closed = (): void => store.setConnected(false);
  model.on('msg:custom', receive as (...values: never[]) => void);
  model.on('comm:close', closed as (...values: never[]) => void);
  ended.signal.addEventListener('abort', () => {
    model.off('msg:custom', receive as (...values: never[]) => void);
    model.off('comm:close', closed as (...values: never[]) => void);
  });
  signal?.addEventListener('abort', () => ended.abort(), { once: true });
  watchKernel(model, store, ended.signal);
  store.hello();
  return () => ended.abort();
}

function render({ model, el, signal }: Context & { readonly el: HTMLElement }): () => void {
  const ended = new AbortController();
  signal?.addEventListener('abort', () => ended.abort(), { once: true });
  const store = stores.get(keyOf(model)) ?? lateStore(model, ended.signal);
  const explorer = new Explorer(el, store, {
    signal: ended.signal,
    query: String(model.get('query') ?? ''),
    onSelect: name => {
      model.set('selected', name);
      model.save_changes();
    },
  });
  const open = (event: Event): void => {
    const node = store.model?.view.names.indexOf((event as CustomEvent<string>).detail) ?? -1;
    if (node >= 0) explorer.go(node);
  };
  el.addEventListener(OPEN, open, { signal: ended.signal });
  return () => ended.abort();
}

/** A host that shows a view without having initialised its model. */
function lateStore(model: Model, signal: AbortSignal): Store {
  initialize({ model, signal });
  return stores.get(keyOf(model))!;
}

interface Saved {
  readonly graph: GraphView;
  readonly states: StatesView;
  readonly inspections: Readonly<Record<string, Inspection>>;
  /** When the file was written, in words. */
  readonly saved: string;
}

/** The explorer of a file that was exported: all that it can tell is in the page. */
function offline(el: HTMLElement, content: string): void {
  const { graph, states, inspections, saved } = JSON.parse(content) as Saved;
  const known = new Map(Object.entries(inspections));
  const answer = (request: Request): Reply => {
    const reply = { id: request.id, error: '', selected: null, completed: null, text: '' };
    const inspection = request.type === 'inspect' ? known.get(request.names[0] ?? '') : undefined;
    if (inspection !== undefined) return { ...reply, inspection };
    const error =
      request.type === 'inspect'
        ? 'This file tells what the graph says of it, not more.'
        : 'Selecting by a query needs the notebook. Names, states, hops and paths work here.';
    return { ...reply, inspection: null, error };
  };
  const store: Store = new Store({
    offline: true,
    send: request => queueMicrotask(() => store.receive({ type: 'reply', reply: answer(request) })),
  });
  store.receive({ type: 'graph', graph });
  const message = states.message === '' ? `As of ${saved}.` : `${states.message} As of ${saved}.`;
  store.receive({ type: 'states', states: { ...states, message } });
  document.body.dataset.jpThemeLight = String(!matchMedia('(prefers-color-scheme: dark)').matches);
  new Explorer(el, store, { signal: new AbortController().signal });
}

export default { initialize, render, offline };
