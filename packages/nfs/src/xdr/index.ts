export { XdrError } from './errors.ts';
export { XdrReader } from './reader.ts';
export { XdrWriter } from './writer.ts';
