import { ApiError } from './errors.ts';
import { ApiClient } from './node-client.ts';
import type { ApiEndpoint } from './node-transport.ts';

/** Milliseconds for the question whether somebody is there at all. */
const PROBE_TIMEOUT_MS = 2_000;

/** The client of the first place where a server answers. Rejects with an {@link ApiError} that names all places. */
export async function findServer(places: readonly ApiEndpoint[]): Promise<ApiClient> {
  const failures: ApiError[] = [];
  for (const place of places) {
    try {
      await new ApiClient(place, { timeoutMs: PROBE_TIMEOUT_MS }).health();
      return new ApiClient(place);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      failures.push(error);
    }
  }
  const [only] = failures;
  if (failures.length === 1 && only !== undefined) throw only;
  // A server that is there but refuses is what the user needs to hear of; absent ones are only counted.
  const telling = failures.find((failure) => failure.code !== 'unreachable');
  throw telling ?? new ApiError('unreachable', failures.map((failure) => failure.message).join('\n  and '));
}
