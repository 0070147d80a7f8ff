/** Transitions that time alone brings: a beam turns out blocked, a session ends or is split, the clock stepped. */
import { blockedEvent } from './beam-event.ts';
import { CLOCK_STEP_MS, HELD_REPORTS_MS } from './limits.ts';
import { closePass, splitPass } from './passes.ts';
import { rebaseTag } from './portal-tag.ts';
import { endsAt } from './session.ts';
import type { Portal } from './state.ts';

/** Whatever fell due until now, in the order in which it did. */
export function runDue(portal: Portal, now: number): void {
  if (now < portal.lastNow - CLOCK_STEP_MS) rebase(portal, now);
  portal.lastNow = now;
  reportBlockedBeams(portal, now);
  while (portal.session !== undefined) {
    const { session, point } = portal;
    const due = endsAt(session, point, portal.eyes);
    if (now < due) return;
    const isFull = due !== session.heldUntil && due === session.openedAt + point.session.maxMs;
    if (isFull) splitPass(portal, session, due);
    else closePass(portal, session, due);
  }
}

export function nextDueAt({ session, eyes, point }: Portal): number | undefined {
  const blocked = eyes?.nextBlockedAt();
  if (session === undefined) return blocked;
  return Math.min(endsAt(session, point, eyes), blocked ?? Number.POSITIVE_INFINITY);
}

function reportBlockedBeams({ eyes, output, point, rows }: Portal, now: number): void {
  if (eyes === undefined) return;
  for (const side of eyes.findBlocked(now)) {
    const event = blockedEvent(point, side, true, now);
    if (event !== undefined) output.emit(event);
    output.put(rows.beams(eyes.state));
  }
}

function rebase({ memory, eyes, session }: Portal, now: number): void {
  for (const tag of memory.all()) rebaseTag(tag, now);
  eyes?.rebase(now);
  if (session === undefined) return;
  session.openedAt = Math.min(session.openedAt, now);
  session.activeAt = Math.min(session.activeAt, now);
  session.snapshotAt = Math.min(session.snapshotAt, now);
  session.restoredAt = Math.min(session.restoredAt, now);
  if (session.heldUntil !== undefined) session.heldUntil = Math.min(session.heldUntil, now + HELD_REPORTS_MS);
}
