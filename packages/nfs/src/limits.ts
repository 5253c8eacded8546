/** Every bound of the engine, in one place. */
export interface Limits {
  /** Open TCP connections; one more is closed at once. */
  readonly maxConnections: number;
  readonly maxClients: number;
  readonly maxSessionsPerClient: number;
  /** Fore channel slots of one session. */
  readonly maxSessionSlots: number;
  /** Back channel slots that are used, however many a client offers. */
  readonly maxBackSlots: number;
  /** Operations in one COMPOUND. */
  readonly maxCompoundOps: number;
  /** Bytes of one READ and one WRITE. */
  readonly maxReadSize: number;
  readonly maxWriteSize: number;
  /** Bytes that one COPY moves before it answers; the client asks again for the rest. */
  readonly maxCopySize: number;
  /** Bytes of one RPC record beyond the payload of a WRITE. */
  readonly recordOverhead: number;
  /** Fragments of one RPC record. */
  readonly maxFragments: number;
  /** Bytes of one slot's cached reply. */
  readonly maxCachedReply: number;
  /** Bytes of all slots' cached replies together. Near it, slots are taken back; at it, requests beyond a few for each session wait. */
  readonly maxReplyCacheBytes: number;
  /** Reply bytes that wait for one connection's peer to read; above it, nothing more is read from that connection. */
  readonly maxOutputBuffer: number;
  /** Requests of one connection that are being worked on; above it, nothing more is read from that connection. */
  readonly maxRequestsInFlight: number;
  /** Bytes of all requests that wait, for a disk or somebody else; above it, nothing more is read from connections that have one of them. */
  readonly maxBytesInFlight: number;
  readonly maxOpensPerClient: number;
  readonly maxLocksPerClient: number;
  readonly maxOwnersPerClient: number;
  /** Those who are told when a byte range is free, of one file and of one client; others have to ask again. */
  readonly maxWaitersPerFile: number;
  readonly maxWaitersPerClient: number;
  /** Delegations that are out, of all clients and of one. */
  readonly maxDelegations: number;
  readonly maxDelegationsPerClient: number;
  /** Bytes of a name, of a symbolic link's target, of a COMPOUND's tag. */
  readonly maxName: number;
  readonly maxLinkText: number;
  readonly maxTag: number;
  /** Bytes of client owner and of state owner (RFC 8881 §3.2, NFS4_OPAQUE_LIMIT). */
  readonly maxOpaque: number;
  /** Bytes of one extended attribute's value. */
  readonly maxXattrValue: number;
  /** Bytes of one READDIR reply. */
  readonly maxReaddir: number;
}

const MIB = 1024 * 1024;

export const DEFAULT_LIMITS: Limits = Object.freeze({
  maxConnections: 10_000,
  maxClients: 10_000,
  maxSessionsPerClient: 64,
  maxSessionSlots: 1024,
  maxBackSlots: 16,
  maxCompoundOps: 64,
  maxReadSize: MIB,
  maxWriteSize: MIB,
  maxCopySize: 64 * MIB,
  recordOverhead: 64 * 1024,
  maxFragments: 1024,
  maxCachedReply: 8 * 1024,
  maxReplyCacheBytes: 64 * MIB,
  maxOutputBuffer: 8 * MIB,
  maxRequestsInFlight: 512,
  maxBytesInFlight: 256 * MIB,
  maxOpensPerClient: 100_000,
  maxLocksPerClient: 100_000,
  maxOwnersPerClient: 100_000,
  maxWaitersPerFile: 1000,
  maxWaitersPerClient: 1000,
  maxDelegations: 100_000,
  maxDelegationsPerClient: 20_000,
  maxName: 255,
  maxLinkText: 4096,
  maxTag: 1024,
  maxOpaque: 1024,
  maxXattrValue: 64 * 1024,
  maxReaddir: MIB,
});
