import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { DEFAULT_LIMITS } from '../../src/limits.ts';
import { RpcConnection } from '../../src/rpc/connection.ts';
import { LoopbackSocket } from '../fuzz/loopback.ts';

const LIMITS = { ...DEFAULT_LIMITS, maxRecord: 1024 };

function connect(socket: LoopbackSocket): RpcConnection {
  return new RpcConnection(1, socket.asSocket(), LIMITS, { onCall: () => {}, onClose: () => {} });
}

describe('a connection that the server ends', () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it('holds on to nothing once it is closed', async () => {
    const connection = connect(new LoopbackSocket());
    connection.destroy('test');
    await vi.advanceTimersByTimeAsync(0);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('is cut off where its peer does not read what is left', async () => {
    const socket = new LoopbackSocket();
    socket.destroySoon = () => {};
    connect(socket).destroy('test');
    expect(vi.getTimerCount()).toBe(1);
    await vi.runAllTimersAsync();
    expect(socket.destroyed).toBe(true);
  });
});
