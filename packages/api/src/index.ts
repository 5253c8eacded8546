export { ApiError, type ApiErrorCode } from './errors.ts';
export { PROBLEM_CONTENT_TYPE, Problem } from './schemas/problem.ts';
export { Share, ShareList } from './schemas/share.ts';
export { Health, Listener, NfsFigures, ServerState, Status } from './schemas/status.ts';
