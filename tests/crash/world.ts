/** What does not hold. */
export class Violation extends Error {}

/** What all clients of one history share. */
export class World {
  /** Of the server that runs now. */
  port = 0;
  #time = 0;
  #objects = 0;
  #serials = 0;
  readonly #fileids = new Map<bigint, string>();
  #verifier: Buffer | undefined;
  #hasUnsafe = false;

  /** The next moment: what was sent and answered, in order. */
  tick(): number {
    return ++this.#time;
  }

  newObject(): number {
    return ++this.#objects;
  }

  newSerial(): number {
    return ++this.#serials;
  }

  violation(what: string): Violation {
    return new Violation(what);
  }

  check(holds: boolean, what: string): void {
    if (!holds) throw this.violation(what);
  }

  /** A number that was shown belongs to one object for ever. */
  noteFileid(fileid: bigint, whose: string): void {
    const known = this.#fileids.get(fileid);
    this.check(known === undefined || known === whose, `fileid ${fileid} of ${whose} was that of ${known}`);
    this.#fileids.set(fileid, whose);
  }

  /** The verifier stays the same while the server runs, and longer unless something may have been lost. */
  noteVerifier(verifier: Buffer, isUnsafe: boolean): void {
    this.#hasUnsafe ||= isUnsafe;
    const was = this.#verifier;
    this.check(was === undefined || was.equals(verifier), 'the write verifier has changed without a loss');
    this.#verifier = verifier;
  }

  /** The power was gone: yields the verifier that must not come again. */
  forgetVerifier(): Buffer | undefined {
    const was = this.#hasUnsafe ? this.#verifier : undefined;
    this.#verifier = undefined;
    this.#hasUnsafe = false;
    return was;
  }
}
