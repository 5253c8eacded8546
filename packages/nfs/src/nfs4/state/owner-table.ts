import { type Hashed, HashTable, hashOfText } from '../../hash-table.ts';

/** The open-owners or the lock-owners of a client, by the bytes that the client tells them apart by. */
export class OwnerTable<V extends Hashed<V> & { readonly key: string }> extends HashTable<V> {
  get(key: string): V | undefined {
    let owner = this.first(hashOfText(key));
    while (owner !== undefined && owner.key !== key) owner = owner.next;
    return owner;
  }
}
