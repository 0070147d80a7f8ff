/**
 * What a committed transaction changed, as the live stream tells it: a topic and where; the page fetches the rest.
 */
import type { LiveMessage } from '../contract/contract.ts';

export type Change = LiveMessage;

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
