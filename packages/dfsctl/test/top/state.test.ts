import { describe, expect, it } from 'vitest';
import { Meter } from '../../src/top/meter.ts';
import type { SampleClient } from '../../src/top/sample.ts';
import {
  bodyHeight,
  initialState,
  measured,
  NOTE_SAMPLES,
  press,
  resized,
  type TopState,
  visibleRows,
} from '../../src/top/state.ts';
import { client, connection, sample, session } from '../helpers/sample.ts';

const SIZE = { columns: 120, rows: 24 };
const many = (count: number, from = 1) => Array.from({ length: count }, (_, i) => connection(from + i, 0));
const CLIENTS = [client('a', [session('s', 'a', many(2))]), client('bb', [session('t', 'bb', many(1, 9))])];

function shown(clients: readonly SampleClient[] = CLIENTS, state: TopState = initialState(SIZE)): TopState {
  return measured(state, new Meter().take(sample(0, clients)));
}

const keys = (state: TopState) => visibleRows(state).map((row) => row.node.key);
const after = (state: TopState, ...pressed: string[]) =>
  pressed.reduce((now, key) => press(now, key).state, state);

describe('the state of top', () => {
  it('unfolds all that there is little of, and selects the first row', () => {
    const state = shown();
    expect(keys(state)).toEqual([
      'client a',
      'session s',
      'session s connection 1',
      'session s connection 2',
      'client bb',
      'session t',
      'session t connection 9',
    ]);
    expect(state.selected).toBe('client a');
  });

  it('keeps sessions folded where there are many connections', () => {
    expect(keys(shown([client('a', [session('s', 'a', many(500))])]))).toEqual(['client a', 'session s']);
  });

  it('moves, folds and goes to what holds a row', () => {
    const state = shown();
    expect(after(state, 'down', 'down').selected).toBe('session s connection 1');
    expect(after(state, 'up').selected).toBe('client a');
    expect(after(state, 'end').selected).toBe('session t connection 9');
    expect(after(state, 'end', 'left').selected).toBe('session t');
    expect(keys(after(state, 'enter'))).toEqual([
      'client a',
      'client bb',
      'session t',
      'session t connection 9',
    ]);
    expect(keys(after(state, 'enter', 'right'))).toEqual(keys(state));
    expect(keys(after(state, 'a'))).toEqual(['client a', 'client bb']);
    expect(keys(after(state, 'a', 'a'))).toEqual(keys(state));
    expect(after(state, 'end', 'a').selected).toBe('client bb');
  });

  it('sorts by what is asked, and the selection goes along', () => {
    const meter = new Meter();
    const busy = (requests: number) => [
      client('a', [session('s', 'a', many(3))]),
      client('bb', [session('t', 'bb', [connection(9, requests)])]),
    ];
    const before = measured(initialState(SIZE), meter.take(sample(0, busy(0))));
    const state = measured(before, meter.take(sample(1, busy(50))));
    expect(keys(state)[0]).toBe('client bb');
    expect(state.selected).toBe('client a');
    expect(keys(after(state, 's', 's', 's'))[0]).toBe('client a');
    expect(after(state, 's').sort).toBe('in');
    expect(after(state, 's', 's', 's', 's', 's').sort).toBe('requests');
  });

  it('goes to what took the place of a row that is gone', () => {
    const state = after(shown(), 'down', 'down', 'down');
    const next = shown([client('a', [session('s', 'a', many(1))]), client('bb', [])], state);
    expect(next.selected).toBe('client bb');
    expect(shown([], state).selected).toBeUndefined();
    expect([...shown([], state).unfolded]).toEqual([]);
  });

  it('scrolls as far as shows the selected row, also when the terminal shrinks', () => {
    const state = shown([client('a', [session('s', 'a', many(39))])]);
    const height = bodyHeight(SIZE);
    expect(after(state, 'end').offset).toBe(41 - height);
    expect(after(state, 'end', 'home').offset).toBe(0);
    expect(after(state, 'pagedown').offset).toBe(1);
    const small = resized(after(state, 'end'), { columns: 80, rows: 12 });
    expect(small.offset).toBe(41 - bodyHeight(small.size));
    expect(resized(small, { columns: 80, rows: 100 }).offset).toBe(0);
  });

  it('does nothing without a yes', () => {
    const asked = press(shown(), 'e');
    expect(asked.effect).toBeUndefined();
    expect(asked.state.question).toMatchObject({ kind: 'end', node: { key: 'client a' } });
    for (const key of ['n', 'escape', 'enter', 'q', 'space', 'e']) {
      const { state, effect } = press(asked.state, key);
      expect([key, effect, state.question]).toEqual([key, undefined, undefined]);
    }
    const { state, effect } = press(asked.state, 'y');
    expect(effect).toMatchObject({ kind: 'do', deed: { kind: 'end', node: { key: 'client a' } } });
    expect(state.question).toBeUndefined();
    expect(press(press(shown(), 'd').state, 'y').effect).toMatchObject({ deed: { kind: 'drain' } });
  });

  it('forgets a question about what is gone meanwhile', () => {
    const state = press(after(shown(), 'end'), 'd').state;
    expect(state.question).toMatchObject({ node: { key: 'session t connection 9' } });
    expect(shown(CLIENTS, state).question).toBeDefined();
    expect(shown([CLIENTS[0]!], state).question).toBeUndefined();
  });

  it('says what cannot be done', () => {
    expect(press(after(shown(), 'end'), 'e').state).toMatchObject({
      question: undefined,
      note: { tone: 'plain' },
    });
    expect(press(shown([]), 'd').state).toMatchObject({ question: undefined, note: { tone: 'plain' } });
  });

  it('tells what was done for a while', () => {
    let state = press(press(shown(), 'e').state, 'n').state;
    for (let sample = 1; sample < NOTE_SAMPLES; sample++) state = shown(CLIENTS, state);
    expect(state.note?.text).toBe('nothing was done');
    expect(shown(CLIENTS, state).note).toBeUndefined();
    expect(after(state, 'down').note).toBeUndefined();
  });

  it('pauses, helps and quits', () => {
    expect(after(shown(), 'space').paused).toBe(true);
    expect(after(shown(), 'space', 'space').paused).toBe(false);
    expect(after(shown(), '?').help).toBe(true);
    expect(after(shown(), '?', 'x').help).toBe(false);
    expect(press(shown(), 'q').effect).toEqual({ kind: 'quit' });
    expect(press(press(shown(), 'e').state, 'interrupt').effect).toEqual({ kind: 'quit' });
  });
});
