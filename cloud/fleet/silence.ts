/**
 * What wall time says: who has not been heard for too long. Silence is measured by arrival at the cloud, not by
 * event time: a clock that lies or a backlog that drains is not silence. The app calls `checkSilence` on a timer;
 * calling it twice changes nothing.
 *
 * A gateway that is offline or mute explains the silence of its probes and is raised in their place: one thing,
 * one exception. A probe of which nothing was ever heard counts from when its gateway came online. Door contacts
 * speak only when moved and are never silent; nor is a probe whose fault is on record. Each spell of silence is
 * an exception of its own, named by its beginning, and cleared when somebody is heard again.
 */
import { type Kysely, sql, type Transaction } from 'kysely';
import { exceptionId } from '../exceptions/exception-id.ts';
import type { ExceptionKind } from '../exceptions/kinds.ts';
import { clearExceptions, type ExceptionRow, raiseExceptions } from '../exceptions/raise.ts';
import type { Change } from '../ledger/change.ts';
import { lockDerivedState } from '../ledger/locks.ts';
import type { Site } from '../site/site.ts';
import type { Tables } from '../store/tables.ts';
import { type GatewayLife, type ProbeLife, readGateways, readProbes } from './signs-of-life.ts';

/** What is read of the record: spells of silence, and the faults that excuse one. */
const OPEN_KINDS = [
  'GATEWAY_SILENT',
  'SENSOR_SILENT',
  'SENSOR_FAULT',
] as const satisfies readonly ExceptionKind[];

/** One on record that nobody has ended. */
interface OpenSilence {
  readonly id: string;
  readonly kind: (typeof OPEN_KINDS)[number];
  readonly subject: string;
  readonly read_point: string | null;
  readonly since: number | null;
}

export async function checkSilence(db: Kysely<Tables>, site: Site, now: number): Promise<Change[]> {
  return db.transaction().execute(async (trx) => {
    await lockDerivedState(trx);
    const probes = await readProbes(trx, site, now);
    const gateways = await readGateways(trx, site, probes, now);
    const standing = await readStanding(trx);
    const silent = [
      ...gateways.filter((gateway) => gateway.isSilent).map((gateway) => gatewaySilent(gateway, site)),
      ...probes.flatMap((probe) => probeSilent(probe, gateways, site, now)),
    ];
    const known = new Set(standing.map(matterOf));
    const excused = new Set(
      standing.filter(({ kind }) => kind === 'SENSOR_FAULT').map((one) => one.read_point),
    );
    const news = silent.filter((row) => !known.has(matterOf(row)) && !excused.has(row.readPoint));
    const over = standing.flatMap((one) => {
      const clearedAt = endOf(one, probes, gateways, now);
      return clearedAt === undefined ? [] : [{ id: one.id, clearedAt }];
    });
    return [...(await raiseExceptions(trx, news, now)), ...(await clearExceptions(trx, over, now))];
  });
}

function gatewaySilent({ id, heardAt }: GatewayLife, site: Site): ExceptionRow {
  return {
    id: exceptionId('GATEWAY_SILENT', id, heardAt),
    kind: 'GATEWAY_SILENT',
    subject: id,
    location: null,
    readPoint: null,
    raisedAt: heardAt + site.sensorSilentAfterMs,
    clearedAt: null,
    detail: { gateway: id, since: heardAt },
  };
}

function probeSilent(
  { readPoint, location, gateway, heardAt }: ProbeLife,
  gateways: readonly GatewayLife[],
  site: Site,
  now: number,
): ExceptionRow[] {
  const since = silentSince({ gateway, heardAt }, gateways);
  if (since === undefined || now - since < site.sensorSilentAfterMs) return [];
  return [
    {
      id: exceptionId('SENSOR_SILENT', readPoint, since),
      kind: 'SENSOR_SILENT',
      subject: readPoint,
      location,
      readPoint,
      raisedAt: since + site.sensorSilentAfterMs,
      clearedAt: null,
      detail: { gateway, since, heardAt },
    },
  ];
}

/** From when the silence of a probe counts; undefined while its gateway explains it, or none is known. */
function silentSince(
  { gateway, heardAt }: Pick<ProbeLife, 'gateway' | 'heardAt'>,
  gateways: readonly GatewayLife[],
): number | undefined {
  const its = gateway === null ? gateways : gateways.filter(({ id }) => id === gateway);
  const speaking = its.filter(({ isOffline, isSilent }) => !isOffline && !isSilent);
  if (speaking.length === 0) return undefined;
  return Math.max(heardAt ?? 0, ...speaking.map(({ onlineAt }) => onlineAt));
}

/** When a spell on record ended; undefined while it lasts, and for what others clear. */
function endOf(
  { kind, subject, since }: OpenSilence,
  probes: readonly ProbeLife[],
  gateways: readonly GatewayLife[],
  now: number,
): number | undefined {
  switch (kind) {
    case 'GATEWAY_SILENT': {
      const gateway = gateways.find(({ id }) => id === subject);
      if (gateway === undefined) return now;
      return gateway.isOffline || gateway.isSilent ? undefined : gateway.heardAt;
    }
    case 'SENSOR_SILENT': {
      const probe = probes.find(({ readPoint }) => readPoint === subject);
      if (probe === undefined) return now;
      return probe.heardAt !== null && probe.heardAt > (since ?? 0) ? probe.heardAt : undefined;
    }
    case 'SENSOR_FAULT':
      return undefined;
  }
}

async function readStanding(trx: Transaction<Tables>): Promise<OpenSilence[]> {
  const { rows } = await sql<OpenSilence>`
    select id, kind, subject, read_point, (detail ->> 'since')::bigint as since from exceptions
    where kind = any(${OPEN_KINDS}::text[])
      and cleared_at is null and status <> 'withdrawn'
  `.execute(trx);
  return rows;
}

function matterOf({ kind, subject }: { readonly kind: string; readonly subject: string }): string {
  return `${kind}/${subject}`;
}
