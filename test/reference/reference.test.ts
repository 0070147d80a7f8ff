import { existsSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { DRIVERS } from '../../gateway/drivers/registry.ts';
import { withWalls } from '../walls/render.ts';
import { renderReference } from './reference.ts';

const file = (path: string) => new URL(`../../${path}`, import.meta.url);

it('docs/reference.md says what the registries say (npm run docs writes it)', () => {
  expect(readFileSync(file('docs/reference.md'), 'utf8')).toBe(renderReference());
});

it('docs/ARCHITECTURE.md says what the walls say (npm run docs writes it)', () => {
  const text = readFileSync(file('docs/ARCHITECTURE.md'), 'utf8');
  expect(text).toBe(withWalls(text));
});

it('every driver has a page', () => {
  for (const { kind } of DRIVERS)
    expect(existsSync(file(`gateway/drivers/${kind}/README.md`)), kind).toBe(true);
});
