import type { Attributes, Credentials, ListenAddress } from '@dfs/nfs';
import { Permission, permissions } from '@dfs/nfs';
import { isLoopback } from '../config/address.ts';
import { DEFAULT_TERMS, type ShareSpec } from '../config/share-spec.ts';

const ROOT = 0;

/**
 * The share that a first start makes when none is asked for. Its top directory belongs to whoever starts the server, so that
 * this user may write to it on any client. Started by root, that user is the client's root, whom squashing would turn into nobody: a share
 * that nobody may write to. So there root stays root, as long as only this machine can reach the server; on any other address
 * the usual squashing holds, and the log says what that means.
 */
export function defaultShare(uid: number, listen: readonly ListenAddress[]): ShareSpec {
  const onlyHere = listen.every((address) => isLoopback(address.host));
  return { ...DEFAULT_TERMS, path: '/export', squash: uid === ROOT && onlyHere ? 'none' : 'root' };
}

/** True where the top directory can be written to by nobody at all: only root might, and clients' root is squashed. */
export function isClosedToAll(share: ShareSpec, root: Attributes): boolean {
  if (share.readOnly || share.squash === 'none' || root.uid !== ROOT) return false;
  const anonymous: Credentials = { uid: share.anonymousUid, gid: share.anonymousGid, groups: [] };
  const othersMay = (root.mode & Permission.WRITE) !== 0 || (root.mode & (Permission.WRITE << 3)) !== 0;
  return !othersMay && (permissions(root, anonymous) & Permission.WRITE) === 0;
}
