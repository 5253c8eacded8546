import type { XdrWriter } from '../../xdr/index.ts';
import { CreateMode, OpenClaim, ShareAccess, ShareDeny } from '../constants/index.ts';

/** open_args_share_access_want4: which wants are heeded (RFC 9754 §3). */
const Want = { ANY_DELEG: 3, NO_DELEG: 4, CANCEL: 5 } as const;

const ARGUMENTS: readonly (readonly number[])[] = [
  Object.values(ShareAccess),
  Object.values(ShareDeny),
  Object.values(Want),
  [OpenClaim.NULL, OpenClaim.PREVIOUS, OpenClaim.DELEGATE_CUR, OpenClaim.FH, OpenClaim.DELEG_CUR_FH],
  Object.values(CreateMode),
];

/** open_arguments4 (RFC 9754 §3): what OPEN takes, so that a client need not try. Each set fits one word. */
export function writeOpenArguments(out: XdrWriter): void {
  for (const values of ARGUMENTS) {
    let word = 0;
    for (const value of values) word |= 1 << value;
    out.u32(1).u32(word);
  }
}
