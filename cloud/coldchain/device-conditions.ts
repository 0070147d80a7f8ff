/**
 * Exceptions from what devices say of themselves. Each stretch during which a condition held is one exception,
 * from the event that began it to the one that ended it. Computed from all device events of that condition on
 * record, by (occurredAt, key), so the order of arrival does not matter.
 *
 * A condition of a probe of the site is a SENSOR_FAULT: the room cannot be measured. Any other is a DEVICE_FAULT.
 */
import { sql, type Transaction } from 'kysely';
import { CONDITIONS_TOLD_BY_GAPS, MOMENTARY_CONDITIONS } from '../../protocol/events/device-conditions.ts';
import type { Change } from '../ingest/change.ts';
import type { Site } from '../site.ts';
import type { Tables } from '../store/tables.ts';
import { unnest } from '../store/unnest.ts';
import { exceptionId } from './exception-id.ts';
import { lockColdChain } from './lock.ts';
import { type ExceptionRow, raiseExceptions, withdrawExceptions } from './raise.ts';

export interface DeviceFact {
  readonly gateway: string;
  readonly device: string;
  readonly condition: string;
  /** One bus may carry several probes: the same condition at another point is another matter. */
  readonly readPoint: string | null;
}

/** One event of a condition, in the order of (occurredAt, occurredKey). */
export interface ConditionEvent {
  readonly occurredAt: number;
  readonly active: boolean;
  readonly detail: string;
}

export interface Stretch {
  readonly from: number;
  readonly to: number | null;
  readonly detail: string;
}

/** When a condition held: repeats change nothing, an end without a beginning is none. Pure. */
export function stretchesOf(events: readonly ConditionEvent[], isMomentary: boolean): Stretch[] {
  const stretches: Stretch[] = [];
  let open: Stretch | undefined;
  for (const { occurredAt, active, detail } of events) {
    if (active && isMomentary) {
      stretches.push({ from: occurredAt, to: occurredAt, detail });
    } else if (active) {
      open ??= { from: occurredAt, to: null, detail };
    } else if (open !== undefined) {
      stretches.push({ ...open, to: occurredAt });
      open = undefined;
    }
  }
  return open === undefined ? stretches : [...stretches, open];
}

/**
 * Call it in the ingest transaction after the events are inserted, with the device events that were new (or, for
 * a rebuild, all). Reads what else is on record of the same conditions by itself.
 */
export async function projectDeviceConditions(
  trx: Transaction<Tables>,
  facts: readonly DeviceFact[],
  { site, now }: { readonly site: Site; readonly now: number },
): Promise<Change[]> {
  const conditions = new Map<string, DeviceFact>();
  for (const { gateway, device, condition, readPoint } of facts) {
    if (CONDITIONS_TOLD_BY_GAPS.has(condition)) continue;
    const fact = { gateway, device, condition, readPoint };
    conditions.set(nameOf(fact), fact);
  }
  if (conditions.size === 0) return [];
  await lockColdChain(trx);
  const history = await readHistory(trx, [...conditions.values()]);
  const rows = [...conditions].flatMap(([name, fact]) =>
    stretchesOf(history.get(name) ?? [], MOMENTARY_CONDITIONS.has(fact.condition)).map((stretch) =>
      exceptionOf(fact, stretch, site),
    ),
  );
  const gone = await noLongerSaid(trx, [...conditions.values()], new Set(rows.map(({ id }) => id)));
  return [...(await raiseExceptions(trx, rows, now)), ...(await withdrawExceptions(trx, gone, now))];
}

function exceptionOf(fact: DeviceFact, { from, to, detail }: Stretch, site: Site): ExceptionRow {
  const { gateway, device, condition, readPoint } = fact;
  const probe = site.probes.find((candidate) => candidate.readPoint === readPoint);
  return {
    // The kind is no part of the id: the site may come to know the probe later.
    id: exceptionId('DEVICE_FAULT', gateway, device, readPoint ?? '', condition, from),
    kind: probe === undefined ? 'DEVICE_FAULT' : 'SENSOR_FAULT',
    subject: probe?.readPoint ?? device,
    location: probe?.location ?? null,
    readPoint,
    raisedAt: from,
    clearedAt: to,
    detail: { gateway, device, condition, text: detail },
  };
}

const KINDS = { gateway: 'text', device: 'text', condition: 'text', readPoint: 'text' } as const;

async function readHistory(
  trx: Transaction<Tables>,
  conditions: readonly DeviceFact[],
): Promise<Map<string, ConditionEvent[]>> {
  const { rows } = await sql<DeviceFact & ConditionEvent>`
    select c.gateway, c.device, c.condition, c."readPoint", e.occurred_at as "occurredAt",
      (e.body ->> 'active')::boolean as active, e.body ->> 'detail' as detail
    from ${unnest('c', KINDS, conditions)}
      join events e on e.type = 'device' and e.gateway = c.gateway
        and e.body ->> 'device' = c.device and e.body ->> 'condition' = c.condition
        and e.body ->> 'readPoint' is not distinct from c."readPoint"
    order by e.occurred_at, e.gateway collate "C", e.epoch collate "C", e.lane collate "C", e.seq
  `.execute(trx);
  const history = new Map<string, ConditionEvent[]>();
  for (const row of rows) history.set(nameOf(row), [...(history.get(nameOf(row)) ?? []), row]);
  return history;
}

/** Stretches on record that a late event has moved to another beginning, or joined to another. */
async function noLongerSaid(
  trx: Transaction<Tables>,
  conditions: readonly DeviceFact[],
  said: ReadonlySet<string>,
): Promise<string[]> {
  const { rows } = await sql<{ id: string }>`
    select x.id from ${unnest('c', KINDS, conditions)}
      join exceptions x on x.kind in ('DEVICE_FAULT', 'SENSOR_FAULT')
        and x.read_point is not distinct from c."readPoint"
        and x.detail ->> 'gateway' = c.gateway and x.detail ->> 'device' = c.device
        and x.detail ->> 'condition' = c.condition
    where x.status <> 'withdrawn'
  `.execute(trx);
  return rows.map(({ id }) => id).filter((id) => !said.has(id));
}

function nameOf({ gateway, device, condition, readPoint }: DeviceFact): string {
  return JSON.stringify([gateway, device, condition, readPoint]);
}
