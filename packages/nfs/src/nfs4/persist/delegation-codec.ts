import type { XdrReader, XdrWriter } from '../../xdr/index.ts';
import { XdrError } from '../../xdr/index.ts';
import { DelegationType } from '../constants/index.ts';
import type { DelegationKind, DelegationState } from '../state/delegations.ts';
import { decodeFile, encodeFile, type FileRecord } from './file-codec.ts';

const MAX_OWNER = 64 * 1024;

/** A delegation as the journal keeps it; that it was asked back is not kept: who is in its way has it asked back anew. */
export interface DelegationRecord {
  readonly number: number;
  readonly client: number;
  readonly owner: string;
  readonly type: DelegationKind;
  readonly changeAtGrant: number;
  readonly revoked: boolean;
  readonly file: FileRecord;
}

export function encodeDelegation(out: XdrWriter, delegation: DelegationState): void {
  out.u32(delegation.number).u32(delegation.client.number).latin1(delegation.ownerKey);
  out.u32(delegation.type).u64(delegation.changeAtGrant).bool(delegation.revoked);
  // Nobody looks at the file of one that was revoked, and it may be gone.
  if (delegation.revoked) out.u32(0).u32(0);
  else encodeFile(out, delegation.file);
}

export function decodeDelegation(reader: XdrReader): DelegationRecord {
  return {
    number: reader.u32(),
    client: reader.u32(),
    owner: reader.opaque(MAX_OWNER).toString('latin1'),
    type: delegationKind(reader.u32()),
    changeAtGrant: reader.u64(),
    revoked: reader.bool(),
    file: decodeFile(reader),
  };
}

function delegationKind(value: number): DelegationKind {
  if (value !== DelegationType.READ && value !== DelegationType.WRITE)
    throw new XdrError(`${value} is no kind of delegation`);
  return value;
}
