import type { Share } from '../../src/index.ts';

/** As a first start makes it, with one file in it. */
export const SHARE: Share = {
  id: 1,
  path: '/export',
  state: 'serving',
  stopped: null,
  read_only: false,
  squash: 'root',
  clients: [],
  anonymous_uid: 65_534,
  anonymous_gid: 65_534,
  privileged_port: false,
  delegations: true,
  quota_bytes: 0,
  quota_files: 0,
  used_bytes: 4096,
  used_files: 1,
  origin: 'default',
};
