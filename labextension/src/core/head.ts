// The head: search, counts that filter, grouping, more.

import type { State } from '../wire';
import { isDiff } from './diff';
import { button, fill, h } from './dom';
import { glyph, icon } from './glyphs';
import { CODE, COUNTED, type GraphModel } from './model';
import { isSkew, SKEW_WORDS, skewWord } from './skew';
import { groupings, type Grouping } from './grouping';
import { grouped, oneLine } from './words';

export interface HeadActions {
  filter(state: State, add: boolean): void;
  group(grouping: Grouping): void;
  copy(): void;
  recompute(): void;
  share(anchor: HTMLElement): void;
  hops(hops: number | null): void;
  more(anchor: HTMLElement): void;
}

export interface HeadState {
  readonly model: GraphModel;
  readonly filter: ReadonlySet<State>;
  readonly grouping: Grouping;
  /** Hops in focus, or null where the whole graph is shown. */
  readonly hops: number | null;
  /** Whether something is selected, and how much of it is stale and could be run. */
  readonly selected: boolean;
  readonly stale: number;
}

const WORDS: Partial<Record<State, string>> = { error: 'failed', new: 'not computed' };

export interface Head {
  readonly element: HTMLElement;
  update(state: HeadState): void;
}

function countButton(state: State, actions: HeadActions, signal: AbortSignal): HTMLButtonElement {
  const element = h(
    'button',
    { type: 'button', class: 'jl-count', 'data-lm-suppress-shortcuts': 'true' },
    glyph(state),
    h('span', {}),
  );
  element.addEventListener('click', event => actions.filter(state, event.shiftKey), { signal });
  return element;
}

function groupingSelect(actions: HeadActions, signal: AbortSignal): HTMLSelectElement {
  const select = h('select', {
    class: 'jl-select',
    'aria-label': 'Grouping',
    'data-lm-suppress-shortcuts': 'true',
  });
  select.addEventListener('change', () => actions.group(select.value), { signal });
  return select;
}

/** The groupings that a graph has; the list is written anew only where it is another. */
function offer(select: HTMLSelectElement, model: GraphModel, chosen: Grouping): boolean {
  const offered = groupings(model);
  const key = JSON.stringify(offered);
  if (select.dataset.offered !== key) {
    select.dataset.offered = key;
    const options = offered.map(([value, text]) => {
      const option = h('option', {}, oneLine(text));
      option.value = value;
      return option;
    });
    select.replaceChildren(...options);
  }
  select.value = chosen;
  return offered.length > 1;
}

function hopButtons(actions: HeadActions, signal: AbortSignal): HTMLElement {
  const choices = [1, 2, 3, null].map(hops => {
    const text = hops === null ? 'All' : hops === 1 ? '1 hop' : `${hops} hops`;
    const element = button(text, () => actions.hops(hops), signal, { class: 'jl-segment' });
    element.dataset.hops = String(hops);
    return element;
  });
  return h(
    'div',
    { class: 'jl-segments', role: 'group', 'aria-label': 'Hops in focus' },
    ...choices,
  );
}

export function createHead(
  search: HTMLElement,
  versions: HTMLElement,
  actions: HeadActions,
  signal: AbortSignal,
): Head {
  const counts = new Map(COUNTED.map(state => [state, countButton(state, actions, signal)]));
  const grouping = groupingSelect(actions, signal);
  const holder = h('span', { class: 'jl-select-holder' }, grouping, icon('down'));
  const hops = hopButtons(actions, signal);
  const more = button('', () => actions.more(more), signal, {
    icon: 'more',
    class: 'jl-icon-button jl-more',
    label: 'More',
  });
  more.setAttribute('aria-haspopup', 'menu');
  const share = button('', () => actions.share(share), signal, {
    icon: 'share',
    class: 'jl-icon-button jl-share-button',
    label: 'Share',
  });
  share.setAttribute('aria-haspopup', 'menu');
  const copy = button('Copy as %compute', actions.copy, signal, { class: 'jl-button jl-wide' });
  const recompute = button('Recompute', actions.recompute, signal, { class: 'jl-button jl-wide' });
  const list = h('div', { class: 'jl-counts', role: 'group', 'aria-label': 'States' });
  fill(list, ...counts.values());
  const element = h(
    'div',
    { class: 'jl-head' },
    search,
    copy,
    recompute,
    versions,
    list,
    holder,
    hops,
    share,
    more,
  );
  return {
    element,
    update: ({ model, filter, grouping: chosen, hops: focus, selected, stale }) => {
      const diff = isDiff(model);
      list.hidden = diff;
      copy.hidden = !selected || diff;
      recompute.hidden = !selected || stale === 0;
      recompute.textContent = `Recompute ${grouped(stale)}`;
      for (const [state, own] of counts) {
        const count = model.counts[CODE[state]]!;
        const skew = isSkew(model);
        own.lastChild!.textContent = skew ? `${grouped(count)} ${skewWord(state)}` : grouped(count);
        own.classList.toggle('jl-zero', count === 0);
        own.hidden = (state === 'new' || (skew && !(state in SKEW_WORDS))) && count === 0;
        own.setAttribute('aria-pressed', String(filter.has(state)));
        const label = `${grouped(count)} ${skew ? skewWord(state) : (WORDS[state] ?? state)}`;
        own.title = label;
        own.setAttribute('aria-label', label);
      }
      const choice = offer(grouping, model, chosen);
      holder.hidden = focus !== null || !choice;
      hops.hidden = focus === null;
      for (const choice of hops.children)
        choice.setAttribute(
          'aria-pressed',
          String((choice as HTMLElement).dataset.hops === String(focus)),
        );
    },
  };
}
