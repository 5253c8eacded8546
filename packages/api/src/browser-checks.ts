import type { Static, TSchema } from 'typebox';
import { Check } from 'typebox/value';

/** As in checks.ts, without compiling: pages may not make code out of text. */
export function checks<S extends TSchema>(schema: S, value: unknown): value is Static<S> {
  return Check(schema, value);
}
