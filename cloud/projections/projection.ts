/**
 * What one kind of event does to the ledger by itself: it folds events into rows, writes these in sorted sets, and says
 * what changed. What follows from several events (shipments, episodes, holds) is fed from the findings.
 *
 * Folding is a function of the set of events; the order in which they come is irrelevant. Each event is folded once:
 * sums (the tags of a pass) add up.
 */
import type { Transaction } from 'kysely';
import type { DecodeEpc } from '../inventory/objects.ts';
import type { Change } from '../ledger/change.ts';
import type { LedgerEvent } from '../ledger/ledger-event.ts';
import type { Places } from '../site/places.ts';
import type { Tables } from '../store/tables.ts';
import type { Findings } from './findings.ts';

export interface FoldContext {
  readonly places: Places;
  readonly decode: DecodeEpc;
  readonly findings: Findings;
}

export interface Projection<Event> {
  /** The tables it writes, in the one order in which all transactions lock; a rebuild begins by emptying them. */
  readonly tables: readonly (keyof Tables)[];
  begin(context: FoldContext): Folding<Event>;
}

/** The events of one kind in one transaction. */
export interface Folding<Event> {
  add(event: Event, entry: LedgerEvent): void;
  write(trx: Transaction<Tables>): Promise<void>;
  /** `at`: when it changed, ISO 8601. */
  changes(at: string): Change[];
}
