import { ROUTES } from '@dfs/api';
import type { FastifyInstance } from 'fastify';
import { serve } from './serve.ts';
import type { RestServices } from './services.ts';

export function serveBackups(app: FastifyInstance, { backups }: RestServices): void {
  serve(app, ROUTES.backup, () => backups.show());
  serve(app, ROUTES.createBackup, ({ body, request }) => backups.start(body, request.who));
  serve(app, ROUTES.cancelBackup, async () => {
    await backups.cancel();
    return undefined;
  });
}
