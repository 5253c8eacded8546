import { XdrError } from '../../xdr/index.ts';
import { after } from '../after.ts';
import type { Compound } from '../compound.ts';
import { AuthFlavor, Op, SecinfoStyle, Status } from '../constants/index.ts';
import { crossInto, junctionsBelow } from '../junction.ts';
import { readName } from '../names.ts';
import type { Operation } from '../operation.ts';
import { parentOf } from './lookupp.ts';

const RESULT_BYTES = 8;

/** Every share is served to AUTH_SYS alone. The filehandle is consumed (RFC 8881 §2.6.3.1.1.8). */
function answer(c: Compound): Status {
  c.out.u32(1).u32(AuthFlavor.SYS);
  c.export = undefined;
  c.node = undefined;
  c.stateid = undefined;
  return Status.OK;
}

/** RFC 8881 §18.29. The name must be there as for LOOKUP. */
export const secinfo: Operation = {
  op: Op.SECINFO,
  minor: 1,
  needsFh: true,
  modifies: false,
  replyRoom: RESULT_BYTES,
  run(c) {
    const name = readName(c.args, c.engine.limits.maxName);
    const junction = junctionsBelow(c.here, c.object)?.get(name);
    if (junction !== undefined) {
      crossInto(c, junction);
      return answer(c);
    }
    return after(c.fs.lookup(c.object, c.cred, name), () => answer(c));
  },
};

/** RFC 8881 §18.45. */
export const secinfoNoName: Operation = {
  op: Op.SECINFO_NO_NAME,
  minor: 1,
  needsFh: true,
  modifies: false,
  replyRoom: RESULT_BYTES,
  run(c) {
    const style = c.args.u32();
    if (style === SecinfoStyle.CURRENT_FH) return answer(c);
    if (style === SecinfoStyle.PARENT) return after(parentOf(c), () => answer(c));
    throw new XdrError(`${style} is no secinfo_style4`);
  },
};
