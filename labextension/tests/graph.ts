import type { GraphView, NodeRow, State, StatesView } from '../src/wire';

/** `a b>a c>a,b` in groups of the given names; what nothing defines is an input. */
export function graph(text: string, groups: Record<string, string> = {}, version = 1): GraphView {
  const features = text.split(' ').map(part => part.split('>') as [string, string?]);
  const defined = new Set(features.map(([name]) => name));
  const needs = features.flatMap(([, parents]) => parents?.split(',') ?? []);
  const inputs = [...new Set(needs.filter(name => !defined.has(name)))];
  const names = [...inputs, ...defined];
  const titles = Object.keys(groups);
  return {
    version,
    names,
    kinds: names.map(name => (defined.has(name) ? 'feature' : 'input')),
    groups: titles,
    group_notes: titles.map((_, g) => `cell ${g + 1}`),
    group: names.map(name => titles.findIndex(title => groups[title]!.split(' ').includes(name))),
    edges: features.flatMap(([name, parents]) =>
      (parents?.split(',') ?? []).flatMap(parent => [names.indexOf(parent), names.indexOf(name)]),
    ),
    docs: names.map(() => ''),
    live: true,
    cells: [],
    tags: [],
    marks: [],
    mark_notes: [],
    versions: [],
    skew: '',
    began: [],
  };
}

export function states(view: GraphView, of: Record<string, State>, version = 1): StatesView {
  const nodes = Object.entries(of).map(([name, state]): NodeRow => [
    view.names.indexOf(name),
    state,
    '',
    'float64',
    0.25,
    1000,
    24,
    8000,
    true,
  ]);
  return { version, nodes, running: '', done: 0, total: 0, message: '' };
}
