import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Folding } from '../src/core/folding';
import { groupsOf } from '../src/core/grouping';
import { layout } from '../src/core/layout';
import { CODE, GraphModel } from '../src/core/model';
import { buildScene, INPUTS, neighbour, nodesOf, placeScene } from '../src/core/scene';
import { highlightOf } from '../src/core/stage';
import { tally } from '../src/core/summary';
import { describe as describeNode, summarise } from '../src/core/tree';
import type { GraphView } from '../src/wire';
import { graph, states } from './graph';

const VIEW = graph('b>a c>b d>b,x', { First: 'b c', Second: 'd' });

function scene(collapsed: number[] = [], shown: Uint8Array | null = null) {
  const model = new GraphModel(VIEW);
  const built = buildScene(model, { grouping: 'cell', collapsed: new Set(collapsed), shown }, null);
  placeScene(built, layout(built.input));
  return built;
}

describe('the model', () => {
  test('a feature is new until it is told otherwise', () => {
    const model = new GraphModel(VIEW);
    assert.equal(model.stateOf(model.index.get('b')!), 'new');
    assert.equal(model.stateOf(model.index.get('a')!), 'input');
    assert.equal(model.counts[CODE.new], 3);
  });
  test('a change counts and marks what became fresh before our eyes', () => {
    const model = new GraphModel(VIEW);
    model.apply(states(VIEW, { b: 'cached', c: 'stale' }), 1);
    const touched = model.apply(states(VIEW, { c: 'fresh' }), 77);
    assert.deepEqual([...touched], [model.index.get('c')]);
    assert.equal(model.finished[model.index.get('c')!], 77);
    assert.deepEqual(tally(model), { failed: 0, stale: 0, done: 0, total: 0 });
    assert.equal(model.counts[CODE.cached], 1);
  });
  test('another graph inherits what is still there', () => {
    const before = new GraphModel(VIEW);
    before.apply(states(VIEW, { b: 'cached' }), 1);
    const after = new GraphModel(graph('b>a z>b', {}, 2));
    after.inherit(before);
    assert.equal(after.stateOf(after.index.get('b')!), 'cached');
    assert.equal(after.stateOf(after.index.get('z')!), 'new');
  });
  test('reach tells hops and leaves out the start', () => {
    const model = new GraphModel(VIEW);
    const hops = model.reach([model.index.get('c')!], model.parents);
    assert.equal(hops[model.index.get('a')!], 2);
    assert.equal(hops[model.index.get('c')!], 0);
  });
  test('a node and the graph say what they are', () => {
    const model = new GraphModel(VIEW);
    model.apply(states(VIEW, { b: 'stale' }), 1);
    assert.equal(
      describeNode(model, model.index.get('b')!),
      'b, stale, float64, 2.4\u2009% null, 1 parent, 2 children',
    );
    assert.equal(summarise(model), '3 features, 1 stale');
  });
});

describe('the scene', () => {
  test('a collapsed group is one item with bands', () => {
    const own = scene([0, INPUTS]);
    assert.equal(own.count, 3);
    const group = own.group.indexOf(0);
    assert.deepEqual(
      nodesOf(own, group).map(n => VIEW.names[n]),
      ['b', 'c'],
    );
    assert.deepEqual([...own.weight].sort(), [1, 1, 1]);
  });
  test('what is out of focus has no item', () => {
    const shown = Uint8Array.from(VIEW.names, name => ('bc'.includes(name) ? 1 : 0));
    const own = scene([], shown);
    assert.equal(own.count, 2);
    assert.equal(own.item[VIEW.names.indexOf('d')], -1);
  });
  test('arrows lead to parents and children', () => {
    const own = scene();
    const at = (name: string): number => own.item[VIEW.names.indexOf(name)]!;
    assert.equal(neighbour(own, at('c'), 'left'), at('b'));
    assert.equal(neighbour(own, at('a'), 'right'), at('b'));
    assert.equal(neighbour(own, at('c'), 'right'), -1);
  });
  test('a highlight follows the graph, not the collapsed picture', () => {
    const own = scene([0]);
    const d = own.item[VIEW.names.indexOf('d')]!;
    const marked = highlightOf(own, d);
    assert.equal(marked.upstream, 3);
    assert.equal(marked.downstream, 0);
    assert.equal(marked.hops[own.group.indexOf(0)], -1);
  });
});

describe('folding', () => {
  const carry = (folding: Folding, view: GraphView): void => {
    const model = new GraphModel(view);
    folding.carry(groupsOf(model, 'cell'), model.count);
  };
  test('groups are known by their titles in another graph', () => {
    const folding = new Folding();
    carry(folding, VIEW);
    folding.toggle(1);
    carry(folding, graph('n b>a d>b', { New: 'n', First: 'b', Second: 'd' }, 2));
    assert.deepEqual([...folding.collapsed], [2]);
  });
  test('what comes later is collapsed too, until one is opened', () => {
    const folding = new Folding();
    carry(folding, graph('b>a', { First: 'b' }));
    folding.collapseAll();
    carry(folding, VIEW);
    assert.deepEqual([...folding.collapsed], [0, 1, INPUTS]);
    assert.ok(folding.open(0));
    carry(folding, graph('b>a d>b n', { First: 'b', Second: 'd', New: 'n' }, 3));
    assert.deepEqual([...folding.collapsed], [1, INPUTS]);
  });
});
