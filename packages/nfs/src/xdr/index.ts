export { XdrError } from './errors.ts';
export { XdrReader } from './reader.ts';
export { LastView, wordAt, wordsOf } from './word.ts';
export { XdrWriter } from './writer.ts';
