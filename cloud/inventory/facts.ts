/**
 * Events → rows. PURE: what a set of events says for each table, already folded to one row per key where the
 * table keeps the latest, so that the database gets one sorted set per table. Order of the events is irrelevant.
 */

import { findLane, laneKind } from '../../protocol/events/lanes.ts';
import type {
  ContactEvent,
  DeviceEvent,
  GapEvent,
  PassEvent,
  SampleEvent,
  WeighingEvent,
} from '../../protocol/events/stock-event.ts';
import { exceptionId } from '../exceptions/exception-id.ts';
import type { ExceptionRow } from '../exceptions/raise.ts';
import { isLater, type LedgerEvent } from '../ledger/ledger-event.ts';
import type { Places } from '../site/places.ts';
import type {
  BinsTable,
  ConditionsTable,
  ContactsTable,
  DevicesTable,
  PassesTable,
  SamplesTable,
} from '../store/tables.ts';
import { courseOf, movementsOf, type TagMovement } from './movements.ts';

export interface Facts {
  readonly movements: TagMovement[];
  readonly passes: Map<string, PassesTable>;
  readonly samples: SamplesTable[];
  readonly conditions: Map<string, ConditionsTable>;
  readonly contacts: Map<string, ContactsTable>;
  readonly bins: Map<string, BinsTable>;
  readonly devices: Map<string, DevicesTable>;
  readonly exceptions: Map<string, ExceptionRow>;
}

export function factsOf(events: readonly LedgerEvent[], places: Places): Facts {
  const facts: Facts = {
    movements: [],
    passes: new Map(),
    samples: [],
    conditions: new Map(),
    contacts: new Map(),
    bins: new Map(),
    devices: new Map(),
    exceptions: new Map(),
  };
  for (const entry of events) addEvent(facts, entry, places);
  return facts;
}

function addEvent(facts: Facts, entry: LedgerEvent, places: Places): void {
  const { event, key } = entry;
  if (entry.time?.quality === 'estimated') addEstimate(facts, entry, entry.time.bootId);
  switch (event.type) {
    case 'receipt':
    case 'dispatch':
    case 'passage':
      addPass(facts, event, entry, places);
      break;
    case 'weighing':
      addWeighing(facts, event, key, places);
      break;
    case 'sample':
      addSample(facts, event, key, places);
      break;
    case 'contact':
      addContact(facts, event, key, places);
      break;
    case 'device':
      addDevice(facts, event, entry);
      break;
    case 'gap':
      addGap(facts, event, entry);
      break;
    case 'clock':
      // Kept as an event; it has no projection.
      break;
  }
}

function addPass(facts: Facts, event: PassEvent, { key, time }: LedgerEvent, places: Places): void {
  const { readPoint, occurredAt, passId } = event;
  const door = places.doors.get(readPoint);
  const course = courseOf(event, door);
  const movements = movementsOf(event, key, places);
  for (const movement of movements) facts.movements.push(movement);
  addPassRow(facts.passes, {
    pass_id: passId,
    read_point: readPoint,
    event_type: event.type,
    direction: course.direction,
    direction_source: event.directionSource,
    started_at: event.startedAt,
    occurred_at: occurredAt,
    occurred_key: key,
    tags: movements.length,
    strays_ignored: event.straysIgnored,
    correction_ms: time?.correctionMs ?? null,
    time_quality: time?.quality ?? 'as-recorded',
  });
  if (door === undefined) addUnknownReadPoint(facts, readPoint, occurredAt, 'door');
  else if (course.direction === 'UNKNOWN' && movements.length > 0) {
    addException(facts, {
      id: exceptionId('DIRECTION_UNKNOWN', passId),
      kind: 'DIRECTION_UNKNOWN',
      subject: passId,
      location: door.inside,
      readPoint,
      raisedAt: occurredAt,
      detail: { passId },
    });
  }
}

/** Parts of one pass add up; the latest part speaks for the direction. */
function addPassRow(passes: Map<string, PassesTable>, row: PassesTable): void {
  const known = passes.get(row.pass_id);
  if (known === undefined) {
    passes.set(row.pass_id, row);
    return;
  }
  const later = isLater(row.occurred_at, row.occurred_key, known.occurred_at, known.occurred_key)
    ? row
    : known;
  passes.set(row.pass_id, {
    ...later,
    started_at: Math.min(known.started_at, row.started_at),
    tags: known.tags + row.tags,
    strays_ignored: Math.max(known.strays_ignored, row.strays_ignored),
  });
}

function addWeighing(facts: Facts, event: WeighingEvent, key: string, places: Places): void {
  const { readPoint, occurredAt } = event;
  const known = facts.bins.get(readPoint);
  if (known === undefined || isLater(occurredAt, key, known.weighed_at, known.weighed_key)) {
    facts.bins.set(readPoint, {
      read_point: readPoint,
      net_milligrams: event.netMilligrams,
      weighed_at: occurredAt,
      weighed_key: key,
    });
  }
  if (!places.bins.has(readPoint)) addUnknownReadPoint(facts, readPoint, occurredAt, 'bin');
}

function addSample(facts: Facts, event: SampleEvent, key: string, places: Places): void {
  const { readPoint, occurredAt, metric, valueMilli } = event;
  facts.samples.push({
    read_point: readPoint,
    metric,
    occurred_at: occurredAt,
    occurred_key: key,
    value_milli: valueMilli,
  });
  const name = `${readPoint}\n${metric}`;
  const known = facts.conditions.get(name);
  if (known === undefined || isLater(occurredAt, key, known.sampled_at, known.sampled_key)) {
    facts.conditions.set(name, {
      read_point: readPoint,
      metric,
      value_milli: valueMilli,
      sampled_at: occurredAt,
      sampled_key: key,
    });
  }
  if (!places.probes.has(readPoint)) addUnknownReadPoint(facts, readPoint, occurredAt, 'probe');
}

function addContact(facts: Facts, event: ContactEvent, key: string, places: Places): void {
  const { readPoint, occurredAt, state } = event;
  const known = facts.contacts.get(readPoint);
  if (known === undefined || isLater(occurredAt, key, known.changed_at, known.changed_key)) {
    facts.contacts.set(readPoint, {
      read_point: readPoint,
      state,
      changed_at: occurredAt,
      changed_key: key,
    });
  }
  if (!places.probes.has(readPoint)) addUnknownReadPoint(facts, readPoint, occurredAt, 'probe');
}

function addDevice(facts: Facts, event: DeviceEvent, { gateway, key }: LedgerEvent): void {
  const { device, condition, occurredAt } = event;
  const name = `${gateway}\n${device}\n${condition}`;
  const known = facts.devices.get(name);
  if (known !== undefined && !isLater(occurredAt, key, known.since, known.since_key)) return;
  facts.devices.set(name, {
    gateway,
    device,
    condition,
    active: event.active,
    detail: event.detail,
    since: occurredAt,
    since_key: key,
  });
}

/** A loss that the gateway declares is never silent: each gap event is an exception of its own. */
function addGap(facts: Facts, event: GapEvent, { gateway, key }: LedgerEvent): void {
  const subject =
    event.scope === 'lane' ? `${gateway}/${event.lane ?? 'unknown'}` : (event.device ?? gateway);
  const lane = findLane(event.lane);
  addException(facts, {
    id: exceptionId('DATA_GAP', key),
    kind: 'DATA_GAP',
    severity: lane === undefined ? 'warning' : laneKind(lane).lossSeverity,
    subject,
    location: null,
    readPoint: null,
    raisedAt: event.occurredAt,
    detail: {
      gateway,
      scope: event.scope,
      lane: event.lane ?? null,
      device: event.device ?? null,
      from: event.from,
      to: event.to,
      lost: event.lost ?? null,
      reason: event.reason,
    },
  });
}

/** No clock ever told the time of this boot: people should know that its times are a guess. */
function addEstimate(facts: Facts, { gateway, event }: LedgerEvent, bootId: string): void {
  addException(facts, {
    id: exceptionId('CLOCK_ESTIMATED', gateway, bootId),
    kind: 'CLOCK_ESTIMATED',
    subject: gateway,
    location: null,
    readPoint: null,
    raisedAt: event.occurredAt,
    detail: { gateway, bootId },
  });
}

function addUnknownReadPoint(facts: Facts, readPoint: string, occurredAt: number, missing: string): void {
  addException(facts, {
    id: exceptionId('READ_POINT_UNKNOWN', missing, readPoint),
    kind: 'READ_POINT_UNKNOWN',
    subject: readPoint,
    location: null,
    readPoint,
    raisedAt: occurredAt,
    detail: { missing },
  });
}

function addException(facts: Facts, row: ExceptionRow): void {
  const known = facts.exceptions.get(row.id);
  if (known === undefined || row.raisedAt < known.raisedAt) facts.exceptions.set(row.id, row);
}
