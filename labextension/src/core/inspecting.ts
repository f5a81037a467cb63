// Asks the kernel about the chosen node, and again when the node has changed.

import type { Inspector } from './inspector';
import { CODE, type GraphModel } from './model';
import type { Store } from './store';

export class Inspecting {
  private name = '';
  private state = '';

  constructor(
    private readonly store: Store,
    private readonly inspector: Inspector,
    private readonly signal: AbortSignal,
  ) {}

  /** Opens the inspector on a node: what is known at once, the rest when it comes. */
  ask(model: GraphModel, name: string): void {
    this.show(model, name);
    this.request(name);
  }

  /** The states have changed: shows the node's, and asks again once it has settled in another. */
  refresh(model: GraphModel, name: string): void {
    const before = this.state;
    const node = this.show(model, name);
    const settled = model.state[node] !== CODE.running && model.state[node] !== CODE.queued;
    if (before !== this.state && settled && this.store.connected) this.request(name);
  }

  private show(model: GraphModel, name: string): number {
    const node = model.index.get(name)!;
    this.name = name;
    this.state = [name, model.state[node], model.seconds[node], model.note[node]].join('|');
    this.inspector.show(model, node, this.store.connected);
    return node;
  }

  private request(name: string): void {
    const current = (): boolean => this.name === name && !this.signal.aborted;
    this.store.inspect(name).then(
      inspection => {
        if (current()) this.inspector.answer(inspection);
      },
      (reason: Error) => {
        if (current()) this.inspector.fail(reason.message);
      },
    );
  }
}
