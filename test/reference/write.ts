import { readFileSync, writeFileSync } from 'node:fs';
import { withWalls } from '../walls/render.ts';
import { renderReference } from './reference.ts';

const docs = new URL('../../docs/', import.meta.url);
const architecture = new URL('ARCHITECTURE.md', docs);

writeFileSync(new URL('reference.md', docs), renderReference());
writeFileSync(architecture, withWalls(readFileSync(architecture, 'utf8')));
