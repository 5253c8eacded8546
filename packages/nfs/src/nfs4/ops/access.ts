import { AccessRight, type Attributes, FileType } from '../../vfs/index.ts';
import type { Compound } from '../compound.ts';
import { Op, Status } from '../constants/index.ts';
import type { Operation, OpResult } from '../operation.ts';

const CHANGING = AccessRight.MODIFY | AccessRight.EXTEND | AccessRight.DELETE | AccessRight.XATTR_WRITE;
const XATTRS = AccessRight.XATTR_READ | AccessRight.XATTR_WRITE | AccessRight.XATTR_LIST;
const BASIC =
  AccessRight.READ |
  AccessRight.LOOKUP |
  AccessRight.MODIFY |
  AccessRight.EXTEND |
  AccessRight.DELETE |
  AccessRight.EXECUTE;

/** The rights that mean something for the object (RFC 8881 §18.1.3). */
function meaningful({ type }: Attributes): number {
  if (type === FileType.DIRECTORY) return (BASIC | XATTRS) & ~AccessRight.EXECUTE;
  return (BASIC | XATTRS) & ~(AccessRight.LOOKUP | AccessRight.DELETE);
}

/** RFC 8881 §18.1; its xattr rights RFC 8276 §8.5. */
export const access: Operation = {
  op: Op.ACCESS,
  minor: 1,
  needsFh: true,
  modifies: false,
  replyRoom: 8,
  run(c) {
    const asked = c.args.u32();
    const known = c.minor >= 2 ? BASIC | XATTRS : BASIC;
    if ((asked & ~known) !== 0) return Status.INVAL;
    const attributes = c.glance();
    if (attributes instanceof Promise) return attributes.then((known) => answer(c, asked, known));
    return answer(c, asked, attributes);
  },
};

function answer(c: Compound, asked: number, attributes: Attributes): OpResult {
  const { fs, here } = c;
  const supported = asked & meaningful(attributes) & (fs.abilities.xattrs ? ~0 : ~XATTRS);
  const wanted = here.readOnly ? supported & ~CHANGING : supported;
  const granted = fs.access(c.object, c.cred, wanted);
  if (granted instanceof Promise) return granted.then((known) => write(c, supported, wanted & known));
  return write(c, supported, wanted & granted);
}

function write(c: Compound, supported: number, granted: number): Status {
  c.out.u32(supported).u32(granted);
  return Status.OK;
}
