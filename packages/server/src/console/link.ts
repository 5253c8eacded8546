import type { ListenAddress } from '@dfs/nfs';
import { isWildcard, showAddress } from '../config/address.ts';

/** The page that signs in with this secret. Behind "#": browsers send that to nobody, so it stands in no log. */
export function linkUrl(address: ListenAddress, isSecure: boolean, secret: string): string {
  const { host, port } = address;
  const reachable = isWildcard(host) ? { host: '127.0.0.1', port } : address;
  return `${isSecure ? 'https' : 'http'}://${showAddress(reachable)}/#/sign-in/${secret}`;
}
