import type { Engine } from './engine.ts';

/** Every so many ticks, slots that nobody uses are taken back. */
const REVIEW_TICKS = 60;

/** What happens once a second: leases and grace end, delegations not returned in time are revoked, the reply cache is kept in bounds. */
export function tick(engine: Engine, count: number): void {
  const { state, callbacks, settings } = engine;
  state.tick();
  state.delegations.revokeOverdue(settings.delegationRecallTimeout * 1000);
  for (const session of state.sessions.relieve()) void callbacks.recallSlot(session, session.slots.target);
  engine.settled();
  try {
    engine.persistence?.flush();
  } catch {
    // Nobody is told of anything before it succeeds.
  }
  if (count % REVIEW_TICKS === 0) state.sessions.review();
}
