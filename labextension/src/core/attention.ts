// Under the graph where it is narrow: what needs attention, most urgent first.

import { button, data, fill, h } from './dom';
import { glyph } from './glyphs';
import { ATTENTION, CODE, type GraphModel } from './model';
import { secondLine } from './nodes';
import { duration, grouped } from './words';

const MOST = 40;

export interface AttentionList {
  readonly element: HTMLElement;
  update(model: GraphModel): void;
}

export function createAttention(
  choose: (node: number) => void,
  interrupt: (() => void) | null,
  signal: AbortSignal,
): AttentionList {
  const count = h('span', { class: 'jl-second' });
  const stop = interrupt && button('Interrupt', interrupt, signal, { icon: 'stop' });
  const list = h('div', { class: 'jl-attention-list', role: 'list' });
  const head = h(
    'div',
    { class: 'jl-attention-head' },
    h('h3', {}, 'Needs attention'),
    count,
    h('span', { class: 'jl-grow' }),
    stop,
  );
  const element = h(
    'section',
    { class: 'jl-attention', 'aria-label': 'Needs attention' },
    head,
    list,
  );
  let shown = '';

  const row = (model: GraphModel, node: number): HTMLElement => {
    const where = model.groupNote(node);
    const state = model.stateOf(node);
    const last = duration(model.seconds[node]!);
    const line = secondLine(model, node);
    const own = h(
      'button',
      {
        type: 'button',
        class: 'jl-attention-row',
        role: 'listitem',
        'data-lm-suppress-shortcuts': 'true',
      },
      glyph(state),
      h(
        'span',
        { class: 'jl-attention-text' },
        data(model.view.names[node]!, 'jl-code jl-cut'),
        data([line, where].filter(Boolean).join(', '), 'jl-second jl-cut'),
      ),
      h(
        'span',
        { class: 'jl-second jl-figure' },
        last && state !== 'running' ? `last ${last}` : '',
      ),
    );
    own.addEventListener('click', () => choose(node));
    return own;
  };
  return {
    element,
    update: model => {
      const nodes: number[] = [];
      let total = 0;
      for (const state of ATTENTION) {
        total += model.counts[CODE[state]]!;
        for (let i = 0; i < model.count && nodes.length < MOST; i++)
          if (model.state[i] === CODE[state]) nodes.push(i);
      }
      if (stop) stop.hidden = model.total === 0;
      const key = nodes
        .map(i => `${i}:${model.state[i]}:${model.note[i]}:${model.seconds[i]}`)
        .join('|');
      if (key === shown && key !== '') return;
      shown = key;
      count.textContent = total === 0 ? '' : `${grouped(total)} of ${grouped(model.features)}`;
      if (nodes.length === 0)
        fill(list, h('p', { class: 'jl-second jl-attention-none' }, 'Nothing: all is up to date.'));
      else fill(list, ...nodes.map(node => row(model, node)));
    },
  };
}
