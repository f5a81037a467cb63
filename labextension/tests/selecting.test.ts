import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { groupings, groupsOf } from '../src/core/grouping';
import { GraphModel } from '../src/core/model';
import { pieces } from '../src/core/search';
import { between, isQuery, quoted } from '../src/core/selecting';
import { graph } from './graph';

describe('the language in the page', () => {
  test('what is a query and what looks for a name', () => {
    for (const text of ['+a', 'a+2', 'tag:x', 'a or b', 'not a', 'a*', 'slow>1s', '"a b"'])
      assert.ok(isQuery(text), text);
    for (const text of ['wind', 'wind_gust', 'order', 'nothing', 'a b'])
      assert.ok(!isQuery(text), text);
  });
  test('operators and fields are told from names', () => {
    const operators = (text: string): string[] =>
      pieces(text)
        .filter(piece => piece.operator)
        .map(piece => piece.text);
    assert.deepEqual(operators('2+weather_severity+2'), ['2+', '+2']);
    assert.deepEqual(operators('status:stale or (not lag_2)'), ['status:', 'or', '(', 'not', ')']);
    assert.deepEqual(operators('slow>1s and "a+b"'), ['>', 'and']);
    assert.equal(
      pieces('a+ and "b (c" or')
        .map(piece => piece.text)
        .join(''),
      'a+ and "b (c" or',
    );
  });
  test('names of odd signs are quoted', () => {
    assert.equal(quoted('wind_gust'), 'wind_gust');
    assert.equal(quoted('and'), '"and"');
    assert.equal(quoted('a "b"\\'), '"a \\"b\\"\\\\"');
  });
});

describe('paths', () => {
  const model = new GraphModel(graph('b>a c>b d>b e>c,d f>x'));
  const names = (nodes: Uint8Array | null): string[] | null =>
    nodes && model.view.names.filter((_, i) => nodes[i] === 1);
  const at = (name: string): number => model.index.get(name)!;
  test('all ways, in whichever direction there is one', () => {
    assert.deepEqual(names(between(model, at('b'), at('e'))), ['b', 'c', 'd', 'e']);
    assert.deepEqual(names(between(model, at('e'), at('b'))), ['b', 'c', 'd', 'e']);
    assert.equal(between(model, at('c'), at('d')), null);
    assert.equal(between(model, at('f'), at('a')), null);
  });
});

describe('groups', () => {
  test('by tag and by prefix, without any declaration', () => {
    const view = {
      ...graph('wind_gust>w wind_speed>w rain_now>r rain_then>r lone>wind_gust', { One: 'lone' }),
      tags: [['owner', 'ops', [2, 3]] as const],
    };
    const model = new GraphModel(view);
    assert.deepEqual(
      groupings(model).map(([value]) => value),
      ['cell', 'tag:owner', 'prefix', 'none'],
    );
    assert.deepEqual(groupsOf(model, 'prefix').titles, ['wind_', 'rain_', 'Others']);
    assert.deepEqual(groupsOf(model, 'tag:owner').titles, ['ops', 'No owner']);
    assert.deepEqual(groupsOf(model, 'none').titles, []);
    assert.equal(groupsOf(model, 'prefix'), groupsOf(model, 'prefix'));
  });
  test('a beginning that nearly all share gives way to the next part', () => {
    const model = new GraphModel(graph('f_a_1>x f_a_2>x f_b_1>x f_b_2>x'));
    assert.deepEqual(groupsOf(model, 'prefix').titles, ['f_a_', 'f_b_']);
  });
});
