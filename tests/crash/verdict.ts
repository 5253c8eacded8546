import type { Lane } from './lane.ts';
import { adopt, type Claim, difference, type Found, type Tree } from './model.ts';
import type { World } from './world.ts';

/** What the lane has in its folder according to its own record, in every way that is allowed. */
interface Possible {
  readonly tree: Tree;
  /** Steps of this history that it has. */
  readonly steps: number;
}

function withInFlight(lane: Lane, tree: Tree, steps: number, claim: Claim): Possible[] {
  const step = lane.inFlight?.step;
  if (step === undefined) return [];
  const whole = tree.clone();
  step.apply(whole);
  const possible = [{ tree: whole, steps }];
  if (step.partly === undefined) return possible;
  const part = tree.clone();
  step.partly(part, claim);
  return [...possible, { tree: part, steps }];
}

/** All that was answered, without and with what was under way. */
function afterAll(lane: Lane, claim: Claim): Possible[] {
  const { tree, done } = lane;
  const answered = lane.inFlight === undefined ? done.length : done.length - 1;
  return [{ tree, steps: answered }, ...withInFlight(lane, tree, done.length, claim)];
}

/** After each of the steps. */
function afterEach(lane: Lane): Possible[] {
  const tree = lane.base.clone();
  const possible = [{ tree: tree.clone(), steps: 0 }];
  for (const [i, { step }] of lane.done.entries()) {
    step.apply(tree);
    possible.push({ tree: tree.clone(), steps: i + 1 });
  }
  return possible;
}

/** What fits what was found; a violation where nothing does. */
function fitting(lane: Lane, found: Found, possible: readonly Possible[], claim: Claim): Possible[] {
  const reasons: string[] = [];
  const fits = possible.filter(({ tree, steps }) => {
    const wrong = difference(tree, found, claim);
    if (wrong !== undefined) reasons.push(`  after ${steps} of ${lane.done.length} steps: ${wrong}`);
    return wrong === undefined;
  });
  if (fits.length > 0) return fits;
  const last = lane.done.slice(-LAST_STEPS).map(({ step, answeredAt }) => {
    return `  ${answeredAt === undefined ? 'in flight' : 'answered'}: ${step.what}`;
  });
  throw lane.world.violation(
    [`${lane.name}: what is there cannot be`, ...reasons.slice(-LAST_STEPS), ...last].join('\n'),
  );
}

const LAST_STEPS = 12;

/**
 * After kill -9: everything that was answered is there. Yields whether what was in flight had run, as a whole; undefined where that cannot
 * be told.
 */
export function judgeKilled(lane: Lane, found: Found): boolean | undefined {
  const fits = fitting(lane, found, afterAll(lane, 'now'), 'now');
  if (lane.inFlight === undefined || fits.length > 1) return undefined;
  const [{ tree, steps }] = fits as [Possible];
  const isTorn = [...tree.objects.values()].some((object) => object.isTorn);
  return isTorn ? undefined : steps === lane.done.length;
}

/** After a loss of power with grade `power`: everything that was answered as stable is there. */
export function judgeSafe(lane: Lane, found: Found): void {
  const [{ tree }] = fitting(lane, found, afterAll(lane, 'safe'), 'safe') as [Possible];
  settle(lane, tree, found);
}

/** The same with grade `crash`: all lanes are as they were at one moment. Yields how many steps are lost. */
export function judgeMoment(world: World, lanes: readonly (readonly [lane: Lane, found: Found])[]): number {
  const all = lanes.map(([lane, found]) => ({
    lane,
    found,
    fits: fitting(lane, found, afterEach(lane), 'moment'),
    at: 0,
  }));
  for (let moved = true; moved; ) {
    moved = false;
    // What is there was sent by then: so must be all that was answered before it.
    const moment = Math.max(
      0,
      ...all.map(({ lane, fits, at }) => lane.done[fits[at]!.steps - 1]?.sentAt ?? 0),
    );
    for (const one of all) {
      const { lane } = one;
      const least = lane.done.filter(({ answeredAt = Infinity }) => answeredAt < moment).length;
      while (one.fits[one.at]!.steps < least) {
        moved = true;
        one.at++;
        world.check(
          one.at < one.fits.length,
          `${lane.name} is as after ${one.fits.at(-1)!.steps} steps, others are later than its step ${least}`,
        );
      }
    }
  }
  let lost = 0;
  for (const { lane, found, fits, at } of all) {
    lost += lane.done.length - fits[at]!.steps;
    settle(lane, fits[at]!.tree, found);
  }
  return lost;
}

/** From now on this is what the lane has. */
function settle(lane: Lane, tree: Tree, found: Found): void {
  adopt(tree, found);
  lane.tree = tree;
  for (const [path, id] of tree.names) {
    const there = found.get(path);
    if (there !== undefined) lane.handles.set(id, there.handle);
  }
}
