import fs from 'node:fs';
import { join } from 'node:path';
import {
  NfsClient,
  OpenClaim,
  ops,
  RpcError,
  ShareAccess,
  Status,
} from '../../packages/nfs/src/client/index.ts';
import { DiskImage } from './disk/image.ts';
import { recorderEnvironment } from './disk/recorder.ts';
import { History } from './history.ts';
import { SHARE } from './server-process.ts';
import { judgeMoment, judgeSafe } from './verdict.ts';

/** Notes of the recorder after which the power goes: from within the start to far into the load. */
const MAX_NOTES = 1500;
/** A load that writes little is cut by time. */
const LOAD_LIMIT_MS = 3000;
const SYNC_MICROSECONDS = 4000;
/** How often the server ends before the power goes, and another is started meanwhile, which comes so far. */
const BETWEEN = 0.4;
const MAX_NOTES_BETWEEN = 120;

/** Losses of power: the disk keeps what was synced, and of the rest what it likes. */
export class PowerHistory extends History {
  readonly #image = new DiskImage();
  #boots = 0;
  /** How many notes of the server's end it. */
  #after: number | undefined;

  get data(): string {
    return join(this.options.folder, `data${this.#boots}`);
  }

  get #log(): string {
    return join(this.options.folder, `log${this.#boots}`);
  }

  async run(): Promise<void> {
    await this.#boot(undefined);
    await this.begin();
    // What the clients are and have at first is safe with either grade.
    await this.server?.stop();
    this.#image.replay(fs.readFileSync(this.#log));
    this.#image.finish();
    this.#turnOn();
    for (let round = 0; round < this.options.rounds; round++) {
      if (await this.#bootAndRecover()) await this.load(round);
      await this.#turnOff();
      await this.#checkDisk();
      this.tally.rounds++;
    }
    while (!(await this.#bootAndRecover(false))) await this.#turnOff();
    await this.finish();
  }

  protected startAgain(): Promise<boolean> {
    return this.#boot(undefined);
  }

  protected async untilGone(_pauseMs: number, work: Promise<unknown>): Promise<void> {
    await Promise.race([this.server?.ended, this.pause(LOAD_LIMIT_MS), work]);
    await this.server?.kill();
  }

  /** Starts the server after another start of the machine. False where the power is gone again before it listens. */
  async #boot(after: number | undefined, log = this.#log): Promise<boolean> {
    const { folder, recorder } = this.options;
    if (recorder === undefined) throw new Error('a loss of power needs a recorder');
    const bootIdFile = join(folder, 'boot-id');
    fs.writeFileSync(bootIdFile, `crash-test-boot-${this.options.seed}-${this.#boots}\n`);
    const recording = { library: recorder, root: this.data, log, bootIdFile };
    const more = { syncMicroseconds: SYNC_MICROSECONDS, ...(after !== undefined && { after }) };
    this.#after = after;
    return await this.start(recorderEnvironment({ ...recording, ...more }));
  }

  /** The server is started again at once, with what the host has in memory, and ends soon. Answers what that has noted. */
  async #startBetween(): Promise<string> {
    const log = `${this.#log}.between`;
    if (await this.#boot(1 + this.random.below(MAX_NOTES_BETWEEN), log)) await this.server?.kill();
    return log;
  }

  /** The disk as the loss of power leaves it, in a folder of its own. */
  async #turnOff(): Promise<void> {
    const was = [this.data, this.#log];
    const notes = this.#image.replay(fs.readFileSync(this.#log));
    // Ended by a note, the server has done what is noted, and nothing else.
    if (notes === this.#after && this.random.chance(BETWEEN)) {
      const log = await this.#startBetween();
      this.#image.replay(fs.readFileSync(log));
      fs.rmSync(log);
    }
    this.#image.cut(this.random);
    this.#turnOn();
    // The last two stay, for who looks into a failure.
    if (this.#boots < 2) return;
    for (const path of was) {
      const old = path.replace(/\d+$/, (number) => String(Number(number) - 1));
      fs.rmSync(old, { recursive: true, force: true });
    }
  }

  #turnOn(): void {
    this.#boots++;
    this.#image.write(this.data);
  }

  /** On a copy: the check commits what the journal has, which the image would not know of. */
  async #checkDisk(): Promise<void> {
    const copy = join(this.options.folder, 'checked');
    this.#image.write(copy);
    await this.check(copy, true);
    fs.rmSync(copy, { recursive: true });
  }

  /** False where the power went meanwhile. */
  async #bootAndRecover(mayBeCut = true): Promise<boolean> {
    const after = mayBeCut ? 1 + this.random.below(MAX_NOTES) : undefined;
    if (!(await this.#boot(after))) return false;
    try {
      await this.#recover();
      return true;
    } catch (error) {
      if (!(error instanceof RpcError) && !isOfSocket(error)) throw error;
      await this.server?.kill();
      return false;
    }
  }

  /** Who held something reclaims it, others may not; then all is as it was, or as the grade allows. */
  async #recover(): Promise<void> {
    const isSafe = this.options.grade === 'power';
    for (const caller of this.everyone) {
      await caller.connect();
      await caller.expectBadSession();
      await caller.introduce();
    }
    if (isSafe) await this.#strangerWaits();
    // With grade `crash` only what is there can be reclaimed, and who may is known as of that moment.
    for (const lane of this.lanes) await lane.caller.reclaim(lane, isSafe);
    for (const caller of this.everyone) await caller.session.reclaimComplete();
    const found = await this.look();
    if (isSafe) for (const [lane, there] of found) judgeSafe(lane, there);
    else this.tally.lost += judgeMoment(this.world, found);
    for (const lane of this.lanes) {
      lane.begin();
      lane.forgetRequest();
      for (const open of lane.opens) await this.auditor.probeLocks(lane, open);
    }
    await this.#newVerifier();
  }

  /** In grace nobody opens anew, and nobody reclaims who held nothing. */
  async #strangerWaits(): Promise<void> {
    const client = new NfsClient({ port: this.world.port, ownerId: Buffer.from('stranger') });
    await client.exchangeId();
    const session = await client.createSession();
    const owner = { clientId: client.clientId, owner: Buffer.from('stranger') };
    const place = [ops.putrootfh(), ops.lookup(SHARE.slice(1))];
    const fresh = { claim: OpenClaim.NULL, name: 'stranger' } as const;
    const create = { mode: 0, attributes: { mode: 0o644 } } as const;
    const opened = await session.compound([
      ...place,
      ops.open({ access: ShareAccess.BOTH, owner, claim: fresh, create }),
    ]);
    this.world.check(opened.status === Status.GRACE, `in grace a new OPEN answered ${opened.status}`);
    const [, , handle] = await session.run([ops.putrootfh(), ops.lookup(SHARE.slice(1)), ops.getfh()]);
    const claim = { claim: OpenClaim.PREVIOUS, delegation: 0 } as const;
    const reply = await session.compound([
      ops.putfh(handle),
      ops.open({ access: ShareAccess.READ, owner, claim }),
    ]);
    const refused = reply.status === Status.NO_GRACE || reply.status === Status.RECLAIM_BAD;
    this.world.check(refused, `a stranger who reclaims was answered ${reply.status}`);
    await session.destroy();
    await client.destroyClientId();
    await client.close();
  }

  /** What was written and not committed may be lost, and its writers are told so. */
  async #newVerifier(): Promise<void> {
    const was = this.world.forgetVerifier();
    const [, , , now] = await this.auditor.session.run([
      ops.putrootfh(),
      ops.lookup(SHARE.slice(1)),
      ops.open({
        access: ShareAccess.BOTH,
        owner: { clientId: this.auditor.client.clientId, owner: Buffer.from('verifier') },
        claim: { claim: OpenClaim.NULL, name: '.verifier' },
        create: { mode: 0, attributes: { mode: 0o644 } },
      }),
      ops.commit(),
    ]);
    this.world.check(was?.equals(now) !== true, 'the write verifier is the same after a loss of power');
  }
}

/** Refused or reset: who listened is gone. */
function isOfSocket(error: unknown): boolean {
  return error instanceof Error && 'syscall' in error;
}
