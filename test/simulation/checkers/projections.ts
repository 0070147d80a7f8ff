/**
 * Projections are a function of the set of events: they equal a rebuild, and they equal a fold so plain that it can
 * be read at a glance, made here from the workload's own knowledge of its events and nothing of the cloud's code.
 */
import { type Kysely, sql } from 'kysely';
import { dump } from '../../../cloud/ingest/deliveries.fixture.ts';
import type { Tables } from '../../../cloud/store/tables.ts';
import type { StockEvent } from '../../../protocol/events/stock-event.ts';
import type { History } from '../history.ts';
import { dockOf, INNER_DOOR } from '../workload/site.ts';
import type { LedgerRow } from './ledger-rows.ts';

/** `rebuild` folds all events from scratch. */
export async function checkRebuild(
  history: History,
  db: Kysely<Tables>,
  rebuild: () => Promise<unknown>,
): Promise<void> {
  const store = { db, engine: 'pglite' as const, powerLossSafe: true, close: () => Promise.resolve() };
  const before = await dump(store);
  await rebuild();
  const after = await dump(store);
  for (const [table, rows] of Object.entries(after)) {
    const [stood, folded] = [before[table] ?? [], rows].map((list) => list.map((row) => JSON.stringify(row)));
    if (JSON.stringify(stood) === JSON.stringify(folded)) continue;
    const gone = stood?.filter((row) => folded?.includes(row) !== true) ?? [];
    const come = folded?.filter((row) => stood?.includes(row) !== true) ?? [];
    history.violate(
      'projectionMismatches',
      `${table} differs from a rebuild: ${gone.join(' ')} became ${come.join(' ')}`,
    );
  }
}

export async function checkModel(
  history: History,
  db: Kysely<Tables>,
  rows: readonly LedgerRow[],
): Promise<void> {
  const model = foldModel(rows);
  for (const [table, query] of Object.entries(TABLES)) {
    const { rows: found } = await sql.raw<{ name: string; value: string | null }>(query).execute(db);
    const expected = model[table as keyof typeof TABLES];
    const stands = new Map(found.map(({ name, value }) => [name, value]));
    for (const name of new Set([...stands.keys(), ...expected.keys()])) {
      const want = expected.get(name)?.value;
      const have = stands.get(name);
      if (want === have) continue;
      history.violate(
        'projectionMismatches',
        `${table} ${name}: ledger says ${have}, the events say ${want}`,
      );
    }
  }
}

/** Each as name and value, both text. */
const TABLES = {
  objects: 'select epc as name, location as value from objects',
  bins: 'select read_point as name, net_milligrams::text as value from bins',
  contacts: 'select read_point as name, state as value from contacts',
  conditions: `select read_point || '/' || metric as name, value_milli::text as value from conditions`,
  devices: `select gateway || '/' || device || '/' || condition as name, active::text as value from devices`,
  passes: 'select pass_id as name, tags::text as value from passes',
  samples: `select count(*)::text as value, 'all' as name from samples having count(*) > 0`,
} as const;

interface Latest {
  readonly at: number;
  readonly key: string;
  readonly value: string | null;
}

type Model = Record<keyof typeof TABLES, Map<string, Latest>>;

function foldModel(rows: readonly LedgerRow[]): Model {
  const model: Model = {
    objects: new Map(),
    bins: new Map(),
    contacts: new Map(),
    conditions: new Map(),
    devices: new Map(),
    passes: new Map(),
    samples: new Map(),
  };
  for (const row of rows) {
    if (row.edge === undefined || row.quality === 'waiting') continue;
    const key = `${row.gateway}/${row.epoch}/${row.lane}/${String(row.seq).padStart(16, '0')}`;
    addToModel(model, row.edge.event, row.gateway, row.occurredAt, key);
  }
  return model;
}

function addToModel(model: Model, event: StockEvent, gateway: string, at: number, key: string): void {
  const latest = (table: keyof Model, name: string, value: string | null) => {
    const known = model[table].get(name);
    const later = known === undefined || at > known.at || (at === known.at && key > known.key);
    if (later) model[table].set(name, { at, key, value });
  };
  const count = (table: keyof Model, name: string, more: number) => {
    const known = Number(model[table].get(name)?.value ?? 0);
    model[table].set(name, { at, key, value: String(known + more) });
  };
  const { type }: { readonly type: string } = event;
  switch (event.type) {
    case 'receipt':
    case 'dispatch':
    case 'passage': {
      const epcs = new Set(event.tags.map(({ epc }) => epc));
      count('passes', event.passId, epcs.size);
      for (const epc of epcs) {
        const to = destination(event, gateway);
        if (to !== undefined) latest('objects', epc, to);
        // Seen and not moved: known, and nowhere yet.
        else if (!model.objects.has(epc)) model.objects.set(epc, { at: -Infinity, key: '', value: null });
      }
      return;
    }
    case 'weighing':
      latest('bins', event.readPoint, String(event.netMilligrams));
      return;
    case 'contact':
      latest('contacts', event.readPoint, event.state);
      return;
    case 'sample':
      count('samples', 'all', 1);
      latest('conditions', `${event.readPoint}/${event.metric}`, String(event.valueMilli));
      return;
    case 'device':
      latest('devices', `${gateway}/${event.device}/${event.condition}`, String(event.active));
      return;
    // They change nothing that stands in these tables.
    case 'gap':
    case 'clock':
      return;
    default:
      throw new Error(`the workload makes events that the model does not fold: ${type}`);
  }
}

/** Where a pass brings its goods; undefined when it turned back. */
function destination(
  { type, readPoint, direction }: Extract<StockEvent, { type: 'receipt' | 'dispatch' | 'passage' }>,
  gateway: string,
): string | undefined {
  if (direction === 'TURNED_BACK') return undefined;
  if (readPoint === dockOf(gateway)) return type === 'receipt' ? 'staging' : 'customer';
  if (readPoint === INNER_DOOR) return direction === 'IN' ? 'cold-1' : 'staging';
  return 'unknown';
}
