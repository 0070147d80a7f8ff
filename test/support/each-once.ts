/** Whether the ledger of a cloud process holds exactly the events that were given to one gateway's journal. */
import pg from 'pg';
import { LANES, type Lane } from '../../protocol/events/lanes.ts';
import type { CloudProcess } from '../bench/cloud-process.ts';

/**
 * Rejects unless each lane holds as many events as its last seq says, and no dead letters stand. The key admits no
 * event twice, so that many rows with so high a seq means that none is missing either. On PostgreSQL the table is
 * asked, on the embedded engine the process's own counters.
 */
export async function expectEachOnce(
  cloud: CloudProcess,
  lastSeq: Readonly<Record<Lane, number>>,
): Promise<void> {
  const { databaseUrl } = cloud;
  if (databaseUrl === undefined) await askCounters(cloud, lastSeq);
  else await askTable(databaseUrl, lastSeq);
}

async function askCounters(cloud: CloudProcess, lastSeq: Readonly<Record<Lane, number>>): Promise<void> {
  const { counters } = await cloud.client.get<{ counters: Record<string, number> }>('/api/v1/status');
  const expected = LANES.reduce((sum, lane) => sum + lastSeq[lane], 0);
  if (counters.events !== expected || counters.deadLetters !== 0) {
    throw new Error(
      `${counters.events} events of ${expected} took effect, ${counters.deadLetters} dead letters`,
    );
  }
}

async function askTable(url: string, lastSeq: Readonly<Record<Lane, number>>): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  const figure = async (query: string, ...values: string[]) =>
    Number((await client.query<{ figure: string }>(query, values)).rows[0]?.figure);
  try {
    for (const lane of LANES) {
      const held = await figure('select count(*) as figure from events where lane = $1', lane);
      const highest = await figure(
        'select coalesce(max(seq), 0) as figure from events where lane = $1',
        lane,
      );
      if (held !== lastSeq[lane] || highest !== lastSeq[lane]) {
        throw new Error(`lane ${lane}: the ledger holds ${held} events up to ${highest} of ${lastSeq[lane]}`);
      }
    }
    const letters = await figure('select count(*) as figure from dead_letters');
    if (letters !== 0) throw new Error(`${letters} dead letters`);
  } finally {
    await client.end();
  }
}
