/** Gateways with how far their lanes have come and how their devices are; what could not be taken. */
import type { Kysely } from 'kysely';
import type { DeadLetter, Gateway } from '../contract/gateways.ts';
import type { DevicesTable } from '../store/tables/projections.ts';
import type { Tables } from '../store/tables.ts';
import { isoTime, isoTimeOrNull } from './iso-time.ts';

export async function listGateways(db: Kysely<Tables>): Promise<Gateway[]> {
  const gateways = await db.selectFrom('gateways').selectAll().orderBy('id').execute();
  const lanes = await db.selectFrom('watermarks').selectAll().orderBy('epoch').orderBy('lane').execute();
  const devices = await db.selectFrom('devices').selectAll().orderBy('device').orderBy('condition').execute();
  const lanesOf = Map.groupBy(lanes, (lane) => lane.gateway);
  const devicesOf = Map.groupBy(devices, (device) => device.gateway);
  return gateways.map((gateway) => ({
    id: gateway.id,
    state: gateway.state,
    stateAt: isoTimeOrNull(gateway.state_at),
    lastBatchAt: isoTimeOrNull(gateway.last_batch_at),
    revoked: gateway.revoked_at !== null,
    lanes: (lanesOf.get(gateway.id) ?? []).map(({ epoch, lane, up_to: upTo, ahead }) => {
      return { epoch, lane, upTo, ahead: ahead.reduce((sum, [from, to]) => sum + to - from + 1, 0) };
    }),
    devices: devicesIn(devicesOf.get(gateway.id) ?? []),
  }));
}

function devicesIn(rows: readonly DevicesTable[]): Gateway['devices'] {
  return [...Map.groupBy(rows, (row) => row.device)].map(([device, own]) => ({
    device,
    conditions: own
      .filter((row) => row.active)
      .map(({ condition, detail, since }) => ({ condition, detail, since: isoTime(since) })),
  }));
}

/** The newest first. */
export async function listDeadLetters(db: Kysely<Tables>, limit: number): Promise<DeadLetter[]> {
  const rows = await db.selectFrom('dead_letters').selectAll().orderBy('id', 'desc').limit(limit).execute();
  return rows.map(({ id, gateway, lane, seq, code, detail, received_at: receivedAt, times }) => {
    return { id, gateway, lane, seq, code, detail, receivedAt: isoTime(receivedAt), times };
  });
}
