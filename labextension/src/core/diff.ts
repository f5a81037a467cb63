// Two versions in one picture: what each mark looks like, how many there are, and the list of what differs.

import type { Mark, State } from '../wire';
import { button, code, data, fill, h } from './dom';
import type { GraphModel } from './model';
import { grouped } from './words';

/** A mark is drawn in the colours of a state; what is the same in both, as if never computed. */
export const STATE_OF: Readonly<Record<Mark, State>> = {
  added: 'fresh',
  changed: 'stale',
  removed: 'error',
  values: 'cached',
  '': 'new',
};
export const SIGN: Readonly<Record<Mark, string>> = {
  added: '+',
  changed: '~',
  removed: '−',
  values: '≈',
  '': '',
};
const WORDS: Readonly<Record<Mark, string>> = {
  added: 'added',
  changed: 'changed',
  values: 'values only',
  removed: 'removed',
  '': '',
};
const ORDER: readonly Mark[] = ['added', 'changed', 'values', 'removed'];

export const MARK_WORDS: Partial<Record<State, string>> = {
  fresh: 'Added',
  stale: 'Changed',
  cached: 'Values only',
  error: 'Removed',
  new: 'Unchanged',
};

export function isDiff(model: GraphModel): boolean {
  return model.view.marks.length > 0;
}

/** The mark that is drawn as a state. */
export function markOf(state: State): Mark {
  return ORDER.find(mark => STATE_OF[mark] === state) ?? '';
}

function signed(mark: Mark): HTMLElement {
  return h('i', { class: `jl-sign jl-sign-${STATE_OF[mark]}`, 'aria-hidden': 'true' }, SIGN[mark]);
}

export interface DiffActions {
  filter(state: State, add: boolean): void;
  changed(only: boolean): void;
  open(node: number): void;
}

export class DiffParts {
  /** In the head: what is compared, how much differs, and whether only that is shown. */
  readonly head = h('div', { class: 'jl-diff-head', hidden: true });
  /** At the right: all that differs. */
  readonly list = h('aside', { class: 'jl-diff-list', 'aria-label': 'What differs', hidden: true });
  private shown: GraphModel | null = null;
  private readonly counts = new Map<Mark, HTMLButtonElement>();
  private readonly segments: readonly [HTMLButtonElement, HTMLButtonElement];

  constructor(
    private readonly actions: DiffActions,
    private readonly signal: AbortSignal,
  ) {
    const segment = (text: string, only: boolean): HTMLButtonElement =>
      button(text, () => actions.changed(only), signal, { class: 'jl-segment' });
    this.segments = [segment('All', false), segment('Changed', true)];
  }

  update(model: GraphModel, filter: ReadonlySet<State>, only: boolean, inspecting: boolean): void {
    const diff = isDiff(model);
    this.head.hidden = !diff;
    this.list.hidden = !diff || inspecting;
    if (!diff) return;
    if (this.shown !== model) this.build(model);
    this.shown = model;
    for (const [mark, own] of this.counts)
      own.setAttribute('aria-pressed', String(filter.has(STATE_OF[mark])));
    this.segments.forEach((own, k) => own.setAttribute('aria-pressed', String(only === (k === 1))));
  }

  private build(model: GraphModel): void {
    const { marks, names, mark_notes: notes, versions } = model.view;
    this.counts.clear();
    for (const mark of ORDER) {
      const count = marks.filter(own => own === mark).length;
      const own = h(
        'button',
        { type: 'button', class: 'jl-count', 'data-lm-suppress-shortcuts': 'true' },
        signed(mark),
        `${grouped(count)} ${WORDS[mark]}`,
      );
      own.classList.toggle('jl-zero', count === 0);
      own.addEventListener('click', event => this.actions.filter(STATE_OF[mark], event.shiftKey), {
        signal: this.signal,
      });
      this.counts.set(mark, own);
    }
    fill(
      this.head,
      h(
        'span',
        { class: 'jl-versions' },
        data(versions[0] ?? '', 'jl-code jl-cut'),
        ' → ',
        data(versions[1] ?? '', 'jl-cut'),
      ),
      h(
        'div',
        { class: 'jl-counts', role: 'group', 'aria-label': 'Differences' },
        ...this.counts.values(),
      ),
      h('div', { class: 'jl-segments', role: 'group', 'aria-label': 'Shown' }, ...this.segments),
    );
    const LISTED: readonly Mark[] = ['changed', 'values', 'added', 'removed'];
    const differ = LISTED.flatMap(mark => [...names.keys()].filter(i => marks[i] === mark));
    const rows = differ.slice(0, 500).map(node => {
      const row = h(
        'button',
        { type: 'button', class: 'jl-diff-row', 'data-lm-suppress-shortcuts': 'true' },
        signed(marks[node]!),
        h(
          'span',
          { class: 'jl-attention-text' },
          code(names[node]!),
          data(notes[node]!, 'jl-second'),
        ),
      );
      row.addEventListener('click', () => this.actions.open(node), { signal: this.signal });
      return row;
    });
    const total = grouped(model.features);
    fill(this.list, h('h3', {}, `${grouped(differ.length)} of ${total} differ`), ...rows);
  }
}
