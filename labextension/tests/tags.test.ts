import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { complete, parse } from '../src/panels/tags';

describe('a typed tag', () => {
  const cases: [string, string | null, string?][] = [
    ['team = forecasting', 'team', 'forecasting'],
    ['team=forecasting', 'team', 'forecasting'],
    ['team forecasting', 'team', 'forecasting'],
    ['  team   two words ', 'team', 'two words'],
    ['retired', 'retired', 'yes'],
    ['retired =', 'retired', 'yes'],
    ['url = a=b', 'url', 'a=b'],
    ['Größe = 12 ✓', 'Größe', '12 ✓'],
    ['= x', null],
    ['   ', null],
    ['', null],
  ];
  for (const [typed, key, value] of cases) {
    test(JSON.stringify(typed), () => {
      assert.deepEqual(parse(typed), key === null ? null : { key, value });
    });
  }
});

describe('completion', () => {
  const known = { team: ['forecasting', 'pricing'], approved: ['yes'], region: ['nyc'] };

  test('offers keys in their order, without those that are there', () => {
    assert.deepEqual(complete('', known, { team: 'x' }), ['approved = yes', 'region = nyc']);
  });
  test('finds keys by how they start, also those that are there', () => {
    assert.deepEqual(complete('TE', known, { team: 'x' }), ['team = ']);
  });
  test('offers the values of a key', () => {
    assert.deepEqual(complete('team = p', known, {}), ['team = pricing']);
    assert.deepEqual(complete('team f', known, {}), ['team = forecasting']);
    assert.deepEqual(complete('team = ', known, {}).length, 2);
  });
  test('offers nothing for a key that was never used', () => {
    assert.deepEqual(complete('colour = r', known, {}), []);
    assert.deepEqual(complete('constructor = x', known, {}), []);
  });
  test('offers at most eight', () => {
    const many = Object.fromEntries([...Array(20).keys()].map(n => [`k${n}`, ['v']]));
    assert.equal(complete('k', many, {}).length, 8);
  });
});
