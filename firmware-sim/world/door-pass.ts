/**
 * One forklift pass through a door as physics: the load's place on a line across the threshold (metres, outside
 * negative), what each antenna sees of each tag, and which light beams the load breaks.
 * Path loss after the log-distance model with an exponent of 3; shadowing per tag and antenna.
 */
import type { Random } from '../../protocol/ports/random.ts';
import type { TagInField } from '../devices/device.ts';
import type { DoorPlace } from './scenario.ts';
import type { TruePass } from './truth.ts';

const SPEED_METRES_PER_SECOND = 1.2;
const FIELD_EDGE_METRES = 5;
const ANTENNA_METRES = 1.6;
const BEAM_METRES = 0.6;
const LOAD_HALF_LENGTH_METRES = 0.6;
/** How far over the line a forklift gets that turns back: both beams are broken by then. */
const TURN_METRES = 0.9;
const SIGNAL_AT_ONE_METRE_DBM = -42;
const PATH_LOSS_EXPONENT = 3;
/** Below this no reader hears a tag. */
const SENSITIVITY_DBM = -72;

/** The ways a load may go: where it comes from, whether it turns back in the door, and what that is in the end. */
export const PASS_KINDS = {
  IN: { fromOutside: true, turns: false, direction: 'IN' },
  OUT: { fromOutside: false, turns: false, direction: 'OUT' },
  TURNED_BACK_OUTSIDE: { fromOutside: true, turns: true, direction: 'TURNED_BACK' },
  TURNED_BACK_INSIDE: { fromOutside: false, turns: true, direction: 'TURNED_BACK' },
} as const satisfies Record<
  string,
  { readonly fromOutside: boolean; readonly turns: boolean; readonly direction: TruePass['direction'] }
>;

export type PassKind = keyof typeof PASS_KINDS;

interface DoorPass {
  readonly durationMs: number;
  /** `elapsedMs` since the load came into the field. */
  tagsAt(elapsedMs: number): TagInField[];
  beamsAt(elapsedMs: number): { outer: boolean; inner: boolean };
}

export function createDoorPass(
  door: DoorPlace,
  kind: PassKind,
  epcs: readonly string[],
  random: Random,
): DoorPass {
  const { fromOutside, turns } = PASS_KINDS[kind];
  const sign = fromOutside ? 1 : -1;
  const reach = turns ? FIELD_EDGE_METRES + TURN_METRES : 2 * FIELD_EDGE_METRES;
  const speed = SPEED_METRES_PER_SECOND * (0.85 + 0.3 * random.next());
  const wayMs = (reach / speed) * 1000;
  const durationMs = Math.round(turns ? 2 * wayMs : wayMs);
  const tags = epcs.map((epc) => ({
    epc,
    along: (random.next() - 0.5) * LOAD_HALF_LENGTH_METRES,
    aside: 0.6 + 0.6 * random.next(),
    shadowOuter: random.gaussian(0, 1.5),
    shadowInner: random.gaussian(0, 1.5),
  }));

  const positionAt = (elapsedMs: number): number => {
    const travelled = (Math.min(Math.max(elapsedMs, 0), durationMs) / 1000) * speed;
    const way = turns && travelled > reach ? 2 * reach - travelled : travelled;
    return sign * (way - FIELD_EDGE_METRES);
  };
  const signal = (along: number, aside: number, shadow: number): number => {
    const distance = Math.max(0.7, Math.hypot(along, aside));
    return SIGNAL_AT_ONE_METRE_DBM - 10 * PATH_LOSS_EXPONENT * Math.log10(distance) + shadow;
  };
  const broken = (position: number, beam: number) => Math.abs(position - beam) <= LOAD_HALF_LENGTH_METRES;

  return {
    durationMs,
    tagsAt(elapsedMs) {
      const position = positionAt(elapsedMs);
      return tags.flatMap((tag) => {
        const x = position + tag.along;
        return [
          {
            epc: tag.epc,
            antenna: door.antennas.outer,
            rssiDbm: signal(x + ANTENNA_METRES, tag.aside, tag.shadowOuter),
          },
          {
            epc: tag.epc,
            antenna: door.antennas.inner,
            rssiDbm: signal(x - ANTENNA_METRES, tag.aside, tag.shadowInner),
          },
        ].filter((seen) => seen.rssiDbm > SENSITIVITY_DBM);
      });
    },
    beamsAt(elapsedMs) {
      const position = positionAt(elapsedMs);
      return { outer: broken(position, -BEAM_METRES), inner: broken(position, BEAM_METRES) };
    },
  };
}
