// The foot: one line. What runs and what comes next, or what is stale or failed with its one action.

import { isDiff } from './diff';
import { button, code, fill, h } from './dom';
import { glyph } from './glyphs';
import { CODE, type GraphModel } from './model';
import { isSkew } from './skew';
import { counted, grouped } from './words';

export interface FootActions {
  recompute(): void;
  interrupt: (() => void) | null;
  open(node: number): void;
}

export interface Foot {
  readonly element: HTMLElement;
  update(model: GraphModel, zoom: number, notice: string, connected: boolean): void;
}

function first(model: GraphModel, code: number, most: number): string[] {
  const names: string[] = [];
  for (let i = 0; i < model.count && names.length < most; i++)
    if (model.state[i] === code) names.push(model.view.names[i]!);
  return names;
}

/** `a, b and 3 more` */
function some(names: string[], count: number): string {
  const rest = count - names.length;
  return rest > 0 ? `${names.join(', ')} and ${grouped(rest)} more` : names.join(', ');
}

/** What the foot says in plain words: for the status line and for screen readers. */
export function summary(model: GraphModel): string {
  const failed = model.counts[CODE.error]!;
  const stale = model.counts[CODE.stale]!;
  if (isDiff(model) || isSkew(model)) return model.message;
  if (model.total > 0) return `Recomputing ${model.done} of ${model.total}`;
  const parts = [failed > 0 && `${grouped(failed)} failed`, stale > 0 && `${grouped(stale)} stale`];
  return parts.filter(Boolean).join(', ') || model.message;
}

export function createFoot(actions: FootActions, signal: AbortSignal): Foot {
  const left = h('div', { class: 'jl-foot-left' });
  const totals = h('span', { class: 'jl-foot-totals' });
  const zoomed = h('span', { class: 'jl-foot-zoom' });
  const element = h(
    'div',
    { class: 'jl-foot' },
    left,
    h('div', { class: 'jl-foot-right' }, totals, zoomed),
  );
  const small = 'jl-button jl-small';

  const running = (model: GraphModel): (Node | string)[] => {
    const next = first(model, CODE.queued, 2);
    const parts: (Node | string)[] = [
      glyph('running'),
      h(
        'span',
        { class: 'jl-text-running jl-strong' },
        `Recomputing ${model.done} of ${model.total}`,
      ),
      h('span', { class: 'jl-cut jl-foot-wide' }, code(model.running)),
    ];
    if (next.length > 0)
      parts.push(
        h(
          'span',
          { class: 'jl-second jl-cut jl-foot-wide' },
          `then ${some(next, model.counts[CODE.queued]!)}`,
        ),
      );
    if (actions.interrupt)
      parts.push(button('Interrupt', actions.interrupt, signal, { icon: 'stop', class: small }));
    return parts;
  };
  const idle = (model: GraphModel, connected: boolean): (Node | string)[] => {
    const diff = isDiff(model) || isSkew(model);
    const failed = diff ? 0 : model.counts[CODE.error]!;
    const stale = diff ? 0 : model.counts[CODE.stale]!;
    const parts: (Node | string)[] = [];
    if (failed > 0) {
      const node = model.state.indexOf(CODE.error);
      parts.push(
        button(`${grouped(failed)} failed`, () => actions.open(node), signal, {
          class: 'jl-link jl-text-error jl-strong',
        }),
      );
      parts[0] = h('span', { class: 'jl-foot-item' }, glyph('error'), parts[0]!);
      if (stale === 0) parts.push(h('span', { class: 'jl-second jl-cut' }, model.note[node]!));
    }
    if (stale > 0) {
      parts.push(
        h(
          'span',
          { class: 'jl-foot-item jl-text-stale jl-strong' },
          glyph('stale'),
          `${grouped(stale)} stale`,
        ),
        h('span', { class: 'jl-second jl-cut' }, some(first(model, CODE.stale, 3), stale)),
      );
      if (connected)
        parts.push(
          button(`Recompute ${grouped(stale)}`, actions.recompute, signal, {
            icon: 'play',
            class: small,
          }),
        );
    }
    if (parts.length === 0) parts.push(h('span', { class: 'jl-second jl-cut' }, model.message));
    return parts;
  };
  let shown = '';
  return {
    element,
    update: (model, zoom, notice, connected) => {
      const { features, inputs } = model;
      const key = [
        notice,
        connected,
        model.running,
        model.done,
        model.total,
        model.message,
        model.counts.join(),
        model.view.version,
      ].join('|');
      const text = `${Math.round(zoom * 100)}\u2009%`;
      if (zoomed.textContent !== text) zoomed.textContent = text;
      if (key === shown) return;
      shown = key;
      totals.textContent = `${counted(features, 'feature')} · ${counted(inputs, 'input')}`;
      if (notice !== '')
        fill(left, h('span', { class: 'jl-text-error jl-cut', title: notice }, notice));
      else if (model.total > 0 && connected) fill(left, ...running(model));
      else fill(left, ...idle(model, connected));
    },
  };
}
