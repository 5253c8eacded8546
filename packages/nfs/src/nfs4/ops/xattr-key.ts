import { isUtf8 } from 'node:buffer';
import type { Awaitable, ExtendedAttributes } from '../../vfs/index.ts';
import { after } from '../after.ts';
import { changing, writeChangeInfo } from '../change-info.ts';
import type { Compound } from '../compound.ts';
import { Status } from '../constants/index.ts';
import { withoutDelegations } from '../delegation-conflict.ts';
import { NfsError } from '../errors.ts';
import { readNameBytes } from '../names.ts';
import type { OpResult } from '../operation.ts';

/** An xattrkey4: as a name, but "/" and "." are letters like others (RFC 8276 §5). INVAL, NAMETOOLONG. */
export function readKey(c: Compound): string {
  const bytes = readNameBytes(c.args);
  if (bytes.length > c.engine.limits.maxName) throw new NfsError(Status.NAMETOOLONG);
  if (bytes.length === 0 || bytes.includes(0) || !isUtf8(bytes)) throw new NfsError(Status.INVAL);
  return bytes.toString('utf8');
}

/** NFS4ERR_NOTSUPP where the file system keeps none. */
export function xattrsOf(c: Compound): ExtendedAttributes<object> {
  const { xattr } = c.fs;
  if (xattr === undefined) throw new NfsError(Status.NOTSUPP);
  return xattr;
}

/** Changes an attribute of the current object once no delegation of another client stands against that, and writes the change_info4. */
export function changeXattr(c: Compound, change: () => Awaitable<void>): OpResult {
  const { here, object } = c;
  const attributes = after(withoutDelegations(c, here, object, true), () => c.attributes());
  return after(attributes, ({ change: before }) =>
    changing(here, object, before, change, (_, info) => {
      writeChangeInfo(c.out, info);
      return Status.OK;
    }),
  );
}
