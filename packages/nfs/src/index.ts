export * from './contracts.ts';
export * from './control.ts';
export { type Hashed, HashTable, hashOfText } from './hash-table.ts';
export { DEFAULT_LIMITS, type Limits } from './limits.ts';
export {
  IDENTITY_KEY as SERVER_IDENTITY_KEY,
  INSTANCE_KEY as SERVER_INSTANCE_KEY,
} from './nfs4/identity.ts';
export { CLIENT_RECORDS } from './nfs4/state/grace.ts';
export { descriptorOf } from './rpc/outflow.ts';
export * from './server.ts';
export * from './vfs/index.ts';
export { WaitingListener } from './waiting-listener.ts';
export { LastView, XdrWriter } from './xdr/index.ts';
