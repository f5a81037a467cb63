// The buttons in outputs of this package: markup that says what it does, answered here.

import { Notification } from '@jupyterlab/apputils';
import type { KernelLink } from './link';
import { goToCell } from './going';

/** Outputs under this class show their buttons: elsewhere nobody answers them. */
export const LIVE = 'jl-live';

export function answerButtons(link: KernelLink): void {
  const { node } = link.notebook.content;
  const ended = new AbortController();
  const { signal } = ended;
  link.notebook.disposed.connect(() => ended.abort());
  const follow = (): void => void node.classList.toggle(LIVE, link.readiness === 'ready');
  link.changed.connect(follow);
  follow();
  // A progress line is drawn ten times a second: the button that was pressed may be gone at its release.
  node.addEventListener('pointerdown', event => press(event, link), { capture: true, signal });
  node.addEventListener('click', event => click(event, link), { signal });
}

function asked(event: Event): string {
  const target = event.target instanceof Element ? event.target : null;
  const own = target?.closest<HTMLElement>('.jl-out [data-jl-do]');
  return own?.dataset['jlDo'] ?? '';
}

function press(event: PointerEvent, link: KernelLink): void {
  if (event.button === 0 && asked(event) === 'interrupt') void link.kernel?.interrupt();
}

function click(event: MouseEvent, link: KernelLink): void {
  const [what, about] = split(asked(event));
  if (what === '') return;
  event.preventDefault();
  event.stopPropagation();
  // A click by keyboard has no pointer before it.
  if (what === 'interrupt' && event.detail === 0) void link.kernel?.interrupt();
  else if (what === 'cell') void goToCell(link.notebook, about);
  else if (what === 'run') void link.act('run', about.split(',')).then(tell);
  else if (what === 'recompute') void link.act('recompute', []).then(tell);
}

/** Shows what went wrong with an action; nothing where nothing did. */
export function tell(error: string): void {
  if (error !== '') Notification.error(error, { autoClose: 8000 });
}

function split(asked: string): readonly [string, string] {
  const at = asked.indexOf(':');
  return at < 0 ? [asked, ''] : [asked.slice(0, at), asked.slice(at + 1)];
}
