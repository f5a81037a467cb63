// The keyboard, only while the canvas has focus.

export type Command =
  | 'left'
  | 'right'
  | 'up'
  | 'down'
  | 'first'
  | 'last'
  | 'open'
  | 'back'
  | 'search'
  | 'focus'
  | 'hops1'
  | 'hops2'
  | 'hops3'
  | 'all'
  | 'run'
  | 'recompute'
  | 'stale'
  | 'error'
  | 'collapse'
  | 'grouping'
  | 'why'
  | 'in'
  | 'out'
  | 'fit'
  | 'keys'
  | 'menu'
  | 'add'
  | 'path'
  | 'cell'
  | 'tree'
  | 'before'
  | 'after';

const KEYS: Readonly<Record<string, Command>> = {
  ArrowLeft: 'left',
  ArrowRight: 'right',
  ArrowUp: 'up',
  ArrowDown: 'down',
  Home: 'first',
  End: 'last',
  Enter: 'open',
  Escape: 'back',
  '/': 'search',
  f: 'focus',
  '1': 'hops1',
  '2': 'hops2',
  '3': 'hops3',
  '0': 'all',
  r: 'run',
  R: 'recompute',
  s: 'stale',
  e: 'error',
  c: 'collapse',
  g: 'grouping',
  w: 'why',
  '+': 'in',
  '-': 'out',
  '−': 'out',
  '=': 'fit',
  '?': 'keys',
  '.': 'menu',
  ' ': 'add',
  p: 'path',
  o: 'cell',
  t: 'tree',
};

/** The command of a key, or null for one that is the page's. */
export function commandOf(
  event: Pick<KeyboardEvent, 'key' | 'ctrlKey' | 'metaKey' | 'altKey' | 'shiftKey'>,
): Command | null {
  if (event.ctrlKey || event.metaKey) return event.key === 'f' && !event.altKey ? 'search' : null;
  if (event.altKey) return null;
  if (event.shiftKey && event.key === 'ArrowUp') return 'before';
  if (event.shiftKey && event.key === 'ArrowDown') return 'after';
  return KEYS[event.key] ?? null;
}

/** Runs commands; `run` answers false for a key that it leaves to the page. */
export function listenKeys(
  element: HTMLElement,
  run: (command: Command) => boolean,
  signal: AbortSignal,
): void {
  element.addEventListener(
    'keydown',
    event => {
      const command = commandOf(event);
      if (command === null || !run(command)) return;
      event.preventDefault();
      event.stopPropagation();
    },
    { signal },
  );
}
