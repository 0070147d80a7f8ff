import { existsSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { DRIVERS } from '../../gateway/drivers/registry.ts';
import { renderReference } from './reference.ts';

const file = (path: string) => new URL(`../../${path}`, import.meta.url);

it('docs/reference.md says what the registries say (npm run docs writes it)', () => {
  expect(readFileSync(file('docs/reference.md'), 'utf8')).toBe(renderReference());
});

it('every driver has a page', () => {
  for (const { kind } of DRIVERS)
    expect(existsSync(file(`gateway/drivers/${kind}/README.md`)), kind).toBe(true);
});
