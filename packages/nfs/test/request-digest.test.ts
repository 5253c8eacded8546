import { expect, it } from 'vitest';
import { requestDigest } from '../src/nfs4/request-digest.ts';
import { XdrReader } from '../src/xdr/index.ts';

const HEAD = 4;

function digest(length: number): number {
  const request = Buffer.alloc(HEAD + length);
  for (let i = 0; i < request.length; i++) request[i] = i * 31 + 7;
  return requestDigest(new XdrReader(request, HEAD), 1000);
}

it('stays what it was: a server that was replaced by a newer one has those of the older in its journal', () => {
  expect([20, 256, 4096, 20_000].map(digest)).toEqual([1046190750, 730920743, 2776178918, 2812162510]);
});
