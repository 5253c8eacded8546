import type { Client } from './clients.ts';
import type { Marks } from './marks.ts';

const CLIENT_NAME = /^[0-9a-f]{16}$/;

/** All client records: by clientid, and by owner, of which there may be one confirmed and one unconfirmed each (RFC 8881 §18.35.4). */
export class ClientTable {
  readonly #byNumber = new Map<number, Client>();
  readonly #confirmed = new Map<string, Client>();
  readonly #unconfirmed = new Map<string, Client>();
  readonly #instance: number;
  readonly #marks: Marks;
  /** The number of the next client. */
  next = 1;

  constructor(instance: number, marks: Marks) {
    this.#instance = instance;
    this.#marks = marks;
  }

  get instance(): number {
    return this.#instance;
  }

  get size(): number {
    return this.#byNumber.size;
  }

  [Symbol.iterator](): IterableIterator<Client> {
    return this.#byNumber.values();
  }

  allocate(): number {
    return this.next++;
  }

  find(instance: number, number: number): Client | undefined {
    return instance === this.#instance ? this.#byNumber.get(number) : undefined;
  }

  /** By its name for people. */
  named(name: string): Client | undefined {
    if (!CLIENT_NAME.test(name)) return undefined;
    return this.find(Number.parseInt(name.slice(0, 8), 16), Number.parseInt(name.slice(8), 16));
  }

  confirmedBy(ownerKey: string): Client | undefined {
    return this.#confirmed.get(ownerKey);
  }

  unconfirmedBy(ownerKey: string): Client | undefined {
    return this.#unconfirmed.get(ownerKey);
  }

  /** One of an earlier run. */
  restore(client: Client): void {
    this.#byNumber.set(client.number, client);
    (client.confirmed ? this.#confirmed : this.#unconfirmed).set(client.ownerKey, client);
  }

  addUnconfirmed(client: Client): void {
    this.#byNumber.set(client.number, client);
    this.#unconfirmed.set(client.ownerKey, client);
    this.#marks.touch(client);
  }

  /** The client has proven itself by CREATE_SESSION. No other confirmed record of its owner may be left. */
  confirm(client: Client): void {
    if (this.#unconfirmed.get(client.ownerKey) === client) this.#unconfirmed.delete(client.ownerKey);
    this.#confirmed.set(client.ownerKey, client);
    client.confirmed = true;
    this.#marks.touch(client);
  }

  delete(client: Client): void {
    this.#marks.touch(client);
    this.#byNumber.delete(client.number);
    if (this.#confirmed.get(client.ownerKey) === client) this.#confirmed.delete(client.ownerKey);
    if (this.#unconfirmed.get(client.ownerKey) === client) this.#unconfirmed.delete(client.ownerKey);
  }
}
