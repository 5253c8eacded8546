import { Type } from 'typebox';
import { Share, ShareList, ShareRequest, ShareUpdate } from '../schemas/share.ts';
import { removed, route, seen, V1 } from './route.ts';

const share = Type.Object({ share_id: Type.Integer({ minimum: 1 }) });

/** What is served, and on which terms. */
export const SHARE_ROUTES = {
  shares: route({
    ...seen,
    path: `${V1}/shares`,
    tag: 'shares',
    summary: 'All shares with their terms',
    answer: ShareList,
  }),
  createShare: route({
    method: 'POST',
    path: `${V1}/shares`,
    access: 'admin',
    tag: 'shares',
    summary:
      'Makes a share and serves it at once. A path whose share was deleted with its data kept gets that data back',
    body: ShareRequest,
    status: 201,
    answer: Share,
    refusals: [409, 422],
  }),
  updateShare: route({
    method: 'PATCH',
    path: `${V1}/shares/:share_id`,
    access: 'admin',
    tag: 'shares',
    summary: "Changes a share's terms at once",
    params: share,
    body: ShareUpdate,
    status: 200,
    answer: Share,
    refusals: [404, 422],
  }),
  startShare: route({
    method: 'POST',
    path: `${V1}/shares/:share_id/start`,
    access: 'admin',
    tag: 'shares',
    summary:
      'Has a share serve again that has stopped, once the cause is gone; 409 says why it is not. Others that stopped for the same cause start with it',
    params: share,
    status: 200,
    answer: Share,
    refusals: [404, 409],
  }),
  deleteShare: route({
    ...removed,
    method: 'DELETE',
    path: `${V1}/shares/:share_id`,
    tag: 'shares',
    summary: 'Stops serving a share. Its data is kept unless asked otherwise',
    params: share,
    query: Type.Object(
      {
        data: Type.Optional(
          Type.Union([Type.Literal('keep'), Type.Literal('delete')], {
            default: 'keep',
            description: 'delete: everything in it is gone for good',
          }),
        ),
      },
      { additionalProperties: false },
    ),
  }),
} as const;
