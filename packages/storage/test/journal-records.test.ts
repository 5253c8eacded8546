import { expect, test } from 'vitest';
import { JournalRecords } from '../src/journal/records.ts';

test('the records of a journal are those last set, and what was taken out while somebody went through them says so', () => {
  const records = new JournalRecords();
  const model = new Map<string, string>();
  for (let i = 0; i < 2000; i++) {
    const key = `k${(i * 7919) % 300}`;
    const value = i % 3 === 0 ? undefined : String(i);
    records.set(key, value === undefined ? undefined : Buffer.from(value));
    if (value === undefined) model.delete(key);
    else model.set(key, value);
  }
  const all = records.all();
  expect(Object.fromEntries(all.map(({ key, value }) => [key, value?.toString()]))).toEqual(
    Object.fromEntries(model),
  );
  const [first] = all;
  records.set(first!.key, undefined);
  expect(first?.value).toBeUndefined();
  records.clear();
  expect(records.all()).toEqual([]);
});
