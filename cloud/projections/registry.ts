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
import type { FoldContext, Folding, Projection } from './projection.ts';
import { SAMPLE } from './sample/sample.ts';
import { UNKNOWN } from './unknown/unknown.ts';
import { WEIGHING } from './weighing/weighing.ts';

/** Several kinds may share one: then one folding takes them all. */
const PROJECTIONS: { readonly [Type in StockEventType]: Projection<EventOf<Type>> } = {
  receipt: PASS,
  dispatch: PASS,
  passage: PASS,
  weighing: WEIGHING,
  sample: SAMPLE,
  contact: CONTACT,
  device: DEVICE,
  gap: GAP,
  clock: CLOCK,
};

const IN_ORDER: ReadonlySet<Projection<never>> = new Set(Object.values(PROJECTIONS));

/** The tables that events alone decide. */
export const PROJECTED_TABLES: readonly (keyof Tables)[] = [
  ...new Set([...IN_ORDER].flatMap(({ tables }) => tables)),
];

/** Folds these events; the foldings are each projection's, in the order in which to write them. */
export function foldEvents(events: readonly LedgerEvent[], context: FoldContext): Folding<never>[] {
  const foldings = new Map([...IN_ORDER].map((projection) => [projection, projection.begin(context)]));
  const unknown = UNKNOWN.begin(context);
  for (const entry of events) {
    addEstimatedClock(context.findings, entry);
    if (entry.isKnown) foldings.get(PROJECTIONS[entry.event.type])?.add(entry.event as never, entry);
    else unknown.add(entry.event, entry);
  }
  return [...foldings.values(), unknown];
}
