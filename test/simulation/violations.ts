/** What a run may find wrong: one name per promise that was broken. */

export const VIOLATION_KINDS = [
  /** Durable at the edge, and never in the ledger, undeclared. */
  'lost',
  /** One thing that happened stands twice in the ledger. */
  'doubled',
  /** An ack left the cloud before what it covers was committed. */
  'ackedEarly',
  /** The journal removed what the cloud had not acked. */
  'prunedEarly',
  /** Within one epoch and lane, the ledger's order is not the order of the appends. */
  'outOfOrder',
  /** A loss that no gap event declares, or a gap event that declares a loss nobody can have had. */
  'undeclared',
  /** A projection differs from a rebuild, or from a plain fold of the delivered events. */
  'projectionMismatches',
  /** An event's time in the ledger is not when it happened, though it is not marked as an estimate. */
  'mistimed',
  /** The system did not come to rest once all faults were over. */
  'stuck',
  /** The ledger itself complains (another body under a known name, a lost commit, a dead letter). */
  'alarms',
  /** Something threw that nothing should throw. */
  'broken',
] as const;

export type ViolationKind = (typeof VIOLATION_KINDS)[number];

export interface Violation {
  readonly kind: ViolationKind;
  readonly detail: string;
}
