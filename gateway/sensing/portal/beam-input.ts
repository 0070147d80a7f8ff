/** Transition: a photo-eye of the portal says broken or free. What it notices counts in its own time. */
import type { Input } from '../../../protocol/readings/reading.ts';
import { BEAM_GAP_MS } from '../signal/limits.ts';
import type { BeamWord, PhotoEyes } from '../signal/photo-eyes.ts';
import type { Side } from '../signal/side.ts';
import { blockedEvent } from './beam-event.ts';
import { PRE_TRIGGER_MS } from './limits.ts';
import { closePass, openPass } from './passes.ts';
import type { PortalPoint } from './portal-point.ts';
import { goOn, lastEventAt } from './session.ts';
import type { Portal } from './state.ts';

/** Which beam of the portal an input speaks of, if any. */
export function sideOfEye({ photoEyes }: PortalPoint, { device, channel }: Input): Side | undefined {
  const isAt = (eye: { device: string; input: string }) => eye.device === device && eye.input === channel;
  if (photoEyes === undefined) return undefined;
  return isAt(photoEyes.outer) ? 'outer' : isAt(photoEyes.inner) ? 'inner' : undefined;
}

export function takeBeamInput(
  portal: Portal,
  eyes: PhotoEyes,
  reading: Input,
  side: Side,
  now: number,
): void {
  const { point, output } = portal;
  const opensByBeam = point.session.openBy === 'photo-eye';
  const wasBusy = eyes.isBusy();
  const at = Math.min(reading.sensedAt ?? reading.at, now);
  if (reading.active && !wasBusy) endPassBefore(portal, at, now);
  if (portal.session === undefined) eyes.forget(at - PRE_TRIGGER_MS - BEAM_GAP_MS);
  const { edge, unblocked } = eyes.onInput(side, reading.active, at, now, wordOf(reading));
  if (!edge) return;
  const freed = unblocked ? blockedEvent(point, side, false, at) : undefined;
  if (freed !== undefined) output.emit(freed);
  if (portal.session !== undefined && (wasBusy || eyes.isBusy())) goOn(portal.session, at, now);
  if (portal.session === undefined && reading.active && opensByBeam) {
    openPass(portal, at, { openedByBeam: true, goesOn: false, now });
  }
  if (portal.session === undefined && opensByBeam && !eyes.isBlocked()) {
    eyes.endSession();
    output.drop(portal.rows.beamsKey);
  } else output.put(portal.rows.beams(eyes.state));
}

function wordOf({ isLevel, sensedAt }: Input): BeamWord {
  if (isLevel === true) return 'level';
  return sensedAt === undefined ? 'edge' : 'held-edge';
}

/** Held back by the reader: the load before has long passed. */
function endPassBefore(portal: Portal, at: number, now: number): void {
  const { session, eyes, point } = portal;
  if (session === undefined || at - lastEventAt(session, eyes) <= point.session.quietMs) return;
  closePass(portal, session, Math.min(session.activeAt + point.session.quietMs, now));
}
