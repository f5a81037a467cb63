import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { skewWord } from '../src/core/skew';

describe('a state in the explorer coloured by skew', () => {
  const cases = [
    ['stale', 'moved'],
    ['cached', 'quiet'],
    ['queued', 'not enough data'],
    ['new', 'not compared'],
    ['error', 'error'],
  ] as const;
  for (const [state, word] of cases) {
    test(state, () => assert.equal(skewWord(state), word));
  }
});
