/** Every figure by name, in the order in which all of them run. A figure is one file here and one line in this list. */
import type { Figure } from './bench-line.ts';
import { run as drain } from './drain.ts';
import { run as flash } from './flash.ts';
import { run as ingest } from './ingest.ts';
import { run as journal } from './journal.ts';
import { run as memory } from './memory.ts';
import { run as reads } from './reads.ts';
import { run as virtual } from './virtual.ts';
import { run as visible } from './visible.ts';
import { run as week } from './week.ts';
import { run as workers } from './workers.ts';

export const FIGURES: readonly Figure[] = [
  { name: 'reads', about: 'tag reads through decode, driver, portal and journal', run: reads },
  {
    name: 'memory',
    about: 'memory and event-loop delay of a gateway under load with a backlog',
    run: memory,
  },
  { name: 'journal', about: 'journal appends, and bytes written per forwarded event', run: journal },
  { name: 'flash', about: 'what an event costs the flash at the pace of a real site', run: flash },
  { name: 'drain', about: 'a backlog over real MQTT into the database, live events beside it', run: drain },
  { name: 'week', about: 'seven days offline into the journal, then drained', run: week },
  { name: 'ingest', about: 'exactly-once ingest against plain batched inserts', run: ingest },
  { name: 'visible', about: 'from the door or the probe to an answer of the API, under load', run: visible },
  { name: 'workers', about: 'several clouds on one database, and one of them killed', run: workers },
  { name: 'virtual', about: 'a day of a whole site under the virtual clock', run: virtual },
];
