/** Transitions: a session opens, ends as a pass or as nothing, and goes on in another when it is split. */
import type { SavedTag } from './checkpoints.ts';
import { finish } from './finish.ts';
import { passEvents } from './pass-event.ts';
import type { PortalTag } from './portal-tag.ts';
import { isStillGoing, type Session } from './session.ts';
import { saveSession } from './snapshot.ts';
import { beginSession, type Portal } from './state.ts';

export function openPass(
  portal: Portal,
  startedAt: number,
  opening: { readonly openedByBeam: boolean; readonly goesOn: boolean; readonly now: number },
): Session {
  // Two sessions never share a name, not even when the clock stands still.
  const start = startedAt === portal.startedLastAt ? startedAt + 1 : startedAt;
  const session = beginSession(portal, start, opening);
  portal.output.put(portal.rows.session(start, saveSession(session, portal.point, opening.now)));
  return session;
}

/** `endedAt` is the gateway time at which it fell due. */
export function closePass(portal: Portal, ended: Session, endedAt: number): void {
  portal.eyes?.endDoubt();
  report(portal, ended, endedAt);
  portal.eyes?.endSession();
  saveBeams(portal);
}

/** Ends it, and opens the next at once if something still goes on: what was reported is not reported again. */
export function splitPass(portal: Portal, ended: Session, endedAt: number): void {
  portal.eyes?.endDoubt();
  const going = isStillGoing(ended, portal.point, portal.eyes, endedAt);
  closePass(portal, ended, endedAt);
  if (going) carryOn(portal, ended, endedAt);
}

/** Both beams and what they saw, or nothing while there is nothing to know. */
function saveBeams({ eyes, output, rows }: Portal): void {
  if (eyes === undefined) return;
  if (!eyes.isBusy() && !eyes.isBlocked()) output.drop(rows.beamsKey);
  else output.put(rows.beams(eyes.state));
}

function report(portal: Portal, ended: Session, endedAt: number): void {
  const { counters, memory, output, point, rows } = portal;
  const pass = finish(ended, point, portal.eyes, endedAt);
  portal.session = undefined;
  portal.era++;
  output.drop(rows.sessionFolder(ended.startedAt));
  counters.straysIgnored += pass.straysIgnored;
  if (pass.tags.length === 0) counters.emptySessions++;
  else counters.passes++;
  for (const event of passEvents(point, pass)) output.emit(event);
  for (const tag of pass.tags) {
    tag.reportedEra = ended.era;
    // It lay around before, and went with this pass.
    if (tag.parkedBefore) memory.unpark(tag);
  }
}

function carryOn(portal: Portal, ended: Session, endedAt: number): void {
  const { output, rows } = portal;
  portal.counters.splitSessions++;
  const startedAt = ended.startedAt + (endedAt - ended.openedAt);
  const next = openPass(portal, startedAt, { openedByBeam: ended.openedByBeam, goesOn: true, now: endedAt });
  next.activeAt = Math.max(ended.activeAt, ended.openedAt);
  for (const tag of ended.tags) {
    if (tag.reportedEra === ended.era) output.put(rows.tag(next.startedAt, tag.track.epc, savedCarried(tag)));
  }
}

function savedCarried(tag: PortalTag): SavedTag {
  return {
    firstSeenAt: tag.acceptedUntil,
    presentSince: tag.track.presentSince,
    antenna: 0,
    moved: tag.moved,
    carried: true,
    parkedBefore: false,
  };
}
