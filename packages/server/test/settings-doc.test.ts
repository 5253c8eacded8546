import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { SETTINGS_DOC, settingsDoc } from '../../../scripts/settings-doc.ts';

it('docs/settings.md says what the settings table says (else: node scripts/settings-doc.ts)', () => {
  expect(readFileSync(SETTINGS_DOC, 'utf8')).toBe(settingsDoc());
});
