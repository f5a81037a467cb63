import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Store } from '../src/core/store';
import type { Inspection, Request } from '../src/wire';
import { graph, states } from './graph';

const VIEW = graph('b>a');

function connected(): { store: Store; sent: Request[] } {
  const sent: Request[] = [];
  return { store: new Store({ send: request => sent.push(request) }), sent };
}

describe('the store', () => {
  test('an answer finds its question by its id', async () => {
    const { store, sent } = connected();
    const first = store.inspect('a');
    const second = store.inspect('b');
    const answer = { name: 'b' } as Inspection;
    const nothing = { selected: null, completed: null, text: '' };
    store.receive({
      type: 'reply',
      reply: { id: sent[1]!.id, inspection: answer, error: '', ...nothing },
    });
    store.receive({
      type: 'reply',
      reply: { id: sent[0]!.id, inspection: null, error: 'No a.', ...nothing },
    });
    assert.equal(await second, answer);
    await assert.rejects(first, /No a\./);
  });
  test('states of another version say nothing', () => {
    const { store } = connected();
    store.receive({ type: 'graph', graph: VIEW });
    store.receive({ type: 'states', states: states(VIEW, { b: 'stale' }, 2) });
    assert.equal(store.model!.stateOf(1), 'new');
    store.receive({ type: 'states', states: states(VIEW, { b: 'stale' }) });
    assert.equal(store.model!.stateOf(1), 'stale');
  });
  test('a listener ends with its signal', () => {
    const { store } = connected();
    const ended = new AbortController();
    let heard = 0;
    store.on('graph', () => heard++, ended.signal);
    store.receive({ type: 'graph', graph: VIEW });
    ended.abort();
    store.receive({ type: 'graph', graph: VIEW });
    assert.equal(heard, 1);
  });
  test('when the kernel goes, what waits is told', async () => {
    const { store, sent } = connected();
    const waiting = store.act('run', ['b']);
    store.setConnected(false);
    await assert.rejects(waiting, /not connected/);
    await assert.rejects(store.inspect('b'), /not connected/);
    assert.equal(sent.length, 1);
  });
});
