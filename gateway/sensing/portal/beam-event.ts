/** A photo-eye that is blocked, or free again, as an event of its device. */
import type { DeviceEvent } from '../../../protocol/events/stock-event.ts';
import type { Side } from '../signal/side.ts';
import type { PortalPoint } from './portal-point.ts';

/** Undefined for a portal without photo-eyes. */
export function blockedEvent(
  point: PortalPoint,
  side: Side,
  active: boolean,
  at: number,
): DeviceEvent | undefined {
  const eye = point.photoEyes?.[side];
  if (eye === undefined) return undefined;
  return {
    type: 'device',
    device: eye.device,
    readPoint: point.id,
    occurredAt: at,
    condition: 'PHOTO_EYE_BLOCKED',
    active,
    detail: `${side} photo-eye ${eye.input} ${active ? `broken for ${point.session.maxMs} ms` : 'free again'}`,
  };
}
