import type { Connection, Status } from '@dfs/api';
import { expect, it } from 'vitest';
import { Collector } from '../../src/top/collect.ts';

const STATUS = { version: '1', state: 'ready', uptime_seconds: 1 } as unknown as Status;
const CLIENT = { client_id: 'c', lease: { state: 'active' } };
const SESSION = { session_id: 's', client_id: 'c', slots: { in_use: 0, granted: 1 }, back_channel: 'up' };

const connection = (id: number, requests: number) =>
  ({
    connection_id: id,
    requests,
    sessions: [{ session_id: 's', direction: 'fore' }],
  }) as unknown as Connection;

it('asks for all connections once, and then for what has changed', async () => {
  const answers = [
    { connections: [connection(1, 10), connection(2, 20)], complete: true, cursor: 'a' },
    { connections: [connection(2, 25)], complete: false, cursor: 'b' },
    { connections: [connection(2, 25), connection(3, 1)], complete: true, cursor: 'c' },
  ];
  const cursors: unknown[] = [];
  const collector = new Collector({
    status: () => Promise.resolve(STATUS),
    clients: () => Promise.resolve({ clients: [CLIENT] as never[] }),
    sessions: () => Promise.resolve({ sessions: [SESSION] as never[] }),
    connectionsSince: (cursor) => {
      cursors.push(cursor);
      return Promise.resolve(answers[cursors.length - 1]!);
    },
  });
  const look = async () => {
    const { clients } = await collector.collect();
    return clients[0]?.sessions[0]?.connections.map(({ id, requests }) => [id, requests]);
  };
  expect(await look()).toEqual([
    [1, 10],
    [2, 20],
  ]);
  expect(await look()).toEqual([
    [1, 10],
    [2, 25],
  ]);
  expect(await look()).toEqual([
    [2, 25],
    [3, 1],
  ]);
  expect(cursors).toEqual([undefined, 'a', 'b']);
});
