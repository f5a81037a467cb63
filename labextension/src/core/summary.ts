// What a view says of its graph to the page around it: an event that bubbles from its element.

import { CODE, type GraphModel } from './model';

export const SUMMARY = 'jl-summary';
/** What the page around a view asks it: fly to the node of this name. */
export const OPEN = 'jl-open';

export interface Summary {
  readonly failed: number;
  readonly stale: number;
  /** Features recomputed so far and in this computation; 0 and 0 when idle. */
  readonly done: number;
  readonly total: number;
}

export function tally(model: GraphModel): Summary {
  return {
    failed: model.counts[CODE.error]!,
    stale: model.counts[CODE.stale]!,
    done: model.done,
    total: model.total,
  };
}
