// The layout's own thread.

import { layout, type LayoutInput } from './layout';

interface Job {
  readonly id: number;
  readonly input: LayoutInput;
}

self.addEventListener('message', (event: MessageEvent<Job>) => {
  const { id, input } = event.data;
  const result = layout(input);
  const post = self.postMessage as (message: unknown, transfer: Transferable[]) => void;
  post({ id, result }, [
    result.x.buffer,
    result.y.buffer,
    result.frames.buffer,
    result.exit.buffer,
    result.lane.buffer,
  ] as Transferable[]);
});
