export { XdrError } from './errors.ts';
export { XdrReader } from './reader.ts';
export { LastView, wordAt } from './word.ts';
export { XdrWriter } from './writer.ts';
