import type { Random } from '../trunking/random.ts';
import type { Lane } from './lane.ts';
import { commitFile, resize, writeBlocks } from './steps/content.ts';
import {
  createFile,
  linkName,
  makeFolder,
  makeLink,
  makeTwo,
  removeName,
  renameName,
  setMode,
} from './steps/names.ts';
import { closeFile, lockFile, openFile, unlockFile } from './steps/opens.ts';
import type { Maker, Step } from './steps/step.ts';

const MAKERS: readonly { readonly weight: number; readonly make: Maker }[] = [
  { weight: 14, make: createFile },
  { weight: 5, make: makeFolder },
  { weight: 4, make: makeTwo },
  { weight: 9, make: removeName },
  { weight: 9, make: renameName },
  { weight: 5, make: linkName },
  { weight: 3, make: makeLink },
  { weight: 5, make: setMode },
  { weight: 7, make: resize },
  { weight: 22, make: writeBlocks },
  { weight: 6, make: commitFile },
  { weight: 5, make: openFile },
  { weight: 6, make: closeFile },
  { weight: 9, make: lockFile },
  { weight: 6, make: unlockFile },
];

/** The next thing that the lane does. */
export function nextStep(lane: Lane, random: Random): Step {
  for (;;) {
    const step = random.weighted(MAKERS).make(lane, random);
    if (step !== undefined) return step;
  }
}
