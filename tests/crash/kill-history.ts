import { join } from 'node:path';
import { NfsClient, ops, type RpcConnection, Status } from '../../packages/nfs/src/client/index.ts';
import { History } from './history.ts';
import type { Lane } from './lane.ts';
import { difference, type Found } from './model.ts';
import { SHARE } from './server-process.ts';
import { judgeKilled } from './verdict.ts';

const MAX_UNHEARD_MS = 12;

/** Kill -9 at any moment; the next server goes on where it was. */
export class KillHistory extends History {
  get data(): string {
    return join(this.options.folder, 'data');
  }

  async run(): Promise<void> {
    await this.start();
    await this.begin();
    for (let round = 0; round < this.options.rounds; round++) {
      await this.load(round);
      if (this.random.chance(0.5)) await this.check(this.data, true);
      await this.start();
      await this.#goOn();
      this.tally.rounds++;
    }
    await this.finish();
  }

  protected startAgain(): Promise<boolean> {
    return this.start();
  }

  protected async untilGone(pauseMs: number, work: Promise<unknown>): Promise<void> {
    // A lane that fails ends the wait.
    await Promise.race([this.pause(pauseMs), work]);
    if (this.random.chance(0.5)) {
      // What has been sent runs, and its answer is read by nobody.
      for (const caller of this.callers) caller.stopReading();
      await this.pause(this.random.below(MAX_UNHEARD_MS));
    }
    await this.server?.kill();
    for (const caller of this.callers) caller.drop();
  }

  /** The same sessions, with all that they had. */
  async #goOn(): Promise<void> {
    for (const caller of this.everyone) await caller.connect();
    await this.#strangerNeedsNoGrace();
    const before = await this.look();
    const hadRun = new Map(before.map(([lane, found]) => [lane, judgeKilled(lane, found)]));
    for (const [lane, found] of before) {
      const ran = lane.inFlight === undefined || hadRun.get(lane) === true;
      if (lane.inFlight !== undefined && ran) this.tally.hadRun++;
      await lane.again(this.random.pick(lane.caller.connections) as RpcConnection);
      const after = await this.auditor.look(lane.root);
      const wrong = difference(lane.tree, after, 'now');
      const last = lane.done.at(-1)?.step.what;
      this.world.check(wrong === undefined, `${lane.name}: after ${last} was sent again: ${wrong}`);
      if (ran) this.#unchanged(lane, found, after);
    }
    await this.#stateIsThere();
  }

  /** What had been answered did not run again. */
  #unchanged(lane: Lane, before: Found, after: Found): void {
    for (const [path, { change }] of before) {
      this.world.check(
        after.get(path)?.change === change,
        `${lane.name}: ${lane.done.at(-1)?.step.what} ran again: ${path} has changed`,
      );
    }
  }

  async #strangerNeedsNoGrace(): Promise<void> {
    const session = await NfsClient.start({ port: this.world.port });
    const place = [ops.putrootfh(), ops.lookup(SHARE.slice(1))];
    await session.run([...place, ops.create({ type: 2 }, 'stranger', { mode: 0o755 }), ops.putrootfh()]);
    await session.run([...place, ops.remove('stranger')]);
    await session.destroy();
    await session.client.destroyClientId();
    await session.client.close();
  }

  async #stateIsThere(): Promise<void> {
    for (const lane of this.lanes) {
      const { session } = lane.caller;
      const ids = lane.opens.flatMap(({ stateid, lockStateid }) => [stateid, lockStateid ?? stateid]);
      const [known] = await session.run([ops.testStateid([...ids, ...lane.closed])]);
      for (const [i, status] of known.entries()) {
        const expected = i < ids.length ? Status.OK : Status.BAD_STATEID;
        this.world.check(
          status === expected,
          `${lane.name}: TEST_STATEID answered ${status}, not ${expected}`,
        );
      }
      lane.closed = [];
      for (const open of lane.opens) {
        await this.auditor.probeLocks(lane, open);
        if (open.deny !== 0) await this.auditor.probeDeny(lane, open);
      }
    }
  }
}
