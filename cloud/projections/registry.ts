/**
 * Which kind of event does what to the ledger. The compiler asks for each kind; the order is the one in which tables
 * are written, by all transactions alike.
 */
import type { EventOf, StockEventType } from '../../protocol/events/stock-event.ts';
import type { LedgerEvent } from '../ledger/ledger-event.ts';
import type { Tables } from '../store/tables.ts';
import { CLOCK } from './clock/clock.ts';
import { CONTACT } from './contact/contact.ts';
import { DEVICE } from './device/device.ts';
import { addEstimatedClock } from './findings.ts';
import { GAP } from './gap/gap.ts';
import { PASS } from './pass/pass.ts';
import type { FoldContext, Folding } from './projection.ts';
import { SAMPLE } from './sample/sample.ts';
import { UNKNOWN } from './unknown/unknown.ts';
import { WEIGHING } from './weighing/weighing.ts';

type Foldings = { readonly [Type in StockEventType]: Folding<EventOf<Type>> };

/** The tables that events alone decide. */
export const PROJECTED_TABLES: readonly (keyof Tables)[] = [
  ...new Set([PASS, WEIGHING, SAMPLE, CONTACT, DEVICE, GAP, CLOCK].flatMap(({ tables }) => tables)),
];

function beginAll(context: FoldContext): Foldings {
  const pass = PASS.begin(context);
  return {
    receipt: pass,
    dispatch: pass,
    passage: pass,
    weighing: WEIGHING.begin(context),
    sample: SAMPLE.begin(context),
    contact: CONTACT.begin(context),
    device: DEVICE.begin(context),
    gap: GAP.begin(context),
    clock: CLOCK.begin(context),
  };
}

/** Folds these events; the foldings are each kind's, in the order in which to write them. */
export function foldEvents(events: readonly LedgerEvent[], context: FoldContext): Set<Folding<never>> {
  const foldings = beginAll(context);
  const unknown = UNKNOWN.begin(context);
  for (const entry of events) {
    addEstimatedClock(context.findings, entry);
    if (entry.isKnown) add(foldings, entry.event.type, entry.event, entry);
    else unknown.add(entry.event, entry);
  }
  return new Set([...Object.values(foldings), unknown]);
}

function add<Type extends StockEventType>(
  foldings: Foldings,
  type: Type,
  event: EventOf<Type>,
  entry: LedgerEvent,
): void {
  foldings[type].add(event, entry);
}
