import type { Awaitable, SpaceUsage } from '../../vfs/index.ts';
import type { XdrReader } from '../../xdr/index.ts';
import type { Compound } from '../compound.ts';
import { Attr } from '../constants/index.ts';
import type { Export } from '../exports.ts';
import {
  attributesOf,
  type Bitmap,
  bitmapOf,
  both,
  isEmpty,
  readBitmap,
  sameBitmap,
  without,
} from './bitmap.ts';
import { ENCODERS, type Encoder } from './encoders.ts';
import {
  SPACE_ATTRIBUTES,
  supportedAttributes,
  WRITABLE_ATTRIBUTES,
  WRITE_ONLY_ATTRIBUTES,
} from './supported.ts';

/** How to answer one request bitmap: worked out once, then walked. */
export interface Plan {
  readonly asked: Bitmap;
  /** What the answer holds. */
  readonly answered: Bitmap;
  /** The attributes answered, in their order, and how each is written. */
  readonly attributes: readonly number[];
  readonly encoders: readonly Encoder[];
  /** Some of them can only be set. */
  readonly asksWriteOnly: boolean;
  readonly needsSpace: boolean;
  readonly needsMountedOn: boolean;
  readonly wantsError: boolean;
  /** What was written is kept with the object: clients ask the same of the same objects again and again. */
  readonly isKept: boolean;
  /** It is what READDIR asks of entries. */
  readonly isListed: boolean;
}

/** Plans that one table keeps: clients use a handful of bitmaps, whoever sends more gets no advantage of it. */
const MAX_PLANS = 64;
/** So many attributes take longer to encode than to copy. */
const MANY = 5;
const MOUNTED_ON = bitmapOf([Attr.MOUNTED_ON_FILEID]);
const ERROR = bitmapOf([Attr.RDATTR_ERROR]);
const HANDLE = bitmapOf([Attr.FILEHANDLE]);

/** The attributes of one export in one minor version. */
export class AttributeTable {
  readonly supported: Bitmap;
  readonly writable: Bitmap;
  readonly readable: Bitmap;
  readonly #plans: Plan[] = [];
  /** The bitmap that was read last as it lay in the request: most often the next one is the same. */
  #last: { readonly plan: Plan; readonly wire: Int32Array } | undefined;

  constructor(target: Export, minor: number) {
    this.supported = supportedAttributes(target.fileSystem.abilities, minor);
    this.writable = both(this.supported, WRITABLE_ATTRIBUTES);
    this.readable = without(this.supported, WRITE_ONLY_ATTRIBUTES);
  }

  /** Reads the bitmap of a request, and how to answer it. */
  readPlan(args: XdrReader): Plan {
    const last = this.#last;
    if (last !== undefined && args.skipSame(last.wire)) return last.plan;
    const start = args.position;
    const plan = this.plan(readBitmap(args));
    this.#last = { plan, wire: args.wordsFrom(start) };
    return plan;
  }

  plan(asked: Bitmap): Plan {
    for (const plan of this.#plans) if (sameBitmap(plan.asked, asked)) return plan;
    if (this.#plans.length >= MAX_PLANS) this.#plans.length = 0;
    const plan = this.#compile(asked);
    this.#plans.push(plan);
    return plan;
  }

  #compile(asked: Bitmap): Plan {
    const answered = both(asked, this.readable);
    const attributes = attributesOf(answered).filter((attr) => ENCODERS.has(attr));
    const isListed = !isEmpty(both(answered, ERROR)) || !isEmpty(both(answered, HANDLE));
    return {
      asked,
      answered,
      attributes,
      encoders: attributes.flatMap((attr) => ENCODERS.get(attr) ?? []),
      asksWriteOnly: !isEmpty(both(asked, WRITE_ONLY_ATTRIBUTES)),
      needsSpace: !isEmpty(both(answered, SPACE_ATTRIBUTES)),
      needsMountedOn: !isEmpty(both(answered, MOUNTED_ON)),
      wantsError: !isEmpty(both(answered, ERROR)),
      isKept: isListed || attributes.length >= MANY,
      isListed,
    };
  }
}

export function tableOf(target: Export, minor: number): AttributeTable {
  const known = target.attributeTables[minor];
  if (known !== undefined) return known;
  const table = new AttributeTable(target, minor);
  target.attributeTables[minor] = table;
  return table;
}

/** The space of the export's file system as the caller has it, where the plan needs it. */
export function spaceFor(c: Compound, plan: Plan, target: Export): Awaitable<SpaceUsage | undefined> {
  return plan.needsSpace ? target.fileSystem.space?.(target.squash(c.principal.credentials)) : undefined;
}
