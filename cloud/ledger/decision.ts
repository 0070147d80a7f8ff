/** What a person decides is an event of its own, with a name and a reason; and why a decision was not taken. */

export interface DecisionBy {
  readonly actor: string;
  readonly reason: string;
}

const REFUSAL_REASONS = [
  /** There is no such thing. */
  'not-found',
  /** Somebody was faster. */
  'decided-already',
  /** Its episode still stands. */
  'still-active',
  /** The facts that raised it no longer say so: nothing is left to decide. */
  'withdrawn',
  /** None of the named objects has an active hold of this exception. */
  'nothing-held',
  /** Resolving and releasing need a reason. */
  'reason-missing',
] as const;
export type RefusalReason = (typeof REFUSAL_REASONS)[number];

/** Somebody asked for something that the facts do not allow; thrown so that nothing of it is written. */
export class DecisionRefused extends Error {
  readonly reason: RefusalReason;
  constructor(reason: RefusalReason, message: string) {
    super(message);
    this.name = 'DecisionRefused';
    this.reason = reason;
  }
}
