import { type NfsSettingsUpdate, ROUTES } from '@dfs/api';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { type ChangeRequest, settingDefaults } from '../settings/nfs-settings.ts';
import { MAX_AUDIT_ENTRIES } from '../settings/stored.ts';
import { HTTP, Refusal, wrongFields } from './refusal.ts';
import { serve } from './serve.ts';
import type { RestServices } from './services.ts';

/** The settings of the NFS engine. */
export function serveSettings(app: FastifyInstance, { settings }: RestServices): void {
  const tagged = <T extends { readonly version: number }>(reply: FastifyReply, answer: T): T => {
    reply.header('etag', `"${answer.version}"`);
    return answer;
  };
  const unchecked = { uncheckedBody: true };
  serve(app, ROUTES.nfsSettings, ({ reply }) => tagged(reply, settings.answer()));
  serve(app, ROUTES.nfsSettingDefaults, () => settingDefaults());
  serve(app, ROUTES.nfsSettingsAudit, ({ query }) => settings.audit(query.limit ?? MAX_AUDIT_ENTRIES));
  serve(
    app,
    ROUTES.updateNfsSettings,
    async ({ request, reply, query, body }) => {
      const { input, version } = members(body);
      return tagged(reply, await settings.update(input, asked(request, query, version)));
    },
    unchecked,
  );
  serve(
    app,
    ROUTES.replaceNfsSettings,
    async ({ request, reply, query, body }) => {
      const { input, version } = members(body);
      return tagged(reply, await settings.replace(input, asked(request, query, version)));
    },
    unchecked,
  );
  serve(app, ROUTES.resetNfsSettings, async ({ request, reply, query }) => {
    return tagged(reply, await settings.reset(query.setting, asked(request, query, undefined)));
  });
}

/** The settings in a body, each of which is still to be checked. */
function members(body: NfsSettingsUpdate | undefined): {
  readonly input: Readonly<Record<string, unknown>>;
  readonly version: number | undefined;
} {
  // Not checked yet: only its declared type says that it is right.
  const { settings, version }: { settings?: unknown; version?: unknown } = isMap(body) ? body : {};
  if (!isMap(settings)) {
    throw wrongFields([
      { field: 'settings', message: 'is missing: send {"settings": {"NAME": VALUE, ...}}' },
    ]);
  }
  if (version !== undefined && !(typeof version === 'number' && Number.isSafeInteger(version))) {
    throw wrongFields([{ field: 'version', message: 'must be a whole number' }]);
  }
  return { input: settings, version };
}

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function asked(
  request: FastifyRequest,
  query: { readonly dry_run?: boolean },
  version: number | undefined,
): ChangeRequest {
  const header = ifMatch(request.headers['if-match']);
  if (header !== undefined && version !== undefined && header !== version) {
    throw new Refusal(HTTP.BAD_REQUEST, 'bad_request', 'If-Match and "version" differ');
  }
  return { who: request.who, dryRun: query.dry_run ?? false, version: header ?? version };
}

/** The version in If-Match; what is no version of ours matches none. */
function ifMatch(header: string | undefined): number | undefined {
  if (header === undefined || header.trim() === '*') return undefined;
  const digits = /^"(\d{1,15})"$/.exec(header.trim())?.[1];
  return digits === undefined ? Number.NaN : Number(digits);
}
