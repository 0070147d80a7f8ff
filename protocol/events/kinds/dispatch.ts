import { defineEventKind } from '../event-kind.ts';
import { examplePass, passFields, renamePass } from './pass.ts';

export const dispatch = defineEventKind({
  type: 'dispatch',
  lane: 'stock',
  meaning: 'Goods left through a dock door.',
  fields: passFields,
  rename: renamePass,
  example: { type: 'dispatch', ...examplePass, direction: 'OUT' },
});
