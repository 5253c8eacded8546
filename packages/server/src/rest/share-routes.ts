import { ROUTES } from '@dfs/api';
import type { FastifyInstance } from 'fastify';
import { showShare } from '../daemon/status.ts';
import { serve } from './serve.ts';
import type { RestServices } from './services.ts';

export function serveShares(app: FastifyInstance, { shares }: RestServices): void {
  serve(app, ROUTES.shares, () => ({ shares: shares.list.map(showShare) }));
  serve(app, ROUTES.createShare, async ({ body, request }) =>
    showShare(await shares.create(body, request.who)),
  );
  serve(app, ROUTES.updateShare, async ({ params, body, request }) =>
    showShare(await shares.update(params.share_id, body, request.who)),
  );
  serve(app, ROUTES.startShare, async ({ params, request }) =>
    showShare(await shares.start(params.share_id, request.who)),
  );
  serve(app, ROUTES.deleteShare, async ({ params, query, request }) => {
    await shares.delete(params.share_id, query.data === 'delete', request.who);
    return undefined;
  });
}

export function serveTokens(app: FastifyInstance, { tokens }: RestServices): void {
  serve(app, ROUTES.tokens, () => ({ tokens: tokens.list() }));
  serve(app, ROUTES.createToken, ({ body, request }) => tokens.create(body, request.who));
  serve(app, ROUTES.revokeToken, async ({ params }) => {
    await tokens.revoke(params.token_id);
    return undefined;
  });
}
