import { BACKUP_ROUTES } from './routes/backup.ts';
import { CLIENT_ROUTES } from './routes/clients.ts';
import { CONSOLE_ROUTES } from './routes/console.ts';
import { HISTORY_ROUTES } from './routes/history.ts';
import { V1 } from './routes/route.ts';
import { SERVER_ROUTES } from './routes/server.ts';
import { SETTINGS_ROUTES } from './routes/settings.ts';
import { SHARE_ROUTES } from './routes/shares.ts';
import { TOKEN_ROUTES } from './routes/tokens.ts';

export type { Access, HttpMethod, Of, Route } from './routes/route.ts';

/** Every question to the API, by the name of the typed client's method. */
export const ROUTES = {
  ...SERVER_ROUTES,
  ...CLIENT_ROUTES,
  ...SETTINGS_ROUTES,
  ...SHARE_ROUTES,
  ...TOKEN_ROUTES,
  ...HISTORY_ROUTES,
  ...BACKUP_ROUTES,
  ...CONSOLE_ROUTES,
} as const;

/** The header that holds one half of a console's session. */
export const CONSOLE_KEY_HEADER = 'x-dfs-console';

/** Routes whose answers are no JSON. */
export const EVENTS_PATH = `${V1}/events`;
export const METRICS_PATH = '/metrics';
export const OPENAPI_PATH = `${V1}/openapi.json`;
