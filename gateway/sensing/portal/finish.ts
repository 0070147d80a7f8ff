/** A session that is over as a pass: which of its tags passed, and which way. */
import type { PhotoEyes } from '../signal/photo-eyes.ts';
import { directionOf } from './direction.ts';
import type { FinishedPass } from './pass-event.ts';
import type { PortalPoint } from './portal-point.ts';
import type { PortalTag } from './portal-tag.ts';
import type { Session } from './session.ts';
import { type Ending, isStray } from './stray.ts';

export function finish(
  session: Session,
  point: PortalPoint,
  eyes: PhotoEyes | undefined,
  endedAt: number,
): FinishedPass {
  const ending: Ending = {
    endedAt,
    startedAt: session.startedAt,
    quietMs: point.session.quietMs,
    minReads: point.stray.minReads,
    openedByBeam: session.openedByBeam,
  };
  const tags: PortalTag[] = [];
  let straysIgnored = session.weakTags;
  for (const tag of session.tags) {
    if (tag.carried) continue;
    if (isStray(tag, ending)) straysIgnored++;
    else tags.push(tag);
  }
  return {
    startedAt: session.startedAt,
    direction: directionOf(session, point, eyes, tags),
    tags,
    straysIgnored,
  };
}
