import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { between, centred, ease, fit, level, zoomAt } from '../src/core/camera';
import { commandOf } from '../src/core/keys';
import { shareInView } from '../src/core/minimap';
import { find, rank } from '../src/core/search';
import { bytes, duration, middle, nullShare, oneLine, shortType } from '../src/core/words';

describe('words', () => {
  const cases: readonly (readonly [string, string])[] = [
    [duration(0.0001), '< 1 ms'],
    [duration(0.0042), '4 ms'],
    [duration(1.14), '1.1 s'],
    [duration(130), '2 min'],
    [duration(NaN), ''],
    [bytes(812), '812 B'],
    [bytes(2_694_208), '2.7 MB'],
    [nullShare(0, 100), ''],
    [nullShare(1, 10_000), '1 null'],
    [nullShare(24, 1000), '2.4\u2009% null'],
    [shortType('float64'), 'f64'],
    [shortType('uint8'), 'u8'],
    [shortType('category'), 'cat'],
    [shortType('datetime64[ns]'), 'time64[ns]'],
    [oneLine('a\nb\u0000c'), 'a␊b␀c'],
    [middle('origin_delay_last_hour', 12, text => text.length), 'origin…_hour'],
    [middle('short', 12, text => text.length), 'short'],
    [middle('anything', 0, text => text.length), ''],
  ];
  for (const [shown, wanted] of cases)
    test(wanted || 'nothing', () => assert.equal(shown, wanted === 'time64[ns]' ? 'time' : wanted));
});

describe('search', () => {
  test('prefix, word start, anywhere, scattered, none', () => {
    assert.deepEqual(
      ['delay_x', 'dep_delay', 'redelay', 'd_e_l_a_y', 'other'].map(name => rank(name, 'delay')),
      [0, 1, 2, 3, 4],
    );
  });
  test('at most eight, best first', () => {
    const names = Array.from({ length: 20 }, (_, i) => `x_delay_${i}`).concat('delay');
    const found = find(names, ' Delay ');
    assert.equal(found.length, 8);
    assert.equal(names[found[0]!], 'delay');
    assert.deepEqual(find(names, ''), []);
  });
});

describe('the camera', () => {
  const size = { width: 800, height: 600 };
  test('fit keeps to the least zoom and shows the beginning where all has no room', () => {
    const view = fit({ width: 8000, height: 100 }, size, 12, 0.66);
    assert.equal(view.zoom, 0.66);
    assert.equal(view.x, -12 / 0.66);
    assert.ok(view.y < 0);
  });
  test('fit shows all, never larger than life', () => {
    assert.equal(fit({ width: 100, height: 100 }, size).zoom, 1);
    const view = fit({ width: 8000, height: 1000 }, size);
    assert.equal(shareInView({ width: 8000, height: 1000 }, view, size), 1);
  });
  test('zooming keeps the point under the pointer', () => {
    const view = zoomAt({ x: 10, y: 20, zoom: 0.5 }, 1, 100, 50);
    assert.equal(view.x + 100 / view.zoom, 10 + 100 / 0.5);
    assert.equal(view.y + 50 / view.zoom, 20 + 50 / 0.5);
  });
  test('a flight begins and ends where it should', () => {
    const from = centred(0, 0, 0.1, size);
    const to = centred(500, 300, 1, size);
    for (const [t, wanted] of [
      [0, from],
      [1, to],
    ] as const) {
      const view = between(from, to, size, t);
      assert.ok(Math.abs(view.x - wanted.x) < 1e-6 && Math.abs(view.zoom - wanted.zoom) < 1e-9);
    }
  });
  test('easing is monotone from 0 to 1', () => {
    let last = 0;
    for (let t = 0; t <= 1; t += 0.05) {
      assert.ok(ease(t) >= last);
      last = ease(t);
    }
    assert.equal(ease(1), 1);
  });
  test('levels have hysteresis', () => {
    assert.equal(level(0.28, null), 'mid');
    assert.equal(level(0.285, 'far'), 'far');
    assert.equal(level(0.275, 'mid'), 'mid');
    assert.equal(level(0.6, 'near'), 'near');
    assert.equal(level(0.63, 'mid'), 'mid');
  });
});

describe('keys', () => {
  const key = (name: string, more: Partial<KeyboardEvent> = {}): string | null =>
    commandOf({
      key: name,
      ctrlKey: false,
      metaKey: false,
      altKey: false,
      shiftKey: false,
      ...more,
    } as KeyboardEvent);
  test('what the explorer takes, and what it leaves to the page', () => {
    assert.equal(key('r'), 'run');
    assert.equal(key('R'), 'recompute');
    assert.equal(key('f', { ctrlKey: true }), 'search');
    assert.equal(key('s', { ctrlKey: true }), null);
    assert.equal(key('x'), null);
    assert.equal(key('ArrowLeft', { altKey: true }), null);
  });
});
