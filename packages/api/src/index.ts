export { ApiError, type ApiErrorCode } from './errors.ts';
export * from './routes.ts';
export { Backup, BackupRequest, BackupResult } from './schemas/backup.ts';
export { NfsClient, NfsClientList } from './schemas/client.ts';
export { DEFAULT_DRAIN_SECONDS, MAX_DRAIN_SECONDS, PageQuery } from './schemas/common.ts';
export {
  Connection,
  ConnectionList,
  ConnectionQuery,
  DrainAddressRequest,
  DrainRequest,
  DrainResult,
  SessionConnection,
} from './schemas/connection.ts';
export {
  ConsoleLink,
  ConsoleLinkRequest,
  ConsoleSession,
  ConsoleSignIn,
  NewConsoleSession,
} from './schemas/console.ts';
export { ApiEvent, type ApiEventType, EVENT_TYPES } from './schemas/event.ts';
export { History, HistoryList, HistoryScope, HistorySeries, Vitals } from './schemas/history.ts';
export { PROBLEM_CONTENT_TYPE, Problem } from './schemas/problem.ts';
export { ConnectionSummary, Session, SessionDetail, SessionList } from './schemas/session.ts';
export * from './schemas/settings.ts';
export { Share, ShareList, ShareRequest, ShareStop, ShareUpdate } from './schemas/share.ts';
export { Health, Listener, NfsFigures, ServerState, Status } from './schemas/status.ts';
export { MAX_TOKEN_SECONDS, NewToken, Role, Token, TokenList, TokenRequest } from './schemas/token.ts';
export { Trunks } from './schemas/trunks.ts';
