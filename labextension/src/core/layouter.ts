// Runs the layout beside the page where a worker may be made, in the page where not.

import source from 'inline-worker:./worker.ts';
import { layout, type LayoutInput, type LayoutResult } from './layout';

/** Up to here the layout takes less than a frame: no detour. */
const SMALL = 250;

interface Answer {
  readonly id: number;
  readonly result: LayoutResult;
}

export class Layouter {
  private worker: Worker | null = null;
  private refused = false;
  private nextId = 1;
  private readonly waiting = new Map<
    number,
    { input: LayoutInput; done: (r: LayoutResult) => void }
  >();

  constructor(signal: AbortSignal) {
    signal.addEventListener('abort', () => this.worker?.terminate(), { once: true });
  }

  /** Calls `done` at once for a small graph, later for a large one. */
  run(input: LayoutInput, done: (result: LayoutResult) => void): void {
    if (input.count <= SMALL || !this.start()) {
      done(layout(input));
      return;
    }
    const id = this.nextId++;
    this.waiting.set(id, { input, done });
    this.worker!.postMessage({ id, input });
  }

  private start(): boolean {
    if (this.worker !== null) return true;
    if (this.refused) return false;
    try {
      const url = URL.createObjectURL(new Blob([source], { type: 'text/javascript' }));
      this.worker = new Worker(url);
      URL.revokeObjectURL(url);
    } catch {
      // A page whose policy forbids it: the layout runs here.
      this.refused = true;
      return false;
    }
    this.worker.addEventListener('message', (event: MessageEvent<Answer>) => {
      const job = this.waiting.get(event.data.id);
      this.waiting.delete(event.data.id);
      job?.done(event.data.result);
    });
    this.worker.addEventListener('error', () => this.giveUp());
    return true;
  }

  private giveUp(): void {
    this.worker?.terminate();
    this.worker = null;
    this.refused = true;
    const jobs = [...this.waiting.values()];
    this.waiting.clear();
    for (const job of jobs) job.done(layout(job.input));
  }
}
