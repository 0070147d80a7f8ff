/** An exception as the API answers it, for tests of what is made of it. */
import type { Exception } from '../../contract/exceptions.ts';

export const exception = (changes: Partial<Exception>): Exception => ({
  id: 'x',
  kind: 'TEMP_HIGH',
  severity: 'critical',
  title: 't',
  advice: 'a',
  subject: 's',
  location: 'cold-1',
  readPoint: null,
  raisedAt: '2026-03-02T06:00:00.000Z',
  clearedAt: null,
  status: 'raised',
  revision: 1,
  detail: {},
  holds: { active: 0, released: 0 },
  decisions: [],
  ...changes,
});
