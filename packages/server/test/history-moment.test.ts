import type { ConnectionView, Control } from '@dfs/nfs';
import { expect, it } from 'vitest';
import { momentOf } from '../src/history/recorder.ts';

const CARRIED = 3000;

const load = { requests: 5, failed: 0, latency: [] };

/** What a moment may ask of the engine, with one connection that carries very many sessions, as a test suite's do. */
function control(): Control {
  const sessions = Array.from({ length: CARRIED }, (_, n) => ({
    session: `session-${n}`,
    client: n === 0 ? 'first' : 'other',
    direction: 'fore' as const,
    boundAt: 0,
  }));
  const connection = { id: 7, remote: '10.0.0.1:900', load, bytesIn: 1, bytesOut: 2, sessions };
  const asked: Partial<Control> = {
    counters: () =>
      ({ load, bytesIn: 1, bytesOut: 2, shareLoads: new Map() }) as unknown as ReturnType<
        Control['counters']
      >,
    clients: () => [{ id: 'first', address: '10.0.0.1', owner: 'host' }] as ReturnType<Control['clients']>,
    connections: () => [connection as unknown as ConnectionView],
    sessions: () => {
      throw new Error('each of its sessions would describe the connection: what they are, squared');
    },
  };
  return asked as Control;
}

it('a moment of the history names the client of a connection without a look at every session', () => {
  const { connections } = momentOf({ control: control() }, [], 1);
  expect(connections).toEqual([
    {
      id: '7',
      name: '10.0.0.1:900',
      totals: { ...load, bytesIn: 1, bytesOut: 2 },
      client: { id: 'first', name: '10.0.0.1 host' },
    },
  ]);
});
