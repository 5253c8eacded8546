import { readAuthSys } from '../../rpc/auth.ts';
import type { XdrReader } from '../../xdr/index.ts';
import { AuthFlavor, Status } from '../constants/index.ts';
import { NfsError } from '../errors.ts';
import type { CallbackSecurity } from '../state/sessions.ts';

const MAX_SECURITY = 16;
const MAX_GSS_HANDLE = 1024;

/** callback_sec_parms4<>: the flavors that we can call with (RFC 8881 §18.36.3). RPCSEC_GSS is decoded and left out. */
export function readCallbackSecurity(args: XdrReader): CallbackSecurity[] {
  const usable: CallbackSecurity[] = [];
  for (let left = args.count(MAX_SECURITY); left > 0; left--) {
    const flavor = args.u32();
    if (flavor === AuthFlavor.NONE) {
      usable.push({ flavor, credential: Buffer.alloc(0) });
    } else if (flavor === AuthFlavor.SYS) {
      const start = args.position;
      readAuthSys(args);
      usable.push({ flavor, credential: Buffer.from(args.buffer.subarray(start, args.position)) });
    } else if (flavor === AuthFlavor.RPCSEC_GSS) {
      args.u32();
      args.opaque(MAX_GSS_HANDLE);
      args.opaque(MAX_GSS_HANDLE);
    } else {
      throw new NfsError(Status.BADXDR);
    }
  }
  return usable;
}
