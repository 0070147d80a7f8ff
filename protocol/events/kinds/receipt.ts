import { defineEventKind } from '../event-kind.ts';
import { examplePass, passFields, renamePass } from './pass.ts';

export const receipt = defineEventKind({
  type: 'receipt',
  lane: 'stock',
  meaning: 'Goods came in through a dock door.',
  fields: passFields,
  rename: renamePass,
  example: { type: 'receipt', ...examplePass, direction: 'IN' },
});
