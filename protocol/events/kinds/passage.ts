import { defineEventKind } from '../event-kind.ts';
import { examplePass, passFields, renamePass } from './pass.ts';

export const passage = defineEventKind({
  type: 'passage',
  lane: 'stock',
  meaning:
    'A pass through an inner door (any direction), or at a dock door that turned back or whose direction is unknown.',
  fields: passFields,
  rename: renamePass,
  example: { type: 'passage', ...examplePass, direction: 'UNKNOWN' },
});
