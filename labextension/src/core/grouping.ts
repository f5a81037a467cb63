// The groups of a graph: by cell, by a tag, by how names begin, or none. Nobody has to declare them.

import type { GraphModel } from './model';

/** `cell`, `prefix`, `none`, or `tag:` with a key. */
export type Grouping = string;

export interface Groups {
  readonly titles: readonly string[];
  /** Beside each title, such as `cell 4`. */
  readonly notes: readonly string[];
  /** Group of each node, or -1. */
  readonly of: ArrayLike<number>;
}

const NONE: Groups = { titles: [], notes: [], of: [] };
/** Tag keys that are offered; a key with more values than this groups nothing. */
const MOST_KEYS = 8;
const MOST_VALUES = 200;
/** A first part of the name that so large a share has in common groups nothing: the second joins it. */
const COMMON = 0.6;

const known = new WeakMap<GraphModel, Map<Grouping, Groups>>();

export function groupsOf(model: GraphModel, grouping: Grouping): Groups {
  let own = known.get(model);
  if (own === undefined) known.set(model, (own = new Map<Grouping, Groups>()));
  let groups = own.get(grouping);
  if (groups === undefined) own.set(grouping, (groups = make(model, grouping)));
  return groups;
}

function make(model: GraphModel, grouping: Grouping): Groups {
  const { view } = model;
  if (grouping === 'none') return NONE;
  if (grouping === 'prefix') return byTitle(model, prefixes(model));
  if (grouping.startsWith('tag:')) return byTag(model, grouping.slice(4));
  return { titles: view.groups, notes: view.group_notes, of: view.group };
}

/** Groups in the order in which their first node stands; features without a title come last. */
function byTitle(model: GraphModel, titleOf: readonly string[], rest = 'Others'): Groups {
  const titles = new Map<string, number>();
  const of = new Int32Array(model.count).fill(-1);
  const isFeature = (i: number): boolean => model.view.kinds[i] === 'feature';
  for (let i = 0; i < model.count; i++) {
    const title = titleOf[i]!;
    if (!isFeature(i) || title === '') continue;
    if (!titles.has(title)) titles.set(title, titles.size);
    of[i] = titles.get(title)!;
  }
  const loose = of.some((group, i) => group < 0 && isFeature(i));
  if (loose && titles.size > 0) {
    const last = titles.size;
    titles.set(rest, last);
    for (let i = 0; i < model.count; i++) if (isFeature(i) && of[i]! < 0) of[i] = last;
  }
  const names = [...titles.keys()];
  return { titles: names, notes: names.map(() => ''), of };
}

function byTag(model: GraphModel, key: string): Groups {
  const titles = new Array<string>(model.count).fill('');
  for (const [own, value, nodes] of model.view.tags)
    if (own === key) for (const node of nodes) titles[node] = value || key;
  return byTitle(model, titles, `No ${key}`);
}

/** Beginning of each name to an underscore that it shares with another; empty where it shares none. */
function prefixes(model: GraphModel): string[] {
  const { names, kinds } = model.view;
  const features = names.filter((_, i) => kinds[i] === 'feature');
  const tally = (depth: number): Map<string, number> => {
    const counts = new Map<string, number>();
    for (const name of features) {
      const start = prefix(name, depth);
      if (start !== '') counts.set(start, (counts.get(start) ?? 0) + 1);
    }
    return counts;
  };
  const first = tally(1);
  const second = tally(2);
  return names.map((name, i) => {
    if (kinds[i] !== 'feature') return '';
    const start = prefix(name, 1);
    const count = first.get(start) ?? 0;
    const deeper = prefix(name, 2);
    if (count > COMMON * features.length && (second.get(deeper) ?? 0) > 1) return `${deeper}_`;
    return count > 1 ? `${start}_` : '';
  });
}

function prefix(name: string, depth: number): string {
  let at = -1;
  for (let k = 0; k < depth; k++) {
    at = name.indexOf('_', at + 1);
    if (at <= 0) return '';
  }
  return name.slice(0, at);
}

/** What the graph can be grouped by, as value and words; `none` is always the last. */
export function groupings(model: GraphModel): (readonly [Grouping, string])[] {
  const offered: (readonly [Grouping, string])[] = [];
  if (model.view.groups.length > 0) offered.push(['cell', 'By cell']);
  const keys = new Map<string, number>();
  for (const [key] of model.view.tags) keys.set(key, (keys.get(key) ?? 0) + 1);
  for (const [key, values] of [...keys].slice(0, MOST_KEYS))
    if (values <= MOST_VALUES) offered.push([`tag:${key}`, `By tag: ${key}`]);
  const prefixed = groupsOf(model, 'prefix').titles.length;
  if (prefixed > 1 && prefixed <= MOST_VALUES) offered.push(['prefix', 'By prefix']);
  return [...offered, ['none', 'No groups']];
}

/** Each group by its title, and its place among equals: a cell's number changes when it runs again. */
export function groupKeys(groups: Groups): string[] {
  const seen = new Map<string, number>();
  return groups.titles.map(title => {
    const place = (seen.get(title) ?? 0) + 1;
    seen.set(title, place);
    return `${place} ${title}`;
  });
}
