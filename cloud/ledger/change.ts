/**
 * What a committed transaction changed, as the live stream publishes it: a topic and where; the page fetches the rest.
 */
export const CHANGE_TOPICS = [
  'pass',
  'stock',
  'shipment',
  'sample',
  'contact',
  'exception',
  'hold',
  'gateway',
  'device',
  'event',
] as const;

export interface Change {
  readonly topic: (typeof CHANGE_TOPICS)[number];
  /** ISO 8601 in UTC. */
  readonly at: string;
  readonly readPoint?: string | undefined;
  readonly location?: string | undefined;
  readonly id?: string | undefined;
}

/** Each change once: a batch of a hundred samples of one probe is one message. */
export function distinctChanges(changes: readonly Change[]): Change[] {
  const byName = new Map<string, Change>();
  for (const change of changes) {
    byName.set(
      `${change.topic}\n${change.readPoint ?? ''}\n${change.location ?? ''}\n${change.id ?? ''}`,
      change,
    );
  }
  return [...byName.values()];
}
