// What the lab extension says, apart from the explorer.

import type { CellView, State } from '../wire';

const STATES: Readonly<Record<State, string>> = {
  fresh: 'fresh',
  cached: 'from cache',
  stale: 'stale',
  queued: 'waiting',
  running: 'running',
  error: 'failed',
  input: 'given',
  unbound: 'unbound',
  new: 'not computed yet',
};

/** `3 features, 1 stale`; of one state alone `3 features, fresh`. */
export function badgeWords({ names, counts, role }: CellView): string {
  const what = `${names.length} ${names.length === 1 ? 'feature' : 'features'}`;
  const lead = role === 'computes' ? `Computes ${what}` : what;
  const [first] = counts;
  if (counts.length === 1 && first !== undefined) return `${lead}, ${STATES[first[0]]}`;
  return [lead, ...counts.map(([state, count]) => `${count} ${STATES[state]}`)].join(', ');
}
