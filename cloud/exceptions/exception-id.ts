/**
 * Ids of exceptions. An excursion's id carries the id of its episode, one to one; all others are a fingerprint of
 * the kind and whatever makes the matter one and the same (read point and start, gateway and device …).
 */
import { fingerprint } from '../ledger/fingerprint.ts';
import type { ExceptionKind } from './kinds.ts';

const EXCURSION = 'excursion-';

export function exceptionId(kind: ExceptionKind, ...matter: readonly (string | number)[]): string {
  return `${kind.toLowerCase().replaceAll('_', '-')}-${fingerprint(kind, ...matter)}`;
}

export function excursionId(episodeId: string): string {
  return `${EXCURSION}${episodeId}`;
}
