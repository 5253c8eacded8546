import { describe, expect, it } from 'vitest';
import { TOP_LIMITS } from '../../src/top/limits.ts';
import { Meter } from '../../src/top/meter.ts';
import { client, connection, sample, session } from '../helpers/sample.ts';

/** One client with one session on connections with so many requests. */
const at = (seconds: number, ...requests: number[]) =>
  sample(seconds, [
    client('a', [
      session(
        's',
        'a',
        requests.map((count, id) => connection(id + 1, count)),
      ),
    ]),
  ]);

describe('the meter', () => {
  it('makes rates of two samples, at each level', () => {
    const meter = new Meter();
    expect(meter.take(at(0, 100, 200)).rates).toEqual({ requests: 0, bytesIn: 0, bytesOut: 0 });
    const second = meter.take(at(2, 110, 230));
    expect(second.rates).toEqual({ requests: 20, bytesIn: 20_000, bytesOut: 2_000 });
    const [a] = second.clients;
    expect(a?.rates.requests).toBe(20);
    expect(a?.requests).toBe(340);
    expect(a?.children[0]?.rates.requests).toBe(20);
    expect(a?.children[0]?.children.map((each) => each.rates.requests)).toEqual([5, 15]);
    expect(second.connections).toBe(2);
  });

  it('counts a connection that carries two sessions once for their client and for all', () => {
    const meter = new Meter();
    const shared = (count: number) => [connection(1, count)];
    const both = (seconds: number, count: number) =>
      sample(seconds, [client('a', [session('s', 'a', shared(count)), session('t', 'a', shared(count))])]);
    meter.take(both(0, 0));
    const { clients, rates, connections } = meter.take(both(1, 7));
    expect([rates.requests, clients[0]?.rates.requests, connections]).toEqual([7, 7, 1]);
    expect(clients[0]?.children.map((each) => each.rates.requests)).toEqual([7, 7]);
  });

  it('takes a new peer under an old number for a new connection', () => {
    const meter = new Meter();
    meter.take(at(0, 1000));
    const restarted = connection(1, 50, { remote: '10.0.0.1:999' });
    const after = meter.take(sample(1, [client('a', [session('s', 'a', [restarted])])]));
    expect(after.rates.requests).toBe(0);
    const less = meter.take(sample(2, [client('a', [session('s', 'a', [{ ...restarted, requests: 3 }])])]));
    expect(less.rates.requests).toBe(0);
  });

  it('keeps a bounded history, and none of what is gone', () => {
    const meter = new Meter();
    for (let second = 0; second < 3 * TOP_LIMITS.history; second++) meter.take(at(second, second * 4));
    const last = meter.take(at(1000, 0));
    expect(last.history).toHaveLength(TOP_LIMITS.history);
    expect(last.history.at(-2)).toBe(4);
    meter.take(sample(1001, []));
    expect(meter.take(at(1002, 9)).clients[0]?.history).toEqual([0]);
  });
});
