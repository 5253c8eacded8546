import type { Operation } from '../operation.ts';
import { access } from './access.ts';
import { allocate, deallocate } from './allocate.ts';
import { clone } from './clone.ts';
import { copy } from './copy.ts';
import { create } from './create.ts';
import { getattr } from './getattr.ts';
import { getfh } from './getfh.ts';
import { getxattr } from './getxattr.ts';
import { ioAdvise } from './io-advise.ts';
import { link } from './link.ts';
import { listxattrs } from './listxattrs.ts';
import { lookup } from './lookup.ts';
import { lookupp } from './lookupp.ts';
import { NOT_SUPPORTED } from './not-supported.ts';
import { putfh } from './putfh.ts';
import { putpubfh, putrootfh } from './putrootfh.ts';
import { readPlus } from './read-plus.ts';
import { readdir } from './readdir.ts';
import { readlink } from './readlink.ts';
import { remove } from './remove.ts';
import { removexattr } from './removexattr.ts';
import { rename } from './rename.ts';
import { restorefh, savefh } from './savefh.ts';
import { secinfo, secinfoNoName } from './secinfo.ts';
import { seek } from './seek.ts';
import { setattr } from './setattr.ts';
import { setxattr } from './setxattr.ts';
import { nverify, verify } from './verify.ts';

/** The operations on filehandles, names, attributes and ranges: those that keep no state of their own. And those that are not there. */
export const FILE_OPERATIONS: readonly Operation[] = [
  access,
  allocate,
  clone,
  copy,
  create,
  deallocate,
  getattr,
  getfh,
  getxattr,
  ioAdvise,
  link,
  listxattrs,
  lookup,
  lookupp,
  nverify,
  putfh,
  putpubfh,
  putrootfh,
  readPlus,
  readdir,
  readlink,
  remove,
  removexattr,
  rename,
  restorefh,
  savefh,
  secinfo,
  secinfoNoName,
  seek,
  setattr,
  setxattr,
  verify,
  ...NOT_SUPPORTED,
];
