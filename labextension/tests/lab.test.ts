import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { lastHeading, placesOf } from '../src/lab/places';
import { nameAt } from '../src/lab/names';
import { magicSpans } from '../src/lab/spans';
import { badgeWords } from '../src/lab/words';
import type { CellView } from '../src/wire';

describe('headings', () => {
  const cases: Record<string, [string, string]> = {
    'the last one counts': ['# Delay\ntext\n## Rolling delays', 'Rolling delays'],
    'closing marks are none of it': ['## Weather ##', 'Weather'],
    'no blank, no heading': ['#tag', ''],
    'seven marks are none': ['####### deep', ''],
    'between fences is code': ['# A\n```\n# not this\n```', 'A'],
    'markup stays text': ['# <b>x</b>', '<b>x</b>'],
  };
  for (const [name, [text, heading]] of Object.entries(cases))
    it(name, () => assert.equal(lastHeading(text), heading));

  it('stands above all code cells until the next', () => {
    const cell = (id: string, type: string, text = ''): never =>
      ({ id, type, sharedModel: { getSource: () => text } }) as never;
    const cells = [cell('a', 'code'), cell('m', 'markdown', '# One'), cell('b', 'code')];
    assert.deepEqual(placesOf([...cells, cell('n', 'markdown', 'words'), cell('c', 'code')]), [
      { id: 'a', title: '' },
      { id: 'b', title: 'One' },
      { id: 'c', title: 'One' },
    ]);
  });
});

describe('the name at the cursor', () => {
  const cases: [string, number, string][] = [
    ['def late(double):', 5, 'late'],
    ['def late(double):', 4, 'late'],
    ['def late(double):', 8, 'late'],
    ['def late(double):', 12, 'double'],
    ['a + b', 2, ''],
    ['größe + ñ', 3, 'größe'],
    ['', 0, ''],
  ];
  for (const [text, column, name] of cases)
    it(`${JSON.stringify(text)} at ${column}`, () => assert.equal(nameAt(text, column), name));
});

describe('magic lines', () => {
  const parts = (text: string): string[] =>
    magicSpans(text).map(({ from, to, kind }) => `${kind}:${text.slice(from, to)}`);
  const cases: [string, string[]][] = [
    ['%%feature', ['magic:%%feature']],
    ['%%feature --tag team=a', ['magic:%%feature', 'words: --tag team=a']],
    ['frame = %compute a b', ['magic:%compute', 'words: a b']],
    ['a, b = %compute x', ['magic:%compute', 'words: x']],
    ['    %why late', ['magic:%why', 'words: late']],
    ['%%featured', []],
    ['x %dag', []],
    ['7 % save', []],
    ['%timeit x', []],
  ];
  for (const [text, found] of cases) it(text, () => assert.deepEqual(parts(text), found));
});

describe('the words of a badge', () => {
  const view = (role: CellView['role'], counts: CellView['counts']): CellView => {
    const total = counts.reduce((sum, [, count]) => sum + count, 0);
    const names = Array.from({ length: total }, (_, i) => `f${i}`);
    return { id: 'c', role, state: counts[0]![0], counts, worst: 'f0', names, lines: [] };
  };
  it('one state', () =>
    assert.equal(badgeWords(view('defines', [['fresh', 3]])), '3 features, fresh'));
  it('several', () =>
    assert.equal(
      badgeWords(
        view('defines', [
          ['stale', 1],
          ['cached', 2],
        ]),
      ),
      '3 features, 1 stale, 2 from cache',
    ));
  it('computed', () =>
    assert.equal(badgeWords(view('computes', [['running', 1]])), 'Computes 1 feature, running'));
});
