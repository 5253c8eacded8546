export * from '../nfs4/constants/index.ts';
export {
  ANONYMOUS_STATEID,
  CURRENT_STATEID,
  READ_BYPASS_STATEID,
  type Stateid,
} from '../nfs4/stateid.ts';
export * from './attributes.ts';
export * from './callback.ts';
export * from './callback-ops.ts';
export * from './client.ts';
export * from './codec.ts';
export * from './compound.ts';
export * from './errors.ts';
export * from './files.ts';
export * from './open-file.ts';
export * as ops from './ops/index.ts';
export * from './record.ts';
export * from './rpc-client.ts';
export * from './rpc-message.ts';
export * from './session.ts';
export * from './session-request.ts';
export * from './slots.ts';
